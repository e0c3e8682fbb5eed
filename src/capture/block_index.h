/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an address to its node without a hash: pool, then block, then the
 * rank of that block among the object blocks.
 *
 *   address >> pool shift -> pool number -> first word of its bitmaps
 *   (address - pool - 48) / block size   -> bit
 *   node = first node of the word + number of object bits below the bit
 *
 * Two bits a block: it is an object; it is storage that an object claimed.
 * For 15 million objects this takes 5 MB, where a hash table takes 480.
 *
 * Node ids of pool objects are dense, from 0, in order of address.
 */
#ifndef PLUMB_CAPTURE_BLOCK_INDEX_H
#define PLUMB_CAPTURE_BLOCK_INDEX_H

#include "base/number_map.h"
#include "runtime/pymalloc.h"
#include "snapshot/snapshot.h"

struct indexed_pool {
	taddr address;
	uint32_t first_word;
	uint16_t units;  /* block size / 16; 0: nothing is in use */
	uint16_t blocks; /* carved */
	uint16_t used;   /* in use, of these */
};

struct block_word { /* 64 blocks of one pool */
	uint64_t objects;
	uint64_t claimed;
	node_id first; /* node of the lowest object bit */
};

struct block_index {
	uint32_t pool_size;
	uint32_t shift; /* log2 of pool_size */
	struct indexed_pool *pools;
	size_t pool_count;
	struct block_word *words;
	size_t word_count;
	size_t word_capacity;
	uint64_t base;       /* lowest pool's address >> shift */
	uint32_t *number_of; /* by (address >> shift) - base: pool number + 1, 0: none; or NULL: */
	size_t span;         /* entries of number_of */
	struct number_map sparse; /* pools that lie too far apart for a table */
	node_id node_count;
	uint32_t reciprocals[PYMALLOC_SIZE_CLASSES + 1]; /* by units: 2^16 / units, rounded up */
};

/* Where an address lies. */
struct block_place {
	size_t word;
	unsigned int bit;
	uint32_t block_size;
	uint32_t offset; /* of the address in its block */
};

/* pools: ascending, multiples of pool_size. Copied. */
struct error *block_index_init(struct block_index *index, const taddr *pools, size_t count,
                               uint32_t pool_size);
void block_index_deinit(struct block_index *index);

/* Pools are described in ascending order, each once; objects: bit i says that block i is one. */
bool block_index_describe(struct block_index *index, size_t pool_number,
                          const struct pymalloc_pool *pool, const uint64_t *objects);

/* The block is no object, whatever it looks like. Before numbering. */
void block_index_deny(struct block_index *index, const struct block_place *place);

/* After the last pool: numbers the nodes. False: they are more than most. */
bool block_index_number(struct block_index *index, node_id most);

/* As block_index_pool, for pools that are found by hash. */
const struct indexed_pool *block_index_sparse_pool(const struct block_index *index, taddr address);

/* The pool that holds address, or NULL. */
static inline const struct indexed_pool *block_index_pool(const struct block_index *index,
                                                          taddr address)
{
	uint64_t position = (address >> index->shift) - index->base;
	uint32_t number;

	if (!index->number_of)
		return block_index_sparse_pool(index, address);
	if (position >= index->span)
		return NULL;
	number = index->number_of[position];
	return number ? &index->pools[number - 1] : NULL;
}

/*
 * Where address lies. False: in no block of a pool.
 *
 * Dividing by the block size is a multiplication: offsets and sizes are
 * multiples of 16, so n = offset / 16 < 1024 and k = size / 16 <= 32, and
 * n * ceil(2^16 / k) >> 16 is exact because n * (k - 1) < 2^16.
 */
static inline bool block_index_place(const struct block_index *index, taddr address,
                                     struct block_place *ret)
{
	const struct indexed_pool *pool = block_index_pool(index, address);
	uint32_t offset;
	uint32_t number;

	if (!pool || !pool->units || address < pool->address + PYMALLOC_POOL_HEADER)
		return false;
	offset = (uint32_t)(address - pool->address - PYMALLOC_POOL_HEADER);
	number = (offset / PYMALLOC_ALIGNMENT * index->reciprocals[pool->units]) >> 16;
	if (number >= pool->blocks)
		return false;
	ret->word = pool->first_word + number / 64;
	ret->bit = number % 64;
	ret->block_size = (uint32_t)pool->units * PYMALLOC_ALIGNMENT;
	ret->offset = offset - number * ret->block_size;
	return true;
}

/* The node of the object block at place, or NODE_NONE. */
static inline node_id block_index_node(const struct block_index *index,
                                       const struct block_place *place)
{
	const struct block_word *word = &index->words[place->word];
	uint64_t bit = UINT64_C(1) << place->bit;

	if (!(word->objects & bit))
		return NODE_NONE;
	return word->first + (node_id)__builtin_popcountll(word->objects & (bit - 1));
}

/* Marks the block as storage; false: it was claimed already. Threads may meet here. */
bool block_index_claim(struct block_index *index, const struct block_place *place);

#endif
