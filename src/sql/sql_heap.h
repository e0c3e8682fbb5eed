/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The heap as the tables see it: one graph, and what is made of it when some
 * query first needs it (an index by address, the references turned round, the
 * tree of paths). Nothing else is copied.
 */
#ifndef PLUMB_SQL_SQL_HEAP_H
#define PLUMB_SQL_SQL_HEAP_H

#include "analysis/edge_sources.h"
#include "analysis/reach.h"
#include "snapshot/snapshot.h"
#include "snapshot/snapshot_file.h"

struct sql_heap {
	const struct snapshot *snapshot; /* with edges; borrowed */
	struct value_source values;
	void *teller; /* of values; NULL: none are known */

	/* Made when they are asked for: */
	node_id *by_address;      /* all nodes, sorted by address */
	uint32_t *incoming_start; /* node_count + 1: edges into node n are incoming[start[n]] ... */
	uint32_t *incoming;       /* indexes into snapshot->edges */
	struct edge_sources sources;
	struct reach *reach;
};

/* values is NULL when none are known. Both are borrowed. False: out of memory. */
bool sql_heap_init(struct sql_heap *heap, const struct snapshot *snapshot,
                   const struct value_source *values);
void sql_heap_deinit(struct sql_heap *heap);

/* False: out of memory. */
bool sql_heap_needs_addresses(struct sql_heap *heap);
bool sql_heap_needs_incoming(struct sql_heap *heap);
bool sql_heap_needs_sources(struct sql_heap *heap);
bool sql_heap_needs_reach(struct sql_heap *heap);

/*
 * The value of a node, when there is one. is_key: any text that can be told;
 * otherwise values of strings and numbers only.
 */
bool sql_heap_value(const struct sql_heap *heap, node_id node, bool is_key, struct node_value *ret);

/* The node at address; NODE_NONE: none. After sql_heap_needs_addresses. */
node_id sql_heap_node_at(const struct sql_heap *heap, uint64_t address);

#endif
