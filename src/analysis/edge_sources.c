/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Edges stand in order of their nodes. Of every 64th edge the source is kept:
 * that of any other lies between two of these, which are few nodes apart and
 * mostly in the same lines of the cache, and is found there by bisection.
 */
#include "analysis/edge_sources.h"

#include <stdlib.h>

bool edge_sources_init(struct edge_sources *sources, const struct snapshot *snapshot)
{
	uint32_t edge_count = snapshot->edge_start[snapshot->node_count];
	uint64_t next = 0;
	size_t count = 0;

	*sources = (struct edge_sources){.edge_start = snapshot->edge_start};
	sources->sampled = reallocarray(NULL, (size_t)edge_count / EDGE_SOURCES_STEP + 2,
	                                sizeof(*sources->sampled));
	if (!sources->sampled)
		return false;
	for (node_id node = 0; node < snapshot->node_count; node++)
		for (; next < snapshot->edge_start[node + 1]; next += EDGE_SOURCES_STEP)
			sources->sampled[count++] = node;
	sources->sampled[count] = snapshot->node_count ? snapshot->node_count - 1 : 0;
	return true;
}

void edge_sources_deinit(struct edge_sources *sources)
{
	free(sources->sampled);
	*sources = (struct edge_sources){0};
}

node_id edge_sources_find(const struct edge_sources *sources, uint32_t edge)
{
	node_id low = sources->sampled[edge / EDGE_SOURCES_STEP];
	node_id high = sources->sampled[edge / EDGE_SOURCES_STEP + 1];

	/* The last node of [low, high] whose edges start at or before this one. */
	while (low < high) {
		node_id middle = low + (high - low) / 2 + 1;

		if (sources->edge_start[middle] <= edge)
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}
