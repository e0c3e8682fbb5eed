/* SPDX-License-Identifier: Apache-2.0 */
/* What piles up is known again at each look, by cause and type, or by holder and size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/piles.h"
#include "base/cleanup.h"
#include "graph.h"

/* Makes the heap of one look. */
typedef void (*heap_maker)(struct graph *graph, unsigned int look);

static void add_look(struct piles *piles, heap_maker make, unsigned int look)
{
	_cleanup_(graph_deinit) struct graph graph;

	graph_init(&graph);
	make(&graph, look);
	assert_null(piles_add(piles, graph_seal(&graph)));
}

static void add_looks(struct piles *piles, heap_maker make, unsigned int count)
{
	piles_init(piles);
	for (unsigned int look = 0; look < count; look++)
		add_look(piles, make, look);
}

static const struct pile *find(const struct piles *piles, const struct pile_key *key)
{
	for (size_t i = 0; i < piles->count; i++) {
		const struct pile_key *of = &piles->list[i].key;

		if (of->kind == key->kind && of->cause == key->cause && of->owner == key->owner &&
		    of->size_class == key->size_class && strcmp(of->name, key->name) == 0)
			return &piles->list[i];
	}
	fail_msg("there is no pile %s", key->name);
	return NULL;
}

static void check(const uint64_t *values, uint64_t first, uint64_t second, uint64_t third)
{
	assert_int_equal(values[0], first);
	assert_int_equal(values[1], second);
	assert_int_equal(values[2], third);
}

/* Objects that are counted too high and hold another; and a cycle that was there at first alone. */
static void losing(struct graph *graph, unsigned int look)
{
	for (unsigned int i = 0; i < 5 + look * 10; i++) {
		node_id order = graph_counted(graph, "app.Order", 1, true);

		graph_attribute(graph, order, graph_counted(graph, "app.Line", 1, true), "line");
	}
	if (look == 0) {
		node_id loop = graph_counted(graph, "app.Loop", 1, true);

		graph_attribute(graph, loop, loop, "me");
	}
}

static void islands_are_known_by_cause_and_type(void **state)
{
	static const struct pile_key orders = {.cause = LOST_REFCOUNT, .name = "app.Order"};
	static const struct pile_key loops = {.cause = LOST_AWAITING, .name = "app.Loop"};
	_cleanup_(piles_deinit) struct piles piles;

	(void)state;
	add_looks(&piles, losing, 3);
	assert_int_equal(piles.count, 2);
	check(find(&piles, &orders)->heads, 5, 15, 25);
	check(find(&piles, &orders)->objects, 10, 30, 50);
	assert_int_equal(find(&piles, &orders)->counted, 1);
	assert_int_equal(find(&piles, &orders)->found, 0);
	check(find(&piles, &loops)->heads, 1, 0, 0);
	assert_int_equal(piles_growth(&piles, find(&piles, &orders)->heads), 20);
	assert_int_equal(piles_growth(&piles, find(&piles, &loops)->heads), 0);
}

/* Blocks of an object each, of a module, and of nobody. */
static void holding(struct graph *graph, unsigned int look)
{
	node_id data = graph_memory(graph, "engine.so data");

	for (unsigned int i = 0; i <= look; i++) {
		node_id buffer = graph_object(graph, "app.Buffer", 48);

		graph_edge(graph, buffer, graph_block(graph, 800), EDGE_CONSERVATIVE, 2);
		graph_edge(graph, buffer, graph_block(graph, 5000), EDGE_CONSERVATIVE, 3);
		graph_edge(graph, data, graph_block(graph, 24), EDGE_CONSERVATIVE, i);
		graph_block(graph, 24);
	}
}

static void check_blocks(const struct piles *piles, enum native_owner_kind owner, const char *name,
                         uint64_t size_class, uint64_t blocks)
{
	const struct pile_key key = {PILE_BLOCKS, 0, owner, size_class, name, ""};

	check(find(piles, &key)->heads, blocks, 2 * blocks, 3 * blocks);
}

static void blocks_are_known_by_holder_and_size(void **state)
{
	_cleanup_(piles_deinit) struct piles piles;

	(void)state;
	add_looks(&piles, holding, 3);
	check_blocks(&piles, NATIVE_OWNER_TYPE, "app.Buffer", 0, 2);
	check_blocks(&piles, NATIVE_OWNER_TYPE, "app.Buffer", 800, 1);
	check_blocks(&piles, NATIVE_OWNER_TYPE, "app.Buffer", 8192, 1);
	check_blocks(&piles, NATIVE_OWNER_MEMORY, "engine.so data", 0, 1);
	check_blocks(&piles, NATIVE_OWNER_NOBODY, "", 0, 1);
	check_blocks(&piles, NATIVE_OWNER_NOBODY, "", 24, 1);
}

static void sizes_are_parts_of_a_holder(void **state)
{
	static const struct pile_key whole = {PILE_BLOCKS, 0, NATIVE_OWNER_NOBODY, 0, "", ""};
	static const struct pile_key part = {PILE_BLOCKS, 0, NATIVE_OWNER_NOBODY, 24, "", ""};
	static const struct pile_key other = {PILE_BLOCKS,      0, NATIVE_OWNER_MEMORY, 24,
	                                      "engine.so data", ""};
	_cleanup_(piles_deinit) struct piles piles;

	(void)state;
	add_looks(&piles, holding, 1);
	assert_true(pile_is_part_of(find(&piles, &part), find(&piles, &whole)));
	assert_false(pile_is_part_of(find(&piles, &other), find(&piles, &whole)));
	assert_false(pile_is_part_of(find(&piles, &whole), find(&piles, &whole)));
}

static void a_look_that_is_dropped_leaves_nothing(void **state)
{
	static const struct pile_key orders = {.cause = LOST_REFCOUNT, .name = "app.Order"};
	_cleanup_(piles_deinit) struct piles piles;

	(void)state;
	add_looks(&piles, losing, 3);
	piles_drop_last(&piles);
	assert_int_equal(piles.look_count, 2);
	add_look(&piles, losing, 1);
	check(find(&piles, &orders)->heads, 5, 15, 15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(islands_are_known_by_cause_and_type),
		cmocka_unit_test(blocks_are_known_by_holder_and_size),
		cmocka_unit_test(sizes_are_parts_of_a_holder),
		cmocka_unit_test(a_look_that_is_dropped_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
