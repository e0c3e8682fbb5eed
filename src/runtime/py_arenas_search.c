/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stripped 3.8 to 3.11 has no symbol for pymalloc's variables. But they lie
 * in the writable memory of its module, and what they point at is easy to
 * tell: a struct arena_object describes page-aligned memory whose first pool
 * names, in arenaindex, the place of that struct in the array. So any pointer
 * into the array (arenas, usable_arenas, unused_arena_objects, nfp2lasta)
 * gives the array's start. Other structs may look like one slot (the header of
 * a pool, read from its middle, does); an array whose first slots do not add
 * up is passed over.
 */
#include "runtime/py_arenas.h"

enum {
	SLOTS_TRIED = 16,    /* the array's first size: INITIAL_ARENA_OBJECTS */
	SLOTS_MAX = 1 << 22, /* looked at in all: 4 TiB of 1 MiB arenas */
	PAGE = 4096,
	SEARCH_MAX = 64 << 20,
	NEXT_ARENA = 32, /* offset of nextarena in struct arena_object */
};

/* The start of the array that w points into, or 0. An unused slot sends us to its neighbours. */
static taddr array_start(struct python *python, taddr w)
{
	uint64_t size = python->layout.arena.size;
	uint64_t first;

	if (!w || w % 8 || !window_cache_u64(python->memory, w, &first))
		return 0;
	for (uint64_t i = 0; i < (first ? 1 : SLOTS_TRIED); i++) {
		struct py_arena arena;

		if (!py_arena_read(python->memory, &python->layout, w + i * size, &arena) ||
		    !arena.pool_size)
			continue;
		if ((taddr)arena.index * size > w + i * size)
			continue;
		return w + i * size - (taddr)arena.index * size;
	}
	return 0;
}

/*
 * Slots up to the last one in use. The array ends where no slot can be: unused
 * ones are on one chain, so that a second end of a chain is foreign memory.
 */
static uint32_t count_slots(struct python *python, taddr arenas, uint32_t *left)
{
	uint64_t size = python->layout.arena.size;
	uint32_t count = 0;
	unsigned int chain_ends = 0;

	for (uint32_t i = 0; *left && chain_ends < 2; i++, --*left) {
		taddr slot = arenas + i * size;
		struct py_arena arena;
		uint64_t address;
		taddr next;

		if (!window_cache_u64(python->memory, slot, &address) ||
		    !window_cache_u64(python->memory, slot + NEXT_ARENA, &next))
			break;
		if (!address && (!next || (next - arenas) % size == 0)) {
			chain_ends += !next;
			continue;
		}
		if (!py_arena_read(python->memory, &python->layout, slot, &arena) ||
		    (arena.pool_size && arena.index != i))
			break;
		count = i + 1;
	}
	return count;
}

struct search {
	struct python *python;
	uint64_t bytes_left;
	uint32_t slots_left;
	uint32_t count; /* of the array that was found */
};

static taddr search_range(struct search *search, taddr start, taddr end)
{
	struct python *python = search->python;

	for (taddr at = (start + 7) & ~(taddr)7; at + 8 <= end && search->bytes_left >= 8;
	     at += 8, search->bytes_left -= 8) {
		taddr w;
		taddr found;

		if (!window_cache_u64(python->memory, at, &w)) {
			at |= (PAGE - 1) & ~(taddr)7; /* on to the next page */
			continue;
		}
		if (!w || w % 8 || !target_region_at(python->memory->target, w))
			continue;
		found = array_start(python, w);
		if (!found)
			continue;
		search->count = count_slots(python, found, &search->slots_left);
		if (search->count)
			return found;
	}
	return 0;
}

static taddr larger(taddr a, taddr b)
{
	return a > b ? a : b;
}

static taddr smaller(taddr a, taddr b)
{
	return a < b ? a : b;
}

taddr py_arenas_search(struct python *python, uint32_t *ret_count)
{
	struct search search = {
		.python = python, .bytes_left = SEARCH_MAX, .slots_left = SLOTS_MAX};
	size_t count;
	const struct target_region *regions = target_regions(python->memory->target, &count);

	for (size_t i = 0; i < count; i++) {
		taddr start = larger(regions[i].start, python->module_start);
		taddr end = smaller(regions[i].end, python->module_end);
		taddr found;

		if (!regions[i].is_writable || start >= end)
			continue;
		found = search_range(&search, start, end);
		if (found) {
			*ret_count = search.count;
			return found;
		}
	}
	return 0;
}
