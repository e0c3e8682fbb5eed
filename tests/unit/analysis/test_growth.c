/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heaps that change from look to look: what leaks is found with its path and
 * container, what warms up, churns or is only passing through is not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/growth.h"
#include "base/cleanup.h"
#include "graph.h"

enum { LOOK_COUNT = 6 };

/* Makes the heap of one look. */
typedef void (*heap_maker)(struct graph *graph, unsigned int look);

struct story {
	struct graph graph;
	struct looks looks;
	struct growth *growth;
};

/* Builds each look's heap, and finds what grew at the last. */
static void tell(struct story *story, heap_maker make)
{
	looks_init(&story->looks);
	for (unsigned int look = 0; look < LOOK_COUNT; look++) {
		_cleanup_(cleanup_reach) struct reach *reach = NULL;
		struct look_figures figures = {.seconds = look * 12.0};

		graph_init(&story->graph);
		make(&story->graph, look);
		assert_null(reach_make(graph_seal(&story->graph), &reach));
		assert_null(looks_add(&story->looks, story->graph.snapshot, reach, &figures));
		if (look + 1 == LOOK_COUNT)
			assert_null(growth_find(&story->looks, story->graph.snapshot, reach,
			                        &story->growth));
		else
			graph_deinit(&story->graph);
	}
}

static void forget(struct story *story)
{
	growth_free(story->growth);
	looks_deinit(&story->looks);
	graph_deinit(&story->graph);
}

/* Types are made in one order, so that they have one address in all looks. */
static void name_types(struct graph *graph)
{
	static const char *const names[] = {"module",      "dict",      "str",   "list",
	                                    "app.Session", "app.Noise", "tuple", "traceback"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		graph_object_at(graph, names[i], 16, 0x100 + i * 16);
}

/* A module with a list of `count` objects of a type that starts at `address`. */
static node_id add_list(struct graph *graph, const char *name, const char *type, uint64_t address,
                        uint32_t first, uint32_t count)
{
	node_id app = graph_module(graph, name);
	node_id list = graph_object_at(graph, "list", 1000, address);

	graph_global(graph, app, "items", list);
	snapshot_builder_container(graph->builder, list, count);
	for (uint32_t i = 0; i < count; i++) {
		uint64_t place = address + 1024 + (first + i) * 128ULL;
		node_id item = graph_object_at(graph, type, 48, place);

		graph_edge(graph, list, item, EDGE_INDEX, i);
		graph_attribute(graph, item, graph_object_at(graph, "str", 100, place + 64),
		                "text");
	}
	return list;
}

static void leaking_list(struct graph *graph, unsigned int look)
{
	name_types(graph);
	add_list(graph, "app", "app.Session", 0x7f000000, 0, 100 + look * 50);
	/* Some that pass through: new at each look, gone at the next. */
	add_list(graph, "net", "app.Session", 0x8f000000 + look * 0x100000, 0, 5);
}

static void what_leaks_is_told_with_path_and_container(void **state)
{
	struct story story;
	const struct suspect *suspect;

	(void)state;
	tell(&story, leaking_list);
	assert_int_equal(story.growth->suspect_count, 1);
	suspect = &story.growth->suspects[0];
	assert_string_equal(suspect->type, "app.Session");
	assert_string_equal(suspect->path, "app.items[*]");
	assert_int_equal(suspect->objects, 250);
	assert_int_equal(suspect->own_bytes, 250 * 48);
	assert_int_equal(suspect->held_bytes, 250 * 148);
	assert_true(suspect->objects_per_minute > 249 && suspect->objects_per_minute < 251);
	assert_true(suspect->has_container);
	assert_string_equal(suspect->container_type, "list");
	assert_string_equal(suspect->container_path, "app.items");
	assert_int_equal(suspect->length_first, 100);
	assert_int_equal(suspect->length_last, 350);
	assert_int_equal(suspect->companion_count, 1);
	assert_string_equal(suspect->companions[0].type, "str");
	assert_int_equal(suspect->companions[0].objects, 250);
	forget(&story);
}

/* The newest links are in front: head -> newest -> ... -> oldest. */
static void leaking_chain(struct graph *graph, unsigned int look)
{
	uint32_t count = 100 + look * 40;
	node_id app, last;

	name_types(graph);
	app = graph_module(graph, "app");
	last = graph_object_at(graph, "app.Noise", 48, 0x6f000000);
	graph_global(graph, app, "ERROR", last);
	for (uint32_t i = count; i-- > 0;) {
		node_id link = graph_object_at(graph, "traceback", 64, 0x7f000000 + i * 64);

		graph_attribute(graph, last, link, i + 1 == count ? "__traceback__" : "tb_next");
		last = link;
	}
}

static void a_chain_has_no_container(void **state)
{
	struct story story;
	const struct suspect *suspect;

	(void)state;
	tell(&story, leaking_chain);
	assert_int_equal(story.growth->suspect_count, 1);
	suspect = &story.growth->suspects[0];
	assert_string_equal(suspect->type, "traceback");
	assert_string_equal(suspect->path, "app.ERROR.__traceback__(.tb_next)*");
	assert_int_equal(suspect->objects, 200);
	assert_false(suspect->has_container);
	forget(&story);
}

/* As above, of dicts; the address of one of them had an empty dict at the first look. */
static void leaking_chain_of_dicts(struct graph *graph, unsigned int look)
{
	uint32_t count = 100 + look * 40;
	uint32_t reused = 110;
	node_id app, last;

	name_types(graph);
	app = graph_module(graph, "app");
	last = graph_object_at(graph, "app.Noise", 48, 0x6f000000);
	graph_global(graph, app, "EVENTS", last);
	if (look == 0) {
		node_id empty = graph_object_at(graph, "dict", 64, 0x7f000000 + reused * 64);

		graph_global(graph, app, "empty", empty);
		snapshot_builder_container(graph->builder, empty, 0);
	}
	for (uint32_t i = 0; i < count; i++) {
		node_id link = graph_object_at(graph, "dict", 64, 0x7f000000 + i * 64);

		snapshot_builder_container(graph->builder, link, 4);
		graph_attribute(graph, last, link, i ? "next" : "first");
		last = link;
	}
}

static void a_link_that_lies_where_an_empty_dict_was_is_no_container(void **state)
{
	struct story story;

	(void)state;
	tell(&story, leaking_chain_of_dicts);
	assert_int_equal(story.growth->suspect_count, 1);
	assert_string_equal(story.growth->suspects[0].path, "app.EVENTS.first(.next)*");
	assert_false(story.growth->suspects[0].has_container);
	forget(&story);
}

static void bounded_cache(struct graph *graph, unsigned int look)
{
	name_types(graph);
	add_list(graph, "app", "app.Session", 0x7f000000, look * 300, 1000 + look % 2);
}

static void full_cache_with_slow_turnover(struct graph *graph, unsigned int look)
{
	name_types(graph);
	/* One more at each look, but hundreds exchanged. */
	add_list(graph, "app", "app.Session", 0x7f000000, look * 100, 1000 + look);
}

static void warm_up(struct graph *graph, unsigned int look)
{
	static const uint32_t counts[LOOK_COUNT] = {100, 1100, 1600, 1700, 1720, 1725};

	name_types(graph);
	add_list(graph, "app", "app.Session", 0x7f000000, 0, counts[look]);
}

/* More at each look by chance, but none of them stays. */
static void rising_churn(struct graph *graph, unsigned int look)
{
	name_types(graph);
	add_list(graph, "app", "app.Session", 0x7f000000 + look * 0x1000000, 0, 100 + look * 10);
}

static void unreached_garbage(struct graph *graph, unsigned int look)
{
	name_types(graph);
	graph_module(graph, "app");
	for (uint32_t i = 0; i < 100 + look * 100; i++)
		graph_object_at(graph, "app.Session", 48, 0x7f000000 + i * 64);
}

static void nothing_is_told_of(heap_maker make)
{
	struct story story;

	tell(&story, make);
	assert_int_equal(story.growth->suspect_count, 0);
	forget(&story);
}

static void a_full_cache_that_churns_does_not_leak(void **state)
{
	(void)state;
	nothing_is_told_of(bounded_cache);
	nothing_is_told_of(full_cache_with_slow_turnover);
}

static void a_warm_up_that_ends_does_not_leak(void **state)
{
	(void)state;
	nothing_is_told_of(warm_up);
}

static void what_never_stays_does_not_leak(void **state)
{
	(void)state;
	nothing_is_told_of(rising_churn);
}

static void what_is_not_reached_is_only_counted(void **state)
{
	struct story story;

	(void)state;
	tell(&story, unreached_garbage);
	assert_int_equal(story.growth->suspect_count, 0);
	assert_true(story.looks.figures[0].unreached_objects >= 100);
	assert_int_equal(story.looks.figures[LOOK_COUNT - 1].unreached_objects -
	                         story.looks.figures[0].unreached_objects,
	                 500);
	forget(&story);
}

/* A tuple of varying number elsewhere hides that tuples grow; the one in the log is still named. */
static void log_of_tuples(struct graph *graph, unsigned int look)
{
	uint32_t count = 10 + look * 20;
	node_id app, list;

	name_types(graph);
	app = graph_module(graph, "app");
	list = graph_object_at(graph, "list", 1000, 0x7f000000);
	graph_global(graph, app, "log", list);
	snapshot_builder_container(graph->builder, list, count);
	for (uint32_t i = 0; i < count; i++) {
		node_id entry = graph_object_at(graph, "tuple", 64, 0x7f001000 + i * 128);

		snapshot_builder_container(graph->builder, entry, 3);
		graph_edge(graph, list, entry, EDGE_INDEX, i);
		graph_edge(graph, entry,
		           graph_object_at(graph, "traceback", 64, 0x7f001000 + i * 128 + 64),
		           EDGE_INDEX, 2);
	}
	add_list(graph, "net", "tuple", 0x8f000000, 0, look % 2 ? 500 : 10);
}

static void what_holds_them_is_named_though_its_type_churns(void **state)
{
	struct story story;

	(void)state;
	tell(&story, log_of_tuples);
	assert_int_equal(story.growth->suspect_count, 1);
	assert_string_equal(story.growth->suspects[0].type, "tuple");
	assert_string_equal(story.growth->suspects[0].path, "app.log[*]");
	assert_string_equal(story.growth->suspects[0].companions[0].type, "traceback");
	assert_int_equal(story.growth->suspects[0].length_last, 110);
	forget(&story);
}

static void steadiness(void **state)
{
	static const uint64_t steady[] = {10, 20, 31, 39, 50};
	static const uint64_t flat[] = {10, 20, 20, 30, 40};
	static const uint64_t falls[] = {10, 20, 19, 30, 40};
	static const uint64_t dies[] = {10, 1000, 1100, 1101, 1102};
	static const uint64_t slow[] = {10, 11, 12};

	(void)state;
	assert_true(growth_is_steady(steady, 5));
	assert_true(growth_is_steady(slow, 3));
	assert_false(growth_is_steady(flat, 5));
	assert_false(growth_is_steady(falls, 5));
	assert_false(growth_is_steady(dies, 5));
	assert_false(growth_is_steady(steady, 2));
}

static void a_look_that_came_too_soon_can_be_replaced(void **state)
{
	struct looks looks;

	(void)state;
	looks_init(&looks);
	for (unsigned int look = 0; look < 4; look++) {
		_cleanup_(cleanup_reach) struct reach *reach = NULL;
		struct look_figures figures = {.seconds = look};
		const struct look_series *series;
		struct graph graph;

		graph_init(&graph);
		leaking_list(&graph, look);
		assert_null(reach_make(graph_seal(&graph), &reach));
		if (look == 3)
			looks_drop_last(&looks);
		assert_null(looks_add(&looks, graph.snapshot, reach, &figures));
		if (look == 3) {
			assert_int_equal(looks.count, 3);
			series = looks_series(&looks, graph.snapshot, graph.snapshot->type[4]);
			assert_string_equal(series->name, "app.Session");
			assert_int_equal(series->objects[0], 105);
			assert_int_equal(series->objects[2], 255);
		}
		graph_deinit(&graph);
	}
	looks_deinit(&looks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_leaks_is_told_with_path_and_container),
		cmocka_unit_test(a_chain_has_no_container),
		cmocka_unit_test(a_link_that_lies_where_an_empty_dict_was_is_no_container),
		cmocka_unit_test(a_full_cache_that_churns_does_not_leak),
		cmocka_unit_test(a_warm_up_that_ends_does_not_leak),
		cmocka_unit_test(what_never_stays_does_not_leak),
		cmocka_unit_test(what_is_not_reached_is_only_counted),
		cmocka_unit_test(what_holds_them_is_named_though_its_type_churns),
		cmocka_unit_test(steadiness),
		cmocka_unit_test(a_look_that_came_too_soon_can_be_replaced),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
