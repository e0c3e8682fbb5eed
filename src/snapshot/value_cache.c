/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was not asked for the longest time makes room. A chunk that is broken
 * has no values: who wants to know why asks value_cache_check (plumb check).
 */
#include "snapshot/value_cache.h"

static bool gather_chunks(struct value_cache *cache)
{
	size_t count = 0;

	cache->chunks = calloc(cache->reader->chunk_count + 1, sizeof(*cache->chunks));
	if (!cache->chunks)
		return false;
	for (size_t i = 0; i < cache->reader->chunk_count; i++)
		if (cache->reader->chunks[i].kind == KIND_VALUES)
			cache->chunks[count++] = &cache->reader->chunks[i];
	cache->chunk_count = count;
	return true;
}

bool value_cache_init(struct value_cache *cache, const struct chunk_reader *reader)
{
	*cache = (struct value_cache){.reader = reader};
	if (gather_chunks(cache) && chunk_buffers_init(&cache->buffers))
		return true;
	value_cache_deinit(cache);
	return false;
}

void value_cache_deinit(struct value_cache *cache)
{
	for (size_t i = 0; i < VALUE_CACHE_SLOTS; i++)
		value_block_deinit(&cache->slots[i].block);
	chunk_buffers_deinit(&cache->buffers);
	free(cache->chunks);
	cache->chunks = NULL;
	cache->chunk_count = 0;
}

/* The chunk whose range node is in, or NULL. */
static const struct file_chunk *chunk_of(const struct value_cache *cache, node_id node)
{
	size_t low = 0;
	size_t high = cache->chunk_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct file_chunk *chunk = cache->chunks[middle];

		if (node < chunk->first)
			high = middle;
		else if (node - chunk->first >= chunk->rows)
			low = middle + 1;
		else
			return chunk;
	}
	return NULL;
}

static struct error *load(struct value_cache *cache, const struct file_chunk *chunk,
                          struct value_block *ret)
{
	struct error *error = chunk_reader_read(cache->reader, chunk, &cache->buffers);

	if (error)
		return error;
	error = value_block_init(ret, &cache->buffers.raw, chunk->rows);
	return error ? chunk_reader_blame(cache->reader, chunk, error) : NULL;
}

/* The slot of chunk, or the one that it may have. */
static struct value_slot *choose_slot(struct value_cache *cache, const struct file_chunk *chunk)
{
	struct value_slot *oldest = &cache->slots[0];

	for (size_t i = 0; i < VALUE_CACHE_SLOTS; i++) {
		if (cache->slots[i].chunk == chunk)
			return &cache->slots[i];
		if (cache->slots[i].used < oldest->used)
			oldest = &cache->slots[i];
	}
	return oldest;
}

/* A chunk that cannot be read is remembered as one without values. */
static void fill_slot(struct value_cache *cache, struct value_slot *slot,
                      const struct file_chunk *chunk)
{
	struct error *error;

	value_block_deinit(&slot->block);
	slot->chunk = chunk;
	error = load(cache, chunk, &slot->block);
	if (error && error_kind(error) == ERROR_MEMORY) {
		cache->memory_ran_out = true;
		slot->chunk = NULL;
	}
	error_free(error);
}

bool value_cache_find(struct value_cache *cache, node_id node, struct node_value *ret)
{
	const struct file_chunk *chunk = chunk_of(cache, node);
	struct value_slot *slot;

	if (!chunk)
		return false;
	slot = choose_slot(cache, chunk);
	slot->used = ++cache->clock;
	if (slot->chunk != chunk)
		fill_slot(cache, slot, chunk);
	return value_block_find(&slot->block, (uint32_t)(node - chunk->first), ret);
}

struct error *value_cache_check(struct value_cache *cache, const struct file_chunk *chunk)
{
	struct value_block block = {0};
	struct error *error = load(cache, chunk, &block);

	value_block_deinit(&block);
	return error;
}
