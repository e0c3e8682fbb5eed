/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pool is looked through when it has more blocks in use than are known to
 * belong to somebody. What Python has freed and keeps to use it again is in use
 * for pymalloc, but holds no more than the next of its kind.
 */
#include "capture/native_pools.h"

#include "capture/heap_worker.h"

#include <string.h>

enum {
	OBJECT_HEAD = 16,
	WORD = 8,
};

struct search {
	struct heap_walk *walk;
	struct native_words *words;
};

/*
 * The type of the object in the block, if it was freed and Python keeps it to use
 * it again; or 0. The type is left, and the count is 0 or, from 3.14 on, the
 * address of the next on its list.
 */
static taddr freed_type(struct search *search, const uint8_t *block, uint64_t size)
{
	struct heap_worker *worker = search->walk->workers[0];
	uint32_t header = search->walk->native->debug_header;

	for (uint32_t at = header; at <= header + NATIVE_HEADS_MAX && at + OBJECT_HEAD <= size;
	     at += NATIVE_HEAD) {
		uint64_t words[2];
		uint64_t type;

		memcpy(words, block + at, sizeof(words));
		if (!words[1] || !py_types_get(worker->types, words[1]))
			continue;
		if (!words[0] || (window_cache_u64(worker->python.memory, words[0] + 8, &type) &&
		                  type == words[1]))
			return words[1];
	}
	return 0;
}

/*
 * Of what is left in it a freed object holds the next on its list, if that: one
 * of its own type, which may be larger and lie in a block of malloc (frames).
 */
static void search_freed(struct search *search, const uint8_t *block, uint64_t size, taddr type)
{
	struct window_cache *memory = search->walk->workers[0]->python.memory;

	for (size_t at = 0; at < size; at += WORD) {
		uint64_t word, found;

		memcpy(&word, block + at, sizeof(word));
		if (native_blocks_at(search->walk->native, word) != NATIVE_NONE &&
		    window_cache_u64(memory, word + WORD, &found) && found == type)
			native_words_add(search->words, word, at / WORD, true);
	}
}

static void search_used(struct search *search, const uint8_t *block, uint64_t size)
{
	for (size_t at = 0; at < size; at += WORD) {
		uint64_t word;

		memcpy(&word, block + at, sizeof(word));
		native_words_add(search->words, word, at / WORD, false);
	}
}

static void search_pool(struct search *search, const struct indexed_pool *indexed)
{
	struct heap_walk *walk = search->walk;
	const struct block_word *words = &walk->blocks.words[indexed->first_word];
	uint64_t size = (uint64_t)indexed->units * PYMALLOC_ALIGNMENT;
	const uint8_t *bytes = heap_worker_pool(walk->workers[0], indexed->address);
	struct pymalloc_pool pool = {0};

	if (bytes)
		(void)pymalloc_pool_decode(walk->python, indexed->address, bytes, &pool);
	for (uint32_t i = 0; i < pool.blocks && i < indexed->blocks; i++) {
		uint64_t others = pool.in_use[i / 64] & ~words[i / 64].objects &
		                  ~words[i / 64].claimed;
		const uint8_t *block = bytes + PYMALLOC_POOL_HEADER + (size_t)(i * size);
		taddr type;

		if (!(others >> i % 64 & 1))
			continue;
		type = freed_type(search, block, size);
		if (type)
			search_freed(search, block, size, type);
		else
			search_used(search, block, size);
	}
}

/* Has the pool blocks in use that are neither objects nor their storage? */
static bool has_others(const struct heap_walk *walk, const struct indexed_pool *pool)
{
	uint32_t owned = 0;

	for (uint32_t i = 0; i * 64 < pool->blocks; i++) {
		const struct block_word *word = &walk->blocks.words[pool->first_word + i];

		owned += (uint32_t)__builtin_popcountll(word->objects | word->claimed);
	}
	return pool->used > owned;
}

void native_pools_search(struct heap_walk *walk, struct native_words *words)
{
	struct search search = {walk, words};

	for (size_t i = 0; i < walk->pool_count; i++) {
		const struct indexed_pool *pool = &walk->blocks.pools[i];

		if (has_others(walk, pool))
			search_pool(&search, pool);
	}
}
