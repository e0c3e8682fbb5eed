/* SPDX-License-Identifier: Apache-2.0 */
/* Rows, sums and order of the type table, on heaps whose answer is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/heap_table.h"
#include "base/cleanup.h"
#include "graph.h"

static struct heap_table *table_of(const struct graph *graph, enum heap_by by, enum heap_sort sort)
{
	struct heap_table *table = NULL;

	assert_null(heap_table_make(graph->snapshot, by, sort, &table));
	return table;
}

static int set_up(void **state)
{
	struct graph *graph;

	graph_set_up(state);
	graph = *state;
	for (int i = 0; i < 10; i++)
		graph_object(graph, "str", 50);
	graph_object(graph, "dict", 4000);
	graph_object(graph, "app.Order", 48);
	graph_object(graph, "app.Line", 40);
	graph_frame(graph, "main (app.py:1)");
	graph_seal(graph);
	return 0;
}

static void objects_are_summed_by_type(void **state)
{
	_cleanup_(cleanup_heap_table) struct heap_table *table =
		table_of(*state, HEAP_BY_TYPE, HEAP_SORT_MEMORY);

	assert_int_equal(table->row_count, 4);
	assert_string_equal(table->rows[0].name, "dict");
	assert_string_equal(table->rows[1].name, "str");
	assert_int_equal(table->rows[1].objects, 10);
	assert_int_equal(table->rows[1].bytes, 500);
	assert_int_equal(table->rows[1].memory, 640);
	assert_false(table->rows[1].is_ambiguous);
	assert_int_equal(table->objects, 13);
	assert_int_equal(table->bytes, 4588);
	assert_int_equal(table->memory, 4000 + 640 + 48 + 48);
}

static void order_is_by_the_asked_column(void **state)
{
	_cleanup_(cleanup_heap_table) struct heap_table *by_objects =
		table_of(*state, HEAP_BY_TYPE, HEAP_SORT_OBJECTS);
	_cleanup_(cleanup_heap_table) struct heap_table *by_name =
		table_of(*state, HEAP_BY_TYPE, HEAP_SORT_NAME);
	_cleanup_(cleanup_heap_table) struct heap_table *by_bytes =
		table_of(*state, HEAP_BY_TYPE, HEAP_SORT_BYTES);

	assert_string_equal(by_objects->rows[0].name, "str");
	assert_string_equal(by_name->rows[0].name, "app.Line");
	assert_string_equal(by_bytes->rows[2].name, "app.Order");
}

static void modules_are_those_of_the_types(void **state)
{
	_cleanup_(cleanup_heap_table) struct heap_table *table =
		table_of(*state, HEAP_BY_MODULE, HEAP_SORT_MEMORY);

	assert_int_equal(table->row_count, 2);
	assert_string_equal(table->rows[1].name, "app");
	assert_int_equal(table->rows[1].objects, 2);
}

static void size_classes_are_powers_of_two(void **state)
{
	_cleanup_(cleanup_heap_table) struct heap_table *table =
		table_of(*state, HEAP_BY_SIZE, HEAP_SORT_OBJECTS);

	assert_int_equal(table->row_count, 2);
	assert_string_equal(table->rows[0].name, "32 B to 64 B");
	assert_int_equal(table->rows[0].objects, 12);
	assert_string_equal(table->rows[1].name, "2 KiB to 4 KiB");
}

/* Three objects: two of one line, by two ways, one that was not traced. */
static void lines_are_those_of_the_innermost_frames(void **state)
{
	struct graph *graph = *state;
	_cleanup_(cleanup_heap_table) struct heap_table *table = NULL;
	str_id file = snapshot_builder_string(graph->builder, "app.py", 6);
	const struct snap_frame near[] = {{file, 31}, {file, 7}};
	const struct snap_frame far[] = {{file, 31}, {file, 8}};
	const struct snap_frame other[] = {{file, 32}};
	uint32_t traces[] = {0, snapshot_builder_trace(graph->builder, near, 2, 2),
	                     snapshot_builder_trace(graph->builder, far, 2, 9),
	                     snapshot_builder_trace(graph->builder, other, 1, 1)};
	uint32_t *column;

	for (unsigned int i = 0; i < 3; i++)
		graph_object(graph, "app.Order", 100u << i);
	column = snapshot_builder_trace_column(graph->builder);
	memcpy(column, traces, 3 * sizeof(*column));
	graph_seal(graph);
	table = table_of(graph, HEAP_BY_LINE, HEAP_SORT_BYTES);
	assert_int_equal(table->row_count, 2);
	assert_string_equal(table->rows[0].name, "app.py:31");
	assert_string_equal(table->rows[0].file, "app.py");
	assert_int_equal(table->rows[0].line, 31);
	assert_int_equal(table->rows[0].objects, 2);
	assert_int_equal(table->rows[0].bytes, 600);
	assert_string_equal(table->rows[1].name, "(not traced)");
	assert_null(table->rows[1].file);
	assert_int_equal(table->rows[1].bytes, 100);
}

static void who_records_no_lines_is_told_how_to(void **state)
{
	const struct graph *graph = *state;
	struct heap_table *table;
	struct error *error =
		heap_table_make(graph->snapshot, HEAP_BY_LINE, HEAP_SORT_NAME, &table);

	assert_non_null(error);
	assert_int_equal(error_kind(error), ERROR_NOT_FOUND);
	assert_non_null(strstr(error_message(error), "PYTHONTRACEMALLOC"));
	error_free(error);
}

static void types_of_one_name_are_told_apart(void **state)
{
	struct snapshot_builder *builder = snapshot_builder_new();
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = NULL;
	_cleanup_(cleanup_heap_table) struct heap_table *table = NULL;
	str_id name = snapshot_builder_string(builder, "app.Order", 9);

	(void)state;
	snapshot_builder_type(builder, 0x100, name, name);
	snapshot_builder_type(builder, 0x200, name, name);
	snapshot_builder_node(builder, 1, 0, NODE_IS_OBJECT);
	snapshot_builder_node(builder, 2, 1, NODE_IS_OBJECT);
	assert_null(snapshot_builder_seal(builder, &snapshot));
	snapshot_builder_free(builder);
	assert_null(heap_table_make(snapshot, HEAP_BY_TYPE, HEAP_SORT_NAME, &table));
	assert_int_equal(table->row_count, 2);
	assert_true(table->rows[0].is_ambiguous && table->rows[1].is_ambiguous);
	assert_int_not_equal(table->rows[0].address, table->rows[1].address);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(objects_are_summed_by_type, set_up,
	                                        graph_tear_down),
		cmocka_unit_test_setup_teardown(order_is_by_the_asked_column, set_up,
	                                        graph_tear_down),
		cmocka_unit_test_setup_teardown(modules_are_those_of_the_types, set_up,
	                                        graph_tear_down),
		cmocka_unit_test_setup_teardown(size_classes_are_powers_of_two, set_up,
	                                        graph_tear_down),
		cmocka_unit_test_setup_teardown(lines_are_those_of_the_innermost_frames,
	                                        graph_set_up, graph_tear_down),
		cmocka_unit_test_setup_teardown(who_records_no_lines_is_told_how_to, set_up,
	                                        graph_tear_down),
		cmocka_unit_test(types_of_one_name_are_told_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
