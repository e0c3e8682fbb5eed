/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Merged paths read as a Python programmer would write them, and however deep
 * or broad the heap is, they are few.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/paths.h"
#include "base/cleanup.h"
#include "graph.h"

static struct paths *paths_of(struct graph *graph, const char *what)
{
	const struct snapshot *snapshot = graph->snapshot ? graph->snapshot : graph_seal(graph);
	_cleanup_(cleanup_reach) struct reach *reach = NULL;
	struct selection selection;
	struct paths *paths = NULL;

	assert_null(reach_make(snapshot, &reach));
	assert_null(selection_make(snapshot, what, &selection));
	assert_null(paths_make(snapshot, reach, &selection, 100, &paths));
	selection_deinit(&selection);
	return paths;
}

static void print_paths(const struct paths *paths)
{
	for (size_t i = 0; i < paths->path_count; i++)
		fprintf(stderr, "# %s: %llu\n", paths->paths[i].text,
		        (unsigned long long)paths->paths[i].objects);
}

static void assert_path(const struct paths *paths, size_t index, const char *text, uint64_t objects)
{
	if (index >= paths->path_count || strcmp(paths->paths[index].text, text) != 0) {
		print_paths(paths);
		fail_msg("path %zu is not %s", index, text);
	}
	assert_int_equal(paths->paths[index].objects, objects);
}

/* app.cache -> obj, obj._sessions -> dict, [key i] -> Session, .user -> User */
static void attributes_and_keys_merge(void **state)
{
	struct graph *graph = *state;
	node_id app = graph_module(graph, "app");
	node_id cache = graph_object(graph, "app.Cache", 48);
	node_id sessions = graph_object(graph, "dict", 5000);
	_cleanup_(cleanup_paths) struct paths *paths = NULL;

	graph_global(graph, app, "cache", cache);
	graph_attribute(graph, cache, sessions, "_sessions");
	for (int i = 0; i < 100; i++) {
		node_id session = graph_object(graph, "app.Session", 48);
		node_id user = graph_object(graph, "app.User", 100);
		char key[32];

		snprintf(key, sizeof(key), "'key%d'", i);
		graph_item(graph, sessions, session, graph_key(graph, key));
		graph_attribute(graph, session, user, "user");
	}
	paths = paths_of(graph, "app.User");
	assert_path(paths, 0, "app.cache._sessions[*].user", 100);
	assert_int_equal(paths->path_count, 1);
	assert_int_equal(paths->paths[0].bytes, 10000);
	assert_string_equal(paths->paths[0].root, "app");
	assert_string_equal(paths->paths[0].example.text,
	                    "sys.modules['app'].cache._sessions['key0'].user");
	assert_true(paths->paths[0].example.is_python);
}

static void steps_of_the_example_have_label_type_and_address(void **state)
{
	struct graph *graph = *state;
	node_id app = graph_module(graph, "app");
	node_id list = graph_object(graph, "list", 72);
	node_id order = graph_object_at(graph, "app.Order", 48, 0x7f0010);
	_cleanup_(cleanup_paths) struct paths *paths = NULL;
	const struct concrete_path *example;

	graph_global(graph, app, "orders", list);
	graph_edge(graph, list, order, EDGE_INDEX, 7);
	snapshot_builder_container(graph->builder, list, 8);
	paths = paths_of(graph, "0x7f0010");
	example = &paths->paths[0].example;
	assert_path(paths, 0, "app.orders[7]", 1);
	assert_int_equal(example->step_count, 3);
	assert_string_equal(example->steps[0].edge, "root");
	assert_string_equal(example->steps[0].label, "app");
	assert_string_equal(example->steps[0].type, "module");
	assert_string_equal(example->steps[1].edge, "attribute");
	assert_string_equal(example->steps[1].label, ".orders");
	assert_string_equal(example->steps[1].type, "list");
	assert_true(example->steps[1].has_length);
	assert_int_equal(example->steps[1].length, 8);
	assert_string_equal(example->steps[2].edge, "index");
	assert_string_equal(example->steps[2].label, "[7]");
	assert_int_equal(example->steps[2].address, 0x7f0010);
}

static void the_one_key_that_all_go_through_stays(void **state)
{
	struct graph *graph = *state;
	node_id app = graph_module(graph, "app");
	node_id registry = graph_object(graph, "dict", 5000);
	node_id orders = graph_object(graph, "list", 5000);
	_cleanup_(cleanup_paths) struct paths *paths = NULL;

	graph_global(graph, app, "registry", registry);
	graph_item(graph, registry, graph_object(graph, "str", 50), graph_key(graph, "'x'"));
	graph_item(graph, registry, orders, graph_key(graph, "'orders'"));
	for (uint32_t i = 0; i < 50; i++)
		graph_edge(graph, orders, graph_object(graph, "app.Order", 48), EDGE_INDEX, i);
	paths = paths_of(graph, "app.Order");
	assert_path(paths, 0, "app.registry['orders'][*]", 50);
	assert_int_equal(paths->path_count, 1);
}

static void a_dominant_key_is_told_from_the_rest(void **state)
{
	struct graph *graph = *state;
	node_id app = graph_module(graph, "app");
	node_id pools = graph_object(graph, "dict", 5000);
	_cleanup_(cleanup_paths) struct paths *paths = NULL;

	graph_global(graph, app, "pools", pools);
	for (uint32_t pool = 0; pool < 5; pool++) {
		node_id list = graph_object(graph, "list", 100);
		char key[32];

		snprintf(key, sizeof(key), "'pool%u'", pool);
		graph_item(graph, pools, list, graph_key(graph, key));
		for (uint32_t i = 0; i < (pool == 3 ? 1000 : 2); i++)
			graph_edge(graph, list, graph_object(graph, "app.Order", 48), EDGE_INDEX,
			           i);
	}
	paths = paths_of(graph, "app.Order");
	assert_path(paths, 0, "app.pools['pool3'][*]", 1000);
	assert_path(paths, 1, "app.pools[*][*]", 8);
}

static void records_keep_their_keys(void **state)
{
	struct graph *graph = *state;
	node_id app = graph_module(graph, "app");
	node_id list = graph_object(graph, "list", 100);
	_cleanup_(cleanup_paths) struct paths *paths = NULL;

	graph_global(graph, app, "rows", list);
	for (uint32_t i = 0; i < 40; i++) {
		node_id row = graph_object(graph, "dict", 232);

		graph_edge(graph, list, row, EDGE_INDEX, i);
		snapshot_builder_container(graph->builder, row, 2);
		/* Keys of equal text, as a JSON decoder makes them, not one object. */
		graph_item(graph, row, graph_object(graph, "app.Text", 70),
		           graph_key(graph, "'name'"));
		graph_item(graph, row, graph_object(graph, "app.Text", 60),
		           graph_key(graph, "'mail'"));
	}
	paths = paths_of(graph, "app.Text");
	assert_path(paths, 0, "app.rows[*]['name']", 40);
	assert_path(paths, 1, "app.rows[*]['mail']", 40);
	assert_int_equal(paths->path_count, 2);
}

static void small_dicts_with_keys_of_their_own_are_no_records(void **state)
{
	struct graph *graph = *state;
	node_id app = graph_module(graph, "app");
	node_id list = graph_object(graph, "list", 100);
	_cleanup_(cleanup_paths) struct paths *paths = NULL;

	graph_global(graph, app, "rows", list);
	for (uint32_t i = 0; i < 40; i++) {
		node_id row = graph_object(graph, "dict", 232);
		char key[32];

		snprintf(key, sizeof(key), "'id%u'", i);
		graph_edge(graph, list, row, EDGE_INDEX, i);
		snapshot_builder_container(graph->builder, row, 1);
		graph_item(graph, row, graph_object(graph, "app.Text", 70), graph_key(graph, key));
	}
	paths = paths_of(graph, "app.Text");
	assert_path(paths, 0, "app.rows[*][*]", 40);
	assert_int_equal(paths->path_count, 1);
}

static void positions_of_tuples_stay(void **state)
{
	struct graph *graph = *state;
	node_id app = graph_module(graph, "app.errors");
	node_id log = graph_object(graph, "list", 100);
	_cleanup_(cleanup_paths) struct paths *paths = NULL;

	graph_global(graph, app, "log", log);
	for (uint32_t i = 0; i < 20; i++) {
		node_id entry = graph_object(graph, "tuple", 64);

		graph_edge(graph, log, entry, EDGE_INDEX, i);
		snapshot_builder_container(graph->builder, entry, 3);
		graph_edge(graph, entry, graph_object(graph, "traceback", 64), EDGE_INDEX, 2);
	}
	paths = paths_of(graph, "traceback");
	assert_path(paths, 0, "app.errors.log[*][2]", 20);
}

static void functions_read_like_python(void **state)
{
	struct graph *graph = *state;
	node_id app = graph_module(graph, "app");
	node_id function = graph_object(graph, "function", 150);
	node_id defaults = graph_object(graph, "tuple", 48);
	node_id cache = graph_object(graph, "dict", 5000);
	node_id closure = graph_object(graph, "tuple", 48);
	node_id cell = graph_object(graph, "cell", 40);
	_cleanup_(cleanup_paths) struct paths *orders = NULL;
	_cleanup_(cleanup_paths) struct paths *lines = NULL;

	graph_global(graph, app, "quote", function);
	graph_attribute(graph, function, defaults, "__defaults__");
	graph_edge(graph, defaults, cache, EDGE_INDEX, 0);
	for (int i = 0; i < 20; i++)
		graph_item(graph, cache, graph_object(graph, "app.Order", 48),
		           graph_key(graph, "(1, 2)"));
	graph_attribute(graph, function, closure, "__closure__");
	graph_edge(graph, closure, cell, EDGE_INDEX, 1);
	graph_attribute(graph, cell, graph_object(graph, "app.Line", 48), "cell_contents");
	orders = paths_of(graph, "app.Order");
	assert_path(orders, 0, "app.quote.__defaults__[0][*]", 20);
	lines = paths_of(graph, "app.Line");
	assert_path(lines, 0, "app.quote.__closure__[1].cell_contents", 1);
}

/* obj -> __dict__ -> 'x': the namespace is no step, unless it is asked for. */
static void namespaces_are_no_steps(void **state)
{
	struct graph *graph = *state;
	node_id app = graph_module(graph, "app");
	node_id object = graph_object(graph, "app.Cache", 48);
	node_id namespace = graph_object(graph, "app.Namespace", 100);
	_cleanup_(cleanup_paths) struct paths *orders = NULL;
	_cleanup_(cleanup_paths) struct paths *namespaces = NULL;

	snapshot_builder_set_flags(graph->builder, namespace, NODE_IS_NAMESPACE);
	graph_global(graph, app, "cache", object);
	graph_attribute(graph, object, namespace, "__dict__");
	graph_global(graph, namespace, "order", graph_object(graph, "app.Order", 48));
	graph_item(graph, namespace, graph_object(graph, "app.Line", 48),
	           graph_key(graph, "'not a name'"));
	orders = paths_of(graph, "app.Order");
	assert_path(orders, 0, "app.cache.order", 1);
	assert_string_equal(orders->paths[0].example.text, "sys.modules['app'].cache.order");
	assert_int_equal(orders->paths[0].example.step_count, 3);
	namespaces = paths_of(graph, "app.Namespace");
	assert_path(namespaces, 0, "app.cache.__dict__", 1);
}

static void attributes_of_classes_read_like_python(void **state)
{
	struct graph *graph = *state;
	node_id app = graph_module(graph, "app");
	node_id class = graph_object(graph, "type", 1000);
	node_id namespace = graph_object(graph, "dict", 100);
	_cleanup_(cleanup_paths) struct paths *paths = NULL;

	snapshot_builder_set_flags(graph->builder, namespace, NODE_IS_NAMESPACE);
	graph_global(graph, app, "Cache", class);
	graph_edge(graph, class, namespace, EDGE_FIELD,
	           snapshot_builder_string(graph->builder, "tp_dict", 7));
	graph_global(graph, namespace, "known", graph_object(graph, "app.Order", 48));
	paths = paths_of(graph, "app.Order");
	assert_path(paths, 0, "app.Cache.known", 1);
	assert_string_equal(paths->paths[0].example.text, "sys.modules['app'].Cache.known");
}

static void a_chain_of_a_million_links_is_one_path(void **state)
{
	enum { COUNT = 1000000 };
	struct graph *graph = *state;
	node_id app = graph_module(graph, "app");
	node_id key = graph_key(graph, "'next'");
	node_id last = graph_object(graph, "dict", 232);
	_cleanup_(cleanup_paths) struct paths *paths = NULL;
	_cleanup_(cleanup_paths) struct paths *one = NULL;
	char address[32];

	graph_global(graph, app, "head", last);
	for (int i = 1; i < COUNT; i++) {
		node_id next = graph_object(graph, "app.Link", 232);

		snapshot_builder_container(graph->builder, last, 1);
		graph_item(graph, last, next, key);
		last = next;
	}
	paths = paths_of(graph, "app.Link");
	assert_path(paths, 0, "app.head(['next'])*", COUNT - 1);
	assert_int_equal(paths->path_count, 1);
	snprintf(address, sizeof(address), "0x%llx",
	         (unsigned long long)graph->snapshot->address[last]);
	one = paths_of(graph, address);
	assert_path(one, 0, "app.head(['next'])*", 1);
	assert_true(one->paths[0].example.step_count <= CONCRETE_STEPS_MAX + 1);
	assert_false(one->paths[0].example.is_python);
}

static void what_hangs_from_a_chain_is_one_path_too(void **state)
{
	struct graph *graph = *state;
	node_id app = graph_module(graph, "app");
	node_id next_key = graph_key(graph, "'next'");
	node_id data_key = graph_key(graph, "'data'");
	node_id last = graph_object(graph, "dict", 232);
	_cleanup_(cleanup_paths) struct paths *paths = NULL;

	graph_global(graph, app, "head", last);
	for (int i = 0; i < 1000; i++) {
		node_id next = graph_object(graph, "dict", 232);

		snapshot_builder_container(graph->builder, last, 2);
		graph_item(graph, last, next, next_key);
		graph_item(graph, last, graph_object(graph, "app.Data", 50), data_key);
		last = next;
	}
	paths = paths_of(graph, "app.Data");
	assert_path(paths, 0, "app.head(['next'])*['data']", 1000);
	assert_int_equal(paths->path_count, 1);
}

static void tracebacks_are_a_chain_of_attributes(void **state)
{
	struct graph *graph = *state;
	node_id app = graph_module(graph, "app");
	node_id error = graph_object(graph, "app.Error", 80);
	node_id last = graph_object(graph, "traceback", 64);
	_cleanup_(cleanup_paths) struct paths *paths = NULL;

	graph_global(graph, app, "ERROR", error);
	graph_attribute(graph, error, last, "__traceback__");
	for (int i = 0; i < 1000; i++) {
		node_id frame = graph_object(graph, "frame", 400);
		node_id next = graph_object(graph, "traceback", 64);

		graph_attribute(graph, last, frame, "tb_frame");
		graph_local(graph, frame, graph_object(graph, "bytes", 1000), "body");
		graph_attribute(graph, last, next, "tb_next");
		last = next;
	}
	paths = paths_of(graph, "bytes");
	assert_path(paths, 0, "app.ERROR.__traceback__(.tb_next)*.tb_frame.f_locals['body']", 1000);
	assert_int_equal(paths->path_count, 1);
	assert_string_equal(paths->paths[0].example.text,
	                    "sys.modules['app'].ERROR.__traceback__.tb_frame.f_locals['body']");
}

static void cycles_of_two_and_three_steps_fold(void **state)
{
	struct graph *graph = *state;
	node_id app = graph_module(graph, "app");
	node_id two = graph_object(graph, "dict", 64);
	node_id three = graph_object(graph, "dict", 64);
	_cleanup_(cleanup_paths) struct paths *twos = NULL;
	_cleanup_(cleanup_paths) struct paths *threes = NULL;

	graph_global(graph, app, "two", two);
	graph_global(graph, app, "three", three);
	for (int i = 0; i < 1000; i++) {
		static const char *const names[] = {"a", "b", "c"};
		node_id next = graph_object(graph, "list", 64);

		graph_attribute(graph, two, next, "left");
		two = graph_object(graph, "app.Two", 64);
		graph_attribute(graph, next, two, "right");
		for (int j = 0; j < 3; j++) {
			next = graph_object(graph, j == 2 ? "app.Three" : "list", 64);
			graph_attribute(graph, three, next, names[j]);
			three = next;
		}
	}
	twos = paths_of(graph, "app.Two");
	assert_path(twos, 0, "app.two(.left.right)*", 1000);
	assert_int_equal(twos->path_count, 1);
	threes = paths_of(graph, "app.Three");
	assert_path(threes, 0, "app.three(.a.b.c)*", 1000);
	assert_int_equal(threes->path_count, 1);
}

static void a_binary_tree_is_one_path(void **state)
{
	enum { COUNT = 1 << 17 };
	struct graph *graph = *state;
	node_id app = graph_module(graph, "app");
	node_id *nodes = calloc(COUNT, sizeof(*nodes));
	_cleanup_(cleanup_paths) struct paths *paths = NULL;

	assert_non_null(nodes);
	for (uint32_t i = 1; i < COUNT; i++)
		nodes[i] = graph_object(graph, "app.Node", 48);
	graph_global(graph, app, "tree", nodes[1]);
	for (uint32_t i = 2; i < COUNT; i++)
		graph_attribute(graph, nodes[i / 2], nodes[i], i % 2 ? "right" : "left");
	free(nodes);
	paths = paths_of(graph, "app.Node");
	assert_path(paths, 0, "app.tree(.left|.right)*", COUNT - 1);
	assert_int_equal(paths->path_count, 1);
}

static void matrices_are_no_chains(void **state)
{
	struct graph *graph = *state;
	node_id app = graph_module(graph, "app");
	node_id rows = graph_object(graph, "list", 64);
	_cleanup_(cleanup_paths) struct paths *paths = NULL;

	graph_global(graph, app, "rows", rows);
	for (uint32_t i = 0; i < 10; i++) {
		node_id row = graph_object(graph, "list", 64);

		graph_edge(graph, rows, row, EDGE_INDEX, i);
		for (uint32_t j = 0; j < 10; j++) {
			node_id cell = graph_object(graph, "list", 64);

			graph_edge(graph, row, cell, EDGE_INDEX, j);
			for (uint32_t k = 0; k < 2; k++)
				graph_edge(graph, cell, graph_object(graph, "float", 24),
				           EDGE_INDEX, k);
		}
	}
	paths = paths_of(graph, "float");
	assert_path(paths, 0, "app.rows[*][*][*]", 200);
	assert_int_equal(paths->path_count, 1);
}

static void locals_of_running_frames_are_named_by_their_function(void **state)
{
	struct graph *graph = *state;
	node_id thread = graph_frame(graph, "thread 42 (MainThread)");
	node_id inner = graph_frame(graph, "read (socket.py:7)");
	node_id outer = graph_frame(graph, "main (app.py:31)");
	_cleanup_(cleanup_paths) struct paths *paths = NULL;

	graph_root(graph, thread, "thread 42 (MainThread)", ROOT_THREAD, 0);
	graph_attribute(graph, thread, inner, "frame");
	graph_attribute(graph, inner, outer, "f_back");
	graph_local(graph, outer, graph_object(graph, "app.Order", 48), "order");
	paths = paths_of(graph, "app.Order");
	assert_path(paths, 0, "thread 42 (MainThread) > main (app.py:31): order", 1);
	assert_false(paths->paths[0].example.is_python);
}

static void coroutines_keys_types_and_guesses_have_words(void **state)
{
	struct graph *graph = *state;
	node_id app = graph_module(graph, "app");
	node_id coroutine = graph_object(graph, "coroutine", 100);
	node_id set = graph_object(graph, "set", 100);
	node_id opaque = graph_object(graph, "ext.Thing", 100);
	_cleanup_(cleanup_paths) struct paths *local = NULL;
	_cleanup_(cleanup_paths) struct paths *element = NULL;
	_cleanup_(cleanup_paths) struct paths *guess = NULL;
	_cleanup_(cleanup_paths) struct paths *type = NULL;

	graph_global(graph, app, "task", coroutine);
	graph_global(graph, app, "seen", set);
	graph_global(graph, app, "thing", opaque);
	graph_local(graph, coroutine, graph_object(graph, "app.A", 48), "pending");
	graph_edge(graph, set, graph_object(graph, "app.B", 48), EDGE_KEY, 3);
	graph_edge(graph, opaque, graph_object(graph, "app.C", 48), EDGE_CONSERVATIVE, 3);
	graph_edge(graph, opaque, graph_object(graph, "app.D", 48), EDGE_TYPE, 0);
	local = paths_of(graph, "app.A");
	assert_path(local, 0, "app.task.cr_frame.f_locals['pending']", 1);
	element = paths_of(graph, "app.B");
	assert_path(element, 0, "app.seen.<element>", 1);
	assert_false(element->paths[0].example.is_python);
	guess = paths_of(graph, "app.C");
	assert_path(guess, 0, "app.thing.<?>", 1);
	type = paths_of(graph, "app.D");
	assert_path(type, 0, "app.thing.__class__", 1);
}

static void what_no_root_reaches_is_counted_apart(void **state)
{
	struct graph *graph = *state;
	node_id app = graph_module(graph, "app");
	_cleanup_(cleanup_paths) struct paths *paths = NULL;

	graph_global(graph, app, "order", graph_object(graph, "app.Order", 48));
	graph_object(graph, "app.Order", 40);
	paths = paths_of(graph, "app.Order");
	assert_int_equal(paths->objects, 2);
	assert_int_equal(paths->bytes, 88);
	assert_int_equal(paths->unreached.objects, 1);
	assert_int_equal(paths->unreached.bytes, 40);
	assert_path(paths, 0, "app.order", 1);
}

static void five_million_nodes_in_one_list_are_one_path(void **state)
{
	enum { COUNT = 5000000 };
	struct graph *graph = *state;
	node_id app = graph_module(graph, "app");
	node_id list = graph_object(graph, "list", 64);
	_cleanup_(cleanup_paths) struct paths *paths = NULL;

	graph_global(graph, app, "orders", list);
	for (uint32_t i = 0; i < COUNT; i++)
		graph_edge(graph, list, graph_object(graph, "app.Order", 48), EDGE_INDEX, i);
	paths = paths_of(graph, "app.Order");
	assert_path(paths, 0, "app.orders[*]", COUNT);
	assert_int_equal(paths->path_count, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, graph_set_up, graph_tear_down)

/* A pool of threads, each with an order in a local variable of the same function. */
static void add_workers(struct graph *graph, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		char name[32];
		node_id thread, frame;

		snprintf(name, sizeof(name), "thread %u (Worker)", i);
		thread = graph_frame(graph, name);
		frame = graph_frame(graph, "work (app.py:7)");
		graph_root(graph, thread, name, ROOT_THREAD, 0);
		graph_attribute(graph, thread, frame, "frame");
		graph_local(graph, frame, graph_object(graph, "app.Order", 48), "order");
	}
}

static void many_threads_are_one_path(void **state)
{
	struct graph *graph = *state;
	struct paths *paths;

	add_workers(graph, 5);
	paths = paths_of(graph, "app.Order");
	assert_path(paths, 0, "threads[*] > work (app.py:7): order", 5);
	assert_string_equal(paths->paths[0].root, "threads[*]");
	assert_string_equal(paths->paths[0].example.steps[0].edge, "root");
	paths_free(paths);
}

static void few_threads_keep_their_names(void **state)
{
	struct graph *graph = *state;
	struct paths *paths;

	add_workers(graph, 4);
	paths = paths_of(graph, "app.Order");
	assert_int_equal(paths->path_count, 4);
	assert_path(paths, 0, "thread 0 (Worker) > work (app.py:7): order", 1);
	paths_free(paths);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(attributes_and_keys_merge),
		TEST(steps_of_the_example_have_label_type_and_address),
		TEST(the_one_key_that_all_go_through_stays),
		TEST(a_dominant_key_is_told_from_the_rest),
		TEST(records_keep_their_keys),
		TEST(small_dicts_with_keys_of_their_own_are_no_records),
		TEST(positions_of_tuples_stay),
		TEST(functions_read_like_python),
		TEST(namespaces_are_no_steps),
		TEST(attributes_of_classes_read_like_python),
		TEST(a_chain_of_a_million_links_is_one_path),
		TEST(what_hangs_from_a_chain_is_one_path_too),
		TEST(tracebacks_are_a_chain_of_attributes),
		TEST(cycles_of_two_and_three_steps_fold),
		TEST(a_binary_tree_is_one_path),
		TEST(matrices_are_no_chains),
		TEST(locals_of_running_frames_are_named_by_their_function),
		TEST(many_threads_are_one_path),
		TEST(few_threads_keep_their_names),
		TEST(coroutines_keys_types_and_guesses_have_words),
		TEST(what_no_root_reaches_is_counted_apart),
		TEST(five_million_nodes_in_one_list_are_one_path),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
