/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reference count is tested first: it costs no lookup, and it refuses
 * what is met most often in place of an object, a pointer (a GC link, the
 * first item of a vector, the next entry of a free list).
 *
 * Freed objects that CPython keeps on free lists are refused by the same
 * test: their count is 0 (to 3.13), or a pointer was written over it (from
 * 3.14, pycore_freelist.h), or, for floats to 3.13, over the type.
 *
 * What is refused at one place of a block must not pass for an object at the
 * next. A builtin method that was freed, read 16 bytes further on, is
 *
 *	m_ml     | a small number, in an executable at a fixed place
 *	m_self   | often a class: that of Order.mro is Order
 *
 * which is the head of an instance of Order. So what is found behind the
 * block's first 16 bytes counts only if no other object starts before it. The
 * same holds where memory of C says by chance that an object is there.
 */
#include "capture/block_probe.h"

#include "runtime/py_object.h"

enum {
	ADDRESS_MIN = 1 << 16, /* nothing is mapped below (vm.mmap_min_addr) */
	HEAD_MAX = 16 + 32,    /* the debug allocator's, and the longest prefix */
};

static const uint64_t refcount_max_64 = UINT64_C(1) << 40; /* to 3.11 all 64 bits count */

void block_probe_init(struct block_probe *probe, struct python *python, struct py_types *types,
                      const struct block_index *blocks)
{
	memset(probe, 0, sizeof(*probe));
	probe->python = python;
	probe->types = types;
	probe->blocks = blocks;
	probe->debug_header = python->is_debug_allocator ? python->debug_header_size : 0;
}

/*
 * 3.14+:      | refcount u32 | overflow u16 | flags u16 |   Include/object.h
 * 3.12, 3.13: | refcount u32 | 0                        |
 */
static bool can_be_refcount(const struct python *python, uint64_t word)
{
	if (python->minor <= 11)
		return word && word < refcount_max_64;
	if (!(uint32_t)word)
		return false;
	if (python->minor <= 13)
		return !(word >> 32);
	return !(word >> 32 & 0xffff) && word >> 48 <= 0xff;
}

const struct py_type *block_probe_type(struct block_probe *probe, taddr address)
{
	size_t slot = (address >> 4 ^ address >> 14) % BLOCK_PROBE_CACHE;

	if (probe->cache[slot].address == address)
		return probe->cache[slot].type;
	probe->cache[slot].type = py_types_get(probe->types, address);
	probe->cache[slot].address = address;
	return probe->cache[slot].type;
}

static uint64_t load_word(const uint8_t *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return word;
}

/*
 * A large count may be an address that fits 32 bits: of something static in an
 * executable at a fixed place, or on its heap. It is one if an object is there.
 */
static bool is_address_in_disguise(struct block_probe *probe, uint64_t word)
{
	struct py_object object;

	return word >= ADDRESS_MIN && word % 8 == 0 && word <= UINT32_MAX &&
	       target_region_at(probe->python->memory->target, word) &&
	       py_object_at(probe->python, probe->types, word, &object) == DECODE_OK;
}

bool block_probe_is_refcount(struct block_probe *probe, uint64_t word)
{
	return can_be_refcount(probe->python, word) && !is_address_in_disguise(probe, word);
}

/*
 * Does an object start before offset, where only the head of another one
 * should be? What a sound head has there are links and a dict, never a type;
 * those lie in pools for the most part, and types are too large for pools.
 */
static bool starts_earlier(struct block_probe *probe, const uint8_t *block, uint32_t offset)
{
	for (uint32_t at = probe->debug_header; at < offset; at += 16) {
		taddr address = load_word(block + at + 8);

		if (address >= ADDRESS_MIN && address % 16 == 0 && !(address >> 47) &&
		    !block_index_pool(probe->blocks, address) && block_probe_type(probe, address))
			return true;
	}
	return false;
}

/* The weak references and the dict of an object: pointers, or nothing. */
static bool is_pre_header(const uint8_t *words)
{
	uint64_t weaklist = load_word(words);
	uint64_t dict = load_word(words + 8);

	/* 3.12 keeps the address of separate values less one there (pycore_object.h). */
	dict += dict & 1;
	return weaklist % 8 == 0 && !(weaklist >> 47) && dict % 8 == 0 && !(dict >> 47);
}

/*
 * Links are pointers with flags in the two low bits, or 0 when untracked. The
 * heads of the lists are aligned to 4 only (3.13.1+, gh-127545).
 */
static bool is_gc_head(const uint8_t *head)
{
	uint64_t next = load_word(head);
	uint64_t prev = load_word(head + 8);

	if (!next)
		return !(prev >> 32);
	return next >> 47 == 0 && prev;
}

/* Is what lies before an object of this type the head of one, and not another object? */
static bool is_head(struct block_probe *probe, const struct py_type *type, const uint8_t *block,
                    uint32_t offset)
{
	if (type->is_gc && !is_gc_head(block + offset - 16))
		return false;
	if (type->prefix == 32 && !is_pre_header(block + offset - 32))
		return false;
	return !starts_earlier(probe, block, offset);
}

bool block_probe_has_head(struct block_probe *probe, const struct py_object *object)
{
	uint32_t offset = probe->debug_header + object->type->prefix;
	uint8_t head[HEAD_MAX];

	return offset <= sizeof(head) &&
	       window_cache_read(probe->python->memory, object->address - offset, head, offset) &&
	       is_head(probe, object->type, head, offset);
}

/*
 * Some objects are shorter than tp_basicsize says: a compact str, by the
 * pointer to its text; a datetime.time without time zone (Modules/
 * _datetimemodule.c, _PyDateTime_BaseTime), by that.
 */
static const uint32_t shorter_by = 32;

/* Would an object of this type fit into room bytes? object: its first 24 bytes and more. */
static bool fits(const struct py_type *type, const uint8_t *object, uint32_t room)
{
	uint64_t length;

	if (type->basicsize > room + shorter_by)
		return false;
	if (room < 24 || (type->shape != PY_SHAPE_TUPLE && type->shape != PY_SHAPE_BYTES &&
	                  type->shape != PY_SHAPE_STR))
		return true;
	length = load_word(object + 16);
	return type->shape == PY_SHAPE_TUPLE ? length <= room / 8 : length <= room;
}

const struct py_type *block_probe_object(struct block_probe *probe, const uint8_t *block,
                                         uint32_t block_size, uint32_t *ret_offset)
{
	for (uint32_t prefix = 0; prefix <= 32; prefix += 16) {
		uint32_t offset = probe->debug_header + prefix;
		const struct py_type *type;
		taddr address;

		if (offset + 16 > block_size)
			return NULL;
		if (!can_be_refcount(probe->python, load_word(block + offset)))
			continue;
		address = load_word(block + offset + 8);
		if (!address || address % 16 || address >> 47)
			continue;
		type = block_probe_type(probe, address);
		if (!type || type->prefix != prefix ||
		    !fits(type, block + offset, block_size - offset))
			continue;
		if (is_address_in_disguise(probe, load_word(block + offset)) ||
		    !is_head(probe, type, block, offset))
			continue;
		*ret_offset = offset;
		return type;
	}
	return NULL;
}
