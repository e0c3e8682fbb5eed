/* SPDX-License-Identifier: Apache-2.0 */
/*
 * malloc's stretches are visited in order, and then its mappings, in order
 * too: two sorted runs, or few more. They are merged, not sorted, since there
 * may be ten million blocks in the first and hardly ever more than thousands
 * in the second.
 */
#include "capture/native_blocks.h"

#include "base/array.h"
#include "base/cleanup.h"

#include <stdlib.h>
#include <string.h>

enum {
	UNIT = 8,
	SIZE_WORD = 8,
	CHUNK_HEADER = 16,
	PAGE = 1 << NATIVE_PAGE_SHIFT,
};

struct block { /* while blocks are moved */
	taddr start;
	uint32_t units;
	uint8_t owner;
};

bool native_blocks_add(struct native_blocks *blocks, taddr start, uint64_t usable, bool is_mapped)
{
	size_t count = blocks->count;
	uint64_t units = usable / UNIT;

	if (start >> NATIVE_ADDRESS_BITS || !units)
		return true;
	if (count >= NATIVE_BLOCKS_MAX ||
	    !array_reserve(&blocks->starts, &blocks->start_capacity, count + 2,
	                   sizeof(*blocks->starts)) ||
	    !array_reserve(&blocks->units, &blocks->unit_capacity, count + 1,
	                   sizeof(*blocks->units)) ||
	    !array_reserve(&blocks->owners, &blocks->owner_capacity, count + 1,
	                   sizeof(*blocks->owners)))
		return false;
	blocks->starts[count] = start;
	blocks->units[count] = units > UINT32_MAX ? UINT32_MAX : (uint32_t)units;
	blocks->owners[count] = is_mapped ? NATIVE_IS_MAPPED : 0;
	blocks->count++;
	return true;
}

/* ------------------------------------------------------------ their order */

static struct block block_at(const struct native_blocks *blocks, size_t number)
{
	return (struct block){blocks->starts[number], blocks->units[number],
	                      blocks->owners[number]};
}

static void put_block(struct native_blocks *blocks, size_t number, const struct block *block)
{
	blocks->starts[number] = block->start;
	blocks->units[number] = block->units;
	blocks->owners[number] = block->owner;
}

static int compare_blocks(const void *left, const void *right)
{
	const struct block *a = left;
	const struct block *b = right;

	return (a->start > b->start) - (a->start < b->start);
}

/* How many blocks are in order, from the first on. */
static size_t sorted_count(const struct native_blocks *blocks)
{
	size_t count = 1;

	while (count < blocks->count && blocks->starts[count - 1] < blocks->starts[count])
		count++;
	return count < blocks->count ? count : blocks->count;
}

/* What comes behind the first run is sorted aside and merged, from the end. */
static bool sort(struct native_blocks *blocks)
{
	_cleanup_free_ struct block *others = NULL;
	size_t run = sorted_count(blocks);
	size_t left = blocks->count - run;
	size_t to = blocks->count;

	if (!left)
		return true;
	others = reallocarray(NULL, left, sizeof(*others));
	if (!others)
		return false;
	for (size_t i = 0; i < left; i++)
		others[i] = block_at(blocks, run + i);
	qsort(others, left, sizeof(*others), compare_blocks);
	while (left) {
		if (run && blocks->starts[run - 1] > others[left - 1].start) {
			struct block moved = block_at(blocks, --run);

			put_block(blocks, --to, &moved);
		} else {
			put_block(blocks, --to, &others[--left]);
		}
	}
	return true;
}

static void drop_overlapping(struct native_blocks *blocks)
{
	size_t kept = 0;
	taddr end = 0;

	for (size_t i = 0; i < blocks->count; i++) {
		struct block block = block_at(blocks, i);

		if (block.start < end)
			continue;
		put_block(blocks, kept++, &block);
		end = block.start + (uint64_t)block.units * UNIT;
	}
	blocks->count = kept;
	blocks->starts[kept] = UINT64_MAX;
}

/* -------------------------------------------------------------- the index */

/* The pages of a window, made when they are new. NULL: memory ran out. */
static uint32_t *pages_of(struct native_blocks *blocks, uint64_t window)
{
	uint32_t *table;

	if (blocks->windows[window])
		return blocks->tables[blocks->windows[window] - 1];
	if (!array_reserve(&blocks->tables, &blocks->table_capacity, blocks->table_count + 1,
	                   sizeof(*blocks->tables)))
		return NULL;
	table = calloc(NATIVE_WINDOW_PAGES, sizeof(*table));
	if (!table)
		return NULL;
	blocks->tables[blocks->table_count++] = table;
	blocks->windows[window] = (uint32_t)blocks->table_count;
	return table;
}

/*
 * The pages from first to last, all of one window. A block that fills a window
 * may end in its last page, where others begin: who looks comes to them from it.
 */
static bool index_pages(struct native_blocks *blocks, uint64_t first, uint64_t last, size_t block)
{
	uint64_t window = first / NATIVE_WINDOW_PAGES;
	uint32_t *table;

	if (blocks->windows[window] & NATIVE_IN_ONE)
		return true;
	if (last - first == NATIVE_WINDOW_PAGES - 1 && !blocks->windows[window]) {
		blocks->windows[window] = NATIVE_IN_ONE | (uint32_t)block;
		return true;
	}
	table = pages_of(blocks, window);
	if (!table)
		return false;
	for (uint64_t page = first; page <= last; page++)
		if (!table[page % NATIVE_WINDOW_PAGES])
			table[page % NATIVE_WINDOW_PAGES] = (uint32_t)block + 1;
	return true;
}

static bool index_block(struct native_blocks *blocks, size_t block)
{
	taddr start = blocks->starts[block];
	taddr last_byte = start + native_blocks_usable(blocks, block) - 1;
	uint64_t page = start >> NATIVE_PAGE_SHIFT;
	uint64_t last;

	if (last_byte >> NATIVE_ADDRESS_BITS)
		last_byte = (UINT64_C(1) << NATIVE_ADDRESS_BITS) - 1;
	last = last_byte >> NATIVE_PAGE_SHIFT;
	while (page <= last) {
		uint64_t end = (page / NATIVE_WINDOW_PAGES + 1) * NATIVE_WINDOW_PAGES - 1;

		if (!index_pages(blocks, page, end < last ? end : last, block))
			return false;
		page = end + 1;
	}
	return true;
}

struct error *native_blocks_seal(struct native_blocks *blocks)
{
	size_t windows = (size_t)1 << (NATIVE_ADDRESS_BITS - NATIVE_WINDOW_SHIFT);

	if (!array_reserve(&blocks->starts, &blocks->start_capacity, blocks->count + 1,
	                   sizeof(*blocks->starts)) ||
	    !sort(blocks))
		return error_no_memory();
	drop_overlapping(blocks);
	blocks->windows = calloc(windows, sizeof(*blocks->windows));
	blocks->nodes = reallocarray(NULL, blocks->count + 1, sizeof(*blocks->nodes));
	if (!blocks->windows || !blocks->nodes)
		return error_no_memory();
	for (size_t i = 0; i < blocks->count; i++)
		if (!index_block(blocks, i))
			return error_no_memory();
	return NULL;
}

void native_blocks_deinit(struct native_blocks *blocks)
{
	for (size_t i = 0; i < blocks->table_count; i++)
		free(blocks->tables[i]);
	free(blocks->tables);
	free(blocks->windows);
	free(blocks->starts);
	free(blocks->units);
	free(blocks->owners);
	free(blocks->nodes);
	*blocks = (struct native_blocks){0};
}

/* ------------------------------------------------------- whose they are */

bool native_blocks_claim(struct native_blocks *blocks, taddr address, enum native_owner owner)
{
	uint32_t block = native_blocks_at(blocks, address);
	uint8_t before;

	if (block == NATIVE_NONE || !native_blocks_is_start(blocks, block, address))
		return false;
	before = __atomic_fetch_or(&blocks->owners[block], (uint8_t)owner, __ATOMIC_RELAXED);
	return !(before & NATIVE_IS_OWNED);
}

size_t native_blocks_number(struct native_blocks *blocks, node_id first)
{
	size_t count = 0;

	for (size_t i = 0; i < blocks->count; i++)
		blocks->nodes[i] = blocks->owners[i] & NATIVE_IS_OWNED ? NODE_NONE
		                                                       : first + (node_id)count++;
	return count;
}

uint64_t native_blocks_memory(const struct native_blocks *blocks, size_t block)
{
	uint64_t usable = native_blocks_usable(blocks, block);

	if (!(blocks->owners[block] & NATIVE_IS_MAPPED))
		return usable + SIZE_WORD;
	return (usable + CHUNK_HEADER + PAGE - 1) & ~(uint64_t)(PAGE - 1);
}
