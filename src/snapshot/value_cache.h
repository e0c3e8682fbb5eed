/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of a file, read when they are asked for: the chunk that holds the
 * node is unfolded, and a few chunks are kept. Private to this folder.
 */
#ifndef PLUMB_SNAPSHOT_VALUE_CACHE_H
#define PLUMB_SNAPSHOT_VALUE_CACHE_H

#include "snapshot/chunk_reader.h"
#include "snapshot/value_block.h"

enum { VALUE_CACHE_SLOTS = 64 };

struct value_slot {
	const struct file_chunk *chunk; /* NULL: empty */
	struct value_block block;
	uint64_t used; /* when it was asked last */
};

struct value_cache {
	const struct chunk_reader *reader;
	const struct file_chunk **chunks; /* of values, in the order of their nodes */
	size_t chunk_count;
	struct chunk_buffers buffers;
	struct value_slot slots[VALUE_CACHE_SLOTS];
	uint64_t clock;
	bool memory_ran_out; /* a value was not found because of that */
};

/* Borrows reader, whose chunks were checked. False: memory ran out. */
bool value_cache_init(struct value_cache *cache, const struct chunk_reader *reader);
void value_cache_deinit(struct value_cache *cache);

/* The text is borrowed until the next call. False: there is none, or it cannot be read. */
bool value_cache_find(struct value_cache *cache, node_id node, struct node_value *ret);

/* Unfolds a chunk of values, and forgets it. */
struct error *value_cache_check(struct value_cache *cache, const struct file_chunk *chunk);

#endif
