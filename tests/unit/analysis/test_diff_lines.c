/* SPDX-License-Identifier: Apache-2.0 */
/* What became more by line, from graph to graph. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/diff_lines.h"
#include "base/cleanup.h"
#include "graph.h"

/* Adds a graph in which line i + 1 of app.py allocated counts[i] objects of 10 bytes. */
static void add(struct diff_lines *lines, const unsigned int *counts, unsigned int count)
{
	struct graph graph;
	uint32_t *column;
	node_id node = 0;
	str_id file;

	graph_init(&graph);
	/* Strings have other ids in each graph. */
	for (unsigned int i = 0; i < lines->graphs; i++)
		snapshot_builder_string(graph.builder, &"abc"[i], 1);
	file = snapshot_builder_string(graph.builder, "app.py", 6);
	for (unsigned int i = 0; i < count; i++)
		for (unsigned int k = 0; k < counts[i]; k++)
			graph_object(&graph, "app.Order", 10);
	column = snapshot_builder_trace_column(graph.builder);
	for (unsigned int i = 0; i < count; i++) {
		const struct snap_frame frame = {file, i + 1};
		uint32_t trace = snapshot_builder_trace(graph.builder, &frame, 1, 1);

		for (unsigned int k = 0; k < counts[i]; k++)
			column[node++] = trace;
	}
	assert_null(diff_lines_add(lines, graph_seal(&graph)));
	graph_deinit(&graph);
}

static void of_two_graphs_what_changed_is_told(void **state)
{
	_cleanup_(cleanup_diff_lines) struct diff_lines lines = {0};

	(void)state;
	add(&lines, (const unsigned int[]){3, 5, 0, 4}, 4);
	add(&lines, (const unsigned int[]){3, 7, 6, 1}, 4);
	diff_lines_finish(&lines);
	assert_int_equal(lines.count, 3);
	assert_string_equal(lines.lines[0].name, "app.py:3");
	assert_string_equal(lines.lines[0].file, "app.py");
	assert_int_equal(lines.lines[0].line, 3);
	assert_int_equal(lines.lines[0].objects[0], 0);
	assert_int_equal(lines.lines[0].objects[1], 6);
	assert_int_equal(lines.lines[0].bytes[1], 60);
	assert_string_equal(lines.lines[1].name, "app.py:2");
	assert_string_equal(lines.lines[2].name, "app.py:4");
	assert_int_equal(lines.lines[2].objects[0], 4);
	assert_int_equal(lines.lines[2].objects[1], 1);
}

static void of_more_graphs_what_grew_each_time_is_told(void **state)
{
	_cleanup_(cleanup_diff_lines) struct diff_lines lines = {0};

	(void)state;
	add(&lines, (const unsigned int[]){1, 5, 2}, 3);
	add(&lines, (const unsigned int[]){2, 9, 2}, 3);
	add(&lines, (const unsigned int[]){3, 8, 6}, 3);
	diff_lines_finish(&lines);
	assert_int_equal(lines.count, 1);
	assert_string_equal(lines.lines[0].name, "app.py:1");
	assert_int_equal(lines.lines[0].objects[2], 3);
}

static void who_records_no_lines_is_refused(void **state)
{
	_cleanup_(cleanup_diff_lines) struct diff_lines lines = {0};
	struct graph graph;
	struct error *error;

	(void)state;
	graph_init(&graph);
	graph_object(&graph, "str", 10);
	error = diff_lines_add(&lines, graph_seal(&graph));
	assert_non_null(error);
	assert_int_equal(error_kind(error), ERROR_NOT_FOUND);
	error_free(error);
	graph_deinit(&graph);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_two_graphs_what_changed_is_told),
		cmocka_unit_test(of_more_graphs_what_grew_each_time_is_told),
		cmocka_unit_test(who_records_no_lines_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
