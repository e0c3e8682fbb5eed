/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an address of the target to a node of the snapshot, and from a type to
 * its id. What was not met before becomes known on the way: an object in no
 * pool, or a type, which is an object as well.
 */
#ifndef PLUMB_CAPTURE_HEAP_RESOLVE_H
#define PLUMB_CAPTURE_HEAP_RESOLVE_H

#include "capture/heap_worker.h"

/* As heap_resolve, of an address that is in no block of a pool. */
node_id heap_resolve_other(struct heap_worker *worker, taddr address, bool may_discover);

/*
 * The node of the object at address, or NODE_NONE. An object in no pool that
 * is new becomes one when may_discover is set.
 */
static inline node_id heap_resolve(struct heap_worker *worker, taddr address, bool may_discover)
{
	struct block_place place;

	if (block_index_place(&worker->walk->blocks, address, &place))
		return block_index_node(&worker->walk->blocks, &place);
	return heap_resolve_other(worker, address, may_discover);
}

/* The same for a word that only looks like a reference. */
node_id heap_resolve_word(struct heap_worker *worker, taddr address);

/* Objects in no pool have new numbers: those that the worker remembers are wrong. */
void heap_resolve_forget(struct heap_worker *worker);

/* The snapshot's id of a type, which becomes an object of the snapshot too. */
type_id heap_resolve_type(struct heap_worker *worker, const struct py_type *type);

/* Is this memory of a file, or of Python's module? */
bool heap_resolve_is_static(struct heap_worker *worker, taddr address);

#endif
