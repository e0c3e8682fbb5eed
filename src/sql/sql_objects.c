/* SPDX-License-Identifier: Apache-2.0 */
/* Table objects: every Python object, one row each. */
#include "sql/sql_table.h"

enum column {
	COLUMN_ADDRESS,
	COLUMN_TYPE,
	COLUMN_MODULE,
	COLUMN_SIZE,
	COLUMN_MEMORY,
	COLUMN_REFCOUNT,
	COLUMN_LENGTH,
	COLUMN_TRACKED,
	COLUMN_REACHED,
	COLUMN_VALUE,
	COLUMN_TYPE_ADDRESS,
};

static uint64_t count(const struct sql_heap *heap)
{
	return heap->snapshot->node_count;
}

static bool is_row(const struct sql_heap *heap, uint64_t row)
{
	return snapshot_is_object(heap->snapshot, (node_id)row);
}

static bool find_address(struct sql_heap *heap, int64_t value, struct sql_rows *ret)
{
	node_id node;

	if (!sql_heap_needs_addresses(heap))
		return false;
	node = sql_heap_node_at(heap, (uint64_t)value);
	*ret = node == NODE_NONE ? (struct sql_rows){0}
	                         : (struct sql_rows){.next = node, .end = (uint64_t)node + 1};
	return true;
}

static void result_value(const struct sql_heap *heap, node_id node, sqlite3_context *ret)
{
	struct node_value value;

	if (sql_heap_value(heap, node, false, &value))
		sqlite3_result_text64(ret, value.text, value.length, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static void column(struct sql_heap *heap, uint64_t row, int index, sqlite3_context *ret)
{
	const struct snapshot *snapshot = heap->snapshot;
	node_id node = (node_id)row;
	const struct snap_type *type = &snapshot->types[snapshot->type[node]];
	uint64_t length;

	switch ((enum column)index) {
	case COLUMN_ADDRESS: sql_result_address(ret, snapshot->address[node]); break;
	case COLUMN_TYPE: sql_result_text(ret, snapshot_string(snapshot, type->name)); break;
	case COLUMN_MODULE: sql_result_text(ret, snapshot_string(snapshot, type->module)); break;
	case COLUMN_SIZE:
		sqlite3_result_int64(ret, (sqlite3_int64)snapshot_size(snapshot, node));
		break;
	case COLUMN_MEMORY:
		sqlite3_result_int64(ret, (sqlite3_int64)snapshot_memory(snapshot, node));
		break;
	case COLUMN_REFCOUNT:
		if (snapshot->flags[node] & NODE_IS_IMMORTAL)
			sqlite3_result_null(ret);
		else
			sqlite3_result_int64(ret, snapshot_refcount(snapshot, node));
		break;
	case COLUMN_LENGTH:
		if (snapshot_length(snapshot, node, &length))
			sqlite3_result_int64(ret, (sqlite3_int64)length);
		break;
	case COLUMN_TRACKED:
		sqlite3_result_int(ret, (snapshot->flags[node] & NODE_IS_TRACKED) != 0);
		break;
	case COLUMN_REACHED:
		if (sql_heap_needs_reach(heap))
			sqlite3_result_int(ret, reach_is_reached(heap->reach, node));
		else
			sqlite3_result_error_nomem(ret);
		break;
	case COLUMN_VALUE: result_value(heap, node, ret); break;
	case COLUMN_TYPE_ADDRESS: sql_result_address(ret, type->address); break;
	}
}

const struct sql_table sql_objects_table = {
	.name = "objects",
	.declaration = "CREATE TABLE objects("
		       "address INTEGER, "
		       "type TEXT, "
		       "module TEXT, "
		       "size INTEGER, "
		       "memory INTEGER, "
		       "refcount INTEGER, "
		       "length INTEGER, "
		       "tracked INTEGER, "
		       "reached INTEGER, "
		       "value TEXT, "
		       "type_address INTEGER HIDDEN)",
	.help = "every Python object; size is sys.getsizeof, length that of a container",
	.count = count,
	.is_row = is_row,
	.column = column,
	.keys = {{COLUMN_ADDRESS, 1, find_address}},
	.key_count = 1,
};
