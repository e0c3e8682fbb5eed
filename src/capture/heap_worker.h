/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread of a walk over a heap: its own view of the target's memory, its
 * own registry of types, and what it has decoded but not yet committed.
 * Everything that is asked often (the node of an address, the id of a type or
 * label) is remembered here and asked of the walk, under its lock, only once.
 */
#ifndef PLUMB_CAPTURE_HEAP_WORKER_H
#define PLUMB_CAPTURE_HEAP_WORKER_H

#include "capture/block_probe.h"
#include "capture/heap_walk.h"
#include "capture/native_middles.h"

/* What came out of a run of nodes, in their order. */
struct heap_output {
	node_id first;
	uint32_t *edge_counts;
	size_t node_count;
	size_t node_capacity;
	struct snap_edge *edges;
	size_t edge_count;
	size_t edge_capacity;
	struct snap_container *containers;
	size_t container_count;
	size_t container_capacity;
	struct snap_large *large;
	size_t large_count;
	size_t large_capacity;
	struct snap_many *many;
	size_t many_count;
	size_t many_capacity;
};

struct heap_worker {
	struct heap_walk *walk;
	struct window_cache memory;
	struct python python; /* a copy with this worker's memory; owns nothing */
	struct py_types *types;
	struct block_probe probe;
	struct number_map others; /* address -> node */
	struct number_map labels; /* static text or str object -> string id */
	type_id *type_ids;        /* by py_type.index; NODE_NONE: not asked yet */
	size_t type_id_capacity;
	taddr *new_types; /* have an id, but are no object of the snapshot yet */
	size_t new_type_count;
	size_t new_type_capacity;
	bool is_discovering_types;
	bool has_given_up; /* too many edges: what is left is skipped */
	struct snapshot_columns columns;
	uint8_t *pool_bytes; /* of a pool that could not be pinned with its neighbours */
	node_id current;     /* the object being decoded */
	uint64_t current_memory;
	struct native_middles middles;
	bool hides_words;      /* the same: what its words lead to, the collector is not shown */
	bool searches_storage; /* of the object being decoded: it may lead to blocks of C */
	struct heap_output output;
	struct snap_totals totals;
	struct account_parts pool_storage; /* buffers in pools, by the type of their owner */
	uint64_t barren_words;  /* searched in C memory in vain, see foreign_blocks.c, ... */
	uint64_t foreign_edges; /* ... and not in vain */
};

/* cache_bytes: how much of the target's memory it may keep. */
struct error *heap_worker_new(struct heap_walk *walk, size_t cache_bytes, struct heap_worker **ret);
void heap_worker_free(struct heap_worker *worker);

/* The snapshot's columns may have moved: call it when nodes were added. */
void heap_worker_see_nodes(struct heap_worker *worker);

/* Reads count neighbouring pools at once; those that cannot be read so are read one by one. */
void heap_worker_pin_pools(struct heap_worker *worker, taddr address, size_t count);

/* The bytes of a pool, valid until the next call or pin; NULL: unreadable (counted). */
const uint8_t *heap_worker_pool(struct heap_worker *worker, taddr address);

/* Decodes the object in the block whose bytes, within its pool's, are given; it is node. */
void heap_worker_decode_block(struct heap_worker *worker, node_id node, taddr address,
                              const uint8_t *block, uint32_t block_size);

/* The node's memory can no longer be read: it stays empty. */
void heap_worker_skip(struct heap_worker *worker, node_id node);

/* Decodes an object in no pool, which is a node already. */
void heap_worker_decode_other(struct heap_worker *worker, node_id node);

/* Appends the output to the snapshot and empties it. The caller holds the lock, or is alone. */
void heap_worker_commit(struct heap_worker *worker);

/* A reference as the edge that it becomes. */
struct snap_edge heap_worker_edge(struct heap_worker *worker, const struct py_ref *reference,
                                  node_id to);

/* One more edge of the node being decoded. */
void heap_worker_append(struct heap_worker *worker, struct snap_edge edge);

/* Finds the first objects of the collector's lists. */
void heap_worker_discover_list_starts(struct heap_worker *worker);

#endif
