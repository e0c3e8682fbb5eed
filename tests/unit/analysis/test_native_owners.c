/* SPDX-License-Identifier: Apache-2.0 */
/* Whose a block is: the nearest that holds it, objects before memory, stacks last. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/native_owners.h"
#include "base/cleanup.h"
#include "graph.h"

enum { CHAIN = 1000000 };

static void point(struct graph *graph, node_id from, node_id to)
{
	graph_edge(graph, from, to, EDGE_CONSERVATIVE, 0);
}

static void check(const struct native_owners *owners, node_id block, enum native_owner_kind kind,
                  node_id node)
{
	struct native_owner owner = native_owners_of(owners, block);

	assert_true(native_owners_is_block(owners, block));
	assert_int_equal(owner.kind, kind);
	assert_int_equal(owner.node, node);
}

static void what_hangs_from_an_object_is_its_own(void **state)
{
	struct graph *graph = *state;
	_cleanup_(native_owners_deinit) struct native_owners owners = {0};
	node_id buffer = graph_object(graph, "app.Buffer", 48);
	node_id numbers = graph_block(graph, 800);
	node_id tail = graph_block(graph, 100);
	node_id lost = graph_block(graph, 100);
	node_id after = graph_block(graph, 100);

	point(graph, buffer, numbers);
	graph_edge(graph, numbers, tail, EDGE_INTERIOR, 3);
	point(graph, tail, numbers);
	point(graph, lost, after);
	point(graph, after, tail);
	assert_null(native_owners_init(&owners, graph_seal(graph)));
	assert_int_equal(owners.count, 4);
	assert_false(native_owners_is_block(&owners, buffer));
	check(&owners, numbers, NATIVE_OWNER_OBJECT, buffer);
	check(&owners, tail, NATIVE_OWNER_OBJECT, buffer);
	check(&owners, lost, NATIVE_OWNER_NOBODY, NODE_NONE);
	check(&owners, after, NATIVE_OWNER_NOBODY, NODE_NONE);
}

static void owners_at_one_distance_share_it(void **state)
{
	struct graph *graph = *state;
	_cleanup_(native_owners_deinit) struct native_owners owners = {0};
	node_id one = graph_object(graph, "app.View", 48);
	node_id other = graph_object(graph, "app.View", 48);
	node_id array = graph_object(graph, "app.Array", 48);
	node_id of_views = graph_block(graph, 100);
	node_id of_all = graph_block(graph, 100);
	node_id behind = graph_block(graph, 100);

	point(graph, one, of_views);
	point(graph, one, of_views);
	point(graph, other, of_views);
	point(graph, of_views, behind);
	point(graph, one, of_all);
	point(graph, array, of_all);
	point(graph, other, of_all);
	assert_null(native_owners_init(&owners, graph_seal(graph)));
	check(&owners, of_views, NATIVE_OWNER_TYPE, one);
	check(&owners, behind, NATIVE_OWNER_TYPE, one);
	check(&owners, of_all, NATIVE_OWNER_OBJECTS, one);
}

/* Sessions in a list of C that has no end, each with an object of its own. */
static void the_nearest_owns(void **state)
{
	struct graph *graph = *state;
	_cleanup_(native_owners_deinit) struct native_owners owners = {0};
	node_id data = graph_memory(graph, "libapp.so data");
	node_id table = graph_block(graph, 100);
	node_id first = graph_object(graph, "app.Session", 48);
	node_id second = graph_object(graph, "app.Session", 48);
	node_id sessions[3];

	for (unsigned int i = 0; i < 3; i++)
		sessions[i] = graph_block(graph, 200);
	point(graph, data, table);
	for (unsigned int i = 0; i < 3; i++) {
		point(graph, table, sessions[i]);
		point(graph, sessions[i], sessions[(i + 1) % 3]);
	}
	point(graph, first, sessions[0]);
	point(graph, second, sessions[1]);
	point(graph, sessions[0], table);
	assert_null(native_owners_init(&owners, graph_seal(graph)));
	check(&owners, table, NATIVE_OWNER_MEMORY, data);
	check(&owners, sessions[0], NATIVE_OWNER_OBJECT, first);
	check(&owners, sessions[1], NATIVE_OWNER_OBJECT, second);
	check(&owners, sessions[2], NATIVE_OWNER_OBJECT, second);
}

static void an_object_goes_before_memory_and_a_stack_comes_last(void **state)
{
	struct graph *graph = *state;
	_cleanup_(native_owners_deinit) struct native_owners owners = {0};
	node_id stack = graph_stack(graph, "stack of thread 7");
	node_id data = graph_memory(graph, "libapp.so data");
	node_id buffer = graph_object(graph, "app.Buffer", 48);
	node_id numbers = graph_block(graph, 800);
	node_id root = graph_block(graph, 100);
	node_id leaf = graph_block(graph, 100);
	node_id working = graph_block(graph, 100);

	point(graph, data, numbers);
	point(graph, buffer, numbers);
	point(graph, stack, numbers);
	point(graph, stack, leaf);
	point(graph, data, root);
	point(graph, root, leaf);
	point(graph, stack, working);
	assert_null(native_owners_init(&owners, graph_seal(graph)));
	check(&owners, numbers, NATIVE_OWNER_OBJECT, buffer);
	check(&owners, leaf, NATIVE_OWNER_MEMORY, data);
	check(&owners, working, NATIVE_OWNER_MEMORY, stack);
}

static void who_has_the_start_goes_before_who_points_inside(void **state)
{
	struct graph *graph = *state;
	_cleanup_(native_owners_deinit) struct native_owners owners = {0};
	node_id code = graph_object(graph, "code", 480);
	node_id box = graph_object(graph, "app.Box", 48);
	node_id room = graph_block(graph, 3000);
	node_id behind = graph_block(graph, 100);
	node_id inside = graph_block(graph, 100);
	node_id last = graph_block(graph, 100);

	point(graph, box, room);
	point(graph, room, behind);
	graph_edge(graph, code, behind, EDGE_INTERIOR, 40);
	graph_edge(graph, behind, inside, EDGE_INTERIOR, 1);
	point(graph, inside, last);
	assert_null(native_owners_init(&owners, graph_seal(graph)));
	check(&owners, behind, NATIVE_OWNER_OBJECT, box);
	check(&owners, inside, NATIVE_OWNER_OBJECT, box);
	check(&owners, last, NATIVE_OWNER_OBJECT, box);
}

static void a_chain_of_a_million_has_one_owner(void **state)
{
	struct graph *graph = *state;
	_cleanup_(native_owners_deinit) struct native_owners owners = {0};
	node_id tree = graph_object(graph, "app.Tree", 48);
	node_id last = tree;

	for (unsigned int i = 0; i < CHAIN; i++) {
		node_id next = graph_block(graph, 32);

		point(graph, last, next);
		last = next;
	}
	assert_null(native_owners_init(&owners, graph_seal(graph)));
	assert_int_equal(owners.count, CHAIN);
	check(&owners, last, NATIVE_OWNER_OBJECT, tree);
}

static void without_memory_of_c_there_are_no_blocks(void **state)
{
	struct graph *graph = *state;
	_cleanup_(native_owners_deinit) struct native_owners owners = {0};
	node_id object = graph_object(graph, "app.Order", 48);

	graph_global(graph, graph_module(graph, "app"), "order", object);
	assert_null(native_owners_init(&owners, graph_seal(graph)));
	assert_int_equal(owners.count, 0);
	assert_false(native_owners_is_block(&owners, object));
}

#define ON_GRAPH(test) cmocka_unit_test_setup_teardown(test, graph_set_up, graph_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_GRAPH(what_hangs_from_an_object_is_its_own),
		ON_GRAPH(owners_at_one_distance_share_it),
		ON_GRAPH(the_nearest_owns),
		ON_GRAPH(an_object_goes_before_memory_and_a_stack_comes_last),
		ON_GRAPH(who_has_the_start_goes_before_who_points_inside),
		ON_GRAPH(a_chain_of_a_million_has_one_owner),
		ON_GRAPH(without_memory_of_c_there_are_no_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
