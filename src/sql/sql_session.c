/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One in-memory database with the tables in it. An authorizer refuses what
 * would open or write files (ATTACH, VACUUM INTO): a query may come from a
 * script that somebody else wrote.
 */
#include "sql/sql_session.h"

#include "analysis/concrete_path.h"
#include "base/cleanup.h"
#include "sql/sql_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sql_session {
	sqlite3 *database;
	struct sql_heap *heap;
	struct labels labels; /* for path() */
};

/* Columns that hold addresses, whatever a query calls its own. */
static bool is_address_name(const char *name)
{
	static const char *const names[] = {"address", "source", "target", "type_address"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static int authorize(void *context, int action, const char *first, const char *second,
                     const char *database, const char *trigger)
{
	(void)context;
	(void)first;
	(void)second;
	(void)database;
	(void)trigger;
	return action == SQLITE_ATTACH || action == SQLITE_DETACH ? SQLITE_DENY : SQLITE_OK;
}

/* path(address): how the object is held; NULL when nothing that plumb knows holds it. */
static void path_function(sqlite3_context *ret, int count, sqlite3_value **values)
{
	struct sql_session *session = sqlite3_user_data(ret);
	struct concrete_path path = {0};
	struct error *error;
	node_id node;

	(void)count;
	if (!sql_heap_needs_addresses(session->heap) || !sql_heap_needs_reach(session->heap)) {
		sqlite3_result_error_nomem(ret);
		return;
	}
	node = sql_heap_node_at(session->heap, (uint64_t)sqlite3_value_int64(values[0]));
	if (node == NODE_NONE || !reach_is_reached(session->heap->reach, node))
		return;
	error = concrete_path_make(&session->labels, session->heap->reach, node, &path);
	if (error) {
		sqlite3_result_error_nomem(ret);
		error_free(error);
		return;
	}
	sqlite3_result_text(ret, path.text, -1, SQLITE_TRANSIENT);
	concrete_path_deinit(&path);
}

static void hex_function(sqlite3_context *ret, int count, sqlite3_value **values)
{
	char text[24];

	(void)count;
	if (sqlite3_value_type(values[0]) == SQLITE_NULL)
		return;
	snprintf(text, sizeof(text), "0x%" PRIx64, (uint64_t)sqlite3_value_int64(values[0]));
	sqlite3_result_text(ret, text, -1, SQLITE_TRANSIENT);
}

static struct error *sqlite_error(const struct sql_session *session, const char *what)
{
	int code = sqlite3_errcode(session->database);

	if (code == SQLITE_NOMEM)
		return error_no_memory();
	return error_new(ERROR_USAGE, "%s: %s", what, sqlite3_errmsg(session->database));
}

static int add_functions(struct sql_session *session)
{
	int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC;
	int code = sqlite3_create_function(session->database, "path", 1, flags, session,
	                                   path_function, NULL, NULL);

	if (code != SQLITE_OK)
		return code;
	return sqlite3_create_function(session->database, "hex", 1, flags, session, hex_function,
	                               NULL, NULL);
}

struct error *sql_session_open(struct sql_heap *heap, struct sql_session **ret)
{
	_cleanup_(cleanup_sql_session) struct sql_session *session = calloc(1, sizeof(*session));
	int code;

	if (!session)
		return error_no_memory();
	session->heap = heap;
	labels_init(&session->labels, heap->snapshot);
	code = sqlite3_open_v2(":memory:", &session->database,
	                       SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY, NULL);
	if (code == SQLITE_OK)
		code = sql_tables_register(session->database, heap);
	if (code == SQLITE_OK)
		code = add_functions(session);
	if (code != SQLITE_OK)
		return sqlite_error(session, "cannot start SQLite");
	sqlite3_set_authorizer(session->database, authorize, NULL);
	*ret = take_ptr(session);
	return NULL;
}

void sql_session_free(struct sql_session *session)
{
	if (!session)
		return;
	sqlite3_close_v2(session->database);
	labels_deinit(&session->labels);
	free(session);
}

void sql_session_interrupt(struct sql_session *session)
{
	sqlite3_interrupt(session->database);
}

void sql_schema(struct text *text)
{
	for (size_t i = 0; i < sql_table_count; i++)
		text_printf(text, "%s-- %s\n%s;\n", i ? "\n" : "", sql_tables[i]->help,
		            sql_tables[i]->declaration);
	text_append(text, "\n-- path(address) tells what holds an object, hex(address) writes it "
	                  "as 0x...\n");
}

bool sql_is_complete(const char *text)
{
	return sqlite3_complete(text);
}

/* One statement that is being stepped. */
struct stepping {
	sqlite3_stmt *statement;
	const struct sql_sink *sink;
	size_t count;
	const char **names;
	struct sql_cell *cells;
};

static void deinit_stepping(struct stepping *stepping)
{
	sqlite3_finalize(stepping->statement);
	free(stepping->names);
	free(stepping->cells);
}

static struct error *name_columns(struct stepping *stepping)
{
	stepping->count = (size_t)sqlite3_column_count(stepping->statement);
	stepping->names = calloc(stepping->count + 1, sizeof(*stepping->names));
	stepping->cells = calloc(stepping->count + 1, sizeof(*stepping->cells));
	if (!stepping->names || !stepping->cells)
		return error_no_memory();
	for (size_t i = 0; i < stepping->count; i++) {
		stepping->names[i] = sqlite3_column_name(stepping->statement, (int)i);
		if (!stepping->names[i])
			return error_no_memory();
	}
	return NULL;
}

static struct error *read_cell(const struct stepping *stepping, size_t column,
                               struct sql_cell *cell)
{
	sqlite3_stmt *statement = stepping->statement;
	int index = (int)column;

	*cell = (struct sql_cell){.kind = SQL_NULL};
	switch (sqlite3_column_type(statement, index)) {
	case SQLITE_INTEGER:
		cell->kind = is_address_name(stepping->names[column]) ? SQL_ADDRESS : SQL_INTEGER;
		cell->integer = sqlite3_column_int64(statement, index);
		return NULL;
	case SQLITE_FLOAT:
		cell->kind = SQL_REAL;
		cell->real = sqlite3_column_double(statement, index);
		return NULL;
	case SQLITE_NULL: return NULL;
	default:
		cell->kind = SQL_TEXT;
		cell->text = (const char *)sqlite3_column_text(statement, index);
		return cell->text ? NULL : error_no_memory();
	}
}

static struct error *give_row(struct stepping *stepping, bool *ret_goes_on)
{
	for (size_t i = 0; i < stepping->count; i++) {
		struct error *error = read_cell(stepping, i, &stepping->cells[i]);

		if (error)
			return error;
	}
	*ret_goes_on =
		stepping->sink->row(stepping->sink->context, stepping->cells, stepping->count);
	return NULL;
}

static struct error *step_all(const struct sql_session *session, struct stepping *stepping)
{
	const struct sql_sink *sink = stepping->sink;
	bool goes_on = sink->begin(sink->context, stepping->names, stepping->count);
	struct error *error = NULL;

	while (goes_on && !error) {
		int code = sqlite3_step(stepping->statement);

		if (code == SQLITE_DONE)
			break;
		error = code == SQLITE_ROW ? give_row(stepping, &goes_on)
		                           : sqlite_error(session, "the query failed");
	}
	sink->end(sink->context);
	return error;
}

static struct error *run_statement(const struct sql_session *session, sqlite3_stmt *statement,
                                   const struct sql_sink *sink)
{
	_cleanup_(deinit_stepping) struct stepping stepping = {.statement = statement,
	                                                       .sink = sink};
	struct error *error = name_columns(&stepping);

	return error ? error : step_all(session, &stepping);
}

struct error *sql_session_run(struct sql_session *session, const char *text,
                              const struct sql_sink *sink)
{
	struct error *error = NULL;

	while (!error && *text) {
		sqlite3_stmt *statement = NULL;

		if (sqlite3_prepare_v2(session->database, text, -1, &statement, &text) != SQLITE_OK)
			return sqlite_error(session, "no such query");
		if (statement)
			error = run_statement(session, statement, sink);
	}
	return error;
}
