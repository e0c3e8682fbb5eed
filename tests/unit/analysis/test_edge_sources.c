/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For every edge of graphs of different shapes the node is found that it
 * starts from, as the snapshot says it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analysis/edge_sources.h"
#include "graph.h"

static void assert_all_found(struct graph *graph)
{
	const struct snapshot *snapshot = graph_seal(graph);
	struct edge_sources sources;

	assert_true(edge_sources_init(&sources, snapshot));
	for (node_id node = 0; node < snapshot->node_count; node++) {
		for (uint32_t i = snapshot->edge_start[node]; i < snapshot->edge_start[node + 1];
		     i++) {
			assert_int_equal(edge_sources_find(&sources, i), node);
			assert_true(edge_sources_is_from(&sources, i, node));
			assert_false(edge_sources_is_from(&sources, i, node ? node - 1 : 1));
		}
	}
	edge_sources_deinit(&sources);
}

static void nodes_of_any_degree_are_found(void **state)
{
	enum { COUNT = 3000 };
	struct graph *graph = *state;

	for (unsigned int i = 0; i < COUNT; i++)
		graph_object(graph, "list", 64);
	/* Long rows of nodes without edges, and nodes with hundreds. */
	for (unsigned int i = 0; i < COUNT; i++)
		for (unsigned int k = 0; i % 100 < 3 && k < i % 7 * 60; k++)
			graph_edge(graph, i, k, EDGE_INDEX, k);
	assert_all_found(graph);
}

static void one_edge_for_each_node_is_found(void **state)
{
	enum { COUNT = 1000 };
	struct graph *graph = *state;

	for (unsigned int i = 0; i < COUNT; i++)
		graph_object(graph, "list", 64);
	for (unsigned int i = 0; i < COUNT; i++)
		graph_edge(graph, i, COUNT - 1 - i, EDGE_INDEX, 0);
	assert_all_found(graph);
}

static void the_last_node_may_have_all_edges(void **state)
{
	struct graph *graph = *state;

	for (unsigned int i = 0; i < 100; i++)
		graph_object(graph, "list", 64);
	for (unsigned int k = 0; k < EDGE_SOURCES_STEP * 2; k++)
		graph_edge(graph, 99, k % 100, EDGE_INDEX, k);
	assert_all_found(graph);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, graph_set_up, graph_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nodes_of_any_degree_are_found),
		TEST(one_edge_for_each_node_is_found),
		TEST(the_last_node_may_have_all_edges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
