/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a target in many small pieces. The cache holds windows of the
 * target's memory (16 KiB, aligned: a pool of pymalloc) so that neighbouring
 * reads cost a load and not a system call. It never reads the same window
 * again while it stays in the cache: use it on pictures, which do not change,
 * or forget() it between looks.
 *
 * Who walks a long stretch from end to end pins it: it is read at once, and
 * shown from there.
 *
 * Lists and tables of a hostile target may share their memory, so that walking
 * them takes time without end though each alone is bounded. Therefore a cache
 * shows only so many bytes between two forgets, in proportion to what the
 * target has; whoever walks its memory in good faith never comes near. From
 * then on nothing can be read, which every walk knows how to end on.
 */
#ifndef PLUMB_TARGET_WINDOW_CACHE_H
#define PLUMB_TARGET_WINDOW_CACHE_H

#include "target/target.h"

#include <string.h>

enum {
	WINDOW_SHIFT = 14,
	WINDOW_SIZE = 1 << WINDOW_SHIFT,
	WINDOW_PAGES = 4, /* of 4 KiB: what can be readable or not */
	WINDOW_ALL_PAGES = (1 << WINDOW_PAGES) - 1,
};

struct window {
	taddr start;        /* 1: empty (never aligned) */
	unsigned int pages; /* bit i: page i could be read */
};

struct window_cache {
	struct target *target; /* borrowed */
	struct window *windows;
	uint8_t *bytes;      /* slot i: windows[i], WINDOW_SIZE bytes */
	size_t slots;        /* a power of two */
	uint64_t bytes_left; /* that it will show */
	bool memory_ran_out; /* see window_cache_no_memory */
	taddr pinned_start;
	size_t pinned_size; /* 0: nothing is pinned */
	size_t pinned_capacity;
	uint8_t *pinned;
	uint8_t scratch[WINDOW_SIZE];
};

/* At most bytes of memory are used for windows (at least one window). */
struct error *window_cache_init(struct window_cache *cache, struct target *target, size_t bytes);
void window_cache_deinit(struct window_cache *cache);
void window_cache_forget(struct window_cache *cache);

/*
 * Reads [start, start + size) and keeps it until the next pin; views into it
 * stay valid that long. False: it cannot all be read; nothing is pinned then.
 */
bool window_cache_pin(struct window_cache *cache, taddr start, size_t size);

/* Loads the window at start (aligned); returns its slot. */
size_t window_cache_load(struct window_cache *cache, taddr start);

/* As window_cache_view, for pieces that cross windows or unreadable pages. */
const uint8_t *window_cache_view_slow(struct window_cache *cache, taddr address, size_t size);

/* Did someone walk the target's memory until nothing more is shown? */
bool window_cache_is_spent(const struct window_cache *cache);

/*
 * What decodes the target says DECODE_TORN, NULL or false of the target's mess. When
 * it is plumb's own memory that is lacking, it notes so here besides, and who
 * began the walk asks for memory_ran_out at its end: what was told is then less
 * than what is there. Returns false, for the caller to return.
 */
static inline bool window_cache_no_memory(struct window_cache *cache)
{
	cache->memory_ran_out = true;
	return false;
}

static inline bool window_cache_spend(struct window_cache *cache, size_t size)
{
	if (cache->bytes_left < size) {
		cache->bytes_left = 0;
		return false;
	}
	cache->bytes_left -= size;
	return true;
}

static inline size_t window_cache_slot(const struct window_cache *cache, taddr start)
{
	uint64_t number = start >> WINDOW_SHIFT;

	return (number ^ (number >> 12)) & (cache->slots - 1);
}

/*
 * size (at most WINDOW_SIZE) bytes at address, or NULL when they cannot all
 * be read. Borrowed until the next call on this cache.
 */
static inline const uint8_t *window_cache_view(struct window_cache *cache, taddr address,
                                               size_t size)
{
	taddr start = address & ~(taddr)(WINDOW_SIZE - 1);
	size_t offset = (size_t)(address - start);
	size_t slot = window_cache_slot(cache, start);
	uint64_t in_pinned = address - cache->pinned_start;

	if (!window_cache_spend(cache, size))
		return NULL;
	if (in_pinned < cache->pinned_size && size <= cache->pinned_size - in_pinned)
		return cache->pinned + in_pinned;
	if (offset + size > WINDOW_SIZE)
		return window_cache_view_slow(cache, address, size);
	if (cache->windows[slot].start != start)
		window_cache_load(cache, start);
	if (cache->windows[slot].pages != WINDOW_ALL_PAGES)
		return window_cache_view_slow(cache, address, size);
	return cache->bytes + slot * WINDOW_SIZE + offset;
}

/* Reads exactly size bytes, of any size. False: they cannot all be read. */
bool window_cache_read(struct window_cache *cache, taddr address, void *buffer, size_t size);

/*
 * Reads a string of C, with its end, into buffer. One that has no room there is
 * cut, and then as long as size - 1. False: it cannot be read so far.
 */
bool window_cache_string(struct window_cache *cache, taddr address, char *buffer, size_t size);

static inline bool window_cache_u64(struct window_cache *cache, taddr address, uint64_t *ret)
{
	const uint8_t *bytes = window_cache_view(cache, address, sizeof(*ret));

	if (!bytes)
		return false;
	memcpy(ret, bytes, sizeof(*ret));
	return true;
}

static inline bool window_cache_u32(struct window_cache *cache, taddr address, uint32_t *ret)
{
	const uint8_t *bytes = window_cache_view(cache, address, sizeof(*ret));

	if (!bytes)
		return false;
	memcpy(ret, bytes, sizeof(*ret));
	return true;
}

static inline bool window_cache_u8(struct window_cache *cache, taddr address, uint8_t *ret)
{
	const uint8_t *bytes = window_cache_view(cache, address, sizeof(*ret));

	if (!bytes)
		return false;
	*ret = *bytes;
	return true;
}

#endif
