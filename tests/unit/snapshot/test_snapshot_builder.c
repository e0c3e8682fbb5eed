/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes into the builder comes out of the sealed snapshot, in whatever
 * order the side tables were filled.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "snapshot/snapshot_builder.h"

static str_id intern(struct snapshot_builder *builder, const char *string)
{
	return snapshot_builder_string(builder, string, strlen(string));
}

static struct snapshot *seal(struct snapshot_builder *builder)
{
	struct snapshot *snapshot = NULL;

	assert_null(snapshot_builder_seal(builder, &snapshot));
	assert_non_null(snapshot);
	assert_null(snapshot_check(snapshot));
	return snapshot;
}

/* module "app" -> dict -(orders)-> list of 3 orders, the second one 5 GiB. */
static void build_small(struct snapshot_builder *builder)
{
	str_id builtins = intern(builder, "builtins");
	type_id dict = snapshot_builder_type(builder, 0x10, intern(builder, "dict"), builtins);
	type_id order = snapshot_builder_type(builder, 0x20, intern(builder, "app.Order"),
	                                      intern(builder, "app"));
	node_id first = snapshot_builder_node(builder, 0x1000, dict, NODE_IS_OBJECT);

	for (unsigned int i = 0; i < 3; i++) {
		snapshot_builder_node(builder, 0x2000 + i * 16, order, NODE_IS_OBJECT);
		snapshot_builder_sizes(builder, 1 + i, i == 1 ? 5ULL << 30 : 48, 64);
		snapshot_builder_refcount(builder, 1 + i, i == 2 ? UINT64_MAX : 1);
	}
	snapshot_builder_begin_edges(builder, first);
	for (unsigned int i = 0; i < 3; i++)
		snapshot_builder_edge(builder, 1 + i, EDGE_INDEX, i);
	snapshot_builder_begin_edges(builder, 2);
	snapshot_builder_edge(builder, 0, EDGE_ATTRIBUTE, intern(builder, "parent"));
	snapshot_builder_root(builder, first, intern(builder, "app"), ROOT_MODULE, 0);
	snapshot_builder_container(builder, 3, 30);
	snapshot_builder_container(builder, 0, 3);
	snapshot_builder_container(builder, 3, 31);
	snapshot_builder_name(builder, 2, intern(builder, "two"));
	snapshot_builder_name(builder, 1, intern(builder, "one"));
	snapshot_builder_type_node(builder, order, 1);
	snapshot_builder_totals(builder)->objects = 4;
}

static struct snapshot *small_snapshot(void)
{
	_cleanup_(cleanup_snapshot_builder) struct snapshot_builder *builder =
		snapshot_builder_new();

	build_small(builder);
	return seal(builder);
}

static void columns_come_out_as_they_went_in(void **state)
{
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = small_snapshot();

	(void)state;
	assert_int_equal(snapshot->node_count, 4);
	assert_int_equal(snapshot->type_count, 2);
	assert_string_equal(snapshot_type_name(snapshot, snapshot->type[2]), "app.Order");
	assert_int_equal(snapshot->address[3], 0x2020);
	assert_int_equal(snapshot->types[1].node, 1);
	assert_int_equal(snapshot_refcount(snapshot, 1), 1);
	assert_int_equal(snapshot_refcount(snapshot, 3), UINT32_MAX);
	assert_true(snapshot_is_object(snapshot, 0));
	assert_int_equal(snapshot->totals.objects, 4);
	assert_int_equal(snapshot->roots[0].node, 0);
	assert_string_equal(snapshot_string(snapshot, snapshot->roots[0].name), "app");
	assert_int_equal(snapshot_find(snapshot, 0x2010), 2);
	assert_int_equal(snapshot_find(snapshot, 0x2011), NODE_NONE);
}

static void edges_belong_to_their_node(void **state)
{
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = small_snapshot();
	struct snap_edge edge;

	(void)state;
	assert_true(snapshot_has_edges(snapshot));
	assert_int_equal(snapshot->edge_start[0], 0);
	assert_int_equal(snapshot->edge_start[1], 3);
	assert_int_equal(snapshot->edge_start[2], 3);
	assert_int_equal(snapshot->edge_start[3], 4);
	assert_int_equal(snapshot->edge_start[4], 4);
	edge = snapshot->edges[2];
	assert_int_equal(edge.to, 3);
	assert_int_equal(snap_edge_kind(edge), EDGE_INDEX);
	assert_int_equal(snap_edge_operand(edge), 2);
	edge = snapshot->edges[3];
	assert_string_equal(snapshot_string(snapshot, snap_edge_operand(edge)), "parent");
}

static void sizes_over_four_gigabytes_are_kept(void **state)
{
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = small_snapshot();

	(void)state;
	assert_int_equal(snapshot_size(snapshot, 1), 48);
	assert_true(snapshot_size(snapshot, 2) == 5ULL << 30);
	assert_int_equal(snapshot_memory(snapshot, 2), 64);
	assert_int_equal(snapshot->large_count, 1);
}

/* On both sides of where the columns end. */
static void what_does_not_fit_a_column_is_told_exactly(void **state)
{
	static const uint64_t sizes[] = {0,     1,     65534,   65535,
	                                 65536, 65537, 1 << 20, UINT64_C(1) << 40};
	static const uint32_t counts[] = {0, 1, 254, 255, 256, 65536, UINT32_MAX - 1, UINT32_MAX};
	_cleanup_(cleanup_snapshot_builder) struct snapshot_builder *builder =
		snapshot_builder_new();
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = NULL;

	(void)state;
	snapshot_builder_type(builder, 0, intern(builder, "a"), intern(builder, "a"));
	for (unsigned int i = 0; i < 8; i++) {
		node_id node = snapshot_builder_node(builder, i * 16ULL, 0, NODE_IS_OBJECT);

		snapshot_builder_sizes(builder, node, sizes[i], sizes[7 - i]);
		snapshot_builder_refcount(builder, node, counts[i]);
	}
	snapshot = seal(builder);
	for (node_id node = 0; node < 8; node++) {
		assert_true(snapshot_size(snapshot, node) == sizes[node]);
		assert_true(snapshot_memory(snapshot, node) == sizes[7 - node]);
		assert_int_equal(snapshot_refcount(snapshot, node), counts[node]);
	}
	assert_int_equal(snapshot->many_count, 5);
}

static void more_edges_than_can_be_numbered_are_refused(void **state)
{
	static const uint32_t counts[] = {UINT32_MAX, 1};
	static const struct snap_edge edges[1];
	_cleanup_(cleanup_snapshot_builder) struct snapshot_builder *builder =
		snapshot_builder_new();
	_cleanup_(cleanup_error) struct error *error = NULL;
	struct snapshot *snapshot = NULL;

	(void)state;
	snapshot_builder_node(builder, 16, 0, NODE_IS_OBJECT);
	snapshot_builder_node(builder, 32, 0, NODE_IS_OBJECT);
	/* Refused before any of them is looked at. */
	snapshot_builder_edge_run(builder, 0, 2, counts, edges);
	error = snapshot_builder_seal(builder, &snapshot);
	assert_non_null(error);
	assert_int_equal(error_kind(error), ERROR_UNSUPPORTED);
	assert_null(snapshot);
}

static void side_tables_are_sorted_and_the_last_word_wins(void **state)
{
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = small_snapshot();
	uint64_t length = 0;

	(void)state;
	assert_int_equal(snapshot->container_count, 2);
	assert_true(snapshot_length(snapshot, 0, &length));
	assert_int_equal(length, 3);
	assert_true(snapshot_length(snapshot, 3, &length));
	assert_int_equal(length, 31);
	assert_false(snapshot_length(snapshot, 1, &length));
	assert_string_equal(snapshot_node_name(snapshot, 1), "one");
	assert_string_equal(snapshot_node_name(snapshot, 2), "two");
	assert_null(snapshot_node_name(snapshot, 0));
}

static void without_memory_the_rest_is_as_before(void **state)
{
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = small_snapshot();

	(void)state;
	snapshot_drop_memory(snapshot);
	assert_null(snapshot->memory);
	assert_null(snapshot->refcount);
	assert_null(snapshot_check(snapshot));
	assert_true(snapshot_size(snapshot, 2) == 5ULL << 30);
}

static void equal_strings_share_an_id(void **state)
{
	_cleanup_(cleanup_snapshot_builder) struct snapshot_builder *builder =
		snapshot_builder_new();
	str_id first = intern(builder, "first");
	char name[16];

	(void)state;
	for (int i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "s%d", i % 5000);
		intern(builder, name);
	}
	assert_int_equal(snapshot_builder_string(builder, "first and more", 5), first);
	assert_int_not_equal(snapshot_builder_string(builder, "firs", 4), first);
	assert_string_equal(snapshot_builder_string_bytes(builder, first), "first");
	assert_int_equal(intern(builder, "last"), 5002);
}

static void without_edges_there_is_no_edge_column(void **state)
{
	_cleanup_(cleanup_snapshot_builder) struct snapshot_builder *builder =
		snapshot_builder_new();
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = NULL;
	type_id type =
		snapshot_builder_type(builder, 0, intern(builder, "a"), intern(builder, "a"));

	(void)state;
	snapshot_builder_node(builder, 1, type, 0);
	snapshot = seal(builder);
	assert_false(snapshot_has_edges(snapshot));
}

static void a_sealed_builder_is_empty_and_usable(void **state)
{
	_cleanup_(cleanup_snapshot_builder) struct snapshot_builder *builder =
		snapshot_builder_new();
	_cleanup_(cleanup_snapshot) struct snapshot *first = NULL;
	_cleanup_(cleanup_snapshot) struct snapshot *second = NULL;

	(void)state;
	build_small(builder);
	first = seal(builder);
	assert_int_equal(snapshot_builder_node_count(builder), 0);
	build_small(builder);
	second = seal(builder);
	assert_int_equal(second->node_count, first->node_count);
	assert_int_equal(second->string_count, first->string_count);
}

static void flags_are_set_and_cleared(void **state)
{
	_cleanup_(cleanup_snapshot_builder) struct snapshot_builder *builder =
		snapshot_builder_new();
	node_id node = snapshot_builder_node(builder, 1, 0, NODE_IS_OBJECT);

	(void)state;
	snapshot_builder_set_flags(builder, node, NODE_IS_TRACKED | NODE_IS_STATIC);
	snapshot_builder_clear_flags(builder, node, NODE_IS_TRACKED);
	assert_int_equal(snapshot_builder_columns(builder).flags[node],
	                 NODE_IS_OBJECT | NODE_IS_STATIC);
}

/* Two edges of node 0 are promises, one of node 1; of three things the second is no node. */
static void promised_edges_lead_to_what_became_of_them(void **state)
{
	const node_id nodes[] = {2, NODE_NONE, 0};
	_cleanup_(cleanup_snapshot_builder) struct snapshot_builder *builder =
		snapshot_builder_new();
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = NULL;

	(void)state;
	snapshot_builder_type(builder, 0, intern(builder, "a"), intern(builder, "a"));
	for (uint32_t i = 0; i < 3; i++)
		snapshot_builder_node(builder, i * 16ULL, 0, 0);
	snapshot_builder_begin_edges(builder, 0);
	snapshot_builder_edge(builder, SNAPSHOT_PROMISE + 1, EDGE_CONSERVATIVE, 7);
	snapshot_builder_edge(builder, 1, EDGE_INDEX, 8);
	snapshot_builder_edge(builder, SNAPSHOT_PROMISE, EDGE_INTERIOR, 9);
	snapshot_builder_begin_edges(builder, 1);
	snapshot_builder_edge(builder, SNAPSHOT_PROMISE + 2, EDGE_CONSERVATIVE, 10);
	snapshot_builder_edge(builder, SNAPSHOT_PROMISE + 3, EDGE_CONSERVATIVE, 11);
	snapshot_builder_keep_promises(builder, nodes, 3);
	snapshot_builder_begin_edges(builder, 2);
	snapshot_builder_edge(builder, 1, EDGE_INDEX, 12);
	snapshot = seal(builder);
	assert_int_equal(snapshot->edge_start[1], 2);
	assert_int_equal(snapshot->edge_start[2], 3);
	assert_int_equal(snapshot->edge_start[3], 4);
	assert_int_equal(snapshot->edges[0].to, 1);
	assert_int_equal(snapshot->edges[1].to, 2);
	assert_int_equal(snap_edge_kind(snapshot->edges[1]), EDGE_INTERIOR);
	assert_int_equal(snap_edge_operand(snapshot->edges[1]), 9);
	assert_int_equal(snapshot->edges[2].to, 0);
	assert_int_equal(snap_edge_operand(snapshot->edges[2]), 10);
}

static void millions_of_nodes_and_edges_fit(void **state)
{
	enum { COUNT = 3000000 };
	_cleanup_(cleanup_snapshot_builder) struct snapshot_builder *builder =
		snapshot_builder_new();
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = NULL;
	uint64_t length = 0;

	(void)state;
	snapshot_builder_type(builder, 0, intern(builder, "a"), intern(builder, "a"));
	for (uint32_t i = 0; i < COUNT; i++)
		snapshot_builder_node(builder, i * 16ULL, 0, NODE_IS_OBJECT);
	for (uint32_t i = 0; i < COUNT; i++) {
		snapshot_builder_begin_edges(builder, i);
		snapshot_builder_edge(builder, (i + 1) % COUNT, EDGE_INDEX, i);
		snapshot_builder_edge(builder, (i + 2) % COUNT, EDGE_INDEX, i);
	}
	for (uint32_t i = 0; i < COUNT; i++)
		snapshot_builder_container(builder, COUNT - 1 - i, i);
	snapshot = seal(builder);
	assert_true(snapshot->edge_start[COUNT] == 2ULL * COUNT);
	assert_true(snapshot_length(snapshot, 7, &length));
	assert_int_equal(length, COUNT - 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_come_out_as_they_went_in),
		cmocka_unit_test(edges_belong_to_their_node),
		cmocka_unit_test(sizes_over_four_gigabytes_are_kept),
		cmocka_unit_test(what_does_not_fit_a_column_is_told_exactly),
		cmocka_unit_test(more_edges_than_can_be_numbered_are_refused),
		cmocka_unit_test(side_tables_are_sorted_and_the_last_word_wins),
		cmocka_unit_test(without_memory_the_rest_is_as_before),
		cmocka_unit_test(equal_strings_share_an_id),
		cmocka_unit_test(without_edges_there_is_no_edge_column),
		cmocka_unit_test(a_sealed_builder_is_empty_and_usable),
		cmocka_unit_test(flags_are_set_and_cleared),
		cmocka_unit_test(promised_edges_lead_to_what_became_of_them),
		cmocka_unit_test(millions_of_nodes_and_edges_fit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
