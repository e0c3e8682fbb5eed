/* SPDX-License-Identifier: Apache-2.0 */
/* Marks come out as they went in, and in the order of their addresses when nodes are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analysis/address_order.h"
#include "analysis/look_marks.h"
#include "base/cleanup.h"
#include "graph.h"

/* The i-th of a row of marks that has every form: near and far, old and new. */
static struct look_mark mark_at(unsigned int i, uint64_t *address)
{
	static const uint64_t distances[] = {8,   16,     48,      61 * 8,     62 * 8,
	                                     504, 64 * 8, 1 << 20, 1ULL << 40, 24};
	struct look_mark mark = {.birth = (uint8_t)(i % 7 ? 0 : i % 15),
	                         .type = i % 5 ? i % 300 : i * 2654435761u};

	*address += i % 1000 == 999 ? distances[i / 1000 % 10] : distances[i % 7];
	mark.address = *address;
	return mark;
}

static void assert_same(const struct look_mark *a, const struct look_mark *b)
{
	assert_true(a->address == b->address);
	assert_int_equal(a->birth, b->birth);
	assert_int_equal(a->type, b->type);
}

static void marks_come_out_as_they_went_in(void **state)
{
	enum { COUNT = 500000 }; /* several chunks */
	struct look_marks marks;
	struct look_mark taken;
	uint64_t address = 0x7f0000000000;

	(void)state;
	look_marks_init(&marks);
	for (unsigned int i = 0; i < COUNT; i++) {
		struct look_mark mark = mark_at(i, &address);

		assert_true(look_marks_append(&marks, &mark));
	}
	address = 0x7f0000000000;
	for (unsigned int i = 0; i < COUNT; i++) {
		struct look_mark mark = mark_at(i, &address);

		assert_true(look_marks_take(&marks, &taken));
		assert_same(&taken, &mark);
	}
	assert_false(look_marks_take(&marks, &taken));
	assert_false(look_marks_take(&marks, &taken));
	look_marks_deinit(&marks);
}

static void used_up_marks_can_be_filled_again(void **state)
{
	struct look_mark mark = {.address = 0x1000, .type = 7, .birth = 3};
	struct look_marks marks;
	struct look_mark taken;

	(void)state;
	look_marks_init(&marks);
	for (int round = 0; round < 3; round++) {
		assert_false(look_marks_take(&marks, &taken));
		assert_true(look_marks_append(&marks, &mark));
		assert_true(look_marks_take(&marks, &taken));
		assert_same(&taken, &mark);
		assert_false(look_marks_take(&marks, &taken));
	}
	look_marks_deinit(&marks);
}

static void objects_are_told_in_order_of_addresses(void **state)
{
	enum { COUNT = 2000 };
	_cleanup_(address_order_deinit) struct address_order order = {0};
	struct graph graph;
	uint64_t last = 0;
	node_id node;
	unsigned int count = 0;

	(void)state;
	graph_init(&graph);
	/* First in order, then not, at both ends and in between; frames are no objects. */
	for (unsigned int i = 0; i < COUNT; i++)
		graph_object_at(&graph, "list", 16, 0x7f0000000000 + i * 32);
	for (unsigned int i = 0; i < COUNT; i++) {
		uint64_t place = i * 7919ULL % COUNT;

		graph_object_at(&graph, "str", 16,
		                place % 2 ? 0x7f0000000010 + place * 32 : 0x10000 + place * 8);
		graph_frame(&graph, "f");
	}
	graph_seal(&graph);
	assert_true(address_order_init(&order, graph.snapshot));
	assert_int_equal(order.other_count, COUNT);
	while (address_order_next(&order, &node)) {
		assert_true(snapshot_is_object(graph.snapshot, node));
		assert_true(graph.snapshot->address[node] > last);
		last = graph.snapshot->address[node];
		count++;
	}
	assert_int_equal(count, 2 * COUNT);
	graph_deinit(&graph);
}

static void a_heap_without_objects_has_no_order(void **state)
{
	_cleanup_(address_order_deinit) struct address_order order = {0};
	struct graph graph;
	node_id node;

	(void)state;
	graph_init(&graph);
	assert_true(address_order_init(&order, graph_seal(&graph)));
	assert_false(address_order_next(&order, &node));
	graph_deinit(&graph);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(marks_come_out_as_they_went_in),
		cmocka_unit_test(used_up_marks_can_be_filled_again),
		cmocka_unit_test(objects_are_told_in_order_of_addresses),
		cmocka_unit_test(a_heap_without_objects_has_no_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
