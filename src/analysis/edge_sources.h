/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an edge back to the node that it starts from. The snapshot has this the
 * other way round only; to keep the source of every edge, or the parent of
 * every node, would cost as much as the edges.
 */
#ifndef PLUMB_ANALYSIS_EDGE_SOURCES_H
#define PLUMB_ANALYSIS_EDGE_SOURCES_H

#include "snapshot/snapshot.h"

enum { EDGE_SOURCES_STEP = 64 };

struct edge_sources {
	const uint32_t *edge_start; /* borrowed */
	node_id *sampled;           /* sources of the edges 0, STEP, 2 * STEP ... and of the last */
};

/* The snapshot has edges and outlives it. False: out of memory. */
bool edge_sources_init(struct edge_sources *sources, const struct snapshot *snapshot);
void edge_sources_deinit(struct edge_sources *sources);

static inline bool edge_sources_is_from(const struct edge_sources *sources, uint32_t edge,
                                        node_id node)
{
	return sources->edge_start[node] <= edge && edge < sources->edge_start[node + 1];
}

/* The node that an edge of the snapshot starts from. */
node_id edge_sources_find(const struct edge_sources *sources, uint32_t edge);

#endif
