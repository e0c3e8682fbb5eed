/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pools usually lie close together, so a plain table over the whole span
 * finds them with one load. Only when the span is absurd (a hostile target,
 * or arenas at both ends of the address space) does a hash take its place.
 */
#include "capture/block_index.h"

#include "base/array.h"

#include <assert.h>
#include <stdlib.h>

static const size_t span_max = (size_t)1 << 26;

_Static_assert(PYMALLOC_BLOCKS_MAX < 1024, "the reciprocal is exact below 1024 units");
_Static_assert(PYMALLOC_SIZE_CLASSES <= 32, "and up to 32 units a block");

static bool fill_table(struct block_index *index)
{
	index->number_of = calloc(index->span, sizeof(*index->number_of));
	if (!index->number_of)
		return false;
	for (size_t i = 0; i < index->pool_count; i++)
		index->number_of[(index->pools[i].address >> index->shift) - index->base] =
			(uint32_t)i + 1;
	return true;
}

static bool fill_sparse(struct block_index *index)
{
	for (size_t i = 0; i < index->pool_count; i++)
		if (!number_map_put(&index->sparse, index->pools[i].address, (uint32_t)i + 1))
			return false;
	return true;
}

struct error *block_index_init(struct block_index *index, const taddr *pools, size_t count,
                               uint32_t pool_size)
{
	bool is_filled;

	*index = (struct block_index){.pool_size = pool_size, .pool_count = count};
	number_map_init(&index->sparse);
	for (uint32_t units = 1; units <= PYMALLOC_SIZE_CLASSES; units++)
		index->reciprocals[units] = (65536 + units - 1) / units;
	if (!count)
		return NULL;
	index->shift = (uint32_t)__builtin_ctz(pool_size);
	index->pools = calloc(count, sizeof(*index->pools));
	if (!index->pools)
		return error_no_memory();
	for (size_t i = 0; i < count; i++)
		index->pools[i].address = pools[i];
	index->base = pools[0] >> index->shift;
	index->span = (pools[count - 1] >> index->shift) - index->base + 1;
	is_filled = index->span <= span_max ? fill_table(index) : fill_sparse(index);
	if (is_filled)
		return NULL;
	block_index_deinit(index);
	return error_no_memory();
}

void block_index_deinit(struct block_index *index)
{
	free(index->pools);
	free(index->words);
	free(index->number_of);
	number_map_deinit(&index->sparse);
	*index = (struct block_index){0};
}

bool block_index_describe(struct block_index *index, size_t pool_number,
                          const struct pymalloc_pool *pool, const uint64_t *objects)
{
	struct indexed_pool *indexed = &index->pools[pool_number];
	size_t words = (pool->blocks + 63) / 64;

	if (!array_reserve(&index->words, &index->word_capacity, index->word_count + words,
	                   sizeof(*index->words)))
		return false;
	indexed->first_word = (uint32_t)index->word_count;
	indexed->units = (uint16_t)(pool->block_size / PYMALLOC_ALIGNMENT);
	indexed->blocks = (uint16_t)pool->blocks;
	indexed->used = (uint16_t)pool->used;
	for (size_t i = 0; i < words; i++)
		index->words[index->word_count++] = (struct block_word){.objects = objects[i]};
	return true;
}

void block_index_deny(struct block_index *index, const struct block_place *place)
{
	index->words[place->word].objects &= ~(UINT64_C(1) << place->bit);
}

bool block_index_number(struct block_index *index, node_id most)
{
	uint64_t next = 0;

	for (size_t i = 0; i < index->word_count && next <= most; i++) {
		index->words[i].first = (node_id)next;
		next += (uint64_t)__builtin_popcountll(index->words[i].objects);
	}
	if (next > most)
		return false;
	index->node_count = (node_id)next;
	return true;
}

const struct indexed_pool *block_index_sparse_pool(const struct block_index *index, taddr address)
{
	uint32_t number;

	if (!index->pool_count)
		return NULL;
	if (!number_map_get(&index->sparse, address & ~(uint64_t)(index->pool_size - 1), &number))
		return NULL;
	return &index->pools[number - 1];
}

bool block_index_claim(struct block_index *index, const struct block_place *place)
{
	uint64_t bit = UINT64_C(1) << place->bit;
	uint64_t before =
		__atomic_fetch_or(&index->words[place->word].claimed, bit, __ATOMIC_RELAXED);

	return !(before & bit);
}
