/* SPDX-License-Identifier: Apache-2.0 */
/* Table types: every type that has or had an object; two of one name are two rows. */
#include "sql/sql_table.h"

enum column {
	COLUMN_ADDRESS,
	COLUMN_NAME,
	COLUMN_MODULE,
};

static uint64_t count(const struct sql_heap *heap)
{
	return heap->snapshot->type_count;
}

/* Those of threads and frames are ours, not the program's. */
static bool is_row(const struct sql_heap *heap, uint64_t row)
{
	return heap->snapshot->types[row].address != 0;
}

static void column(struct sql_heap *heap, uint64_t row, int index, sqlite3_context *ret)
{
	const struct snap_type *type = &heap->snapshot->types[row];

	switch ((enum column)index) {
	case COLUMN_ADDRESS: sql_result_address(ret, type->address); break;
	case COLUMN_NAME: sql_result_text(ret, snapshot_string(heap->snapshot, type->name)); break;
	case COLUMN_MODULE:
		sql_result_text(ret, snapshot_string(heap->snapshot, type->module));
		break;
	}
}

const struct sql_table sql_types_table = {
	.name = "types",
	.declaration = "CREATE TABLE types(address INTEGER, name TEXT, module TEXT)",
	.help = "every type of which there are objects",
	.count = count,
	.is_row = is_row,
	.column = column,
};
