/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is alive that nothing reaches: neither a module, a thread or any other
 * root, nor what these hold. Of Python's objects and of C's blocks.
 *
 * Objects come in islands. An island has one object that is to blame, its
 * head, and owns all that it leads to and that no island before it owns. The
 * cause says why it is still there:
 *
 *   refcount           the head's reference count is higher than the references
 *                      that are found to it: C code took one and never gave it back
 *   cycle-without-gc   a cycle through an object that the collector does not see
 *   awaiting-collection  a cycle that the next full collection frees
 *   gc.garbage         an item of the list gc.garbage, which alone is reached
 *
 * Blocks of malloc are told apart as valgrind does it: definitely lost is one
 * that nothing points at but what it leads to itself; indirectly lost, what
 * lost blocks point at; possibly lost, what is reached, but on each way some
 * pointer leads into the middle of a block. (What C++ keeps
 * instead of a start is one: the capture knows.) A block that only an island
 * leads to is the island's.
 */
#ifndef PLUMB_ANALYSIS_LOST_H
#define PLUMB_ANALYSIS_LOST_H

#include "snapshot/snapshot.h"

enum lost_cause {
	LOST_REFCOUNT,
	LOST_CYCLE_WITHOUT_GC,
	LOST_AWAITING,
	LOST_GARBAGE_LIST,
	LOST_CAUSE_COUNT
};

enum lost_kind { LOST_DEFINITE, LOST_INDIRECT, LOST_POSSIBLE, LOST_KIND_COUNT };

/* Islands of one cause, whose heads are of one type, or of types of one name. */
struct lost_group {
	type_id type; /* of the example */
	enum lost_cause cause;
	uint64_t islands;
	uint64_t objects;
	uint64_t blocks;         /* of C, that only they lead to */
	uint64_t bytes;          /* of memory, with the blocks */
	node_id example;         /* the head of one */
	uint32_t counted, found; /* references to the example: by its count, and in memory */
};

/* Blocks of one kind, about one size, and one sort (SNAP_TYPE_NATIVE). */
struct lost_blocks {
	enum lost_kind kind;
	type_id sort;
	uint64_t size_class; /* no block is larger */
	uint64_t blocks;
	uint64_t bytes;
	node_id example;
	char *preview; /* of the example: how its text begins; NULL: it is none, or not known */
};

struct lost_sum {
	uint64_t count; /* of islands, or of blocks */
	uint64_t objects;
	uint64_t bytes;
};

struct lost {
	struct lost_group *groups; /* the largest first */
	size_t group_count;
	struct lost_blocks *blocks; /* the largest first, kind by kind */
	size_t block_count;
	struct lost_sum causes[LOST_CAUSE_COUNT];
	struct lost_sum kinds[LOST_KIND_COUNT];
	/* Objects that the target says nothing refers to, or that are being freed; and theirs. */
	struct lost_sum dying;
	bool knows_memory; /* stacks and data of C are in the graph, and malloc's blocks */
};

/* The snapshot has edges. Asks it for texts of nodes, while these can be read. */
struct error *lost_make(const struct snapshot *snapshot, struct lost **ret);
void lost_free(struct lost *lost);

static inline void cleanup_lost(struct lost **lost)
{
	lost_free(*lost);
}

/* Is something lost for good, so that no collection brings it back? */
bool lost_is_leaking(const struct lost *lost);

/* The largest size of the class that blocks of this size are in: itself, or a power of 2. */
uint64_t lost_size_class(uint64_t size);

/* "refcount", "cycle-without-gc", "awaiting-collection" or "gc.garbage". Static. */
const char *lost_cause_name(enum lost_cause cause);

/* "definite", "indirect" or "possible". Static. */
const char *lost_kind_name(enum lost_kind kind);

#endif
