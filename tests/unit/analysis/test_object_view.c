/* SPDX-License-Identifier: Apache-2.0 */
/* One object: its value in words, and its references in both directions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/object_view.h"
#include "analysis/value_text.h"
#include "base/cleanup.h"
#include "graph.h"

static const struct value_limits limits = {.depth = 3, .items = 4, .bytes = 1000};

static void assert_value(struct graph *graph, node_id node, const char *expected)
{
	struct text text;

	text_init(&text);
	value_text(graph->snapshot, node, &limits, &text);
	assert_string_equal(text_string(&text), expected);
	text_deinit(&text);
}

static node_id namespace_of(struct graph *graph, node_id object)
{
	node_id namespace = graph_object(graph, "dict", 64);

	snapshot_builder_set_flags(graph->builder, namespace, NODE_IS_NAMESPACE);
	graph_attribute(graph, object, namespace, "__dict__");
	return namespace;
}

static void containers_are_written_as_python_writes_them(void **state)
{
	struct graph graph;
	node_id dict, list, tuple, set;

	(void)state;
	graph_init(&graph);
	dict = graph_object(&graph, "dict", 64);
	list = graph_object(&graph, "list", 64);
	tuple = graph_object(&graph, "tuple", 64);
	set = graph_object(&graph, "set", 64);
	graph_item(&graph, dict, list, graph_key(&graph, "'names'"));
	graph_item(&graph, dict, tuple, graph_key(&graph, "7"));
	graph_edge(&graph, list, graph_key(&graph, "'a'"), EDGE_INDEX, 0);
	graph_edge(&graph, list, set, EDGE_INDEX, 1);
	graph_edge(&graph, tuple, graph_key(&graph, "1"), EDGE_INDEX, 0);
	graph_edge(&graph, set, graph_key(&graph, "2"), EDGE_KEY, 0);
	graph_seal(&graph);
	assert_value(&graph, dict, "{'names': ['a', {2}], 7: (1,)}");
	graph_deinit(&graph);
}

static void attributes_are_written_like_a_call(void **state)
{
	struct graph graph;
	node_id order, namespace;

	(void)state;
	graph_init(&graph);
	order = graph_object(&graph, "app.Order", 64);
	graph_attribute(&graph, order, graph_key(&graph, "1"), "id");
	namespace = namespace_of(&graph, order);
	graph_item(&graph, namespace, graph_key(&graph, "'open'"), graph_key(&graph, "'state'"));
	graph_seal(&graph);
	assert_value(&graph, order, "app.Order(id=1, state='open')");
	graph_deinit(&graph);
}

static void what_is_deep_long_or_a_cycle_is_cut(void **state)
{
	struct graph graph;
	node_id list, loop, empty;

	(void)state;
	graph_init(&graph);
	list = graph_object(&graph, "list", 64);
	for (unsigned int i = 0; i < 9; i++)
		graph_edge(&graph, list, graph_key(&graph, "0"), EDGE_INDEX, i);
	loop = graph_object(&graph, "list", 64);
	graph_edge(&graph, loop, loop, EDGE_INDEX, 0);
	empty = graph_object(&graph, "list", 56);
	graph_seal(&graph);
	assert_value(&graph, list, "[0, 0, 0, 0, ...5 more]");
	assert_value(&graph, loop, "[[[[...]]]]");
	assert_value(&graph, empty, "[]");
	graph_deinit(&graph);
}

/* A file may say otherwise: then looking at each of many, each time, would take for ever. */
static void an_object_has_one_namespace(void **state)
{
	_cleanup_(cleanup_object_view) struct object_view *view = NULL;
	_cleanup_(cleanup_reach) struct reach *reach = NULL;
	struct graph graph;
	node_id order;

	(void)state;
	graph_init(&graph);
	order = graph_object(&graph, "app.Order", 48);
	for (unsigned int i = 0; i < 3; i++)
		graph_item(&graph, namespace_of(&graph, order), graph_key(&graph, "1"),
		           graph_key(&graph, i ? "'other'" : "'id'"));
	graph_seal(&graph);
	assert_value(&graph, order, "app.Order(id=1)");
	assert_null(reach_make(graph.snapshot, &reach));
	assert_null(object_view_make(graph.snapshot, reach, order, 10, &view));
	assert_int_equal(view->references.total, 4); /* .id and three __dict__ */
	graph_deinit(&graph);
}

/* Its number did not fit the edge: a file may say so of a heap of three objects. */
static void a_key_that_is_not_known_is_not_guessed(void **state)
{
	_cleanup_(cleanup_object_view) struct object_view *view = NULL;
	_cleanup_(cleanup_reach) struct reach *reach = NULL;
	struct graph graph;
	node_id dict, order;

	(void)state;
	graph_init(&graph);
	dict = graph_object(&graph, "dict", 64);
	graph_edge(&graph, dict, graph_key(&graph, "1"), EDGE_VALUE, UINT64_MAX);
	order = graph_object(&graph, "app.Order", 48);
	graph_edge(&graph, namespace_of(&graph, order), dict, EDGE_VALUE, UINT64_MAX);
	graph_root(&graph, dict, "interpreter.thing", ROOT_INTERPRETER, 1);
	graph_seal(&graph);
	assert_value(&graph, dict, "{?: 1}");
	assert_value(&graph, order, "app.Order(?={?: 1})");
	assert_null(reach_make(graph.snapshot, &reach));
	assert_null(object_view_make(graph.snapshot, reach, dict, 10, &view));
	assert_string_equal(view->references.links[0].label, "[*]");
	graph_deinit(&graph);
}

static void references_are_told_in_both_directions(void **state)
{
	_cleanup_(cleanup_object_view) struct object_view *view = NULL;
	_cleanup_(cleanup_reach) struct reach *reach = NULL;
	struct graph graph;
	node_id order, app, watcher;

	(void)state;
	graph_init(&graph);
	app = graph_module(&graph, "app");
	order = graph_object(&graph, "app.Order", 48);
	watcher = graph_object(&graph, "weakref.ReferenceType", 72);
	graph_global(&graph, app, "last", order);
	graph_edge(&graph, watcher, order, EDGE_WEAK,
	           snapshot_builder_string(graph.builder, "referent", 8));
	graph_item(&graph, namespace_of(&graph, order), graph_key(&graph, "'open'"),
	           graph_key(&graph, "'state'"));
	graph_root(&graph, order, "interpreter.thing", ROOT_INTERPRETER, 1);
	graph_seal(&graph);
	assert_null(reach_make(graph.snapshot, &reach));
	assert_null(object_view_make(graph.snapshot, reach, order, 10, &view));

	assert_string_equal(view->type, "app.Order");
	assert_int_equal(view->size, 48);
	assert_int_equal(view->references.total, 2); /* .state and __dict__ */
	assert_int_equal(view->referrers.total, 3);
	assert_string_equal(view->referrers.links[0].label, "interpreter.thing");
	assert_int_equal(view->referrers.links[0].node, NODE_NONE);
	assert_string_equal(view->referrers.links[1].label, ".last");
	assert_true(view->referrers.links[2].is_weak);
	assert_string_equal(view->path.text, "sys.modules['app'].last");
	graph_deinit(&graph);
}

static void more_links_than_the_limit_are_counted(void **state)
{
	_cleanup_(cleanup_object_view) struct object_view *view = NULL;
	_cleanup_(cleanup_reach) struct reach *reach = NULL;
	struct graph graph;
	node_id list;

	(void)state;
	graph_init(&graph);
	list = graph_object(&graph, "list", 64);
	for (unsigned int i = 0; i < 9; i++)
		graph_edge(&graph, list, graph_key(&graph, "0"), EDGE_INDEX, i);
	graph_seal(&graph);
	assert_null(reach_make(graph.snapshot, &reach));
	assert_null(object_view_make(graph.snapshot, reach, list, 4, &view));
	assert_int_equal(view->references.count, 4);
	assert_int_equal(view->references.total, 9);
	assert_false(view->is_reached);
	graph_deinit(&graph);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(containers_are_written_as_python_writes_them),
		cmocka_unit_test(attributes_are_written_like_a_call),
		cmocka_unit_test(what_is_deep_long_or_a_cycle_is_cut),
		cmocka_unit_test(an_object_has_one_namespace),
		cmocka_unit_test(a_key_that_is_not_known_is_not_guessed),
		cmocka_unit_test(references_are_told_in_both_directions),
		cmocka_unit_test(more_links_than_the_limit_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
