/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A direct-mapped cache: a window has one slot where it can be. Heaps are
 * walked pool by pool, so neighbours in time are neighbours in memory, and
 * one way is enough; what it costs is a second read when two windows fight.
 *
 * A window at the edge of a mapping is partly unreadable. It is then read
 * page by page, and remembers which pages it has.
 */
#include "target/window_cache.h"

#include "base/array.h"

#include <assert.h>
#include <stdlib.h>

enum {
	PAGE_SIZE = WINDOW_SIZE / WINDOW_PAGES,
	STRING_PIECE = 64,
	EMPTY = 1,
	SHOWN_TIMES = 256,
	SHOWN_LEAST = 64 << 20,
};

/* Each byte many times over: a walk reads some of them again and again. */
static uint64_t bytes_to_show(const struct target *target)
{
	uint64_t mapped = target_mapped_bytes(target);

	if (mapped > UINT64_MAX / (2 * SHOWN_TIMES))
		return UINT64_MAX;
	return mapped * SHOWN_TIMES + SHOWN_LEAST;
}

struct error *window_cache_init(struct window_cache *cache, struct target *target, size_t bytes)
{
	size_t slots = 1;

	while (slots * 2 * WINDOW_SIZE <= bytes)
		slots *= 2;
	*cache = (struct window_cache){.target = target, .slots = slots};
	cache->windows = calloc(slots, sizeof(*cache->windows));
	cache->bytes = malloc(slots * WINDOW_SIZE);
	if (!cache->windows || !cache->bytes) {
		window_cache_deinit(cache);
		return error_no_memory();
	}
	window_cache_forget(cache);
	return NULL;
}

void window_cache_deinit(struct window_cache *cache)
{
	free(cache->windows);
	free(cache->bytes);
	free(cache->pinned);
	cache->windows = NULL;
	cache->bytes = NULL;
	cache->pinned = NULL;
	cache->slots = 0;
}

void window_cache_forget(struct window_cache *cache)
{
	for (size_t i = 0; i < cache->slots; i++)
		cache->windows[i] = (struct window){.start = EMPTY};
	cache->pinned_size = 0;
	cache->bytes_left = bytes_to_show(cache->target);
}

bool window_cache_is_spent(const struct window_cache *cache)
{
	return !cache->bytes_left;
}

bool window_cache_pin(struct window_cache *cache, taddr start, size_t size)
{
	cache->pinned_size = 0;
	if (!array_reserve(&cache->pinned, &cache->pinned_capacity, size, 1) ||
	    target_read(cache->target, start, cache->pinned, size) != DECODE_OK)
		return false;
	cache->pinned_start = start;
	cache->pinned_size = size;
	return true;
}

size_t window_cache_load(struct window_cache *cache, taddr start)
{
	size_t slot = window_cache_slot(cache, start);
	struct window *window = &cache->windows[slot];
	uint8_t *bytes = cache->bytes + slot * WINDOW_SIZE;

	assert(start % WINDOW_SIZE == 0);
	window->start = start;
	window->pages = WINDOW_ALL_PAGES;
	if (target_read(cache->target, start, bytes, WINDOW_SIZE) == DECODE_OK)
		return slot;
	window->pages = 0;
	for (unsigned int page = 0; page < WINDOW_PAGES; page++)
		if (target_read(cache->target, start + page * PAGE_SIZE, bytes + page * PAGE_SIZE,
		                PAGE_SIZE) == DECODE_OK)
			window->pages |= 1u << page;
	return slot;
}

/* The part of [address, address + size) that lies in one page; NULL: unreadable. */
static const uint8_t *view_in_page(struct window_cache *cache, taddr address, size_t size,
                                   size_t *ret_size)
{
	taddr start = address & ~(taddr)(WINDOW_SIZE - 1);
	size_t offset = (size_t)(address - start);
	size_t room = PAGE_SIZE - offset % PAGE_SIZE;
	size_t slot = window_cache_slot(cache, start);

	if (cache->windows[slot].start != start)
		window_cache_load(cache, start);
	if (!(cache->windows[slot].pages & (1u << (offset / PAGE_SIZE))))
		return NULL;
	*ret_size = size < room ? size : room;
	return cache->bytes + slot * WINDOW_SIZE + offset;
}

bool window_cache_read(struct window_cache *cache, taddr address, void *buffer, size_t size)
{
	uint64_t in_pinned = address - cache->pinned_start;
	uint8_t *out = buffer;

	if (!window_cache_spend(cache, size))
		return false;
	if (in_pinned < cache->pinned_size && size <= cache->pinned_size - in_pinned) {
		memcpy(buffer, cache->pinned + in_pinned, size);
		return true;
	}
	while (size) {
		size_t piece;
		const uint8_t *bytes = view_in_page(cache, address, size, &piece);

		if (!bytes)
			return false;
		memcpy(out, bytes, piece);
		out += piece;
		address += piece;
		size -= piece;
	}
	return true;
}

bool window_cache_string(struct window_cache *cache, taddr address, char *buffer, size_t size)
{
	size_t length = 0;

	while (length + 1 < size) {
		size_t piece = STRING_PIECE - (address + length) % STRING_PIECE; /* in one page */
		const uint8_t *bytes;
		size_t ending;

		if (piece > size - 1 - length)
			piece = size - 1 - length;
		bytes = window_cache_view(cache, address + length, piece);
		if (!bytes)
			return false;
		ending = strnlen((const char *)bytes, piece);
		memcpy(buffer + length, bytes, ending);
		length += ending;
		if (ending < piece)
			break;
	}
	buffer[length] = '\0';
	return true;
}

const uint8_t *window_cache_view_slow(struct window_cache *cache, taddr address, size_t size)
{
	if (size > sizeof(cache->scratch))
		return NULL;
	if (!window_cache_read(cache, address, cache->scratch, size))
		return NULL;
	return cache->scratch;
}
