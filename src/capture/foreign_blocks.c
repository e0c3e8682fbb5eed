/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a block begins is known by who made it: pymalloc's pools, glibc's
 * chunks (malloc_chunk.h draws one), and whole mappings, in which Python 3.11
 * and later keep the frames of a thread or greenlet. How long it is, too; a
 * pointer into the middle of something is not followed.
 *
 * A block is left when BARREN_MAX words of it in a row were no objects: the
 * numbers of a large array cost one window, its objects are read to the last.
 * All barren words together are counted, so that a million structs that point
 * at trees of C cannot make the walk slow. So are the objects that are found:
 * ten thousand views of one array of objects lead to each of them ten thousand
 * times, and what is more than the memory could hold is left out.
 */
#include "capture/foreign_blocks.h"

#include "capture/heap_resolve.h"
#include "capture/malloc_chunk.h"

enum {
	BLOCKS_MAX = 24, /* of one object */
	DEPTH_MAX = 2,   /* object -> block -> block */
	BARREN_MAX = 128,
	BARREN_TOTAL = 16 << 20, /* of one worker */
	WORDS_AT_ONCE = 64,
	PAGE = 4096,
	WORD = 8,
};

struct block {
	taddr start;
	taddr end;
	unsigned int depth;
};

struct search {
	struct heap_worker *worker;
	foreign_block_function *found;
	uint64_t number;
	struct block blocks[BLOCKS_MAX];
	size_t block_count;
};

static bool in_pool(struct heap_worker *worker, taddr address, taddr *ret_end)
{
	struct block_place place;

	if (!block_index_place(&worker->walk->blocks, address, &place) ||
	    place.offset != worker->probe.debug_header ||
	    block_index_node(&worker->walk->blocks, &place) != NODE_NONE)
		return false;
	*ret_end = address + place.block_size - place.offset;
	return true;
}

/* The end of the block at address, which is the beginning of one; false: it is none. */
static bool find_end(struct heap_worker *worker, taddr address, taddr *ret_end)
{
	const struct target_region *region;
	uint64_t size;

	if (block_index_pool(&worker->walk->blocks, address))
		return in_pool(worker, address, ret_end);
	region = target_region_at(worker->memory.target, address);
	if (!region || region->inode || !region->is_writable || !region->is_readable)
		return false;
	if (address % PAGE == 0) {
		*ret_end = region->end;
		return true;
	}
	size = malloc_chunk_capacity(&worker->memory, address - worker->probe.debug_header);
	if (size <= worker->probe.debug_header)
		return false;
	*ret_end = address + size - worker->probe.debug_header;
	return true;
}

static void add_block(struct search *search, taddr address, unsigned int depth)
{
	taddr end;

	if (depth > DEPTH_MAX || search->block_count == BLOCKS_MAX || address % 16)
		return;
	for (size_t i = 0; i < search->block_count; i++)
		if (address >= search->blocks[i].start && address < search->blocks[i].end)
			return;
	if (find_end(search->worker, address, &end))
		search->blocks[search->block_count++] = (struct block){address, end, depth};
}

/* Is it time to stop, for this worker as a whole? */
static bool is_exhausted(const struct heap_worker *worker)
{
	uint64_t share = worker->walk->edges_max / 2 / worker->walk->worker_count;

	return worker->barren_words >= BARREN_TOTAL || worker->foreign_edges >= share;
}

/* One word of a block; false: it is no object. */
static bool look_at(struct search *search, uint64_t word, unsigned int depth)
{
	node_id node = heap_resolve_word(search->worker, word);

	if (node == NODE_NONE) {
		add_block(search, word, depth + 1);
		return false;
	}
	search->found(search->worker, node, search->number);
	return true;
}

static void search_block(struct search *search, struct block block)
{
	struct heap_worker *worker = search->worker;
	uint64_t words[WORDS_AT_ONCE];
	unsigned int barren = 0;

	while (barren < BARREN_MAX && !is_exhausted(worker)) {
		size_t count = (size_t)((block.end - block.start) / WORD);

		if (count > WORDS_AT_ONCE)
			count = WORDS_AT_ONCE;
		if (!count || !window_cache_read(&worker->memory, block.start, words, count * WORD))
			return;
		for (size_t i = 0; i < count; i++) {
			bool is_object = look_at(search, words[i], block.depth);

			barren = is_object ? 0 : barren + 1;
			worker->barren_words += !is_object;
		}
		block.start += count * WORD;
	}
}

void foreign_blocks_search(struct heap_worker *worker, const struct py_ref *reference,
                           foreign_block_function *found)
{
	struct search search = {.worker = worker, .found = found, .number = reference->number};

	add_block(&search, reference->to, 1);
	for (size_t i = 0; i < search.block_count; i++)
		search_block(&search, search.blocks[i]);
}
