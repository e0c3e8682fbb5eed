/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two steps, because they are wanted apart: finding the pools needs only the
 * array of arenas, decoding one needs its bytes, which the caller reads
 * anyway for the objects in there.
 *
 * A pool that is on its arena's list of free pools has no block in use, so
 * its count (the first word) says the same as that list, which therefore is
 * never walked.
 */
#include "runtime/pymalloc.h"

#include "base/array.h"
#include "base/cleanup.h"
#include "runtime/py_arenas.h"

#include <stdlib.h>

enum {
	ARENAS_MAX = 1 << 24, /* 4 TiB of 256 KiB arenas */
	POOLS_MAX = 1 << 28,
};

struct pool_list {
	taddr *pools;
	size_t count;
	size_t capacity;
	uint64_t torn;
};

/* Appends the pools of the arena whose struct arena_object is given. */
static bool append_arena(const struct python *python, const uint8_t *arena, struct pool_list *list)
{
	uint64_t pool_size = python->pool_size;
	taddr start;
	taddr end;

	memcpy(&start, arena + python->layout.arena.address, sizeof(start));
	memcpy(&end, arena + python->layout.arena.pool_address, sizeof(end));
	if (!start)
		return true;
	start = (start + pool_size - 1) & ~(pool_size - 1);
	if (end < start || end - start > python->arena_size || end % pool_size) {
		list->torn++;
		return true;
	}
	if (list->count + (end - start) / pool_size > POOLS_MAX)
		return false;
	if (!array_reserve(&list->pools, &list->capacity, list->count + (end - start) / pool_size,
	                   sizeof(*list->pools)))
		return false;
	for (taddr pool = start; pool < end; pool += pool_size)
		list->pools[list->count++] = pool;
	return true;
}

static int compare_addresses(const void *left, const void *right)
{
	taddr a = *(const taddr *)left;
	taddr b = *(const taddr *)right;

	return (a > b) - (a < b);
}

/* Overlapping arenas (torn memory) would give a pool twice. */
static void sort_unique(struct pool_list *list)
{
	size_t kept = 0;

	if (!list->count)
		return;
	qsort(list->pools, list->count, sizeof(*list->pools), compare_addresses);
	for (size_t i = 1; i < list->count; i++) {
		if (list->pools[i] == list->pools[kept])
			list->torn++;
		else
			list->pools[++kept] = list->pools[i];
	}
	list->count = kept + 1;
}

static bool append_table(struct python *python, const struct py_arena_table *table,
                         struct pool_list *list)
{
	uint64_t size = python->layout.arena.size;

	if (table->count > ARENAS_MAX) {
		list->torn++;
		return true;
	}
	for (uint32_t i = 0; i < table->count; i++) {
		const uint8_t *arena =
			window_cache_view(python->memory, table->arenas + i * size, size);

		if (!arena)
			list->torn++;
		else if (!append_arena(python, arena, list))
			return false;
	}
	return true;
}

struct error *pymalloc_pools(struct python *python, taddr **ret_pools, size_t *ret_count,
                             uint64_t *ret_torn)
{
	struct pool_list list = {0};

	for (size_t i = 0; i < python->arena_table_count; i++) {
		if (!append_table(python, &python->arena_tables[i], &list)) {
			free(list.pools);
			return error_no_memory();
		}
	}
	sort_unique(&list);
	*ret_pools = list.pools;
	*ret_count = list.count;
	*ret_torn = list.torn;
	return NULL;
}

struct arena_list {
	struct pymalloc_arena *arenas;
	size_t count;
	size_t capacity;
};

static bool append_arenas(struct python *python, const struct py_arena_table *table,
                          struct arena_list *list)
{
	uint32_t count = table->count > ARENAS_MAX ? 0 : table->count;

	for (uint32_t i = 0; i < count; i++) {
		taddr at = table->arenas + (taddr)i * python->layout.arena.size;
		struct py_arena arena;

		if (!py_arena_read(python->memory, &python->layout, at, &arena) ||
		    arena.pool_address - arena.address > python->arena_size ||
		    arena.address > UINT64_MAX - python->arena_size)
			continue;
		if (!array_reserve(&list->arenas, &list->capacity, list->count + 1,
		                   sizeof(*list->arenas)))
			return false;
		list->arenas[list->count++] = (struct pymalloc_arena){
			arena.address, arena.pool_address, arena.address + python->arena_size};
	}
	return true;
}

static int compare_arenas(const void *left, const void *right)
{
	const struct pymalloc_arena *a = left;
	const struct pymalloc_arena *b = right;

	return (a->start > b->start) - (a->start < b->start);
}

static void drop_overlapping(struct arena_list *list)
{
	size_t kept = 0;

	if (list->count)
		qsort(list->arenas, list->count, sizeof(*list->arenas), compare_arenas);
	for (size_t i = 0; i < list->count; i++)
		if (!kept || list->arenas[kept - 1].end <= list->arenas[i].start)
			list->arenas[kept++] = list->arenas[i];
	list->count = kept;
}

struct error *pymalloc_arenas(struct python *python, struct pymalloc_arena **ret_arenas,
                              size_t *ret_count)
{
	struct arena_list list = {0};

	for (size_t i = 0; i < python->arena_table_count; i++) {
		if (!append_arenas(python, &python->arena_tables[i], &list)) {
			free(list.arenas);
			return error_no_memory();
		}
	}
	drop_overlapping(&list);
	*ret_arenas = list.arenas;
	*ret_count = list.count;
	return NULL;
}

static uint32_t load_u32(const uint8_t *bytes, uint32_t offset)
{
	uint32_t value;

	memcpy(&value, bytes + offset, sizeof(value));
	return value;
}

/* Clears the bit of each block on the chain of free ones. */
static enum decode clear_free_blocks(const struct python *python, taddr address,
                                     const uint8_t *bytes, struct pymalloc_pool *pool)
{
	taddr block;

	memcpy(&block, bytes + python->layout.pool.freeblock, sizeof(block));
	for (uint32_t left = pool->blocks; block; left--) {
		uint64_t offset = block - address - PYMALLOC_POOL_HEADER;
		uint64_t number = offset / pool->block_size;

		if (!left || block < address + PYMALLOC_POOL_HEADER || offset % pool->block_size ||
		    number >= pool->blocks)
			return DECODE_TORN;
		pool->in_use[number / 64] &= ~(UINT64_C(1) << number % 64);
		memcpy(&block, bytes + PYMALLOC_POOL_HEADER + offset, sizeof(block));
	}
	return DECODE_OK;
}

static uint32_t count_in_use(const struct pymalloc_pool *pool)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < PYMALLOC_BITMAP_WORDS; i++)
		count += (uint32_t)__builtin_popcountll(pool->in_use[i]);
	return count;
}

enum decode pymalloc_pool_decode(const struct python *python, taddr address, const uint8_t *bytes,
                                 struct pymalloc_pool *ret)
{
	uint32_t used = load_u32(bytes, 0);
	uint32_t size_class = load_u32(bytes, python->layout.pool.szidx);
	uint32_t next = load_u32(bytes, python->layout.pool.nextoffset);
	struct pymalloc_pool pool = {0};
	enum decode decode;

	*ret = pool;
	if (!used)
		return DECODE_OK;
	if (size_class >= PYMALLOC_SIZE_CLASSES || next < PYMALLOC_POOL_HEADER)
		return DECODE_TORN;
	pool.block_size = (size_class + 1) * PYMALLOC_ALIGNMENT;
	if (next > python->pool_size)
		next = python->pool_size;
	pool.blocks = (next - PYMALLOC_POOL_HEADER) / pool.block_size;
	for (uint32_t i = 0; i < pool.blocks; i++)
		pool.in_use[i / 64] |= UINT64_C(1) << i % 64;
	decode = clear_free_blocks(python, address, bytes, &pool);
	pool.used = count_in_use(&pool);
	*ret = pool;
	return pool.used == used ? decode : DECODE_TORN;
}
