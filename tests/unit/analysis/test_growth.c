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
		assert_null(reach_make_unordered(graph_seal(&story->graph), &reach));
		assert_null(looks_add(&story->looks, story->graph.snapshot, reach, &figures));
		if (look + 1 == LOOK_COUNT)
			assert_null(growth_find(&story->looks, story->graph.snapshot,
			                        take_ptr(reach), &story->growth));
		else
			graph_deinit(&story->graph);
	}
}

/* The same of a heap in which one thing leaks. */
static const struct suspect *tell_of_one(struct story *story, heap_maker make)
{
	tell(story, make);
	assert_int_equal(story->growth->suspect_count, 1);
	return &story->growth->suspects[0];
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
	suspect = tell_of_one(&story, leaking_list);
	assert_string_equal(suspect->type, "app.Session");
	assert_string_equal(suspect->path, "app.items[*]");
	assert_int_equal(suspect->objects, 250);
	assert_int_equal(suspect->own_bytes, 250 * 48);
	assert_int_equal(suspect->held_bytes, 250 * 148);
	assert_true(suspect->objects_per_minute > 249 && suspect->objects_per_minute < 251);
	assert_int_equal(suspect->container_count, 1);
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
	suspect = tell_of_one(&story, leaking_chain);
	assert_string_equal(suspect->type, "traceback");
	assert_string_equal(suspect->path, "app.ERROR.__traceback__(.tb_next)*");
	assert_int_equal(suspect->objects, 200);
	assert_int_equal(suspect->container_count, 0);
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
	assert_int_equal(story.growth->suspects[0].container_count, 0);
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

enum { BASE = 0x7f000000 };

static node_id add_dict(struct graph *graph, const char *name, uint32_t count)
{
	node_id dict = graph_object_at(graph, "dict", 5000, BASE);

	graph_global(graph, graph_module(graph, "app"), name, dict);
	snapshot_builder_container(graph->builder, dict, count);
	return dict;
}

/* cache[(7,)] = Session(): each key is larger than its value. */
static void dict_with_large_keys(struct graph *graph, unsigned int look)
{
	uint32_t count = 100 + look * 50;
	node_id dict;

	name_types(graph);
	dict = add_dict(graph, "cache", count);
	for (uint32_t i = 0; i < count; i++) {
		uint64_t place = BASE + 4096 + i * 128ULL;
		node_id key = graph_object_at(graph, "tuple", 64, place);

		graph_edge(graph, dict, key, EDGE_KEY, i);
		graph_item(graph, dict, graph_object_at(graph, "app.Session", 48, place + 64), key);
	}
}

static void keys_and_values_of_one_dict_are_one_suspect(void **state)
{
	struct story story;
	const struct suspect *suspect;

	(void)state;
	suspect = tell_of_one(&story, dict_with_large_keys);
	assert_string_equal(suspect->type, "app.Session");
	assert_string_equal(suspect->path, "app.cache[*]");
	assert_int_equal(suspect->held_bytes, 250 * (64 + 48));
	assert_int_equal(suspect->companion_count, 1);
	assert_string_equal(suspect->companions[0].type, "tuple");
	assert_int_equal(suspect->companions[0].objects, 250);
	forget(&story);
}

/* A registry of weak references follows what really leaks. */
static void leak_with_a_weak_registry(struct graph *graph, unsigned int look)
{
	uint32_t count = 100 + look * 50;
	node_id sessions, registry;

	name_types(graph);
	sessions = add_list(graph, "app", "app.Session", BASE, 0, count);
	registry = graph_object_at(graph, "list", 1000, 0x6f000000);
	snapshot_builder_container(graph->builder, registry, count);
	graph_global(graph, graph_module(graph, "registry"), "all", registry);
	for (uint32_t i = 0; i < count; i++) {
		node_id weak = graph_object_at(graph, "weakref", 72, 0x6f001000 + i * 128ULL);

		graph_edge(graph, registry, weak, EDGE_INDEX, i);
		/* Of a list and its items, two nodes each, the items come after it. */
		graph_edge(graph, weak, sessions + 1 + i * 2, EDGE_WEAK, 0);
	}
}

static void weak_references_are_told_with_what_they_refer_to(void **state)
{
	struct story story;
	const struct suspect *suspect;

	(void)state;
	suspect = tell_of_one(&story, leak_with_a_weak_registry);
	assert_string_equal(suspect->type, "app.Session");
	assert_string_equal(suspect->container_path, "app.items");
	assert_int_equal(suspect->companion_count, 2);
	assert_int_equal(suspect->held_bytes, 250 * (48 + 100 + 72));
	forget(&story);
}

/* A list for each of 60 users; at each look every second list is longer. */
static void many_small_lists(struct graph *graph, unsigned int look)
{
	node_id users;

	name_types(graph);
	users = add_dict(graph, "visits", 60);
	for (uint32_t user = 0; user < 60; user++) {
		uint64_t place = BASE + (user + 1) * 0x10000ULL;
		uint32_t count = 2 + (look + user) / 2;
		node_id list = graph_object_at(graph, "list", 100, place);

		snapshot_builder_container(graph->builder, list, count);
		graph_item(graph, users, list, graph_key(graph, "'user'"));
		for (uint32_t i = 0; i < count; i++)
			graph_edge(graph, list,
			           graph_object_at(graph, "app.Session", 48,
			                           place + 128 + i * 64ULL),
			           EDGE_INDEX, i);
	}
}

static void containers_at_one_place_are_told_together(void **state)
{
	struct story story;
	const struct suspect *suspect;

	(void)state;
	suspect = tell_of_one(&story, many_small_lists);
	assert_string_equal(suspect->path, "app.visits[*][*]");
	assert_string_equal(suspect->container_path, "app.visits[*]");
	assert_string_equal(suspect->container_type, "list");
	assert_int_equal(suspect->container_count, 60);
	assert_int_equal(suspect->length_last - suspect->length_first, suspect->objects);
	forget(&story);
}

/* seen = seen + (one,): a new tuple at each look, and sometimes at an old address. */
static void tuple_that_is_replaced(struct graph *graph, unsigned int look)
{
	uint32_t count = 100 + look * 50;
	node_id tuple;

	name_types(graph);
	tuple = graph_object_at(graph, "tuple", 56 + count * 8ULL, 0x6f000000 + look % 3 * 0x10000);
	snapshot_builder_container(graph->builder, tuple, count);
	graph_global(graph, graph_module(graph, "app"), "seen", tuple);
	for (uint32_t i = 0; i < count; i++)
		graph_edge(graph, tuple,
		           graph_object_at(graph, "app.Session", 48, BASE + i * 64ULL), EDGE_INDEX,
		           i);
}

static void what_is_replaced_by_a_longer_one_is_a_container(void **state)
{
	struct story story;
	const struct suspect *suspect;

	(void)state;
	suspect = tell_of_one(&story, tuple_that_is_replaced);
	assert_string_equal(suspect->type, "app.Session");
	assert_string_equal(suspect->container_path, "app.seen");
	assert_string_equal(suspect->container_type, "tuple");
	assert_int_equal(suspect->length_first, 100);
	assert_int_equal(suspect->length_last, 350);
	forget(&story);
}

/* A text that is appended to, another that is now this, now that, and a list of one object. */
static void growing_blocks(struct graph *graph, unsigned int look)
{
	node_id app, text, other, list;

	name_types(graph);
	app = graph_module(graph, "app");
	text = graph_object_at(graph, "str", 10000 + (look + 1) / 2 * 50000ULL,
	                       0x6f000000 + look * 0x100000);
	graph_global(graph, app, "output", text);
	other = graph_object_at(graph, "str", look == 3 ? 5000 : 10000 + look * 50000ULL,
	                        0x5f000000 + look * 0x100000);
	graph_global(graph, app, "request", other);
	list = graph_object_at(graph, "list", 8000 + look * 20000ULL, BASE);
	snapshot_builder_container(graph->builder, list, 1000 + look * 2500);
	graph_global(graph, app, "calls", list);
	for (uint32_t i = 0; i < 1000 + look * 2500; i++)
		graph_edge(graph, list, other, EDGE_INDEX, i);
}

static void one_object_that_grows_is_a_suspect(void **state)
{
	struct story story;
	const struct suspect *suspect;

	(void)state;
	tell(&story, growing_blocks);
	assert_int_equal(story.growth->suspect_count, 2);
	suspect = &story.growth->suspects[0];
	assert_true(suspect->is_one_object);
	assert_string_equal(suspect->path, "app.output");
	assert_int_equal(suspect->container_count, 0);
	assert_int_equal(suspect->size_first, 10000);
	assert_int_equal(suspect->size_last, 160000);
	assert_int_equal(suspect->held_bytes, 150000);
	suspect = &story.growth->suspects[1];
	assert_true(suspect->is_one_object);
	assert_string_equal(suspect->container_path, "app.calls");
	assert_int_equal(suspect->length_first, 1000);
	assert_int_equal(suspect->length_last, 13500);
	forget(&story);
}

static void new_modules(struct graph *graph, unsigned int look)
{
	name_types(graph);
	graph_module(graph, "app");
	for (uint32_t i = 0; i < 20 + look * 10; i++) {
		char name[32];
		node_id module;

		snprintf(name, sizeof(name), "plugin_%u", i);
		module = graph_object_at(graph, "module", 72, BASE + i * 256ULL);
		graph_root(graph, module, name, ROOT_MODULE, 0);
		graph_attribute(graph, module,
		                graph_object_at(graph, "app.Session", 48, BASE + i * 256ULL + 128),
		                "config");
	}
}

static void modules_that_become_more_are_one_suspect(void **state)
{
	struct story story;
	const struct suspect *suspect;

	(void)state;
	suspect = tell_of_one(&story, new_modules);
	assert_string_equal(suspect->type, "module");
	assert_string_equal(suspect->path, "sys.modules[*]");
	assert_int_equal(suspect->objects, 50);
	assert_string_equal(suspect->container_path, "sys.modules[*]");
	assert_int_equal(suspect->length_last - suspect->length_first, 50);
	assert_string_equal(suspect->companions[0].type, "app.Session");
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

static void what_lasts_may_go_down_a_little(void **state)
{
	static const uint64_t lasting[] = {100, 210, 200, 310, 400};
	static const uint64_t saw[] = {100, 210, 150, 310, 400};
	static const uint64_t dies[] = {100, 390, 391, 392, 393};
	static const uint64_t flat[] = {100, 100, 100, 100, 100};
	static const uint64_t falls[] = {400, 300, 200, 100, 50};

	(void)state;
	assert_true(growth_is_lasting(lasting, 5));
	assert_false(growth_is_steady(lasting, 5));
	assert_false(growth_is_lasting(saw, 5));
	assert_false(growth_is_lasting(dies, 5));
	assert_false(growth_is_lasting(flat, 5));
	assert_false(growth_is_lasting(falls, 5));
	assert_false(growth_is_lasting(lasting, 2));
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
		cmocka_unit_test(keys_and_values_of_one_dict_are_one_suspect),
		cmocka_unit_test(weak_references_are_told_with_what_they_refer_to),
		cmocka_unit_test(containers_at_one_place_are_told_together),
		cmocka_unit_test(what_is_replaced_by_a_longer_one_is_a_container),
		cmocka_unit_test(one_object_that_grows_is_a_suspect),
		cmocka_unit_test(modules_that_become_more_are_one_suspect),
		cmocka_unit_test(steadiness),
		cmocka_unit_test(what_lasts_may_go_down_a_little),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
