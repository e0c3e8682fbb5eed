/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks that were freed and look used: in a fast bin of their arena, or in the
 * cache of a thread (tcache). Both are lists through the blocks themselves.
 *
 * A thread's cache is a chunk of the heap that only the thread's own storage
 * points at. It is known by its content: as many counts as lists, and each
 * list as long as its count says, of chunks of the right size. One count may be
 * off by one, of a thread stopped in between. A cache of a thread that has
 * ended was given back, with its blocks, and its counts no longer fit.
 *
 *   cache | count 0 | count 1 | ... | list 0 | list 1 | ...
 *   block | next | key | ...        list and next point at blocks, not chunks
 *
 * Links are mangled since 2.32 (PROTECT_PTR): xored with their own address / 4096.
 */
#include "base/array.h"
#include "runtime/glibc_walk.h"

#include <stdlib.h>

enum { CACHE_SIZE_MAX = GLIBC_CACHE_BINS_MAX * 10 };

struct cache {
	taddr address;
	uint16_t count_max; /* how many blocks a bin takes, where counts count down */
	unsigned int listed;
	unsigned int off; /* how many counts are off by one */
	uint8_t bytes[CACHE_SIZE_MAX];
};

static bool add_held(struct glibc_malloc *glibc, taddr chunk, enum glibc_holder holder)
{
	if (!array_reserve(&glibc->held, &glibc->held_capacity, glibc->held_count + 1,
	                   sizeof(*glibc->held)))
		return false;
	glibc->held[glibc->held_count++] = chunk | holder;
	return true;
}

/* There are not more than there is memory: lists that share their blocks end here. */
static bool has_room(const struct glibc_malloc *glibc)
{
	return glibc->held_count < glibc->stretch_bytes / GLIBC_CHUNK_MIN + 1;
}

/* The link at address, as it was before it was mangled. */
static bool read_link(const struct glibc_malloc *glibc, taddr address, taddr *ret)
{
	uint64_t word;

	if (!window_cache_u64(glibc->memory, address, &word))
		return false;
	*ret = glibc->layout->has_mangled_links ? word ^ (address >> 12) : word;
	return true;
}

/* Bytes of the chunk, which has to lie in an arena; 0: it cannot be one. */
static uint64_t chunk_bytes(const struct glibc_malloc *glibc, taddr chunk)
{
	const struct glibc_stretch *stretch = glibc_stretch_at(glibc, chunk);
	uint64_t word;
	uint64_t bytes;

	if (chunk % 16 || !stretch || !window_cache_u64(glibc->memory, chunk + 8, &word))
		return 0;
	bytes = word & ~(uint64_t)GLIBC_FLAGS;
	return word & GLIBC_IS_MAPPED || bytes > stretch->end - chunk ? 0 : bytes;
}

/* ----------------------------------------------------------- fast bins */

/* Of chunks of one size. A list that runs in a circle is left at the mark. */
static bool add_fast_bin(struct glibc_malloc *glibc, taddr first, uint64_t size)
{
	taddr mark = 0;
	uint64_t steps = 0;

	for (taddr chunk = first; chunk; steps++) {
		if (chunk == mark || !has_room(glibc) || chunk_bytes(glibc, chunk) != size) {
			glibc->torn++;
			return true;
		}
		if ((steps & (steps - 1)) == 0)
			mark = chunk;
		if (!add_held(glibc, chunk, GLIBC_HOLDER_FAST_BIN))
			return false;
		if (!read_link(glibc, chunk + GLIBC_CHUNK_HEADER, &chunk)) {
			glibc->torn++;
			return true;
		}
	}
	return true;
}

static bool add_fast_bins(struct glibc_malloc *glibc, const struct glibc_arena *arena)
{
	uint64_t first[GLIBC_FAST_BINS];

	if (glibc->layout->state.fast_bins == GLIBC_ABSENT)
		return true;
	if (!window_cache_read(glibc->memory, arena->address + glibc->layout->state.fast_bins,
	                       first, sizeof(first))) {
		glibc->torn++;
		return true;
	}
	for (unsigned int i = 0; i < GLIBC_FAST_BINS; i++)
		if (!add_fast_bin(glibc, first[i], GLIBC_CHUNK_MIN + i * 16U))
			return false;
	return true;
}

/* ----------------------------------------------------- threads' caches */

static uint32_t cache_count(const struct glibc_malloc *glibc, const struct cache *cache,
                            unsigned int bin)
{
	uint16_t count;

	if (glibc->layout->cache.count_size == 1)
		return cache->bytes[bin];
	memcpy(&count, cache->bytes + bin * sizeof(count), sizeof(count));
	return glibc->layout->cache.counts_down ? (uint32_t)cache->count_max - count : count;
}

static taddr cache_list(const struct glibc_malloc *glibc, const struct cache *cache,
                        unsigned int bin)
{
	return glibc_word(cache->bytes,
	                  (size_t)glibc->layout->cache.bins * glibc->layout->cache.count_size +
	                          bin * sizeof(taddr));
}

/* The bin for chunks of this size: one size each, from 2.42 on powers of two above. */
static unsigned int cache_bin_of(uint64_t bytes)
{
	uint64_t number = (bytes - GLIBC_CHUNK_MIN) / 16;

	if (number < GLIBC_SMALL_CACHE_BINS)
		return (unsigned int)number;
	return GLIBC_SMALL_CACHE_BINS + 63 - (unsigned int)__builtin_clzll(bytes) - 10;
}

/* False: the list is none of this bin. */
static bool add_cache_list(struct glibc_malloc *glibc, struct cache *cache, unsigned int bin,
                           bool *ret_no_memory)
{
	uint32_t count = cache_count(glibc, cache, bin);
	uint32_t length = 0;

	for (taddr block = cache_list(glibc, cache, bin); block; length++) {
		uint64_t bytes = chunk_bytes(glibc, block - GLIBC_CHUNK_HEADER);

		if (length > count || bytes < GLIBC_CHUNK_MIN || cache_bin_of(bytes) != bin ||
		    !has_room(glibc))
			return false;
		*ret_no_memory = !add_held(glibc, block - GLIBC_CHUNK_HEADER, GLIBC_HOLDER_CACHE);
		if (*ret_no_memory || !read_link(glibc, block, &block))
			return false;
	}
	cache->listed += length;
	cache->off += length != count;
	return length + 1 >= count;
}

/* What can be said without following a list. */
static bool cache_is_plausible(const struct glibc_malloc *glibc, struct cache *cache)
{
	const struct glibc_layout *layout = glibc->layout;
	bool has_list = false;

	cache->count_max = (uint16_t)glibc->settings.cache_count;
	for (unsigned int i = 0; !glibc->settings.address && i < layout->cache.bins; i++) {
		uint16_t count = (uint16_t)glibc_word(cache->bytes, i * sizeof(count));

		cache->count_max = count > cache->count_max ? count : cache->count_max;
	}
	for (unsigned int i = 0; i < layout->cache.bins; i++) {
		taddr list = cache_list(glibc, cache, i);

		if (list % 16 || cache_count(glibc, cache, i) > UINT16_MAX ||
		    (list && !glibc_stretch_at(glibc, list)))
			return false;
		cache->off += !list != !cache_count(glibc, cache, i);
		has_list = has_list || list;
	}
	return cache->off <= 1 && (has_list || (layout->cache.counts_down && cache->count_max));
}

/* Adds what the chunk holds, when it is a cache. */
static bool add_cache(struct glibc_malloc *glibc, taddr chunk)
{
	struct cache cache = {.address = chunk + GLIBC_CHUNK_HEADER};
	size_t before = glibc->held_count;
	bool no_memory = false;
	bool is_cache;

	is_cache = window_cache_read(glibc->memory, cache.address, cache.bytes,
	                             glibc_cache_size(glibc->layout)) &&
	           cache_is_plausible(glibc, &cache);
	cache.off = 0;
	for (unsigned int i = 0; is_cache && i < glibc->layout->cache.bins; i++)
		is_cache = add_cache_list(glibc, &cache, i, &no_memory) && cache.off <= 1;
	if (no_memory)
		return false;
	if (!is_cache) {
		glibc->held_count = before;
		return true;
	}
	glibc->torn += cache.off;
	glibc->cache_count++;
	return add_held(glibc, chunk, GLIBC_HOLDER_ITSELF);
}

/* The chunk of a cache: a remainder too small to be a chunk stays with it. */
static bool has_size_of_cache(const struct glibc_malloc *glibc, uint64_t bytes)
{
	uint64_t least = (glibc_cache_size(glibc->layout) + 8 + 15) & ~UINT64_C(15);

	return bytes == least || bytes == least + 16;
}

static bool add_caches(struct glibc_malloc *glibc, const struct glibc_stretch *stretch)
{
	struct glibc_walk walk = glibc_walk_start(glibc, stretch);
	struct glibc_header header;

	while (glibc_walk_next(&walk, &header) == GLIBC_STEP_CHUNK) {
		if (!header.is_free && !header.is_top && has_size_of_cache(glibc, header.bytes) &&
		    !add_cache(glibc, header.chunk))
			return false;
	}
	return true;
}

/* --------------------------------------------------------------- both */

static int compare_held(const void *left, const void *right)
{
	taddr a = *(const taddr *)left;
	taddr b = *(const taddr *)right;

	return (a > b) - (a < b);
}

/* A chunk is held once. */
static void sort_held(struct glibc_malloc *glibc)
{
	size_t count = 0;

	qsort(glibc->held, glibc->held_count, sizeof(*glibc->held), compare_held);
	for (size_t i = 0; i < glibc->held_count; i++) {
		if (count && (glibc->held[i] ^ glibc->held[count - 1]) <= GLIBC_HOLDER_MASK)
			glibc->torn++;
		else
			glibc->held[count++] = glibc->held[i];
	}
	glibc->held_count = count;
}

bool glibc_held_add(struct glibc_malloc *glibc)
{
	for (size_t i = 0; i < glibc->arena_count; i++)
		if (!add_fast_bins(glibc, &glibc->arenas[i]))
			return false;
	for (size_t i = 0; i < glibc->stretch_count; i++)
		if (!add_caches(glibc, &glibc->stretches[i]))
			return false;
	if (glibc->held_count)
		sort_held(glibc);
	return true;
}
