/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arrays are found by what they are, since until 3.9 they are static
 * variables without a symbol of their own name, and later move within the
 * interpreter's state from release to release:
 *
 *	      | count |  until 3.9, up to 32 bytes before, or ...
 *	      +-------+-- .. --+-------+-- .. --+-------+-- .. --+-------+
 *	array | slot  |  freed | stale | stale  |   0   |   0    |   0   | 80 slots
 *	      +-------+-- .. --+-------+-- .. --+-------+-- .. --+-------+
 *	      | count |  ... as it is from 3.10 on, behind
 *
 * What a slot below the count leads to is dead: its first word, the reference
 * count of an object and of a table of keys, is 0. No row of pointers to
 * living objects looks like that.
 *
 * Sources: listobject.c, dictobject.c, genobject.c of 3.8 and 3.9;
 * Include/internal/pycore_{interp,list,dict_state,genobject,freelist}.h of
 * 3.10 to 3.13. From 3.14 on free lists are chains.
 */
#include "runtime/py_free_lists.h"

enum {
	SLOTS = 80, /* PyList_MAXFREELIST and its like */
	WORD = 8,
	BYTES = SLOTS * WORD,
	LAST_STATIC = 9,
	LAST_WITH_ARRAYS = 13,
};

static bool is_pointer(struct python *python, taddr address)
{
	return address && address % WORD == 0 && target_region_at(python->memory->target, address);
}

static bool is_dead(struct python *python, taddr address)
{
	uint64_t count;

	return is_pointer(python, address) && window_cache_u64(python->memory, address, &count) &&
	       !count;
}

/* Slots below count are dead, and behind the last pointer there is none again. */
static bool is_free_list(struct python *python, const uint64_t slots[static SLOTS], uint32_t count)
{
	bool has_ended = false;

	if (!count || count > SLOTS)
		return false;
	for (uint32_t i = 0; i < SLOTS; i++) {
		if (i < count && !is_dead(python, slots[i]))
			return false;
		if (slots[i] && (has_ended || !is_pointer(python, slots[i])))
			return false;
		has_ended |= !slots[i];
	}
	return true;
}

bool py_free_list_at(struct python *python, taddr address, taddr *ret_start, taddr *ret_end)
{
	/* 3.12 has the arrays of dicts and of keys first, then both counts. */
	static const int64_t places[] = {BYTES, BYTES + 4, 2 * BYTES, -24, -32};
	const size_t place_count = python->minor > LAST_STATIC ? 3 : 5;
	uint64_t slots[SLOTS];

	if (python->minor > LAST_WITH_ARRAYS ||
	    !window_cache_u64(python->memory, address, &slots[0]) || !is_dead(python, slots[0]) ||
	    !window_cache_read(python->memory, address, slots, sizeof(slots)))
		return false;
	for (size_t i = 0; i < place_count; i++) {
		uint32_t count;

		if (!window_cache_u32(python->memory, address + (uint64_t)places[i], &count) ||
		    !is_free_list(python, slots, count))
			continue;
		*ret_start = address + (uint64_t)count * WORD;
		*ret_end = address + BYTES;
		return true;
	}
	return false;
}
