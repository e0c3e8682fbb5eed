/* SPDX-License-Identifier: Apache-2.0 */
/* What a word means, and what is said when it means nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/selection.h"
#include "graph.h"

static int set_up(void **state)
{
	struct graph *graph;

	graph_set_up(state);
	graph = *state;
	graph_object_at(graph, "app.Order", 48, 0x7f0010);
	graph_object_at(graph, "app.Order", 48, 0x7f0020);
	graph_object_at(graph, "shop.Order", 48, 0x7f0030);
	graph_object_at(graph, "app.Preorder", 48, 0x7f0040);
	graph_object_at(graph, "dict", 64, 0x7f0050);
	graph_seal(graph);
	return 0;
}

static void assert_selects(void **state, const char *what, size_t count, node_id first)
{
	struct graph *graph = *state;
	struct selection selection;

	assert_null(selection_make(graph->snapshot, what, &selection));
	assert_int_equal(selection.count, count);
	assert_int_equal(selection.nodes[0], first);
	selection_deinit(&selection);
}

static void assert_refuses(void **state, const char *what, const char *expected)
{
	struct graph *graph = *state;
	struct selection selection;
	struct error *error = selection_make(graph->snapshot, what, &selection);

	assert_non_null(error);
	assert_int_equal(error_kind(error), ERROR_NOT_FOUND);
	assert_string_equal(error_message(error), expected);
	error_free(error);
}

static void a_full_name_means_that_type(void **state)
{
	assert_selects(state, "app.Order", 2, 0);
	assert_selects(state, "builtins.dict", 1, 4);
	assert_selects(state, "dict", 1, 4);
}

static void a_last_part_means_all_types_that_end_in_it(void **state)
{
	assert_selects(state, "Order", 3, 0);
	assert_selects(state, "Preorder", 1, 3);
}

static void an_address_means_one_object(void **state)
{
	assert_selects(state, "0x7f0030", 1, 2);
	assert_selects(state, "0x7F0030", 1, 2);
}

static void what_means_nothing_suggests_the_nearest(void **state)
{
	assert_refuses(state, "app.Ordr",
	               "no object is of a type named app.Ordr (did you mean app.Order?)");
	/* half a name; and two letters are near to anything */
	assert_refuses(state, "Preo",
	               "no object is of a type named Preo (did you mean app.Preorder?)");
	assert_refuses(state, "xy",
	               "no object is of a type named xy ('plumb heap' lists the types)");
	assert_refuses(state, "preoder",
	               "no object is of a type named preoder (did you mean app.Preorder?)");
	assert_refuses(state, "xyzzyxyzzy",
	               "no object is of a type named xyzzyxyzzy ('plumb heap' lists the types)");
	assert_refuses(state, "0x7f0031", "no object is at 0x7f0031");
}

static void an_empty_word_means_nothing(void **state)
{
	struct graph *graph = *state;
	struct selection selection;
	struct error *error = selection_make(graph->snapshot, "", &selection);

	assert_non_null(error);
	error_free(error);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, graph_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_full_name_means_that_type), TEST(a_last_part_means_all_types_that_end_in_it),
		TEST(an_address_means_one_object), TEST(what_means_nothing_suggests_the_nearest),
		TEST(an_empty_word_means_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
