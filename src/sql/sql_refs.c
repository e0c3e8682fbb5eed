/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Table refs: every reference, one row each. By source or by target only
 * the edges of that node are looked at.
 */
#include "sql/sql_table.h"

enum column {
	COLUMN_SOURCE,
	COLUMN_TARGET,
	COLUMN_KIND,
	COLUMN_NAME,
	COLUMN_WEAK,
	COLUMN_SOURCE_TYPE,
	COLUMN_TARGET_TYPE,
};

static uint64_t count(const struct sql_heap *heap)
{
	return heap->snapshot->edge_start[heap->snapshot->node_count];
}

static bool find_node(struct sql_heap *heap, int64_t address, node_id *ret)
{
	if (!sql_heap_needs_addresses(heap))
		return false;
	*ret = sql_heap_node_at(heap, (uint64_t)address);
	return true;
}

static bool find_source(struct sql_heap *heap, int64_t value, struct sql_rows *ret)
{
	const struct snapshot *snapshot = heap->snapshot;
	node_id node;

	if (!find_node(heap, value, &node))
		return false;
	*ret = (struct sql_rows){0};
	if (node != NODE_NONE)
		*ret = (struct sql_rows){.next = snapshot->edge_start[node],
		                         .end = snapshot->edge_start[node + 1]};
	return true;
}

static bool find_target(struct sql_heap *heap, int64_t value, struct sql_rows *ret)
{
	node_id node;

	if (!find_node(heap, value, &node) || !sql_heap_needs_incoming(heap))
		return false;
	*ret = (struct sql_rows){0};
	if (node != NODE_NONE)
		*ret = (struct sql_rows){.next = heap->incoming_start[node],
		                         .end = heap->incoming_start[node + 1],
		                         .list = heap->incoming};
	return true;
}

/* The name of an attribute, variable or field; the number of an item; the key of a value. */
static void result_name(const struct sql_heap *heap, struct snap_edge edge, sqlite3_context *ret)
{
	uint32_t operand = snap_edge_operand(edge);
	node_id key = snap_edge_key(edge);
	struct node_value value;

	switch (snap_edge_kind(edge)) {
	case EDGE_ATTRIBUTE:
	case EDGE_LOCAL:
	case EDGE_FIELD:
	case EDGE_WEAK: sql_result_text(ret, snapshot_string(heap->snapshot, operand)); return;
	case EDGE_INDEX:
	case EDGE_STACK:
	case EDGE_KEY: sqlite3_result_int64(ret, operand); return;
	case EDGE_VALUE:
		if (key != NODE_NONE && sql_heap_value(heap, key, true, &value))
			sqlite3_result_text64(ret, value.text, value.length, SQLITE_TRANSIENT,
			                      SQLITE_UTF8);
		return;
	default: return;
	}
}

static void result_source(struct sql_heap *heap, uint32_t edge, enum column column,
                          sqlite3_context *ret)
{
	const struct snapshot *snapshot = heap->snapshot;
	node_id source;

	if (!sql_heap_needs_sources(heap)) {
		sqlite3_result_error_nomem(ret);
		return;
	}
	source = edge_sources_find(&heap->sources, edge);
	if (column == COLUMN_SOURCE)
		sql_result_address(ret, snapshot->address[source]);
	else
		sql_result_text(ret, snapshot_type_name(snapshot, snapshot->type[source]));
}

static void column(struct sql_heap *heap, uint64_t row, int index, sqlite3_context *ret)
{
	const struct snapshot *snapshot = heap->snapshot;
	struct snap_edge edge = snapshot->edges[row];

	switch ((enum column)index) {
	case COLUMN_SOURCE:
	case COLUMN_SOURCE_TYPE: result_source(heap, (uint32_t)row, (enum column)index, ret); break;
	case COLUMN_TARGET: sql_result_address(ret, snapshot->address[edge.to]); break;
	case COLUMN_KIND: sql_result_text(ret, snap_edge_kind_name(snap_edge_kind(edge))); break;
	case COLUMN_NAME: result_name(heap, edge, ret); break;
	case COLUMN_WEAK: sqlite3_result_int(ret, snap_edge_is_weak(edge)); break;
	case COLUMN_TARGET_TYPE:
		sql_result_text(ret, snapshot_type_name(snapshot, snapshot->type[edge.to]));
		break;
	}
}

const struct sql_table sql_refs_table = {
	.name = "refs",
	.declaration = "CREATE TABLE refs("
		       "source INTEGER, "
		       "target INTEGER, "
		       "kind TEXT, "
		       "name TEXT, "
		       "weak INTEGER, "
		       "source_type TEXT, "
		       "target_type TEXT)",
	.help = "every reference, from source to target (addresses), and what it is called",
	.count = count,
	.column = column,
	.keys = {{COLUMN_SOURCE, 4, find_source}, {COLUMN_TARGET, 8, find_target}},
	.key_count = 2,
};
