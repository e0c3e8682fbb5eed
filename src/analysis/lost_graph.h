/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of a heap that nothing reaches, as a small graph of its own: its
 * members are numbered from 0, in the order of their nodes. Members are
 * Python objects and native blocks; weak references are no edges of it.
 *
 * Nothing static or immortal is a member: such things live on by themselves,
 * whether anything is found to refer to them or not, and so do those that they
 * refer to.
 */
#ifndef PLUMB_ANALYSIS_LOST_GRAPH_H
#define PLUMB_ANALYSIS_LOST_GRAPH_H

#include "base/bit_set.h"
#include "snapshot/snapshot.h"

struct lost_graph {
	const struct snapshot *snapshot; /* borrowed */
	struct bit_set reached;          /* nodes; by references to their starts alone */
	struct bit_set possible;         /* nodes that else an interior pointer leads to */
	struct bit_set lost;             /* the nodes that are members; ranked */
	node_id *nodes;                  /* of each member */
	uint32_t count;
	/*
	 * References to each member that were found, among members, for nobody
	 * else has any: exact ones, and words that look like one. An address within
	 * itself is none, nor is a block's own.
	 */
	uint32_t *found;
	struct bit_set claimed; /* members that belong to something already */
	uint32_t *todo;         /* room for each member once; see lost_graph_claim */
};

/* The snapshot has edges and outlives it. */
struct error *lost_graph_init(struct lost_graph *graph, const struct snapshot *snapshot);
void lost_graph_deinit(struct lost_graph *graph);

/* The member that edge leads to, from the member from. False: it is no edge of this graph. */
bool lost_graph_follow(const struct lost_graph *graph, uint32_t from, struct snap_edge edge,
                       uint32_t *ret);

/* Is its reference count higher than the references that were found to it? */
bool lost_graph_is_overcounted(const struct lost_graph *graph, uint32_t member);

/*
 * Claims a member, and all that it leads to and nothing has claimed before.
 * They are told one by one, the member itself first.
 */
void lost_graph_claim(struct lost_graph *graph, uint32_t member,
                      void (*tell)(void *context, node_id node), void *context);

#endif
