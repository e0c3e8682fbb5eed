/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks every column and names the first invariant of snapshot.h that does
 * not hold. Linear; meant for tests, for files from elsewhere, and for hunting
 * a wrong capture, not for every run.
 */
#include "snapshot/snapshot.h"

static struct error *check_nodes(const struct snapshot *snapshot)
{
	for (node_id node = 0; node < snapshot->node_count; node++)
		if (snapshot->type[node] >= snapshot->type_count)
			return error_new(ERROR_CORRUPT, "node %u has type %u of %u", node,
			                 snapshot->type[node], snapshot->type_count);
	return NULL;
}

static bool operand_is_string(enum edge_kind kind)
{
	return kind == EDGE_ATTRIBUTE || kind == EDGE_LOCAL || kind == EDGE_FIELD ||
	       kind == EDGE_WEAK;
}

static struct error *check_edge(const struct snapshot *snapshot, node_id node, uint32_t index)
{
	struct snap_edge edge = snapshot->edges[index];
	enum edge_kind kind = snap_edge_kind(edge);
	uint32_t operand = snap_edge_operand(edge);

	if (edge.to >= snapshot->node_count)
		return error_new(ERROR_CORRUPT, "edge %u of node %u leads to node %u of %u", index,
		                 node, edge.to, snapshot->node_count);
	if (kind >= EDGE_KIND_COUNT)
		return error_new(ERROR_CORRUPT, "edge %u of node %u has kind %d", index, node,
		                 (int)kind);
	if (operand_is_string(kind) && operand >= snapshot->string_count)
		return error_new(ERROR_CORRUPT, "edge %u of node %u is named by string %u of %u",
		                 index, node, operand, snapshot->string_count);
	if (kind == EDGE_VALUE && operand >= snapshot->node_count &&
	    snap_edge_key(edge) != NODE_NONE)
		return error_new(ERROR_CORRUPT, "edge %u of node %u has key node %u of %u", index,
		                 node, operand, snapshot->node_count);
	if (kind == EDGE_TYPE && operand != 0)
		return error_new(ERROR_CORRUPT, "edge %u of node %u is a type and has operand %u",
		                 index, node, operand);
	return NULL;
}

static struct error *check_edges(const struct snapshot *snapshot)
{
	struct error *error;

	if (!snapshot_has_edges(snapshot))
		return NULL;
	if (snapshot->edge_start[0] != 0)
		return error_new(ERROR_CORRUPT, "the edges start at %u", snapshot->edge_start[0]);
	for (node_id node = 0; node < snapshot->node_count; node++)
		if (snapshot->edge_start[node] > snapshot->edge_start[node + 1])
			return error_new(ERROR_CORRUPT,
			                 "the edges of node %u end before they start", node);
	for (node_id node = 0; node < snapshot->node_count; node++) {
		for (uint32_t i = snapshot->edge_start[node]; i < snapshot->edge_start[node + 1];
		     i++) {
			error = check_edge(snapshot, node, i);
			if (error)
				return error;
		}
	}
	return NULL;
}

static struct error *check_types(const struct snapshot *snapshot)
{
	for (type_id type = 0; type < snapshot->type_count; type++) {
		const struct snap_type *entry = &snapshot->types[type];

		if (entry->name >= snapshot->string_count ||
		    entry->module >= snapshot->string_count)
			return error_new(ERROR_CORRUPT, "type %u is named by string %u in %u of %u",
			                 type, entry->name, entry->module, snapshot->string_count);
		if (entry->node != NODE_NONE && entry->node >= snapshot->node_count)
			return error_new(ERROR_CORRUPT, "type %u is node %u of %u", type,
			                 entry->node, snapshot->node_count);
	}
	return NULL;
}

static struct error *check_roots(const struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->root_count; i++) {
		const struct snap_root *root = &snapshot->roots[i];

		if (root->node >= snapshot->node_count)
			return error_new(ERROR_CORRUPT, "root %zu is node %u of %u", i, root->node,
			                 snapshot->node_count);
		if (root->name >= snapshot->string_count)
			return error_new(ERROR_CORRUPT, "root %zu is named by string %u of %u", i,
			                 root->name, snapshot->string_count);
		if (root->kind > ROOT_MEMORY)
			return error_new(ERROR_CORRUPT, "root %zu has kind %u", i, root->kind);
		if (root->tier >= SNAP_TIER_COUNT)
			return error_new(ERROR_CORRUPT, "root %zu has tier %u of %d", i, root->tier,
			                 (int)SNAP_TIER_COUNT);
	}
	return NULL;
}

/* The node of record i of a side table must exist and be larger than the one before. */
static struct error *check_record(const struct snapshot *snapshot, const char *table, size_t i,
                                  node_id node, node_id before)
{
	if (node >= snapshot->node_count)
		return error_new(ERROR_CORRUPT, "%s %zu is of node %u of %u", table, i, node,
		                 snapshot->node_count);
	if (i > 0 && node <= before)
		return error_new(ERROR_CORRUPT, "%s %zu is out of order: node %u after %u", table,
		                 i, node, before);
	return NULL;
}

static struct error *check_side_tables(const struct snapshot *snapshot)
{
	struct error *error = NULL;
	node_id before = 0;

	for (size_t i = 0; !error && i < snapshot->container_count; i++) {
		error = check_record(snapshot, "length", i, snapshot->containers[i].node, before);
		before = snapshot->containers[i].node;
	}
	for (size_t i = 0; !error && i < snapshot->large_count; i++) {
		error = check_record(snapshot, "large size", i, snapshot->large[i].node, before);
		before = snapshot->large[i].node;
	}
	for (size_t i = 0; !error && i < snapshot->many_count; i++) {
		error = check_record(snapshot, "reference count", i, snapshot->many[i].node,
		                     before);
		before = snapshot->many[i].node;
	}
	for (size_t i = 0; !error && i < snapshot->name_count; i++) {
		error = check_record(snapshot, "name", i, snapshot->names[i].node, before);
		before = snapshot->names[i].node;
		if (!error && snapshot->names[i].name >= snapshot->string_count)
			error = error_new(ERROR_CORRUPT, "name %zu is string %u of %u", i,
			                  snapshot->names[i].name, snapshot->string_count);
	}
	return error;
}

static struct error *check_traces(const struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->frame_count; i++)
		if (snapshot->frames[i].file >= snapshot->string_count)
			return error_new(ERROR_CORRUPT, "frame %zu is in file %u of %u", i,
			                 snapshot->frames[i].file, snapshot->string_count);
	for (size_t i = 0; i < snapshot->trace_count; i++) {
		const struct snap_trace *trace = &snapshot->traces[i];

		if (!trace->count || trace->first > snapshot->frame_count ||
		    trace->count > snapshot->frame_count - trace->first)
			return error_new(ERROR_CORRUPT,
			                 "trace %zu has %u frames from %u on, of %zu", i,
			                 trace->count, trace->first, snapshot->frame_count);
		if (trace->total < trace->count)
			return error_new(ERROR_CORRUPT, "trace %zu has %u frames of %u", i,
			                 trace->count, trace->total);
	}
	for (node_id node = 0; snapshot->trace && node < snapshot->node_count; node++)
		if (snapshot->trace[node] > snapshot->trace_count)
			return error_new(ERROR_CORRUPT, "node %u has trace %u of %zu", node,
			                 snapshot->trace[node], snapshot->trace_count);
	return NULL;
}

struct error *snapshot_check(const struct snapshot *snapshot)
{
	struct error *error = check_nodes(snapshot);

	if (!error)
		error = check_edges(snapshot);
	if (!error)
		error = check_types(snapshot);
	if (!error)
		error = check_roots(snapshot);
	if (!error)
		error = check_side_tables(snapshot);
	if (!error)
		error = check_traces(snapshot);
	return error;
}
