/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory of the arenas. The main arena lies where brk made it, the others
 * in heaps: reserved stretches aligned to their size, the last one of which
 * holds top; each begins with a heap_info that names the one before:
 *
 *   heap_info  | arena | previous heap | size | ...        (malloc/arena.c)
 *
 * The ring of arenas and the chains of heaps are the target's word for it:
 * nothing is taken twice, so a ring that never closes ends.
 */
#include "base/array.h"
#include "base/number_map.h"
#include "runtime/glibc_walk.h"

#include <stdlib.h>

enum {
	ARENAS_MAX = 1 << 16,
	HEAP_SIZE = 64 << 20, /* HEAP_MAX_SIZE */
	HEAP_HUGE_PAGES = 4,
	PAGE = 4096,
};

/* Walks, while they are made, end here at the latest. */
struct gathering {
	struct glibc_malloc *glibc;
	struct number_map known; /* arenas and heaps */
};

static uint64_t heap_size(const struct glibc_malloc *glibc)
{
	if (glibc->layout->heaps_follow_huge_pages && glibc->settings.huge_page)
		return glibc->settings.huge_page * HEAP_HUGE_PAGES;
	return HEAP_SIZE;
}

bool glibc_stretch_add(struct glibc_malloc *glibc, taddr start, taddr end, size_t arena)
{
	if (start >= end || !glibc_is_writable(glibc, start) ||
	    !glibc_is_writable(glibc, end - 1)) {
		glibc->torn++;
		return true;
	}
	if (!array_reserve(&glibc->stretches, &glibc->stretch_capacity, glibc->stretch_count + 1,
	                   sizeof(*glibc->stretches)))
		return false;
	glibc->stretches[glibc->stretch_count++] =
		(struct glibc_stretch){.start = start, .end = end, .arena = (uint32_t)arena};
	return true;
}

/* ------------------------------------------------------ the main arena */

/* Where its memory begins: malloc knows, or it is where the mapping of brk does. */
static taddr main_start(const struct glibc_malloc *glibc)
{
	const struct glibc_arena *main = &glibc->arenas[0];
	taddr start = glibc->settings.brk_start;

	if (!start)
		start = target_region_at(glibc->memory->target, main->top)->start;
	return (start + 15) & ~(taddr)15;
}

static bool add_main_stretch(struct glibc_malloc *glibc)
{
	const struct glibc_arena *main = &glibc->arenas[0];

	if (!main->top || !main->is_contiguous)
		return true;
	return glibc_stretch_add(glibc, main_start(glibc), main->top + main->top_bytes, 0);
}

/* ---------------------------------------------------- arenas of threads */

/* Adds the chunks of one heap; *ret_previous is the heap before it, 0: none or nonsense. */
static bool add_heap(struct gathering *gathering, size_t arena, taddr heap, taddr *ret_previous)
{
	struct glibc_malloc *glibc = gathering->glibc;
	const struct glibc_layout *layout = glibc->layout;
	taddr address = glibc->arenas[arena].address;
	taddr start = heap + layout->heap_header;
	uint64_t words[3]; /* arena, previous, size */
	uint32_t value;

	*ret_previous = 0;
	if (!window_cache_read(glibc->memory, heap, words, sizeof(words)) || words[0] != address ||
	    words[2] > heap_size(glibc) || words[2] % PAGE ||
	    number_map_get(&gathering->known, heap, &value)) {
		glibc->torn++;
		return true;
	}
	if (!number_map_put(&gathering->known, heap, 0))
		return false;
	if (address == start)
		start = (address + layout->state.size + 15) & ~(taddr)15;
	else
		*ret_previous = words[1];
	/* The first heap of an arena is the one that it lies in. */
	glibc->torn += address != heap + layout->heap_header && !words[1];
	return glibc_stretch_add(glibc, start, heap + words[2], arena);
}

static bool add_heaps(struct gathering *gathering, size_t arena)
{
	taddr mask = heap_size(gathering->glibc) - 1;
	taddr heap = gathering->glibc->arenas[arena].top & ~mask;

	while (heap) {
		if (heap & mask) {
			gathering->glibc->torn++;
			break;
		}
		if (!add_heap(gathering, arena, heap, &heap))
			return false;
	}
	return true;
}

/* ----------------------------------------------------------- the ring */

static bool add_ring(struct gathering *gathering)
{
	struct glibc_malloc *glibc = gathering->glibc;
	taddr main = glibc->arenas[0].address;
	struct glibc_arena arena = glibc->arenas[0];
	uint32_t value;

	while (arena.next != main) {
		if (glibc->arena_count == ARENAS_MAX ||
		    number_map_get(&gathering->known, arena.next, &value) ||
		    !glibc_arena_read(glibc, arena.next, &arena)) {
			glibc->torn++;
			return true;
		}
		if (!number_map_put(&gathering->known, arena.address, 0) ||
		    !array_reserve(&glibc->arenas, &glibc->arena_capacity, glibc->arena_count + 1,
		                   sizeof(arena)))
			return false;
		glibc->arenas[glibc->arena_count++] = arena;
	}
	return true;
}

static int compare_stretches(const void *left, const void *right)
{
	const struct glibc_stretch *a = left;
	const struct glibc_stretch *b = right;

	return (a->start > b->start) - (a->start < b->start);
}

/* No byte belongs to two stretches, whatever the heaps say. May be called again. */
static void sort_stretches(struct glibc_malloc *glibc)
{
	size_t count = 0;

	if (!glibc->stretch_count)
		return;
	glibc->stretch_bytes = 0;
	qsort(glibc->stretches, glibc->stretch_count, sizeof(*glibc->stretches), compare_stretches);
	for (size_t i = 0; i < glibc->stretch_count; i++) {
		struct glibc_stretch stretch = glibc->stretches[i];

		if (count && stretch.start < glibc->stretches[count - 1].end) {
			glibc->torn++;
			continue;
		}
		glibc->stretch_bytes += stretch.end - stretch.start;
		glibc->stretches[count++] = stretch;
	}
	glibc->stretch_count = count;
}

bool glibc_arenas_add(struct glibc_malloc *glibc)
{
	struct gathering gathering = {.glibc = glibc};
	bool is_done;

	number_map_init(&gathering.known);
	is_done = add_ring(&gathering) && add_main_stretch(glibc);
	for (size_t i = 1; is_done && i < glibc->arena_count; i++)
		is_done = add_heaps(&gathering, i);
	number_map_deinit(&gathering.known);
	if (!is_done)
		return false;
	sort_stretches(glibc);
	if (glibc->arenas[0].top && !glibc->arenas[0].is_contiguous) {
		is_done = glibc_scattered_add(glibc);
		sort_stretches(glibc);
	}
	return is_done;
}
