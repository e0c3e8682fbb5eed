/* SPDX-License-Identifier: Apache-2.0 */
/* Two graphs and more: what is told as changed, new and grown, and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/diff.h"
#include "base/cleanup.h"
#include "graph.h"

/* What the heap of one step has; addresses are the same at every step. */
struct heap {
	uint32_t orders;    /* in the list app.orders */
	uint32_t notes;     /* reached by nothing */
	uint32_t temporary; /* in the list app.recent, at addresses that the next step reuses */
	const char *takers; /* the type that lives at these addresses */
	int pid;            /* 0: 100 */
	uint64_t type_base; /* 0: where the graph puts them */
};

static node_id add_list(struct graph *graph, const char *module, uint64_t address, const char *type,
                        uint32_t count)
{
	node_id namespace = graph_module(graph, module);
	node_id list = graph_object_at(graph, "list", 56 + count * 8, address);

	graph_global(graph, namespace, "items", list);
	snapshot_builder_container(graph->builder, list, count);
	for (uint32_t i = 0; i < count; i++)
		graph_edge(graph, list, graph_object_at(graph, type, 48, address + 4096 + i * 64),
		           EDGE_INDEX, i);
	return list;
}

static const struct snapshot *make(struct graph *graph, const struct heap *heap)
{
	static const char *const types[] = {"type", "module",    "dict",      "str",     "list",
	                                    "note", "app.Order", "app.Guest", "app.Host"};

	graph_init(graph);
	if (heap->type_base)
		graph->type_base = heap->type_base;
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		graph_object_at(graph, types[i], 16, 0x100 + i * 16);
	add_list(graph, "app", 0x100000, "app.Order", heap->orders);
	add_list(graph, "recent", 0x200000, heap->takers ? heap->takers : "app.Guest",
	         heap->temporary);
	for (uint32_t i = 0; i < heap->notes; i++)
		graph_object_at(graph, "note", 64, 0x300000 + i * 64);
	graph_seal(graph);
	graph->snapshot->facts.pid = heap->pid ? heap->pid : 100;
	return graph->snapshot;
}

struct story {
	struct graph graph; /* the last */
	struct diff diff;
};

static void tell(struct story *story, const struct heap *heaps, size_t count)
{
	_cleanup_(cleanup_reach) struct reach *reach = NULL;

	diff_init(&story->diff);
	for (size_t i = 0; i < count; i++) {
		if (i)
			graph_deinit(&story->graph);
		assert_null(diff_add(&story->diff, make(&story->graph, &heaps[i])));
	}
	assert_null(reach_make(story->graph.snapshot, &reach));
	assert_null(diff_finish(&story->diff, story->graph.snapshot, reach));
}

static void forget(struct story *story)
{
	diff_deinit(&story->diff);
	graph_deinit(&story->graph);
}

static const struct diff_type *find_type(const struct diff *diff, const char *name)
{
	for (size_t i = 0; i < diff->type_count; i++)
		if (strcmp(diff->types[i].series->name, name) == 0)
			return &diff->types[i];
	return NULL;
}

static void counts_and_bytes_of_types_are_compared(void **state)
{
	static const struct heap heaps[] = {{.orders = 10, .notes = 7}, {.orders = 15, .notes = 3}};
	struct story story;

	(void)state;
	tell(&story, heaps, 2);
	assert_int_equal(find_type(&story.diff, "app.Order")->objects, 5);
	assert_int_equal(find_type(&story.diff, "app.Order")->bytes, 5 * 48);
	assert_int_equal(find_type(&story.diff, "note")->objects, -4);
	assert_int_equal(find_type(&story.diff, "list")->bytes, 5 * 8);
	assert_int_equal(find_type(&story.diff, "list")->objects, 0);
	assert_null(find_type(&story.diff, "module"));
	assert_string_equal(story.diff.types[0].series->name, "app.Order");
	forget(&story);
}

static void new_objects_are_told_by_path(void **state)
{
	static const struct heap heaps[] = {{.orders = 10}, {.orders = 15, .notes = 2}};
	struct story story;

	(void)state;
	tell(&story, heaps, 2);
	assert_int_equal(story.diff.new_objects, 7);
	assert_int_equal(story.diff.paths->path_count, 1);
	assert_string_equal(story.diff.paths->paths[0].text, "app.items[*]");
	assert_int_equal(story.diff.paths->paths[0].objects, 5);
	assert_int_equal(story.diff.paths->unreached.objects, 2);
	forget(&story);
}

static void containers_are_told_with_their_lengths(void **state)
{
	static const struct heap heaps[] = {{.orders = 10, .temporary = 4},
	                                    {.orders = 15, .temporary = 1}};
	struct story story;

	(void)state;
	tell(&story, heaps, 2);
	assert_int_equal(story.diff.container_count, 2);
	assert_int_equal(story.diff.containers[0].length_then, 10);
	assert_int_equal(story.diff.containers[0].length_now, 15);
	assert_string_equal(story.diff.containers[0].path, "sys.modules['app'].items");
	assert_int_equal(story.diff.containers[1].length_then, 4);
	assert_int_equal(story.diff.containers[1].length_now, 1);
	forget(&story);
}

static void addresses_that_another_type_has_taken_are_counted(void **state)
{
	static const struct heap heaps[] = {{.temporary = 6},
	                                    {.temporary = 5, .takers = "app.Host"}};
	struct story story;

	(void)state;
	tell(&story, heaps, 2);
	assert_int_equal(story.diff.looks.figures[1].reused, 5);
	assert_int_equal(story.diff.new_objects, 5);
	forget(&story);
}

static void of_three_graphs_only_steady_growth_is_told(void **state)
{
	static const struct heap heaps[] = {{.orders = 10, .temporary = 3, .notes = 5},
	                                    {.orders = 12, .temporary = 9, .notes = 5},
	                                    {.orders = 17, .temporary = 8, .notes = 6}};
	struct story story;

	(void)state;
	tell(&story, heaps, 3);
	assert_non_null(find_type(&story.diff, "app.Order"));
	assert_null(find_type(&story.diff, "app.Guest"));
	assert_null(find_type(&story.diff, "note"));
	assert_int_equal(story.diff.container_count, 1);
	assert_int_equal(story.diff.containers[0].length_now, 17);
	assert_int_equal(story.diff.paths->path_count, 1);
	assert_int_equal(story.diff.paths->paths[0].objects, 7);
	forget(&story);
}

static void two_processes_are_compared_by_names_only(void **state)
{
	static const struct heap heaps[] = {
		{.orders = 10, .notes = 1},
		{.orders = 4, .notes = 1, .pid = 200, .type_base = 0x5000}};
	struct story story;

	(void)state;
	tell(&story, heaps, 2);
	assert_false(story.diff.is_one_process);
	assert_int_equal(find_type(&story.diff, "app.Order")->objects, -6);
	assert_null(find_type(&story.diff, "note"));
	assert_null(story.diff.paths);
	assert_int_equal(story.diff.container_count, 0);
	forget(&story);
}

static void the_same_number_in_another_process_is_another_process(void **state)
{
	static const struct heap heaps[] = {{.orders = 1}, {.orders = 2, .type_base = 0x9000}};
	struct story story;

	(void)state;
	tell(&story, heaps, 2);
	assert_false(story.diff.is_one_process);
	forget(&story);
}

static void three_graphs_of_different_processes_are_refused(void **state)
{
	static const struct heap heaps[] = {{.orders = 1}, {.orders = 2}, {.orders = 3, .pid = 9}};
	struct error *error = NULL;
	struct graph graph;
	struct diff diff;

	(void)state;
	diff_init(&diff);
	for (size_t i = 0; i < 3; i++) {
		assert_null(error);
		error = diff_add(&diff, make(&graph, &heaps[i]));
		graph_deinit(&graph);
	}
	assert_int_equal(error_kind(error), ERROR_USAGE);
	error_free(error);
	diff_deinit(&diff);
}

static void nothing_changed_is_nothing_told(void **state)
{
	static const struct heap heaps[] = {{.orders = 3, .notes = 2}, {.orders = 3, .notes = 2}};
	struct story story;

	(void)state;
	tell(&story, heaps, 2);
	assert_int_equal(story.diff.type_count, 0);
	assert_int_equal(story.diff.new_objects, 0);
	assert_int_equal(story.diff.container_count, 0);
	forget(&story);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_and_bytes_of_types_are_compared),
		cmocka_unit_test(new_objects_are_told_by_path),
		cmocka_unit_test(containers_are_told_with_their_lengths),
		cmocka_unit_test(addresses_that_another_type_has_taken_are_counted),
		cmocka_unit_test(of_three_graphs_only_steady_growth_is_told),
		cmocka_unit_test(two_processes_are_compared_by_names_only),
		cmocka_unit_test(the_same_number_in_another_process_is_another_process),
		cmocka_unit_test(three_graphs_of_different_processes_are_refused),
		cmocka_unit_test(nothing_changed_is_nothing_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
