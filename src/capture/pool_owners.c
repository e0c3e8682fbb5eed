/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pool is read a third time for it: the walk keeps of each block only
 * whether it is an object's, not whether it is in use. Most pools are resident
 * as a whole, and then four sums do for all of their blocks.
 */
#include "capture/pool_owners.h"

#include "base/cleanup.h"
#include "capture/heap_worker.h"
#include "capture/pool_shape.h"
#include "runtime/py_frame_chunks.h"

enum { POOLS_AT_ONCE = 64 };

struct pool_sums {
	uint64_t objects;
	uint64_t buffers;
	uint64_t others;
	uint64_t free;
};

static enum snap_owner owner_of(const struct block_word *word, uint64_t in_use, uint64_t bit)
{
	if (word->claimed & bit)
		return SNAP_OWNER_BUFFERS;
	if (word->objects & bit)
		return SNAP_OWNER_OBJECTS;
	return in_use & bit ? SNAP_OWNER_POOL_OTHER : SNAP_OWNER_POOL_BLOCKS;
}

/* Its blocks one by one, for only a part of the pool is resident. */
static void add_blocks(struct resident_owners *owners, const struct indexed_pool *indexed,
                       const struct block_word *words, const struct pymalloc_pool *pool)
{
	uint64_t size = (uint64_t)indexed->units * PYMALLOC_ALIGNMENT;
	taddr first = indexed->address + PYMALLOC_POOL_HEADER;

	for (uint32_t i = 0; i < indexed->blocks; i++)
		resident_owners_add(owners, first + i * size, size,
		                    owner_of(&words[i / 64], pool->in_use[i / 64],
		                             UINT64_C(1) << i % 64));
}

static uint64_t count(uint64_t bits)
{
	return (uint64_t)__builtin_popcountll(bits);
}

/* The bits of a word that stand for blocks, of which there are so many left. */
static uint64_t blocks_of_word(uint32_t left)
{
	return left < 64 ? (UINT64_C(1) << left) - 1 : UINT64_MAX;
}

static struct pool_sums sum_up(const struct indexed_pool *indexed, const struct block_word *words,
                               const struct pymalloc_pool *pool)
{
	uint64_t size = (uint64_t)indexed->units * PYMALLOC_ALIGNMENT;
	struct pool_sums sums = {.free = indexed->blocks * size};

	for (uint32_t i = 0; i * 64 < indexed->blocks; i++) {
		uint64_t taken = words[i].claimed | words[i].objects;
		uint64_t in_use = pool->in_use[i] & blocks_of_word(indexed->blocks - i * 64);

		sums.buffers += count(words[i].claimed) * size;
		sums.objects += count(words[i].objects & ~words[i].claimed) * size;
		sums.others += count(in_use & ~taken) * size;
	}
	sums.free -= sums.buffers + sums.objects + sums.others;
	return sums;
}

/* All of its pages are resident: each owner's blocks at once, wherever they lie in it. */
static void add_sums(struct resident_owners *owners, const struct indexed_pool *indexed,
                     const struct pool_sums *sums)
{
	taddr at = indexed->address + PYMALLOC_POOL_HEADER;

	resident_owners_add(owners, at, sums->objects, SNAP_OWNER_OBJECTS);
	at += sums->objects;
	resident_owners_add(owners, at, sums->buffers, SNAP_OWNER_BUFFERS);
	at += sums->buffers;
	resident_owners_add(owners, at, sums->others, SNAP_OWNER_POOL_OTHER);
	at += sums->others;
	resident_owners_add(owners, at, sums->free, SNAP_OWNER_POOL_BLOCKS);
}

/* What was never carved is free; what is too little for one more block is lost. */
static void add_rest(struct resident_owners *owners, const struct indexed_pool *indexed,
                     uint64_t pool_size)
{
	uint64_t size = (uint64_t)indexed->units * PYMALLOC_ALIGNMENT;
	uint64_t lost = (pool_size - PYMALLOC_POOL_HEADER) % size;
	uint64_t carved = PYMALLOC_POOL_HEADER + indexed->blocks * size;

	resident_owners_add(owners, indexed->address, PYMALLOC_POOL_HEADER, SNAP_OWNER_POOL_HEADS);
	resident_owners_add(owners, indexed->address + carved, pool_size - lost - carved,
	                    SNAP_OWNER_POOL_BLOCKS);
	resident_owners_add(owners, indexed->address + pool_size - lost, lost,
	                    SNAP_OWNER_POOL_HEADS);
}

static void add_pool(struct heap_walk *walk, struct resident_owners *owners, taddr address,
                     bool is_sparse)
{
	const struct indexed_pool *indexed = block_index_pool(&walk->blocks, address);
	uint64_t pool_size = walk->python->pool_size;
	const struct block_word *words;
	struct pymalloc_pool pool = {0};
	const uint8_t *bytes;

	if (!indexed || !indexed->units) {
		resident_owners_add(owners, address, pool_size, SNAP_OWNER_POOL_FREE);
		return;
	}
	words = &walk->blocks.words[indexed->first_word];
	bytes = heap_worker_pool(walk->workers[0], address);
	if (bytes)
		(void)pymalloc_pool_decode(walk->python, address, bytes, &pool);
	if (resident_owners_has_all(owners, address, pool_size)) {
		struct pool_sums sums = sum_up(indexed, words, &pool);

		add_sums(owners, indexed, &sums);
	} else {
		add_blocks(owners, indexed, words, &pool);
	}
	add_rest(owners, indexed, pool_size);
	pool_shape_add(walk, owners, indexed, &pool);
	pool_shape_add_objects(walk, owners, indexed, is_sparse);
}

/* Pools begin at multiples of their size; what lies around them is lost, or was never used. */
static void add_arena(struct heap_walk *walk, struct resident_owners *owners,
                      const struct pymalloc_arena *arena)
{
	uint64_t size = walk->python->pool_size;
	taddr first = (arena->start + size - 1) & ~(size - 1);
	bool is_sparse = pool_shape_add_arena(walk, owners, arena);
	size_t left = 0;
	taddr pool;

	resident_owners_add(owners, arena->start, first - arena->start, SNAP_OWNER_POOL_HEADS);
	for (pool = first; pool < arena->used_end && pool + size <= arena->end; pool += size) {
		if (!left) {
			left = (size_t)((arena->used_end - pool) / size);
			left = left < 1 ? 1 : left < POOLS_AT_ONCE ? left : POOLS_AT_ONCE;
			heap_worker_pin_pools(walk->workers[0], pool, left);
		}
		add_pool(walk, owners, pool, is_sparse);
		left--;
	}
	resident_owners_add(owners, pool, arena->end - pool, SNAP_OWNER_POOL_FREE);
}

static void add_frames(struct python *python, struct resident_owners *owners)
{
	struct py_frame_chunks chunks = {0};

	while (py_frame_chunks_next(python, &chunks))
		resident_owners_add(owners, chunks.start, chunks.end - chunks.start,
		                    SNAP_OWNER_STACKS);
}

struct error *pool_owners_add(struct heap_walk *walk, struct resident_owners *owners)
{
	_cleanup_free_ struct pymalloc_arena *arenas = NULL;
	size_t arena_count;
	struct error *error = pymalloc_arenas(walk->python, &arenas, &arena_count);

	for (size_t i = 0; !error && i < arena_count; i++)
		add_arena(walk, owners, &arenas[i]);
	if (!error)
		add_frames(walk->python, owners);
	return error;
}
