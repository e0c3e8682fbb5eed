/* SPDX-License-Identifier: Apache-2.0 */
/* Every cause and kind of what is lost, each heap made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/lost.h"
#include "base/cleanup.h"
#include "graph.h"

enum { CHAIN = 1000000 };

/* Of each test; to it, the state is the graph. */
struct fixture {
	struct graph graph;
	struct lost *lost;
};

static int set_up(void **state)
{
	static struct fixture fixture;

	fixture.lost = NULL;
	graph_init(&fixture.graph);
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	lost_free(fixture->lost);
	graph_deinit(&fixture->graph);
	return 0;
}

/* What is lost of the fixture's graph. It stays the fixture's. */
static const struct lost *lost_of(struct graph *graph)
{
	struct fixture *fixture = (struct fixture *)graph;

	assert_null(lost_make(graph_seal(graph), &fixture->lost));
	return fixture->lost;
}

static void refer(struct graph *graph, node_id from, node_id to)
{
	graph_edge(graph, from, to, EDGE_FIELD, snapshot_builder_string(graph->builder, "next", 4));
}

static void point(struct graph *graph, node_id from, node_id to)
{
	graph_edge(graph, from, to, EDGE_CONSERVATIVE, 0);
}

static void point_into(struct graph *graph, node_id from, node_id to)
{
	graph_edge(graph, from, to, EDGE_INTERIOR, 0);
}

/* Is the only group this one? */
static void check_group(const struct graph *graph, const struct lost *lost, const char *type,
                        enum lost_cause cause, uint64_t islands, uint64_t objects)
{
	assert_int_equal(lost->group_count, 1);
	assert_string_equal(snapshot_type_name(graph->snapshot, lost->groups[0].type), type);
	assert_int_equal(lost->groups[0].cause, cause);
	assert_int_equal(lost->groups[0].islands, islands);
	assert_int_equal(lost->groups[0].objects, objects);
	assert_int_equal(lost->causes[cause].count, islands);
	assert_int_equal(lost->causes[cause].objects, objects);
	assert_int_equal(lost->dying.objects, 0);
}

static void check_kinds(const struct lost *lost, uint64_t definite, uint64_t indirect,
                        uint64_t possible)
{
	assert_int_equal(lost->kinds[LOST_DEFINITE].count, definite);
	assert_int_equal(lost->kinds[LOST_INDIRECT].count, indirect);
	assert_int_equal(lost->kinds[LOST_POSSIBLE].count, possible);
}

static void a_cycle_that_the_collector_is_not_shown_is_never_freed(void **state)
{
	struct graph *graph = *state;
	const struct lost *lost;
	node_id array = graph_counted(graph, "app.Array", 1, true);
	node_id view = graph_counted(graph, "app.View", 1, true);

	refer(graph, array, view);
	graph_edge(graph, view, array, EDGE_HIDDEN, 7);
	lost = lost_of(graph);
	check_group(graph, lost, "app.Array", LOST_CYCLE_WITHOUT_GC, 1, 2);
}

static void what_a_root_reaches_is_not_lost(void **state)
{
	struct graph *graph = *state;
	const struct lost *lost;
	node_id app = graph_module(graph, "app");
	node_id order = graph_counted(graph, "app.Order", 7, true);
	node_id by_stack = graph_counted(graph, "app.Order", 1, true);
	node_id stack = graph_stack(graph, "stack of thread 7");

	graph_global(graph, app, "order", order);
	point(graph, stack, by_stack);
	lost = lost_of(graph);
	assert_int_equal(lost->group_count, 0);
	assert_int_equal(lost->block_count, 0);
	assert_int_equal(lost->dying.objects, 0);
	assert_true(lost->knows_memory);
	assert_false(lost_is_leaking(lost));
}

static void an_object_counted_too_high_is_a_lost_reference(void **state)
{
	struct graph *graph = *state;
	const struct lost *lost;
	node_id order = graph_counted(graph, "app.Order", 2, true);
	node_id holder = graph_counted(graph, "list", 1, true);

	graph_edge(graph, holder, order, EDGE_INDEX, 0);
	lost = lost_of(graph);
	assert_int_equal(lost->group_count, 2); /* to give back one leaves the other */
	assert_int_equal(lost->causes[LOST_REFCOUNT].count, 2);
	assert_int_equal(lost->groups[0].counted - lost->groups[0].found, 1);
	assert_false(lost->knows_memory);
	assert_true(lost_is_leaking(lost));
}

static void a_lost_reference_owns_what_it_keeps(void **state)
{
	struct graph *graph = *state;
	const struct lost *lost;
	node_id order = graph_counted(graph, "app.Order", 1, true);
	node_id dict = graph_counted(graph, "dict", 1, true);
	node_id one = graph_counted(graph, "app.Line", 2, true);
	node_id other = graph_counted(graph, "app.Line", 1, true);
	node_id block = graph_block(graph, 100);

	graph_attribute(graph, order, dict, "__dict__");
	graph_item(graph, dict, one, graph_counted(graph, "str", 1, false));
	refer(graph, one, other); /* a cycle below it changes nothing */
	refer(graph, other, one);
	point(graph, other, block);
	lost = lost_of(graph);
	check_group(graph, lost, "app.Order", LOST_REFCOUNT, 1, 5);
	assert_int_equal(lost->groups[0].blocks, 1);
	assert_int_equal(lost->groups[0].bytes, 5 * 48 + 108);
	assert_int_equal(lost->groups[0].example, order);
	check_kinds(lost, 0, 0, 0);
}

static void a_lost_reference_in_a_cycle_is_the_one_to_blame(void **state)
{
	struct graph *graph = *state;
	const struct lost *lost;
	node_id first = graph_counted(graph, "app.First", 1, true);
	node_id second = graph_counted(graph, "app.Second", 2, true);

	refer(graph, first, second);
	refer(graph, second, first);
	lost = lost_of(graph);
	check_group(graph, lost, "app.Second", LOST_REFCOUNT, 1, 2);
}

static void a_weak_reference_is_none_and_counts_for_none(void **state)
{
	struct graph *graph = *state;
	const struct lost *lost;
	node_id app = graph_module(graph, "app");
	node_id order = graph_counted(graph, "app.Order", 1, true);

	graph_edge(graph, app, order, EDGE_WEAK, 0);
	lost = lost_of(graph);
	check_group(graph, lost, "app.Order", LOST_REFCOUNT, 1, 1);
}

static void a_cycle_awaits_the_collector(void **state)
{
	struct graph *graph = *state;
	const struct lost *lost;

	for (int i = 0; i < 10; i++) {
		node_id dict = graph_counted(graph, "dict", 1, true);
		node_id node = graph_counted(graph, "app.Node", 1, true);

		graph_attribute(graph, node, dict, "__dict__");
		graph_item(graph, dict, node, graph_counted(graph, "str", 1, false));
	}
	lost = lost_of(graph);
	check_group(graph, lost, "app.Node", LOST_AWAITING, 10, 30);
	assert_false(lost_is_leaking(lost));
}

static void a_cycle_is_named_alike_wherever_it_lies(void **state)
{
	struct graph *graph = *state;
	const struct lost *lost;

	for (unsigned int i = 0; i < 4; i++) {
		node_id first = graph_counted(graph, i % 2 ? "frame" : "traceback", 1, true);
		node_id second = graph_counted(graph, i % 2 ? "traceback" : "frame", 1, true);

		refer(graph, first, second);
		refer(graph, second, first);
	}
	lost = lost_of(graph);
	check_group(graph, lost, "frame", LOST_AWAITING, 4, 8);
}

static void an_object_that_refers_to_itself_is_a_cycle(void **state)
{
	struct graph *graph = *state;
	const struct lost *lost;
	node_id list = graph_counted(graph, "list", 1, true);

	graph_edge(graph, list, list, EDGE_INDEX, 0);
	lost = lost_of(graph);
	check_group(graph, lost, "list", LOST_AWAITING, 1, 1);
}

static void an_object_that_a_word_of_its_own_leads_to_is_a_cycle(void **state)
{
	struct graph *graph = *state;
	const struct lost *lost;
	node_id object = graph_counted(graph, "app.Opaque", 1, true);

	point(graph, object, object);
	lost = lost_of(graph);
	check_group(graph, lost, "app.Opaque", LOST_AWAITING, 1, 1);
}

static void a_cycle_through_what_is_not_tracked_is_never_freed(void **state)
{
	struct graph *graph = *state;
	const struct lost *lost;
	node_id above = graph_counted(graph, "app.Above", 1, true);
	node_id dict = graph_counted(graph, "dict", 2, true);
	node_id handle = graph_counted(graph, "app.Handle", 1, false);

	refer(graph, above, above); /* is collected; what is below is not */
	graph_edge(graph, above, dict, EDGE_INDEX, 0);
	graph_edge(graph, dict, handle, EDGE_INDEX, 0);
	point(graph, handle, dict);
	lost = lost_of(graph);
	assert_int_equal(lost->group_count, 2);
	assert_int_equal(lost->groups[0].cause, LOST_CYCLE_WITHOUT_GC);
	assert_string_equal(snapshot_type_name(graph->snapshot, lost->groups[0].type),
	                    "app.Handle");
	assert_int_equal(lost->groups[0].objects, 2);
	assert_int_equal(lost->groups[1].cause, LOST_AWAITING);
	assert_int_equal(lost->groups[1].objects, 1);
	assert_true(lost_is_leaking(lost));
}

static void a_cycle_of_what_is_not_tracked_alone_is_never_freed(void **state)
{
	struct graph *graph = *state;
	const struct lost *lost;
	node_id one = graph_counted(graph, "app.Handle", 1, false);
	node_id other = graph_counted(graph, "app.Handle", 1, false);

	point(graph, one, other);
	point(graph, other, one);
	lost = lost_of(graph);
	check_group(graph, lost, "app.Handle", LOST_CYCLE_WITHOUT_GC, 1, 2);
}

/* As functools.lru_cache does: the cache shows what its links own. */
static void what_a_tracked_object_shows_in_its_place_is_seen(void **state)
{
	struct graph *graph = *state;
	const struct lost *lost;
	node_id cache = graph_counted(graph, "app.Cache", 1, true);
	node_id link = graph_counted(graph, "app.Link", 1, false);
	node_id value = graph_counted(graph, "Value", 1, true);

	refer(graph, cache, link);
	refer(graph, link, value); /* this one is counted */
	refer(graph, cache, value);
	refer(graph, value, cache);
	lost = lost_of(graph);
	check_group(graph, lost, "app.Cache", LOST_AWAITING, 1, 3);
}

static void types_of_one_name_are_one_group(void **state)
{
	struct graph *graph = *state;
	const struct lost *lost;
	str_id name = snapshot_builder_string(graph->builder, "app.Local", 9);
	str_id module = snapshot_builder_string(graph->builder, "app", 3);

	for (unsigned int i = 0; i < 2; i++) {
		type_id type = snapshot_builder_type(graph->builder, 0x7000 + i * 16, name, module);
		node_id node = snapshot_builder_node(graph->builder, 0x8000 + i * 16, type,
		                                     NODE_IS_OBJECT | NODE_IS_TRACKED);

		snapshot_builder_refcount(graph->builder, node, 1);
		point(graph, node, node);
	}
	lost = lost_of(graph);
	check_group(graph, lost, "app.Local", LOST_AWAITING, 2, 2);
}

static void items_of_gc_garbage_are_a_cause_of_their_own(void **state)
{
	struct graph *graph = *state;
	const struct lost *lost;
	node_id list = graph_counted(graph, "list", 1, true);

	graph_root(graph, list, "interpreter.gc.garbage", ROOT_INTERPRETER, 1);
	for (unsigned int i = 0; i < 3; i++)
		graph_edge(graph, list, graph_counted(graph, "app.Old", 1, true), EDGE_INDEX, i);
	lost = lost_of(graph);
	check_group(graph, lost, "app.Old", LOST_GARBAGE_LIST, 3, 3);
}

static void what_has_no_count_is_dying_and_not_lost(void **state)
{
	struct graph *graph = *state;
	const struct lost *lost;
	node_id dying = graph_counted(graph, "app.Order", 0, true);
	node_id held = graph_counted(graph, "app.Line", 1, true);

	refer(graph, dying, held);
	lost = lost_of(graph);
	assert_int_equal(lost->group_count, 0);
	assert_int_equal(lost->dying.objects, 2);
}

static void what_is_static_or_immortal_is_never_lost(void **state)
{
	struct graph *graph = *state;
	const struct lost *lost;
	node_id of_module = graph_counted(graph, "bytes", 999999999, false);
	node_id immortal = graph_counted(graph, "tuple", 0, false);
	node_id held = graph_counted(graph, "app.Held", 2, true);

	snapshot_builder_set_flags(graph->builder, of_module, NODE_IS_STATIC);
	snapshot_builder_set_flags(graph->builder, immortal, NODE_IS_IMMORTAL);
	graph_edge(graph, immortal, held, EDGE_INDEX, 0);
	lost = lost_of(graph);
	assert_int_equal(lost->group_count, 0);
	assert_int_equal(lost->dying.objects, 0);
}

static void blocks_are_told_apart_by_what_points_at_them(void **state)
{
	struct graph *graph = *state;
	const struct lost *lost;
	node_id data = graph_memory(graph, "libapp.so data");
	node_id held = graph_block(graph, 24);
	node_id inside = graph_block(graph, 40);
	node_id below_inside = graph_block(graph, 56);
	node_id definite = graph_block(graph, 72);
	node_id indirect = graph_block(graph, 88);
	node_id indirect_inside = graph_block(graph, 104);

	point(graph, data, held);
	point_into(graph, held, inside);
	point(graph, inside, below_inside);
	point(graph, definite, indirect);
	point_into(graph, indirect, indirect_inside);
	lost = lost_of(graph);
	check_kinds(lost, 1, 2, 2);
	assert_int_equal(lost->block_count, 5);
	assert_int_equal(lost->blocks[0].kind, LOST_DEFINITE);
	assert_int_equal(lost->blocks[0].size_class, 72);
	assert_int_equal(lost->blocks[0].bytes, 72);
	assert_int_equal(lost->blocks[0].example, definite);
	assert_int_equal(lost->blocks[1].example, indirect_inside);
	assert_int_equal(lost->blocks[4].example, inside);
	assert_true(lost_is_leaking(lost));
}

static void check_blocks(const struct graph *graph, const struct lost_blocks *row,
                         uint64_t size_class, const char *look, uint64_t blocks)
{
	assert_int_equal(row->kind, LOST_DEFINITE);
	assert_int_equal(row->size_class, size_class);
	assert_int_equal(row->blocks, blocks);
	assert_string_equal(snapshot_native_look(graph->snapshot, row->sort), look);
}

static void blocks_of_one_size_and_sort_are_one_row(void **state)
{
	struct graph *graph = *state;
	const struct lost *lost;

	point(graph, graph_memory(graph, "libapp.so data"), graph_block(graph, 24));
	for (int i = 0; i < 9; i++)
		graph_block_of(graph, 200, "array of doubles", "");
	for (int i = 0; i < 3; i++)
		graph_block_of(graph, 200, "data", "engine.so");
	graph_block_of(graph, 5000, "data", "engine.so");
	graph_block_of(graph, 8192, "data", "engine.so");
	graph_block_of(graph, UINT64_MAX / 8, "zeros", "");
	graph_block_of(graph, (UINT64_C(1) << 63) + 1, "zeros", "");
	lost = lost_of(graph);
	assert_int_equal(lost->block_count, 5);
	check_blocks(graph, &lost->blocks[0], UINT64_MAX, "zeros", 1);
	check_blocks(graph, &lost->blocks[1], UINT64_C(1) << 61, "zeros", 1);
	check_blocks(graph, &lost->blocks[2], 8192, "data", 2);
	check_blocks(graph, &lost->blocks[3], 200, "array of doubles", 9);
	check_blocks(graph, &lost->blocks[4], 200, "data", 3);
	assert_string_equal(snapshot_string(graph->snapshot,
	                                    graph->snapshot->types[lost->blocks[4].sort].module),
	                    "engine.so");
}

static void a_start_on_another_way_makes_it_reachable(void **state)
{
	struct graph *graph = *state;
	const struct lost *lost;
	node_id data = graph_memory(graph, "libapp.so data");
	node_id block = graph_block(graph, 24);

	point_into(graph, data, block);
	point(graph, graph_stack(graph, "stack of thread 7"), block);
	lost = lost_of(graph);
	check_kinds(lost, 0, 0, 0);
}

static void of_a_ring_of_blocks_one_is_definitely_lost(void **state)
{
	struct graph *graph = *state;
	const struct lost *lost;
	node_id ring[5];

	for (size_t i = 0; i < 5; i++)
		ring[i] = graph_block(graph, 24);
	for (size_t i = 0; i < 5; i++)
		point(graph, ring[i], ring[(i + 1) % 5]);
	point(graph, ring[2], ring[2]);
	lost = lost_of(graph);
	check_kinds(lost, 1, 4, 0);
	assert_int_equal(lost->blocks[0].example, ring[0]);
}

static void a_block_that_points_at_itself_is_definitely_lost(void **state)
{
	struct graph *graph = *state;
	const struct lost *lost;
	node_id block = graph_block(graph, 3000);

	point(graph, block, block);
	point_into(graph, block, block);
	lost = lost_of(graph);
	check_kinds(lost, 1, 0, 0);
	assert_int_equal(lost->blocks[0].size_class, 4096);
}

static void an_object_that_only_a_lost_block_holds_is_a_lost_reference(void **state)
{
	struct graph *graph = *state;
	const struct lost *lost;
	node_id block = graph_block(graph, 24);
	node_id below = graph_block(graph, 24);
	node_id order = graph_counted(graph, "app.Order", 2, true);

	point(graph, block, below);
	point(graph, below, order);
	refer(graph, order, order);
	lost = lost_of(graph);
	check_group(graph, lost, "app.Order", LOST_REFCOUNT, 1, 1);
	assert_int_equal(lost->groups[0].counted, 2);
	assert_int_equal(lost->groups[0].found, 1);
	check_kinds(lost, 1, 1, 0);
}

static void a_cycle_through_a_block_of_its_own_has_lost_nothing(void **state)
{
	struct graph *graph = *state;
	const struct lost *lost;
	node_id pool = graph_counted(graph, "app.Pool", 1, true);
	node_id block = graph_block(graph, 24);
	node_id item = graph_counted(graph, "app.Item", 1, true);

	point(graph, pool, block);
	point(graph, block, item);
	refer(graph, item, pool);
	lost = lost_of(graph);
	check_group(graph, lost, "app.Item", LOST_AWAITING, 1, 2);
	assert_int_equal(lost->groups[0].blocks, 1);
	check_kinds(lost, 0, 0, 0);
}

static void a_chain_of_a_million_is_one_island(void **state)
{
	struct graph *graph = *state;
	const struct lost *lost;
	node_id last = graph_counted(graph, "app.Head", 1, true);

	for (int i = 1; i < CHAIN; i++) {
		node_id link = graph_counted(graph, "app.Link", 1, true);

		refer(graph, last, link);
		last = link;
	}
	lost = lost_of(graph);
	check_group(graph, lost, "app.Head", LOST_REFCOUNT, 1, CHAIN);
}

static void a_ring_of_a_million_is_one_cycle(void **state)
{
	struct graph *graph = *state;
	const struct lost *lost;
	node_id first = graph_counted(graph, "app.Link", 1, true);
	node_id last = first;

	for (int i = 1; i < CHAIN; i++) {
		node_id link = graph_counted(graph, "app.Link", 1, true);

		refer(graph, link, last); /* against the order of the nodes */
		last = link;
	}
	refer(graph, first, last);
	lost = lost_of(graph);
	check_group(graph, lost, "app.Link", LOST_AWAITING, 1, CHAIN);
}

/* As many islands as there are heads, whatever their order in memory. */
static void islands_are_counted_by_their_heads(void **state)
{
	struct graph *graph = *state;
	const struct lost *lost;
	node_id shared = graph_counted(graph, "app.Shared", 3, true);

	for (int i = 0; i < 3; i++) {
		node_id ring = graph_counted(graph, "app.Ring", 1, true);

		refer(graph, ring, ring);
		refer(graph, ring, shared);
	}
	lost = lost_of(graph);
	check_group(graph, lost, "app.Ring", LOST_AWAITING, 3, 4);
}

static void without_references_nothing_can_be_said(void **state)
{
	struct graph *graph = *state;
	_cleanup_(cleanup_error) struct error *error = NULL;
	struct lost *lost = NULL;

	graph_counted(graph, "app.Order", 1, true);
	error = lost_make(graph_seal(graph), &lost);
	assert_non_null(error);
	assert_int_equal(error_kind(error), ERROR_USAGE);
	assert_null(lost);
}

#define ON_GRAPH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_GRAPH(what_a_root_reaches_is_not_lost),
		ON_GRAPH(an_object_counted_too_high_is_a_lost_reference),
		ON_GRAPH(a_lost_reference_owns_what_it_keeps),
		ON_GRAPH(a_lost_reference_in_a_cycle_is_the_one_to_blame),
		ON_GRAPH(a_weak_reference_is_none_and_counts_for_none),
		ON_GRAPH(a_cycle_awaits_the_collector),
		ON_GRAPH(a_cycle_is_named_alike_wherever_it_lies),
		ON_GRAPH(an_object_that_refers_to_itself_is_a_cycle),
		ON_GRAPH(an_object_that_a_word_of_its_own_leads_to_is_a_cycle),
		ON_GRAPH(a_cycle_through_what_is_not_tracked_is_never_freed),
		ON_GRAPH(a_cycle_of_what_is_not_tracked_alone_is_never_freed),
		ON_GRAPH(what_a_tracked_object_shows_in_its_place_is_seen),
		ON_GRAPH(types_of_one_name_are_one_group),
		ON_GRAPH(items_of_gc_garbage_are_a_cause_of_their_own),
		ON_GRAPH(what_has_no_count_is_dying_and_not_lost),
		ON_GRAPH(what_is_static_or_immortal_is_never_lost),
		ON_GRAPH(a_cycle_that_the_collector_is_not_shown_is_never_freed),
		ON_GRAPH(blocks_are_told_apart_by_what_points_at_them),
		ON_GRAPH(blocks_of_one_size_and_sort_are_one_row),
		ON_GRAPH(a_start_on_another_way_makes_it_reachable),
		ON_GRAPH(of_a_ring_of_blocks_one_is_definitely_lost),
		ON_GRAPH(a_block_that_points_at_itself_is_definitely_lost),
		ON_GRAPH(an_object_that_only_a_lost_block_holds_is_a_lost_reference),
		ON_GRAPH(a_cycle_through_a_block_of_its_own_has_lost_nothing),
		ON_GRAPH(a_chain_of_a_million_is_one_island),
		ON_GRAPH(a_ring_of_a_million_is_one_cycle),
		ON_GRAPH(islands_are_counted_by_their_heads),
		ON_GRAPH(without_references_nothing_can_be_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
