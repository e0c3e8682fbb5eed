/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the roots reach, and by which shortest path: a tree over all reached
 * nodes. Weak references are never followed.
 *
 * A path is only as good as its words, so shortest is not the only rule:
 *   - a tier of roots is finished before the next one starts, so what a module
 *     or a thread reaches is never explained by scanned memory;
 *   - within a tier, what exact references reach comes first, then what only
 *     the type of an object reaches (x.__class__ is the least telling step),
 *     then what only a guess (EDGE_CONSERVATIVE, _HIDDEN, _INTERIOR) reaches;
 *   - of two ways of equal length, the one through a key is the second choice;
 *   - modules in their order come before threads;
 *   - a coroutine or generator that runs at the moment is held by what holds it
 *     when it does not; only what is found nowhere else is a thread's, and
 *     what is on the value stack of a running frame rather anything else's.
 */
#ifndef PLUMB_ANALYSIS_REACH_H
#define PLUMB_ANALYSIS_REACH_H

#include "analysis/edge_sources.h"

struct reach {
	const struct snapshot *snapshot; /* borrowed */
	/*
	 * How node n was first reached: an index into snapshot->edges, or a
	 * root (see reach_root), or REACH_NONE.
	 */
	uint32_t *via;
	node_id *order; /* the reached nodes; a parent stands before its children. May be NULL */
	node_id order_count;
	struct edge_sources sources; /* of the edges in via: see reach_parent */

	struct reach_sum {
		uint64_t objects;
		uint64_t bytes;
	} reached[SNAP_TIER_COUNT], unreached; /* objects only */
};

#define REACH_NONE UINT32_MAX

/* The snapshot outlives it. */
struct error *reach_make(const struct snapshot *snapshot, struct reach **ret);

/* The same without the order, of which only what waits to be expanded is in memory. */
struct error *reach_make_unordered(const struct snapshot *snapshot, struct reach **ret);

void reach_free(struct reach *reach);

static inline void cleanup_reach(struct reach **reach)
{
	reach_free(*reach);
}

static inline bool reach_is_reached(const struct reach *reach, node_id node)
{
	return reach->via[node] != REACH_NONE;
}

/* When node was reached as a root: which one. */
static inline bool reach_root(const struct reach *reach, node_id node, size_t *ret_root)
{
	size_t root = (size_t)(REACH_NONE - 1 - reach->via[node]);

	if (!reach_is_reached(reach, node) || root >= reach->snapshot->root_count)
		return false;
	*ret_root = root;
	return true;
}

/* The node from which node was reached; NODE_NONE for roots and for what is not reached. */
static inline node_id reach_parent(const struct reach *reach, node_id node)
{
	uint32_t via = reach->via[node];

	if (via >= REACH_NONE - reach->snapshot->root_count)
		return NODE_NONE;
	return edge_sources_find(&reach->sources, via);
}

/*
 * The same for a sweep over the order, in which siblings follow each other:
 * *last is what the call before returned, NODE_NONE at first.
 */
static inline node_id reach_next_parent(const struct reach *reach, node_id node, node_id *last)
{
	uint32_t via = reach->via[node];

	if (*last == NODE_NONE || !edge_sources_is_from(&reach->sources, via, *last))
		*last = reach_parent(reach, node);
	return *last;
}

#endif
