/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of questions is that of their cost: what is no address at all, a
 * pool's block, malloc's block, the hash of all other objects.
 */
#include "capture/native_words.h"

#include "base/array.h"

#include <stdlib.h>
#include <string.h>

enum {
	WORD = 8,
	PAGE = 4096,
	AT_ONCE = 1 << 20,
	ADDRESS_MIN = 1 << 16, /* nothing is mapped below (vm.mmap_min_addr) */
	TAG_BITS = 3,
};

struct error *native_words_init(struct native_words *words, struct heap_walk *walk,
                                struct picture *picture)
{
	*words = (struct native_words){
		.walk = walk,
		.picture = picture,
		.pages = {.fd = -1},
		.middles = {.memory = walk->python->memory},
	};
	if (picture)
		resident_pages_init(&words->pages, picture_memory_process(picture));
	words->buffer = malloc(AT_ONCE);
	return words->buffer ? NULL : error_no_memory();
}

void native_words_deinit(struct native_words *words)
{
	if (words->picture)
		resident_pages_deinit(&words->pages);
	free(words->buffer);
	free(words->edges);
	*words = (struct native_words){0};
}

/* ------------------------------------------------------------- one word */

static void append(struct native_words *words, node_id to, enum edge_kind kind, uint64_t number)
{
	if (to == NODE_NONE)
		return;
	if (array_reserve(&words->edges, &words->edge_capacity, words->edge_count + 1,
	                  sizeof(*words->edges)))
		words->edges[words->edge_count++] = snap_edge_make(to, kind, number);
	else
		words->walk->is_broken = true;
}

/*
 * C rather keeps the text of a str or the bytes of a bytes object than its
 * address: PyUnicode_AsUTF8(), PyBytes_AS_STRING(). Where they begin depends on
 * the version: Include/cpython/unicodeobject.h, bytesobject.h.
 */
static bool is_text(uint64_t offset)
{
	switch (offset) {
	case 32: /* bytes */
	case 40: /* ASCII, from 3.12 on */
	case 48: /* ASCII before */
	case 56: /* any other str, from 3.12 on */
	case 72: return true;
	default: return false;
	}
}

/* The object in a pool that address means, or NODE_NONE. */
static node_id object_in_pool(const struct native_words *words, taddr address)
{
	const struct block_index *blocks = &words->walk->blocks;
	struct block_place place;
	node_id node;

	if (!block_index_place(blocks, address, &place) ||
	    blocks->words[place.word].claimed >> place.bit & 1)
		return NODE_NONE;
	node = block_index_node(blocks, &place);
	if (node == NODE_NONE || (words->columns.address[node] != address && place.offset &&
	                          place.offset != words->walk->native->debug_header &&
	                          !is_text(address - words->columns.address[node])))
		return NODE_NONE;
	return node;
}

/* The object in no pool that address means; block: of malloc, or NATIVE_NONE. */
static node_id object_elsewhere(const struct native_words *words, taddr address, uint32_t block)
{
	const struct native_blocks *blocks = words->walk->native;
	node_id node = NODE_NONE;

	if (block != NATIVE_NONE) {
		if (!(blocks->owners[block] & NATIVE_IS_OBJECT))
			return NODE_NONE;
		node = blocks->nodes[block];
		if (node != NODE_NONE && (words->columns.address[node] == address ||
		                          native_blocks_is_start(blocks, block, address) ||
		                          is_text(address - words->columns.address[node])))
			return node;
		node = NODE_NONE;
	}
	(void)number_map_get(&words->walk->others, address, &node);
	return node;
}

void native_words_add(struct native_words *words, uint64_t word, uint64_t number, bool lends)
{
	const struct native_blocks *blocks = words->walk->native;
	taddr address = word & ~(uint64_t)TAG_BITS;
	uint32_t block;

	if (word < ADDRESS_MIN || word >> NATIVE_ADDRESS_BITS)
		return;
	if (block_index_pool(&words->walk->blocks, word)) {
		if (!lends)
			append(words, object_in_pool(words, address), EDGE_CONSERVATIVE, number);
		return;
	}
	block = native_blocks_at(blocks, word);
	if (block != NATIVE_NONE && !(blocks->owners[block] & NATIVE_IS_OWNED))
		append(words, blocks->nodes[block],
		       native_middles_kind(&words->middles, blocks, block, word), number);
	else if (!lends && address % WORD == 0)
		append(words, object_elsewhere(words, address, block), EDGE_CONSERVATIVE, number);
}

/* -------------------------------------------------------------- stretches */

const uint8_t *native_words_read(struct native_words *words, taddr address, size_t size,
                                 size_t *ret_size)
{
	uint64_t offset = address - words->buffer_start;
	size_t left;

	if (offset >= words->buffer_size ||
	    (words->buffer_size - offset < size && size <= AT_ONCE && offset)) {
		words->buffer_start = address;
		words->buffer_size = target_read_some(words->walk->python->memory->target, address,
		                                      words->buffer, AT_ONCE);
		offset = 0;
	}
	left = words->buffer_size - (size_t)offset;
	*ret_size = left < size ? left : size;
	return words->buffer + offset;
}

static void search_pages(struct native_words *words, const struct native_part *part)
{
	taddr at = (part->start + WORD - 1) & ~(taddr)(WORD - 1);

	while (at < part->end && part->end - at >= WORD && !words->walk->is_broken) {
		size_t most = part->end - at < AT_ONCE ? (size_t)(part->end - at) : AT_ONCE;
		size_t size;
		const uint8_t *bytes = native_words_read(words, at, most, &size);

		for (size_t i = 0; i + WORD <= size; i += WORD) {
			uint64_t word;

			memcpy(&word, bytes + i, sizeof(word));
			native_words_add(words, word, (at + i - part->origin) / WORD, part->lends);
		}
		/* What cannot be read ends with its page. */
		at = size < WORD ? (at | (PAGE - 1)) + 1 : at + (size & ~(size_t)(WORD - 1));
	}
}

struct clipped {
	struct native_words *words;
	const struct native_part *part;
};

static struct error *search_existing(void *context, taddr start, uint64_t size)
{
	const struct clipped *clipped = context;
	struct native_part part = *clipped->part;
	taddr end = start + size;

	part.start = start > part.start ? start : part.start;
	part.end = end < part.end ? end : part.end;
	if (part.start < part.end)
		search_pages(clipped->words, &part);
	return NULL;
}

struct error *native_words_search(struct native_words *words, const struct native_part *part)
{
	const struct target_region *region = NULL;
	struct clipped clipped = {words, part};
	struct target_region pages;
	struct error *error;

	if (words->picture && part->end - part->start > AT_ONCE)
		region = target_region_at(words->walk->python->memory->target, part->start);
	if (!region || region->is_shared || region->inode) {
		search_pages(words, part);
		return NULL;
	}
	pages = *region;
	pages.start = part->start & ~(taddr)(PAGE - 1);
	pages.end = (part->end + PAGE - 1) & ~(taddr)(PAGE - 1);
	error = picture_visit_pages(words->picture, &pages, &words->pages, search_existing,
	                            &clipped);
	if (error && error_kind(error) == ERROR_UNSUPPORTED) { /* too much to look through */
		error_free(error);
		search_pages(words, part);
		return NULL;
	}
	return error;
}
