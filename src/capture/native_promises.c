/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A size that an object tells of itself may be a lie. What is searched ends
 * with the block that it lies in, in a pool or in malloc; memory of neither is
 * not an object's alone, and searched where all such memory is (native_walk.h).
 */
#include "capture/native_promises.h"

enum {
	WORD = 8,
	WORDS_AT_ONCE = 64,
	HEAD_WORDS = 2, /* its count and its type, whose block is an object's */
};

/*
 * All that it has besides its head are numbers, text, or references known one by
 * one. A list or dict is not that plain: an empty one may keep a block that its
 * decoder does not count, and other types of its shape have more members.
 */
static bool is_plain(const struct py_type *type)
{
	switch (type->shape) {
	case PY_SHAPE_NONE:
	case PY_SHAPE_INT:
	case PY_SHAPE_FLOAT:
	case PY_SHAPE_COMPLEX:
	case PY_SHAPE_STR:
	case PY_SHAPE_BYTES:
	case PY_SHAPE_TUPLE: return !type->opaque_from && !type->fields;
	default: return false;
	}
}

bool native_storage_may_hold(const struct py_type *type)
{
	switch (type->shape) {
	case PY_SHAPE_INT:
	case PY_SHAPE_STR:
	case PY_SHAPE_BYTES:
	case PY_SHAPE_BYTEARRAY:
	case PY_SHAPE_ARRAY:
	case PY_SHAPE_LIST:
	case PY_SHAPE_DICT:
	case PY_SHAPE_ODICT:
	case PY_SHAPE_DEFAULTDICT:
	case PY_SHAPE_FROZENDICT:
	case PY_SHAPE_SET:
	case PY_SHAPE_DEQUE: return false;
	default: return true;
	}
}

static void promise(struct heap_worker *worker, uint64_t word, uint64_t number)
{
	const struct native_blocks *blocks = worker->walk->native;
	uint32_t block = native_blocks_at(blocks, word);
	enum edge_kind kind;

	if (block == NATIVE_NONE)
		return;
	kind = native_middles_kind(&worker->middles, blocks, block, word);
	heap_worker_append(worker, snap_edge_make(SNAPSHOT_PROMISE + block, kind, number));
}

/* number: of the first word, counted from where the object or its storage begins. */
static void promise_memory(struct heap_worker *worker, taddr start, taddr end, uint64_t number)
{
	uint64_t words[WORDS_AT_ONCE];

	while (end - start >= WORD && !worker->has_given_up) {
		uint64_t count = (end - start) / WORD;

		count = count < WORDS_AT_ONCE ? count : WORDS_AT_ONCE;
		if (!window_cache_read(&worker->memory, start, words, (size_t)count * WORD))
			return;
		for (uint64_t i = 0; i < count; i++)
			promise(worker, words[i], number++);
		start += count * WORD;
	}
}

/* The end of the block of malloc that address lies in, but not before that; 0: in none. */
static taddr end_of_block(struct heap_worker *worker, taddr address)
{
	const struct native_blocks *blocks = worker->walk->native;
	uint32_t block = native_blocks_at(blocks, address);

	return block == NATIVE_NONE ? 0
	                            : blocks->starts[block] + native_blocks_usable(blocks, block);
}

/*
 * Where an object ends in its block. What is left of the block is rounding, and
 * has what was there before; but where there is room for a word more, the object
 * may be larger than its type tells.
 */
static taddr end_of_object(const struct py_object *object, taddr end)
{
	const struct py_type *type = object->type;
	taddr told = object->address + (uint64_t)type->basicsize;

	if (type->itemsize || type->basicsize < HEAD_WORDS * WORD || told > end)
		return end;
	return end - told < PYMALLOC_ALIGNMENT ? told : end;
}

void native_promise_object(struct heap_worker *worker, const struct py_object *object)
{
	taddr end;

	if (is_plain(object->type))
		return;
	end = object->bytes ? object->address + object->after
	                    : end_of_block(worker, object->address);
	if (end <= object->address + HEAD_WORDS * WORD)
		return;
	promise_memory(worker, object->address + HEAD_WORDS * WORD, end_of_object(object, end),
	               HEAD_WORDS);
}

void native_promise_storage(struct heap_worker *worker, taddr address, uint64_t size)
{
	struct block_place place;
	taddr most = 0;

	if (block_index_place(&worker->walk->blocks, address, &place))
		most = address - place.offset + place.block_size;
	else
		most = end_of_block(worker, address);
	if (most <= address)
		return;
	promise_memory(worker, address, size < most - address ? address + size : most, 0);
}
