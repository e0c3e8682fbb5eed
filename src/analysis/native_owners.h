/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose each block of C is: what holds it that is nearest to it, where blocks
 * on the way are not counted as anybody. The array behind an object's field is
 * the object's, and so are the nodes of a tree of C whose root it has; what
 * hangs from the data of a module alone is the module's.
 *
 *   object --> block --> block      both are the object's
 *   data ----> table --> entry <-- object      the table is the module's, the entry the object's
 *
 * At the same distance an object goes before memory. Whatever the distance, who
 * has the start of a block goes before who has an address inside of it, which
 * numbers look like more often; and stacks and registers come last: what is on
 * them was put there to work with it, or was forgotten there.
 *
 * Linear in edges: blocks get their owners by distance, each of them once.
 */
#ifndef PLUMB_ANALYSIS_NATIVE_OWNERS_H
#define PLUMB_ANALYSIS_NATIVE_OWNERS_H

#include "base/bit_set.h"
#include "snapshot/snapshot.h"

enum native_owner_kind {
	NATIVE_OWNER_NOBODY,  /* nothing leads to it, but perhaps blocks that nothing leads to */
	NATIVE_OWNER_OBJECT,  /* one Python object, reached or not */
	NATIVE_OWNER_TYPE,    /* several objects of one type, at the same distance */
	NATIVE_OWNER_OBJECTS, /* several of different types */
	NATIVE_OWNER_MEMORY,  /* memory of C: a root */
};

struct native_owner {
	node_id node; /* the one, or one of them; NODE_NONE: nobody */
	enum native_owner_kind kind;
};

struct native_owners {
	struct bit_set blocks; /* nodes that are blocks; ranked */
	node_id *nodes;        /* of each block: its owner's */
	uint8_t *kinds;        /* enum native_owner_kind */
	size_t count;
};

/* The snapshot has edges. Without memory of C in it there are no blocks. */
struct error *native_owners_init(struct native_owners *owners, const struct snapshot *snapshot);
void native_owners_deinit(struct native_owners *owners);

static inline bool native_owners_is_block(const struct native_owners *owners, node_id node)
{
	return bit_set_has(&owners->blocks, node);
}

/* Of a node that is a block. */
static inline struct native_owner native_owners_of(const struct native_owners *owners, node_id node)
{
	size_t block = bit_set_rank(&owners->blocks, node);

	return (struct native_owner){owners->nodes[block],
	                             (enum native_owner_kind)owners->kinds[block]};
}

#endif
