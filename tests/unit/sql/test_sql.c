/* SPDX-License-Identifier: Apache-2.0 */
/* Queries over a small heap by hand: every table, every key, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "graph.h"
#include "sql/sql_session.h"

struct fixture {
	struct graph graph;
	struct sql_heap heap;
	struct sql_session *session;
	struct text answer; /* cells separated by '|', rows by '\n' */
	size_t row_limit;
};

/* Values are the texts of keys; a text that ends in "..." is cut. */
static void *open_values(void *context)
{
	return context;
}

static void close_values(void *teller)
{
	(void)teller;
}

static bool tell_value(void *teller, node_id node, bool is_key, struct node_value *ret)
{
	const struct graph *graph = teller;
	const char *text = node < graph->text_capacity ? graph->texts[node] : NULL;

	(void)is_key;
	assert_true(node < graph->snapshot->node_count);
	if (!text)
		return false;
	*ret = (struct node_value){.text = text, .length = strlen(text)};
	ret->is_cut = ret->length > 3 && strcmp(text + ret->length - 3, "...") == 0;
	ret->whole_length = 1000;
	ret->hash = 42;
	return true;
}

static bool on_begin(void *context, const char *const *names, size_t count)
{
	(void)context;
	(void)names;
	(void)count;
	return true;
}

static bool never(void *teller)
{
	(void)teller;
	return false;
}

static bool on_row(void *context, const struct sql_cell *cells, size_t count)
{
	struct fixture *fixture = context;

	for (size_t i = 0; i < count; i++) {
		text_append(&fixture->answer, i ? "|" : "");
		switch (cells[i].kind) {
		case SQL_NULL: text_append(&fixture->answer, "-"); break;
		case SQL_INTEGER:
			text_printf(&fixture->answer, "%lld", (long long)cells[i].integer);
			break;
		case SQL_ADDRESS:
			text_printf(&fixture->answer, "0x%llx",
			            (unsigned long long)cells[i].integer);
			break;
		case SQL_REAL: text_printf(&fixture->answer, "%g", cells[i].real); break;
		case SQL_TEXT: text_append(&fixture->answer, cells[i].text); break;
		}
	}
	text_append_char(&fixture->answer, '\n');
	return --fixture->row_limit;
}

static void on_end(void *context)
{
	(void)context;
}

/* A module app: last = Order(lines=[Order, 'nut']), and a frame with a local. */
static void set_up(struct fixture *fixture)
{
	const struct value_source values = {&fixture->graph, open_values, close_values, tell_value,
	                                    never};
	struct graph *graph = &fixture->graph;
	node_id app, order, list, other, frame;

	memset(fixture, 0, sizeof(*fixture));
	graph_init(graph);
	app = graph_module(graph, "app");
	order = graph_object_at(graph, "app.Order", 48, 0x5000);
	list = graph_object_at(graph, "list", 72, 0x6000);
	other = graph_object_at(graph, "app.Order", 56, 0x7000);
	graph_global(graph, app, "last", order);
	graph_attribute(graph, order, list, "lines");
	graph_edge(graph, list, other, EDGE_INDEX, 0);
	graph_edge(graph, list, graph_key(graph, "'n\\xf6t'"), EDGE_INDEX, 1);
	graph_edge(graph, list, graph_key(graph, "'long..."), EDGE_INDEX, 2);
	snapshot_builder_container(graph->builder, list, 3);
	frame = graph_frame(graph, "handle (app.py:31)");
	graph_local(graph, frame, other, "order");
	/* A value whose key is not known. */
	graph_edge(graph, graph_object_at(graph, "dict", 64, 0x8000), list, EDGE_VALUE, UINT64_MAX);
	graph_seal(graph);
	assert_true(sql_heap_init(&fixture->heap, graph->snapshot, &values));
	assert_null(sql_session_open(&fixture->heap, &fixture->session));
}

static void tear_down(struct fixture *fixture)
{
	text_deinit(&fixture->answer);
	sql_session_free(fixture->session);
	sql_heap_deinit(&fixture->heap);
	graph_deinit(&fixture->graph);
}

static void assert_answer(struct fixture *fixture, const char *query, const char *expected)
{
	const struct sql_sink sink = {fixture, on_begin, on_row, on_end};

	text_clear(&fixture->answer);
	if (!fixture->row_limit)
		fixture->row_limit = 1000;
	assert_null(sql_session_run(fixture->session, query, &sink));
	assert_string_equal(text_string(&fixture->answer), expected);
}

static void objects_are_counted_and_found(void **state)
{
	struct fixture fixture;

	(void)state;
	set_up(&fixture);
	assert_answer(&fixture,
	              "SELECT type, count(*), sum(size) FROM objects "
	              "WHERE module = 'app' GROUP BY type",
	              "app.Order|2|104\n");
	assert_answer(&fixture, "SELECT address, length FROM objects WHERE address = 0x6000",
	              "0x6000|3\n");
	assert_answer(&fixture, "SELECT count(*) FROM objects WHERE address = 0x6001", "0\n");
	assert_answer(&fixture, "SELECT count(*) FROM objects WHERE address = 'nut'", "0\n");
	assert_answer(&fixture, "SELECT count(*) FROM objects WHERE address = NULL", "0\n");
	tear_down(&fixture);
}

static void references_are_found_from_both_ends(void **state)
{
	struct fixture fixture;

	(void)state;
	set_up(&fixture);
	assert_answer(&fixture, "SELECT kind, name, target_type FROM refs WHERE source = 0x6000",
	              "index|0|app.Order\nindex|1|str\nindex|2|str\n");
	assert_answer(&fixture,
	              "SELECT source_type, kind, name FROM refs WHERE target = 0x7000 "
	              "ORDER BY kind",
	              "list|index|0\n(frame)|local|order\n");
	assert_answer(&fixture, "SELECT kind, name FROM refs WHERE source = 0x8000", "value|-\n");
	assert_answer(&fixture,
	              "SELECT count(*) FROM refs r JOIN objects o ON r.target = o.address "
	              "WHERE o.type = 'app.Order'",
	              "3\n");
	assert_answer(&fixture,
	              "SELECT count(*) = (SELECT count(*) FROM refs) FROM refs r "
	              "JOIN refs s ON s.rowid = r.rowid",
	              "1\n");
	tear_down(&fixture);
}

static void strings_have_their_whole_length(void **state)
{
	struct fixture fixture;

	(void)state;
	set_up(&fixture);
	assert_answer(&fixture,
	              "SELECT value, length FROM strings WHERE value LIKE '''n%' "
	              "OR value LIKE '%...' ORDER BY length",
	              "'n\\xf6t'|3\n'long...|1000\n");
	tear_down(&fixture);
}

static void functions_tell_paths_and_addresses(void **state)
{
	struct fixture fixture;

	(void)state;
	set_up(&fixture);
	assert_answer(&fixture, "SELECT path(0x7000), hex(0x7000), path(1)",
	              "sys.modules['app'].last.lines[0]|0x7000|-\n");
	tear_down(&fixture);
}

static void modules_roots_and_types_are_tables(void **state)
{
	struct fixture fixture;

	(void)state;
	set_up(&fixture);
	assert_answer(&fixture, "SELECT name FROM modules", "app\n");
	assert_answer(&fixture, "SELECT name, kind FROM roots", "app|module\n");
	assert_answer(&fixture, "SELECT count(*) FROM types WHERE name = 'app.Order'", "1\n");
	tear_down(&fixture);
}

static void a_sink_ends_a_query(void **state)
{
	struct fixture fixture;

	(void)state;
	set_up(&fixture);
	fixture.row_limit = 1;
	assert_answer(&fixture,
	              "SELECT address FROM objects WHERE address >= 0x5000 "
	              "ORDER BY address",
	              "0x5000\n");
	tear_down(&fixture);
}

static void mistakes_and_files_are_refused(void **state)
{
	static const char *const queries[] = {
		"SELEC",
		"SELECT * FROM nowhere",
		"ATTACH DATABASE '/tmp/x' AS y",
		"DELETE FROM objects",
		"VACUUM INTO '/tmp/x'",
		"SELECT load_extension('x')",
	};
	const struct sql_sink sink = {NULL, on_begin, on_row, on_end};
	struct fixture fixture;

	(void)state;
	set_up(&fixture);
	for (size_t i = 0; i < sizeof(queries) / sizeof(*queries); i++) {
		struct error *error = sql_session_run(fixture.session, queries[i], &sink);

		assert_non_null(error);
		assert_int_equal(error_kind(error), ERROR_USAGE);
		error_free(error);
	}
	tear_down(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_are_counted_and_found),
		cmocka_unit_test(references_are_found_from_both_ends),
		cmocka_unit_test(strings_have_their_whole_length),
		cmocka_unit_test(functions_tell_paths_and_addresses),
		cmocka_unit_test(modules_roots_and_types_are_tables),
		cmocka_unit_test(a_sink_ends_a_query),
		cmocka_unit_test(mistakes_and_files_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
