/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A chunk is the request plus the size word, rounded up to 16; a remainder
 * too small to be a chunk (under 32 bytes) stays with it, and a mapping is
 * rounded to pages.
 */
#include "capture/malloc_chunk.h"

enum {
	CHUNK_MIN = 32,
	CHUNK_FLAGS = 7,
	CHUNK_IS_MAPPED = 2,
	SIZE_WORD = 8,
	NEIGHBOURS_MAX = 8,
	PAGE = 4096,
};

static uint64_t rounded_request(uint64_t request)
{
	uint64_t size = (request + SIZE_WORD + 15) & ~UINT64_C(15);

	return size < CHUNK_MIN ? CHUNK_MIN : size;
}

uint64_t malloc_chunk_size(struct window_cache *memory, taddr block, uint64_t least, uint64_t most)
{
	uint64_t slack = CHUNK_MIN;
	uint64_t word;
	uint64_t size;

	if (!window_cache_u64(memory, block - SIZE_WORD, &word))
		return rounded_request(most);
	size = word & ~(uint64_t)CHUNK_FLAGS;
	if (word & CHUNK_IS_MAPPED)
		slack = 2 * PAGE;
	if (size % 16 || size < least + SIZE_WORD || size > rounded_request(most) + slack)
		return rounded_request(most);
	return size;
}

/* Where memory ends that goes on from region; madvise() cuts a mapping in pieces. */
static taddr end_of_memory(struct window_cache *memory, const struct target_region *region)
{
	taddr end = region->end;

	for (int i = 0; i < NEIGHBOURS_MAX; i++) {
		region = target_region_at(memory->target, end);
		if (!region || !region->is_writable || region->inode)
			break;
		end = region->end;
	}
	return end;
}

uint64_t malloc_chunk_capacity(struct window_cache *memory, taddr block)
{
	const struct target_region *region = target_region_at(memory->target, block);
	uint64_t word;
	uint64_t size;

	if (block % 16 || !region || block - region->start < 2 * SIZE_WORD ||
	    !window_cache_u64(memory, block - SIZE_WORD, &word))
		return 0;
	size = word & ~(uint64_t)CHUNK_FLAGS;
	if (size % 16 || size < CHUNK_MIN ||
	    size > end_of_memory(memory, region) - block + 2 * SIZE_WORD)
		return 0;
	/* A mapping ends with its chunk; otherwise the next one lends its first word. */
	return size - (word & CHUNK_IS_MAPPED ? 2 * SIZE_WORD : SIZE_WORD);
}
