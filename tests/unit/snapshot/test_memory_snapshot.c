/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The builder remembers that memory ran out, so that who adds a million nodes
 * need not ask each time. With each allocation failing in turn, seal says so,
 * or the snapshot has all that was added.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "failing_allocator.h"
#include "snapshot/snapshot_builder.h"

enum { NODES = 100, LARGE = 3, CONTAINER = 4, NAMED = 5 };

static str_id intern(struct snapshot_builder *builder, const char *string)
{
	return snapshot_builder_string(builder, string, strlen(string));
}

/* A ring of objects, each with an attribute of its own name; all side tables are used. */
static void build(struct snapshot_builder *builder)
{
	type_id type = snapshot_builder_type(builder, 0x10, intern(builder, "app.Order"),
	                                     intern(builder, "app"));
	node_id node = 0;

	for (uint32_t i = 0; i < NODES; i++)
		node = snapshot_builder_node(builder, 0x1000 + i * 16ULL, type, NODE_IS_OBJECT);
	if (node != NODES - 1)
		return; /* it has said so */
	snapshot_builder_sizes(builder, LARGE, 5ULL << 30, 5ULL << 30);
	snapshot_builder_refcount(builder, LARGE, 1000000);
	snapshot_builder_container(builder, CONTAINER, 7);
	snapshot_builder_name(builder, NAMED, intern(builder, "five"));
	for (uint32_t i = 0; i < NODES; i++) {
		char name[32];

		snprintf(name, sizeof(name), "to_%u", i);
		snapshot_builder_begin_edges(builder, i);
		snapshot_builder_edge(builder, (i + 1) % NODES, EDGE_ATTRIBUTE,
		                      intern(builder, name));
	}
	snapshot_builder_root(builder, 0, intern(builder, "app"), ROOT_MODULE, 0);
	snapshot_builder_totals(builder)->objects = NODES;
}

static struct error *build_and_seal(struct snapshot **ret)
{
	struct snapshot_builder *builder = snapshot_builder_new();
	struct error *error;

	if (!builder)
		return error_no_memory();
	build(builder);
	error = snapshot_builder_seal(builder, ret);
	snapshot_builder_free(builder);
	return error;
}

static void assert_whole(const struct snapshot *snapshot)
{
	uint64_t length = 0;

	assert_null(snapshot_check(snapshot));
	assert_int_equal(snapshot->node_count, NODES);
	for (node_id node = 0; node < NODES; node++) {
		struct snap_edge edge = snapshot->edges[snapshot->edge_start[node]];
		char name[32];

		snprintf(name, sizeof(name), "to_%u", node);
		assert_int_equal(edge.to, (node + 1) % NODES);
		assert_string_equal(snapshot_string(snapshot, snap_edge_operand(edge)), name);
	}
	assert_int_equal(snapshot_size(snapshot, LARGE), 5ULL << 30);
	assert_true(snapshot_length(snapshot, CONTAINER, &length));
	assert_int_equal(length, 7);
	assert_string_equal(snapshot_node_name(snapshot, NAMED), "five");
	assert_string_equal(snapshot_type_name(snapshot, 0), "app.Order");
	assert_int_equal(snapshot->root_count, 1);
}

static bool make_snapshot(void *context)
{
	struct snapshot *snapshot = NULL;
	struct error *error;
	bool has_run_out;

	(void)context;
	allocator_arm();
	error = build_and_seal(&snapshot);
	allocator_disarm();
	has_run_out = error != NULL;
	if (has_run_out) {
		assert_int_equal(error_kind(error), ERROR_MEMORY);
		assert_null(snapshot);
	} else {
		assert_whole(snapshot);
	}
	error_free(error);
	snapshot_free(snapshot);
	return has_run_out;
}

static void a_snapshot_can_lack_memory_anywhere(void **state)
{
	(void)state;
	assert_true(allocator_exhaust(make_snapshot, NULL) > 15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_snapshot_can_lack_memory_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
