/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk over one heap: what all of its workers share.
 *
 *   1. heap_walk_pools    reads every pool once: which blocks hold objects
 *   2. heap_walk_objects  reads every pool again: sizes, references, storage
 *   3. heap_walk_others   the objects that lie in no pool (over 512 bytes,
 *                         static, or without pymalloc), found on the way
 *
 * Two readings of a pool are cheaper than remembering: a reference can be
 * turned into a node only when all blocks are known. The first two steps run
 * on several threads, each with its own eyes (capture/heap_worker.h), and
 * commit in order, so the snapshot does not depend on their number.
 *
 * Objects outside of pools are found by references, and by the links of the
 * collector's lists: every tracked object is somebody's gc_next. Their nodes
 * come after those of the pools: first those that the second step met, in order
 * of their addresses, then those that only these lead to, as they are met.
 *
 * A sound heap has less than one reference in every 4 bytes of memory. One
 * that has more lets its objects share their storage, to no good end: the
 * walk then fails instead of taking all the memory that there is.
 */
#ifndef PLUMB_CAPTURE_HEAP_WALK_H
#define PLUMB_CAPTURE_HEAP_WALK_H

#include "base/work_queue.h"
#include "capture/block_index.h"
#include "capture/native_blocks.h"
#include "capture/resident_owners.h"
#include "runtime/py_refs.h"
#include "snapshot/snapshot_builder.h"

struct heap_worker;

enum { HEAP_WORKERS_MAX = 8 };

struct heap_other { /* an object in no pool, until it is a node */
	taddr address;
	type_id type;
	uint8_t flags;
};

struct heap_walk {
	struct python *python;
	struct snapshot_builder *builder;
	bool with_edges;
	struct resident_owners *owners; /* borrowed; NULL: nobody asks whose memory it is */
	struct native_blocks *native;   /* borrowed; NULL: blocks of C are no nodes */
	void (*progress)(void *context, double fraction); /* may be NULL */
	void *progress_context;

	taddr *pools;
	size_t pool_count;
	struct block_index blocks;
	struct number_map gc_heads; /* addresses of list heads, which are no objects */
	struct heap_worker *workers[HEAP_WORKERS_MAX];
	size_t worker_count; /* the first works alone where one is enough */
	uint64_t edges_max;  /* what the target's memory has room for */

	/* From here on guarded by the queue's lock while workers run. */
	struct work_queue queue;
	struct number_map others; /* address -> node */
	struct heap_other *other_list;
	size_t other_count;
	size_t other_capacity;
	size_t others_described; /* so many of other_list are nodes already */
	struct number_map types; /* address -> type id */
	node_id *impostors;      /* blocks that looked like objects but are storage */
	size_t impostor_count;
	size_t impostor_capacity;
	uint64_t edge_count;
	bool is_complete;  /* every node is numbered: no more objects are found */
	bool is_excessive; /* more objects or edges than can be */
	bool is_broken;    /* memory ran out */
};

struct error *heap_walk_init(struct heap_walk *walk, struct python *python,
                             struct snapshot_builder *builder, bool with_edges);
void heap_walk_deinit(struct heap_walk *walk);

struct error *heap_walk_pools(struct heap_walk *walk);
struct error *heap_walk_objects(struct heap_walk *walk);

/* Puts the objects in no pool in order, and decodes them until no new ones turn up. */
struct error *heap_walk_others(struct heap_walk *walk);

/* Decodes those that turned up since. */
struct error *heap_walk_more_others(struct heap_walk *walk);

/* Every node is numbered: from here on no objects are found. */
void heap_walk_complete(struct heap_walk *walk);

/* What went wrong so far, or NULL: no memory, or a heap that cannot be. */
struct error *heap_walk_check(const struct heap_walk *walk);

/* Takes impostors back and fills in the totals. After the last object. */
void heap_walk_finish(struct heap_walk *walk);

/* Counts edges that are about to be committed. False: they are too many by now. */
bool heap_walk_count_edges(struct heap_walk *walk, size_t count);

/* What the workers tell; each takes the lock itself. */

/* The node of the object at address in no pool, made when it is new. */
node_id heap_walk_add_other(struct heap_walk *walk, taddr address, type_id type,
                            unsigned int flags);
/* NODE_NONE: no such object so far. */
node_id heap_walk_find_other(struct heap_walk *walk, taddr address);
void heap_walk_set_flags(struct heap_walk *walk, node_id node, unsigned int flags);
type_id heap_walk_add_type(struct heap_walk *walk, const struct py_type *type);
str_id heap_walk_add_string(struct heap_walk *walk, const char *string);
void heap_walk_add_impostor(struct heap_walk *walk, node_id node);
void heap_walk_break(struct heap_walk *walk);
/* An object, or one's storage, in no pool, for who asks whose memory it is. */
void heap_walk_note_owned(struct heap_walk *walk, taddr address, uint64_t size, type_id type,
                          bool is_object);

#endif
