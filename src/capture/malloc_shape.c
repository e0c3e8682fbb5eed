/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page is lonely that is resident and holds nothing in use but one small
 * block, or a part of it: free memory that no malloc_trim() gives back, since a
 * page goes back whole or not at all.
 */
#include "capture/malloc_shape.h"

#include <stdlib.h>

enum {
	PAGE = 4096,
	CHUNK_HEADER = 16,
	CHUNK_MIN = 32,
	LARGE_HEAD = 48, /* struct malloc_chunk */
};

struct error *malloc_shape_init(struct malloc_shape *shape, struct resident_owners *owners,
                                const struct glibc_malloc *glibc)
{
	*shape = (struct malloc_shape){.owners = owners};
	owners->arenas = calloc(glibc->arena_count + 1, sizeof(*owners->arenas));
	if (!owners->arenas)
		return error_no_memory();
	owners->arena_count = glibc->arena_count;
	owners->malloc.mmap_threshold = glibc->settings.mmap_threshold;
	owners->malloc.trim_threshold = glibc->settings.trim_threshold;
	return NULL;
}

static taddr page_up(taddr address)
{
	return (address + PAGE - 1) & ~(taddr)(PAGE - 1);
}

/*
 * malloc_trim(0) gives back whole pages: of a free chunk those behind its head
 * (six words when it is large: mtrim() in malloc/malloc.c), and of the main
 * arena's top all but the least chunk (systrim()).
 */
static uint64_t count_trimmable(struct malloc_shape *shape, const struct glibc_chunk *chunk)
{
	taddr start = chunk->block - CHUNK_HEADER;
	taddr end = (start + chunk->bytes) & ~(taddr)(PAGE - 1);
	taddr from;

	if (chunk->state != GLIBC_FREE && (chunk->state != GLIBC_TOP || chunk->arena))
		return 0;
	from = page_up(start + (chunk->state == GLIBC_TOP ? CHUNK_MIN + 1 : LARGE_HEAD));
	return from < end ? resident_owners_count(shape->owners, from, end - from) : 0;
}

/* The page that was looked at is done. */
static void end_page(struct malloc_shape *shape)
{
	if (shape->small == 1 && !shape->has_large &&
	    resident_owners_has_all(shape->owners, shape->page, PAGE))
		shape->owners->arenas[shape->arena].lonely_pages++;
	shape->small = 0;
	shape->has_large = false;
}

static void touch_page(struct malloc_shape *shape, const struct glibc_chunk *chunk, taddr page)
{
	if (page != shape->page)
		end_page(shape);
	shape->page = page;
	shape->arena = chunk->arena;
	if (chunk->bytes <= SNAP_SMALL_BLOCK)
		shape->small++;
	else
		shape->has_large = true;
}

/* Pages within a large chunk are its own. */
static void add_used(struct malloc_shape *shape, const struct glibc_chunk *chunk)
{
	taddr start = chunk->block - CHUNK_HEADER;
	taddr first = start & ~(taddr)(PAGE - 1);
	taddr last = (start + chunk->bytes - 1) & ~(taddr)(PAGE - 1);

	touch_page(shape, chunk, first);
	if (last != first)
		touch_page(shape, chunk, last);
}

static void add_hole(struct malloc_shape *shape, uint64_t size, uint64_t resident)
{
	unsigned int number = 63 - (unsigned int)__builtin_clzll(size | 1);
	struct snap_hole_class *holes = shape->owners->malloc.holes;

	if (number >= SNAP_HOLE_CLASSES)
		number = SNAP_HOLE_CLASSES - 1;
	holes[number].count++;
	holes[number].bytes += resident;
}

void malloc_shape_add(struct malloc_shape *shape, const struct glibc_chunk *chunk)
{
	struct snap_arena *arena = &shape->owners->arenas[chunk->arena];
	uint64_t resident, trimmable;

	if (chunk->state == GLIBC_MAPPED)
		return;
	resident = resident_owners_count(shape->owners, chunk->block - CHUNK_HEADER, chunk->bytes);
	trimmable = count_trimmable(shape, chunk);
	shape->owners->malloc.trimmable += trimmable;
	arena->trimmable += trimmable;
	switch (chunk->state) {
	case GLIBC_TOP: arena->top += resident; return;
	case GLIBC_CACHED:
	case GLIBC_FAST: arena->caches += resident; return;
	case GLIBC_FREE:
		arena->holes += resident;
		add_hole(shape, chunk->bytes, resident);
		return;
	case GLIBC_USED:
	case GLIBC_ITSELF:
	case GLIBC_MAPPED:
	case GLIBC_STATES: break;
	}
	arena->used += resident;
	add_used(shape, chunk);
}

void malloc_shape_finish(struct malloc_shape *shape)
{
	end_page(shape);
}
