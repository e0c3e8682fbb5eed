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
