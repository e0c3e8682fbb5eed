/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers that number their elements: lists, tuples (struct sequences
 * too), sets, deques, arrays and bytearrays. Elements are read in chunks into
 * a local buffer, so that a visitor may read memory itself; a length is
 * checked against what was allocated before it is believed, and reading ends
 * where memory does.
 */
#include "runtime/py_families.h"

enum {
	WORDS_AT_ONCE = 256,
	SET_ENTRY_SIZE = 16,    /* key, hash */
	DEQUE_BLOCK_ITEMS = 64, /* Modules/_collectionsmodule.c: BLOCKLEN */
	DEQUE_BLOCK_SIZE = (DEQUE_BLOCK_ITEMS + 2) * 8,
	DEQUE_FREE_BLOCKS = 16,
};

static const uint64_t MAX_ITEMS = UINT64_C(1) << 32;

/* Tells count words at offset bytes of object as elements. */
static enum decode tell_own_items(struct python *python, const struct py_object *object,
                                  const struct py_visitor *visitor, uint32_t offset, uint64_t count)
{
	uint64_t words[WORDS_AT_ONCE];

	for (uint64_t first = 0; first < count; first += WORDS_AT_ONCE) {
		uint64_t left = count - first;
		size_t size = left < WORDS_AT_ONCE ? (size_t)left : WORDS_AT_ONCE;

		if (!py_object_read(python, object, (int64_t)(offset + first * 8), words, size * 8))
			return DECODE_FAULT;
		for (size_t i = 0; i < size; i++)
			py_tell_number(visitor, PY_REF_INDEX, 0, first + i, words[i]);
	}
	return DECODE_OK;
}

/* Tells count words at address as elements. */
static enum decode tell_items(struct python *python, const struct py_visitor *visitor,
                              taddr address, uint64_t count)
{
	struct py_object vector = {.address = address};

	return tell_own_items(python, &vector, visitor, 0, count);
}

enum decode py_list_visit(struct python *python, struct py_types *types,
                          const struct py_object *object, const struct py_visitor *visitor)
{
	const struct py_layout *layout = &python->layout;
	uint64_t size;
	uint64_t items;
	uint64_t allocated;

	(void)types;
	if (!py_object_word(python, object, 16, &size) ||
	    !py_object_word(python, object, layout->list.ob_item, &items) ||
	    !py_object_word(python, object, layout->list.allocated, &allocated))
		return DECODE_FAULT;
	/* While list.sort() runs the list is empty and allocated is -1. */
	if (!items && !size)
		allocated = 0;
	if (allocated > MAX_ITEMS || size > allocated || (size && !items))
		return DECODE_TORN;
	py_tell_length(visitor, size);
	/* A list that became empty has the block that realloc(items, 0) gave. */
	py_tell_storage(visitor, items, allocated ? allocated * 8 : 1);
	return tell_items(python, visitor, items, size);
}

/*
 * A struct sequence (os.stat() ...) has more items than its length says:
 * those that are only attributes; it visits them all the same (Objects/structseq.c,
 * structseq_traverse).
 */
static void tell_unseen_items(struct python *python, const struct py_object *object,
                              const struct py_visitor *visitor, uint64_t size)
{
	uint64_t end = python->layout.tuple.ob_item + size * 8;

	for (size_t i = 0; i < object->type->member_count; i++) {
		const struct py_member *member = &object->type->members[i];
		uint64_t item;

		if (!member->is_after_items && member->offset >= end &&
		    py_object_word(python, object, member->offset, &item))
			py_tell(visitor, PY_REF_ATTRIBUTE, 0, member->name, item);
	}
}

enum decode py_tuple_visit(struct python *python, struct py_types *types,
                           const struct py_object *object, const struct py_visitor *visitor)
{
	uint64_t size;
	enum decode state;

	(void)types;
	if (!py_object_word(python, object, 16, &size))
		return DECODE_FAULT;
	if (size > MAX_ITEMS)
		return DECODE_TORN;
	py_tell_length(visitor, size);
	state = tell_own_items(python, object, visitor, python->layout.tuple.ob_item, size);
	if (object->type->member_count)
		tell_unseen_items(python, object, visitor, size);
	return state;
}

static enum decode tell_set_entries(struct python *python, const struct py_object *table,
                                    uint32_t offset, const struct py_visitor *visitor,
                                    uint64_t count)
{
	uint64_t words[WORDS_AT_ONCE];

	for (uint64_t first = 0; first < count; first += WORDS_AT_ONCE / 2) {
		uint64_t left = count - first;
		size_t size = left < WORDS_AT_ONCE / 2 ? (size_t)left : WORDS_AT_ONCE / 2;

		if (!py_object_read(python, table, (int64_t)(offset + first * SET_ENTRY_SIZE),
		                    words, size * SET_ENTRY_SIZE))
			return DECODE_FAULT;
		/* A deleted entry holds a static object and the hash -1,
		 * which nothing else has (Objects/setobject.c). */
		for (size_t i = 0; i < size; i++)
			if (words[2 * i + 1] != UINT64_MAX)
				py_tell_number(visitor, PY_REF_KEY, 0, first + i, words[2 * i]);
	}
	return DECODE_OK;
}

enum decode py_set_visit(struct python *python, struct py_types *types,
                         const struct py_object *object, const struct py_visitor *visitor)
{
	const struct py_layout *layout = &python->layout;
	struct py_object table = {0};
	uint64_t used;
	uint64_t mask;

	(void)types;
	if (!py_object_word(python, object, layout->set.used, &used) ||
	    !py_object_word(python, object, layout->set.mask, &mask) ||
	    !py_object_word(python, object, layout->set.table, &table.address))
		return DECODE_FAULT;
	if (mask >= MAX_ITEMS || (mask & (mask + 1)) || used > mask + 1)
		return DECODE_TORN;
	py_tell_length(visitor, used);
	if (table.address == object->address + layout->set.smalltable) {
		if (mask != 7)
			return DECODE_TORN;
		return tell_set_entries(python, object, layout->set.smalltable, visitor, mask + 1);
	}
	py_tell_storage(visitor, table.address, (mask + 1) * SET_ENTRY_SIZE);
	return tell_set_entries(python, &table, 0, visitor, mask + 1);
}

/* One pass over the blocks of a deque. */
struct deque_head {
	uint64_t size;
	taddr left_block;
	taddr right_block;
	uint64_t left_index;
	uint64_t right_index;
};

static enum decode read_deque(struct python *python, const struct py_object *object,
                              struct deque_head *ret)
{
	const struct py_layout *layout = &python->layout;

	if (!py_object_word(python, object, 16, &ret->size) ||
	    !py_object_word(python, object, layout->library.deque.leftblock, &ret->left_block) ||
	    !py_object_word(python, object, layout->library.deque.rightblock, &ret->right_block) ||
	    !py_object_word(python, object, layout->library.deque.leftindex, &ret->left_index) ||
	    !py_object_word(python, object, layout->library.deque.rightindex, &ret->right_index))
		return DECODE_FAULT;
	if (ret->size > MAX_ITEMS || ret->left_index > DEQUE_BLOCK_ITEMS)
		return DECODE_TORN;
	return DECODE_OK;
}

/* Blocks that were emptied and are kept: owned, without references. */
static void tell_free_blocks(struct python *python, const struct py_object *object,
                             const struct py_visitor *visitor)
{
	const struct py_layout *layout = &python->layout;
	uint64_t count = 0;

	if (!py_has(layout->library.deque.numfreeblocks) ||
	    !py_object_word(python, object, layout->library.deque.numfreeblocks, &count) ||
	    count > DEQUE_FREE_BLOCKS)
		return;
	for (uint64_t i = 0; i < count; i++) {
		uint64_t block;

		if (py_object_word(python, object,
		                   (int64_t)(layout->library.deque.freeblocks + i * 8), &block))
			py_tell_storage(visitor, block, DEQUE_BLOCK_SIZE);
	}
}

enum decode py_deque_visit(struct python *python, struct py_types *types,
                           const struct py_object *object, const struct py_visitor *visitor)
{
	uint64_t block[DEQUE_BLOCK_ITEMS + 2]; /* left link, items, right link */
	struct py_chain chain = {0};
	struct deque_head head;
	enum decode state = read_deque(python, object, &head);
	uint64_t number = 0;
	uint64_t index;
	taddr address;

	(void)types;
	if (state != DECODE_OK)
		return state;
	py_tell_length(visitor, head.size);
	tell_free_blocks(python, object, visitor);
	address = head.left_block;
	index = head.left_index;
	do {
		if (!address || !window_cache_read(python->memory, address, block, sizeof(block)))
			return DECODE_FAULT;
		if (!py_chain_step(&chain, address))
			return DECODE_TORN;
		py_tell_storage(visitor, address, DEQUE_BLOCK_SIZE);
		for (; index < DEQUE_BLOCK_ITEMS && number < head.size; index++)
			py_tell_number(visitor, PY_REF_INDEX, 0, number++, block[1 + index]);
		if (address == head.right_block)
			break;
		address = block[DEQUE_BLOCK_ITEMS + 1];
		index = 0;
	} while (number < head.size);
	return number == head.size ? DECODE_OK : DECODE_TORN;
}

enum decode py_deque_size(struct python *python, const struct py_object *object, uint64_t *ret)
{
	struct deque_head head;
	enum decode state = read_deque(python, object, &head);
	uint64_t blocks;

	if (state != DECODE_OK)
		return state;
	blocks = (head.left_index + head.size + DEQUE_BLOCK_ITEMS - 1) / DEQUE_BLOCK_ITEMS;
	*ret = (uint64_t)object->type->basicsize + blocks * DEQUE_BLOCK_SIZE;
	return DECODE_OK;
}
