/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite's side of the tables (sqlite.org/vtab.html). They are eponymous:
 * they exist in every connection that they are registered in, without CREATE.
 *
 * The plan that xBestIndex makes is one number: the key to use, or -1 for a
 * look at all rows. SQLite checks the condition once more itself, so a key may
 * find too much, never too little.
 */
#include "sql/sql_table.h"

#include <stdlib.h>
#include <string.h>

const struct sql_table *const sql_tables[] = {
	&sql_objects_table, &sql_refs_table,    &sql_types_table,   &sql_strings_table,
	&sql_roots_table,   &sql_modules_table, &sql_threads_table, &sql_frames_table,
};

const size_t sql_table_count = sizeof(sql_tables) / sizeof(*sql_tables);

struct opened_table {
	sqlite3_vtab base; /* first, as SQLite wants it */
	const struct sql_table *table;
	struct sql_heap *heap;
};

struct row_cursor {
	sqlite3_vtab_cursor base;
	struct sql_rows rows;
	uint64_t row;
	bool is_at_end;
};

/* What a module is registered with. */
struct binding {
	const struct sql_table *table;
	struct sql_heap *heap;
};

static int on_connect(sqlite3 *database, void *context, int argument_count,
                      const char *const *arguments, sqlite3_vtab **ret, char **message)
{
	const struct binding *binding = context;
	struct opened_table *opened;
	int code = sqlite3_declare_vtab(database, binding->table->declaration);

	(void)argument_count;
	(void)arguments;
	(void)message;
	if (code != SQLITE_OK)
		return code;
	opened = calloc(1, sizeof(*opened));
	if (!opened)
		return SQLITE_NOMEM;
	opened->table = binding->table;
	opened->heap = binding->heap;
	*ret = &opened->base;
	return SQLITE_OK;
}

static int on_disconnect(sqlite3_vtab *base)
{
	free(base);
	return SQLITE_OK;
}

/* The key that expects fewest rows among the usable equalities; -1: none. */
static int choose_key(const struct sql_table *table, const sqlite3_index_info *info,
                      int *ret_constraint)
{
	int chosen = -1;

	for (int i = 0; i < info->nConstraint; i++) {
		const struct sqlite3_index_constraint *constraint = &info->aConstraint[i];

		if (!constraint->usable || constraint->op != SQLITE_INDEX_CONSTRAINT_EQ)
			continue;
		for (size_t key = 0; key < table->key_count; key++) {
			if (table->keys[key].column != constraint->iColumn)
				continue;
			if (chosen >= 0 && table->keys[chosen].rows <= table->keys[key].rows)
				continue;
			chosen = (int)key;
			*ret_constraint = i;
		}
	}
	return chosen;
}

static int on_best_index(sqlite3_vtab *base, sqlite3_index_info *info)
{
	const struct opened_table *opened = (const struct opened_table *)base;
	double all = (double)opened->table->count(opened->heap);
	int constraint = 0;
	int key = choose_key(opened->table, info, &constraint);

	info->idxNum = key;
	info->estimatedCost = key < 0 ? all + 1 : opened->table->keys[key].rows;
	info->estimatedRows = (sqlite3_int64)info->estimatedCost;
	if (key >= 0)
		info->aConstraintUsage[constraint].argvIndex = 1;
	return SQLITE_OK;
}

static int on_open(sqlite3_vtab *base, sqlite3_vtab_cursor **ret)
{
	struct row_cursor *cursor = calloc(1, sizeof(*cursor));

	(void)base;
	if (!cursor)
		return SQLITE_NOMEM;
	*ret = &cursor->base;
	return SQLITE_OK;
}

static int on_close(sqlite3_vtab_cursor *base)
{
	free(base);
	return SQLITE_OK;
}

static const struct opened_table *table_of(const struct row_cursor *cursor)
{
	return (const struct opened_table *)cursor->base.pVtab;
}

static int on_next(sqlite3_vtab_cursor *base)
{
	struct row_cursor *cursor = (struct row_cursor *)base;
	const struct opened_table *opened = table_of(cursor);
	struct sql_rows *rows = &cursor->rows;

	while (rows->next < rows->end) {
		uint64_t row = rows->list ? rows->list[rows->next] : rows->next;

		rows->next++;
		if (opened->table->is_row && !opened->table->is_row(opened->heap, row))
			continue;
		cursor->row = row;
		return SQLITE_OK;
	}
	cursor->is_at_end = true;
	return SQLITE_OK;
}

static int on_filter(sqlite3_vtab_cursor *base, int key, const char *name, int argument_count,
                     sqlite3_value **arguments)
{
	struct row_cursor *cursor = (struct row_cursor *)base;
	const struct opened_table *opened = table_of(cursor);

	(void)name;
	cursor->is_at_end = false;
	cursor->rows = (struct sql_rows){.end = opened->table->count(opened->heap)};
	if (key >= 0 && argument_count == 1) {
		/* What is no number equals no address. */
		if (sqlite3_value_numeric_type(arguments[0]) != SQLITE_INTEGER)
			cursor->rows.end = 0;
		else if (!opened->table->keys[key].find(
				 opened->heap, sqlite3_value_int64(arguments[0]), &cursor->rows))
			return SQLITE_NOMEM;
	}
	return on_next(base);
}

static int on_eof(sqlite3_vtab_cursor *base)
{
	return ((const struct row_cursor *)base)->is_at_end;
}

static int on_column(sqlite3_vtab_cursor *base, sqlite3_context *ret, int column)
{
	const struct row_cursor *cursor = (const struct row_cursor *)base;
	const struct opened_table *opened = table_of(cursor);

	opened->table->column(opened->heap, cursor->row, column, ret);
	return SQLITE_OK;
}

static int on_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *ret)
{
	*ret = (sqlite3_int64)((const struct row_cursor *)base)->row;
	return SQLITE_OK;
}

static const sqlite3_module module_of_tables = {
	.iVersion = 0,
	.xConnect = on_connect,
	.xBestIndex = on_best_index,
	.xDisconnect = on_disconnect,
	.xOpen = on_open,
	.xClose = on_close,
	.xFilter = on_filter,
	.xNext = on_next,
	.xEof = on_eof,
	.xColumn = on_column,
	.xRowid = on_rowid,
};

int sql_tables_register(sqlite3 *database, struct sql_heap *heap)
{
	for (size_t i = 0; i < sql_table_count; i++) {
		struct binding *binding = malloc(sizeof(*binding));
		int code;

		if (!binding)
			return SQLITE_NOMEM;
		*binding = (struct binding){sql_tables[i], heap};
		/* Takes binding, also when it fails. */
		code = sqlite3_create_module_v2(database, sql_tables[i]->name, &module_of_tables,
		                                binding, free);
		if (code != SQLITE_OK)
			return code;
	}
	return SQLITE_OK;
}

void sql_result_address(sqlite3_context *ret, uint64_t address)
{
	if (address)
		sqlite3_result_int64(ret, (sqlite3_int64)address);
	else
		sqlite3_result_null(ret);
}

void sql_result_text(sqlite3_context *ret, const char *text)
{
	sqlite3_result_text(ret, text, -1, SQLITE_STATIC);
}
