/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values of the nodes of one range, as they stand in a chunk:
 *
 *	4        count: how many nodes of the range have a value
 *	4        cut: how many of these were cut
 *	4 count  distance of each node to the one before (of the first: to the range's first)
 *	4 count  bytes of each text
 *	4 cut    which of the count were cut
 *	8 cut    the length of each whole value
 *	8 cut    its content hash (base/content_hash.h)
 *	...      the texts
 *
 * Private to this folder.
 */
#ifndef PLUMB_SNAPSHOT_VALUE_BLOCK_H
#define PLUMB_SNAPSHOT_VALUE_BLOCK_H

#include "base/error.h"
#include "snapshot/buffer.h"
#include "snapshot/snapshot_file.h"

/* Nodes in a range: small enough to be unfolded for one of them. */
enum { VALUE_RANGE = 1 << 13 };

/* Collects the values of one range, in the order of the nodes. */
struct value_collector {
	uint32_t nodes[VALUE_RANGE]; /* from the range's first */
	uint32_t lengths[VALUE_RANGE];
	uint32_t cuts[VALUE_RANGE];
	uint64_t whole_lengths[VALUE_RANGE];
	uint64_t hashes[VALUE_RANGE];
	uint32_t count;
	uint32_t cut_count;
	struct buffer texts;
};

void value_collector_clear(struct value_collector *collector);
/* offset: of the node in the range. False: memory ran out. */
bool value_collector_add(struct value_collector *collector, uint32_t offset,
                         const struct node_value *value);
/* Replaces what is in ret. */
struct error *value_collector_encode(const struct value_collector *collector, struct buffer *ret);

/*
 * A chunk in memory, with distances and lengths made to sums in place, so that
 * a node is found by bisection.
 */
struct value_block {
	struct buffer raw; /* takes that of the chunk */
	uint32_t count;
	uint32_t cut_count;
};

/* Takes raw, also when it fails (ERROR_CORRUPT). rows: nodes of the range. */
struct error *value_block_init(struct value_block *block, struct buffer *raw, uint64_t rows);
void value_block_deinit(struct value_block *block);

/* The value of the node at offset in the range; the text is borrowed. False: it has none. */
bool value_block_find(const struct value_block *block, uint32_t offset, struct node_value *ret);

#endif
