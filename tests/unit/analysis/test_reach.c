/* SPDX-License-Identifier: Apache-2.0 */
/* What is reached, from which root, and by which of several ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/reach.h"
#include "base/cleanup.h"
#include "graph.h"

static struct reach *reach_of(struct graph *graph)
{
	struct reach *reach = NULL;

	assert_null(reach_make(graph_seal(graph), &reach));
	return reach;
}

static void weak_references_hold_nothing(void **state)
{
	struct graph *graph = *state;
	_cleanup_(cleanup_reach) struct reach *reach = NULL;
	node_id root = graph_object(graph, "module", 72);
	node_id held = graph_object(graph, "app.Order", 48);
	node_id weak = graph_object(graph, "app.Order", 48);

	graph_root(graph, root, "app", ROOT_MODULE, 0);
	graph_attribute(graph, root, held, "order");
	graph_edge(graph, root, weak, EDGE_WEAK, 0);
	reach = reach_of(graph);
	assert_true(reach_is_reached(reach, held));
	assert_false(reach_is_reached(reach, weak));
	assert_int_equal(reach->reached[0].objects, 2);
	assert_int_equal(reach->unreached.objects, 1);
	assert_int_equal(reach->unreached.bytes, 48);
}

static void the_shortest_way_wins(void **state)
{
	struct graph *graph = *state;
	_cleanup_(cleanup_reach) struct reach *reach = NULL;
	node_id root = graph_object(graph, "module", 72);
	node_id between = graph_object(graph, "list", 72);
	node_id end = graph_object(graph, "app.Order", 48);

	graph_root(graph, root, "app", ROOT_MODULE, 0);
	graph_attribute(graph, root, between, "orders");
	graph_edge(graph, between, end, EDGE_INDEX, 0);
	graph_attribute(graph, root, end, "order");
	reach = reach_of(graph);
	assert_int_equal(reach_parent(reach, end), root);
}

static void an_earlier_tier_wins_over_a_shorter_way(void **state)
{
	struct graph *graph = *state;
	_cleanup_(cleanup_reach) struct reach *reach = NULL;
	node_id module = graph_object(graph, "module", 72);
	node_id between = graph_object(graph, "list", 72);
	node_id end = graph_object(graph, "app.Order", 48);
	node_id memory = graph_object(graph, "list", 72);
	size_t root = 99;

	graph_root(graph, end, "libapp.so+0x10", ROOT_MEMORY, 3);
	graph_root(graph, memory, "libapp.so+0x18", ROOT_MEMORY, 3);
	graph_root(graph, module, "app", ROOT_MODULE, 0);
	graph_attribute(graph, module, between, "orders");
	graph_edge(graph, between, end, EDGE_INDEX, 0);
	reach = reach_of(graph);
	assert_int_equal(reach_parent(reach, end), between);
	assert_false(reach_root(reach, end, &root));
	assert_true(reach_root(reach, memory, &root));
	assert_int_equal(root, 1);
	assert_int_equal(reach->reached[3].objects, 1);
}

static void exact_references_win_over_types_and_guesses(void **state)
{
	struct graph *graph = *state;
	_cleanup_(cleanup_reach) struct reach *reach = NULL;
	node_id root = graph_object(graph, "module", 72);
	node_id hop[3];
	node_id by_type_only = graph_object(graph, "type", 1000);
	node_id by_both = graph_object(graph, "type", 1000);
	node_id by_guess_only = graph_object(graph, "str", 50);

	for (int i = 0; i < 3; i++)
		hop[i] = graph_object(graph, "list", 72);
	graph_root(graph, root, "app", ROOT_MODULE, 0);
	graph_edge(graph, root, by_both, EDGE_TYPE, 0);
	graph_edge(graph, root, by_type_only, EDGE_TYPE, 0);
	graph_edge(graph, root, by_type_only, EDGE_CONSERVATIVE, 4);
	graph_edge(graph, root, hop[2], EDGE_CONSERVATIVE, 3);
	graph_edge(graph, root, hop[0], EDGE_INDEX, 0);
	graph_edge(graph, hop[0], hop[1], EDGE_INDEX, 0);
	graph_edge(graph, hop[1], hop[2], EDGE_INDEX, 0);
	graph_edge(graph, hop[2], by_both, EDGE_INDEX, 0);
	graph_edge(graph, by_type_only, by_guess_only, EDGE_CONSERVATIVE, 0);
	reach = reach_of(graph);
	assert_int_equal(reach_parent(reach, hop[2]), hop[1]);
	assert_int_equal(reach_parent(reach, by_both), hop[2]);
	assert_int_equal(reach_parent(reach, by_type_only), root);
	assert_int_equal(snap_edge_kind(graph->snapshot->edges[reach->via[by_type_only]]),
	                 EDGE_TYPE);
	assert_int_equal(reach_parent(reach, by_guess_only), by_type_only);
}

static void a_value_is_told_before_a_key(void **state)
{
	struct graph *graph = *state;
	_cleanup_(cleanup_reach) struct reach *reach = NULL;
	node_id root = graph_object(graph, "dict", 64);
	node_id other = graph_object(graph, "list", 64);
	node_id both = graph_object(graph, "str", 50);

	graph_root(graph, root, "app", ROOT_MODULE, 0);
	graph_root(graph, other, "zoo", ROOT_MODULE, 0);
	graph_edge(graph, root, both, EDGE_KEY, 0);
	graph_edge(graph, other, both, EDGE_INDEX, 0);
	reach = reach_of(graph);
	assert_int_equal(reach_parent(reach, both), other);
}

static void modules_come_before_threads(void **state)
{
	struct graph *graph = *state;
	_cleanup_(cleanup_reach) struct reach *reach = NULL;
	node_id thread = graph_frame(graph, "thread");
	node_id module = graph_object(graph, "module", 72);
	node_id end = graph_object(graph, "app.Order", 48);

	graph_root(graph, thread, "thread 1", ROOT_THREAD, 0);
	graph_root(graph, module, "app", ROOT_MODULE, 0);
	graph_local(graph, thread, end, "order");
	graph_attribute(graph, module, end, "order");
	reach = reach_of(graph);
	assert_int_equal(reach_parent(reach, end), module);
}

/* Thread 1 runs a coroutine, which app.task holds by a longer way, and a second, of its own. */
static void a_running_coroutine_is_held_by_what_holds_it_when_it_waits(void **state)
{
	struct graph *graph = *state;
	_cleanup_(cleanup_reach) struct reach *reach = NULL;
	node_id thread = graph_frame(graph, "thread");
	node_id held = graph_generator_frame(graph, "write (app.py:3)");
	node_id lone = graph_generator_frame(graph, "read (app.py:9)");
	node_id app = graph_module(graph, "app");
	node_id task = graph_object(graph, "_asyncio.Task", 160);
	node_id coroutine = graph_object(graph, "coroutine", 200);
	node_id pending = graph_object(graph, "list", 56);
	node_id request = graph_object(graph, "app.Request", 48);

	graph_root(graph, thread, "thread 1", ROOT_THREAD, 0);
	graph_edge(graph, thread, held, EDGE_FIELD, 0);
	graph_edge(graph, thread, lone, EDGE_FIELD, 0);
	graph_local(graph, held, pending, "pending");
	graph_local(graph, lone, request, "request");
	graph_global(graph, app, "task", task);
	graph_attribute(graph, task, coroutine, "_coro");
	graph_local(graph, coroutine, pending, "pending");
	reach = reach_of(graph);
	assert_int_equal(reach_parent(reach, pending), coroutine);
	assert_int_equal(reach_parent(reach, request), lone);
	assert_int_equal(reach_parent(reach, lone), thread);
	assert_true(reach->order_count == reach->snapshot->node_count);
}

static void a_thread_that_is_its_own_frame_is_its_root(void **state)
{
	struct graph *graph = *state;
	_cleanup_(cleanup_reach) struct reach *reach = NULL;
	node_id thread = graph_generator_frame(graph, "thread");
	size_t root;

	graph_root(graph, thread, "thread 1", ROOT_THREAD, 0);
	graph_edge(graph, thread, thread, EDGE_FIELD, 0);
	reach = reach_of(graph);
	assert_true(reach_root(reach, thread, &root));
	assert_int_equal(reach->order_count, 1);
}

static void parents_stand_before_children(void **state)
{
	enum { COUNT = 1000000 };
	struct graph *graph = *state;
	_cleanup_(cleanup_reach) struct reach *reach = NULL;
	node_id last = graph_object(graph, "dict", 64);

	graph_root(graph, last, "app", ROOT_MODULE, 0);
	for (int i = 1; i < COUNT; i++) {
		node_id next = graph_object(graph, "dict", 64);

		graph_edge(graph, last, next, EDGE_INDEX, 0);
		last = next;
	}
	reach = reach_of(graph);
	assert_int_equal(reach->order_count, COUNT);
	for (node_id i = 1; i < COUNT; i++)
		assert_int_equal(reach_parent(reach, reach->order[i]), reach->order[i - 1]);
}

/* A chain and a wide level, both longer than what is given back at once. */
static void without_the_order_the_ways_are_the_same(void **state)
{
	enum { COUNT = 600000 };
	struct graph *graph = *state;
	_cleanup_(cleanup_reach) struct reach *ordered = NULL;
	_cleanup_(cleanup_reach) struct reach *unordered = NULL;
	node_id root = graph_object(graph, "dict", 64);
	node_id last = root;

	graph_root(graph, root, "app", ROOT_MODULE, 0);
	for (int i = 0; i < COUNT; i++) {
		node_id next = graph_object(graph, "dict", 64);

		graph_edge(graph, last, next, EDGE_INDEX, 0);
		graph_edge(graph, root, graph_object(graph, "dict", 64), EDGE_KEY, 0);
		last = next;
	}
	ordered = reach_of(graph);
	assert_null(reach_make_unordered(graph->snapshot, &unordered));
	assert_null(unordered->order);
	assert_memory_equal(unordered->via, ordered->via,
	                    graph->snapshot->node_count * sizeof(*ordered->via));
	assert_memory_equal(unordered->reached, ordered->reached, sizeof(ordered->reached));
}

static void without_edges_it_says_so(void **state)
{
	struct graph *graph = *state;
	struct reach *reach = NULL;
	struct error *error;

	graph_object(graph, "dict", 64);
	error = reach_make(graph_seal(graph), &reach);
	assert_non_null(error);
	assert_null(reach);
	error_free(error);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, graph_set_up, graph_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(weak_references_hold_nothing),
		TEST(the_shortest_way_wins),
		TEST(an_earlier_tier_wins_over_a_shorter_way),
		TEST(exact_references_win_over_types_and_guesses),
		TEST(a_value_is_told_before_a_key),
		TEST(modules_come_before_threads),
		TEST(a_running_coroutine_is_held_by_what_holds_it_when_it_waits),
		TEST(a_thread_that_is_its_own_frame_is_its_root),
		TEST(parents_stand_before_children),
		TEST(without_the_order_the_ways_are_the_same),
		TEST(without_edges_it_says_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
