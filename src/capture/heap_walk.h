/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk over one heap, shared by the steps of a capture:
 *
 *   1. heap_walk_pools    reads every pool once: which blocks hold objects
 *   2. heap_walk_objects  reads every pool again: sizes, references, storage
 *   3. heap_walk_others   the objects that lie in no pool (over 512 bytes,
 *                         static, or without pymalloc), found on the way
 *
 * Two readings of a pool are cheaper than remembering: a reference can be
 * turned into a node only when all blocks are known.
 *
 * Objects outside of pools are found by references, and by the links of the
 * collector's lists: every tracked object is somebody's gc_next.
 */
#ifndef PLUMB_CAPTURE_HEAP_WALK_H
#define PLUMB_CAPTURE_HEAP_WALK_H

#include "capture/block_index.h"
#include "capture/block_probe.h"
#include "runtime/py_refs.h"
#include "snapshot/snapshot_builder.h"

struct heap_walk {
	struct python *python;
	struct py_types *types;
	struct snapshot_builder *builder;
	bool with_edges;
	void (*progress)(void *context, double fraction); /* may be NULL */
	void *progress_context;

	taddr *pools;
	size_t pool_count;
	struct block_index blocks;
	struct block_probe probe;
	struct number_map others;   /* address -> node, of objects in no pool */
	struct number_map gc_heads; /* addresses of list heads, which are no objects */
	struct number_map labels;   /* static text or str object -> string id */
	type_id *type_ids;          /* by py_type.index; NODE_NONE: not met yet */
	size_t type_id_capacity;
	node_id *impostors; /* blocks that looked like objects but are storage */
	size_t impostor_count;
	size_t impostor_capacity;

	node_id current; /* the object being decoded */
	uint64_t current_memory;
	uint8_t *pool_bytes; /* a copy: decoding moves the windows */
	struct snap_totals *totals;
	bool is_broken; /* memory ran out */
};

struct error *heap_walk_init(struct heap_walk *walk, struct python *python, struct py_types *types,
                             struct snapshot_builder *builder, bool with_edges);
void heap_walk_deinit(struct heap_walk *walk);

struct error *heap_walk_pools(struct heap_walk *walk);
struct error *heap_walk_objects(struct heap_walk *walk);

/* Decodes objects in no pool until no new ones turn up. */
struct error *heap_walk_others(struct heap_walk *walk);

/* Takes impostors back and fills in the totals of the pools. After the last object. */
void heap_walk_finish(struct heap_walk *walk);

/*
 * The node of the object at address, or NODE_NONE. An object in no pool that
 * is new becomes a node when may_discover is set.
 */
node_id heap_walk_resolve(struct heap_walk *walk, taddr address, bool may_discover);

/* As heap_walk_resolve, of a word that only looks like a reference. */
node_id heap_walk_resolve_word(struct heap_walk *walk, taddr address);

/* Adds a reference as an edge of the node whose edges were begun last. */
void heap_walk_edge(struct heap_walk *walk, const struct py_ref *reference, node_id to);

/* The snapshot's id of a type. */
type_id heap_walk_type_id(struct heap_walk *walk, const struct py_type *type);

#endif
