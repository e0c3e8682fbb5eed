/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The builder remembers that memory ran out, so that who adds a million nodes
 * need not ask each time. With each allocation failing in turn, seal says so,
 * or the snapshot has all that was added. Then the same of its file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "failing_allocator.h"
#include "snapshot/snapshot_builder.h"
#include "snapshot/snapshot_file.h"

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

/* The same graph in a file, whose writing and reading lack memory. */

static char folder[] = "/tmp/plumb-test-memory-XXXXXX";
static char path[sizeof(folder) + 16];

static void *open_teller(void *context)
{
	return context;
}

static void close_teller(void *teller)
{
	(void)teller;
}

static bool tell(void *teller, node_id node, bool is_key, struct node_value *ret)
{
	(void)teller;
	(void)is_key;
	*ret = (struct node_value){.text = "'value'", .length = 7, .is_cut = node % 2};
	return true;
}

static bool never(void *teller)
{
	(void)teller;
	return false;
}

static bool write_snapshot(void *context)
{
	struct value_source values = {context, open_teller, close_teller, tell, never};
	struct snapshot_file_options options = {.values = &values};
	struct error *error;
	uint64_t size = 0;
	bool has_run_out;

	(void)unlink(path);
	allocator_arm();
	error = snapshot_file_write(context, path, &options, &size);
	allocator_disarm();
	has_run_out = error != NULL;
	if (has_run_out)
		assert_int_equal(error_kind(error), ERROR_MEMORY);
	error_free(error);
	assert_int_equal(access(path, F_OK) == 0, !has_run_out);
	return has_run_out;
}

static bool read_snapshot(void *context)
{
	struct snapshot_file *file = NULL;
	bool has_run_out = false;
	struct error *error;
	char *text = NULL;

	(void)context;
	allocator_arm();
	error = snapshot_file_open(path, SNAPSHOT_FILE_ALL, &file);
	if (!error) {
		const struct snapshot *snapshot = snapshot_file_snapshot(file);

		has_run_out = !snapshot->node_text(snapshot->node_text_context, 7, &text);
	}
	allocator_disarm();
	if (error) {
		assert_int_equal(error_kind(error), ERROR_MEMORY);
	} else {
		assert_whole(snapshot_file_snapshot(file));
		if (!has_run_out)
			assert_string_equal(text, "'value'");
	}
	has_run_out = has_run_out || error;
	error_free(error);
	free(text);
	snapshot_file_free(file);
	return has_run_out;
}

static void a_file_can_lack_memory_anywhere(void **state)
{
	struct snapshot *snapshot = NULL;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/a.plumb", folder);
	assert_null(build_and_seal(&snapshot));
	assert_true(allocator_exhaust(write_snapshot, snapshot) > 15);
	assert_false(write_snapshot(snapshot));
	snapshot_free(snapshot);
	assert_true(allocator_exhaust(read_snapshot, NULL) > 25);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_snapshot_can_lack_memory_anywhere),
		cmocka_unit_test(a_file_can_lack_memory_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
