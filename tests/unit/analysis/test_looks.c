/* SPDX-License-Identifier: Apache-2.0 */
/* What is remembered of earlier graphs, as the next look and whoever asks find it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analysis/looks.h"
#include "base/cleanup.h"
#include "graph.h"

/* A list of so many sessions, one behind the other, and as many that nothing holds. */
static void make_heap(struct graph *graph, uint32_t count)
{
	node_id list;

	graph_init(graph);
	list = graph_object_at(graph, "list", 64, 0x6f000000);
	graph_global(graph, graph_module(graph, "app"), "items", list);
	snapshot_builder_container(graph->builder, list, count);
	for (uint32_t i = 0; i < count; i++)
		graph_edge(graph, list,
		           graph_object_at(graph, "app.Session", 48, 0x7f000000 + i * 64),
		           EDGE_INDEX, i);
	for (uint32_t i = 0; i < count; i++)
		graph_object_at(graph, "app.Session", 48, 0x8f000000 + i * 64);
	graph_seal(graph);
}

static void look_at(struct looks *looks, const struct graph *graph)
{
	_cleanup_(cleanup_reach) struct reach *reach = NULL;
	const struct look_figures figures = {.seconds = looks->count};

	assert_null(reach_make(graph->snapshot, &reach));
	assert_null(looks_add(looks, graph->snapshot, reach, &figures));
}

static void a_look_that_came_too_soon_can_be_replaced(void **state)
{
	const struct look_series *series;
	struct looks looks;
	struct graph graph;

	(void)state;
	looks_init(&looks);
	for (unsigned int look = 0; look < 4; look++) {
		make_heap(&graph, 100 + look * 50);
		if (look == 3)
			looks_drop_last(&looks);
		look_at(&looks, &graph);
		if (look < 3)
			graph_deinit(&graph);
	}
	assert_int_equal(looks.count, 3);
	series = looks_series(&looks, graph.snapshot,
	                      graph.snapshot->type[graph.snapshot->node_count - 1]);
	assert_string_equal(series->name, "app.Session");
	assert_int_equal(series->objects[0], 100);
	assert_int_equal(series->objects[1], 150);
	assert_int_equal(series->objects[2], 250);
	assert_int_equal(looks.figures[2].unreached_objects, 250);
	graph_deinit(&graph);
	looks_deinit(&looks);
}

static void an_object_is_as_old_as_the_first_look_that_saw_it(void **state)
{
	struct looks looks;
	struct graph graph;

	(void)state;
	looks_init(&looks);
	for (unsigned int look = 0; look < 3; look++) {
		make_heap(&graph, 2 + look * 2);
		look_at(&looks, &graph);
		if (look < 2)
			graph_deinit(&graph);
	}
	assert_null(looks_recall(&looks, graph.snapshot));
	for (node_id node = 0; node < graph.snapshot->node_count; node++) {
		uint64_t address = graph.snapshot->address[node];

		if (address >= 0x7f000000 && address < 0x8f000000)
			assert_int_equal(looks_birth(&looks, node), (address - 0x7f000000) / 128);
	}
	graph_deinit(&graph);
	looks_deinit(&looks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_look_that_came_too_soon_can_be_replaced),
		cmocka_unit_test(an_object_is_as_old_as_the_first_look_that_saw_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
