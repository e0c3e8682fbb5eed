/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For each invariant of snapshot.h: a sound snapshot with that one thing
 * broken is refused, with a message that names it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "snapshot/snapshot.h"

/* Two nodes, one edge, all side tables: everything that can be broken. */
struct fixture {
	uint64_t address[2];
	type_id type[2];
	uint16_t size[2];
	uint8_t flags[2];
	uint32_t edge_start[3];
	struct snap_edge edges[2];
	struct snap_type types[1];
	uint64_t string_start[2];
	struct snap_root roots[1];
	struct snap_container containers[2];
	struct snap_name names[2];
	struct snap_large large[2];
	struct snap_many many[2];
	uint32_t trace[2];
	struct snap_trace traces[2];
	struct snap_frame frames[3];
	struct snapshot snapshot;
};

static int set_up(void **state)
{
	static struct fixture fixture;

	fixture = (struct fixture){
		.edge_start = {0, 1, 2},
		.types = {{0x10, 0, 1, NODE_NONE}},
		.string_start = {0, 2},
		.containers = {{0, 1}, {1, 1}},
		.names = {{0, 0}, {1, 0}},
		.large = {{0, 1, 1}, {1, 1, 1}},
		.many = {{0, 1}, {1, 1}},
		.trace = {2, 0},
		.traces = {{0, 1, 1}, {1, 2, 9}},
		.frames = {{0, 1}, {1, 2}, {1, 0}},
	};
	fixture.edges[0] = snap_edge_make(1, EDGE_ATTRIBUTE, 1);
	fixture.edges[1] = snap_edge_make(0, EDGE_VALUE, 1);
	fixture.snapshot = (struct snapshot){
		.node_count = 2,
		.address = fixture.address,
		.type = fixture.type,
		.size = fixture.size,
		.memory = fixture.size,
		.refcount = fixture.flags,
		.flags = fixture.flags,
		.edge_start = fixture.edge_start,
		.edges = fixture.edges,
		.types = fixture.types,
		.type_count = 1,
		.string_bytes = "a\0b",
		.string_start = fixture.string_start,
		.string_count = 2,
		.roots = fixture.roots,
		.root_count = 1,
		.containers = fixture.containers,
		.container_count = 2,
		.names = fixture.names,
		.name_count = 2,
		.large = fixture.large,
		.large_count = 2,
		.many = fixture.many,
		.many_count = 2,
		.trace = fixture.trace,
		.traces = fixture.traces,
		.trace_count = 2,
		.frames = fixture.frames,
		.frame_count = 3,
	};
	*state = &fixture;
	return 0;
}

static void assert_refused(const struct fixture *fixture, const char *expected)
{
	struct error *error = snapshot_check(&fixture->snapshot);

	assert_non_null(error);
	assert_int_equal(error_kind(error), ERROR_CORRUPT);
	if (!strstr(error_message(error), expected))
		fail_msg("\"%s\" does not say \"%s\"", error_message(error), expected);
	error_free(error);
}

static void a_sound_snapshot_passes(void **state)
{
	struct fixture *fixture = *state;

	assert_null(snapshot_check(&fixture->snapshot));
	fixture->snapshot.edge_start = NULL;
	assert_null(snapshot_check(&fixture->snapshot));
}

static void types_of_nodes_exist(void **state)
{
	struct fixture *fixture = *state;

	fixture->type[1] = 1;
	assert_refused(fixture, "node 1 has type 1 of 1");
}

static void edges_lead_to_nodes(void **state)
{
	struct fixture *fixture = *state;

	fixture->edges[0] = snap_edge_make(2, EDGE_INDEX, 0);
	assert_refused(fixture, "leads to node 2 of 2");
}

static void edges_start_at_zero(void **state)
{
	struct fixture *fixture = *state;

	fixture->edge_start[0] = 1;
	assert_refused(fixture, "start at 1");
}

static void edge_starts_ascend(void **state)
{
	struct fixture *fixture = *state;

	fixture->edge_start[2] = 0;
	assert_refused(fixture, "node 1 end before they start");
}

static void edge_kinds_are_known(void **state)
{
	struct fixture *fixture = *state;
	char words[32];

	fixture->edges[1].label = (uint32_t)EDGE_KIND_COUNT << EDGE_OPERAND_BITS;
	snprintf(words, sizeof(words), "has kind %d", (int)EDGE_KIND_COUNT);
	assert_refused(fixture, words);
}

static void string_operands_exist(void **state)
{
	static const enum edge_kind kinds[] = {EDGE_ATTRIBUTE, EDGE_LOCAL, EDGE_FIELD, EDGE_WEAK};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		fixture->edges[0] = snap_edge_make(1, kinds[i], 2);
		assert_refused(fixture, "string 2 of 2");
	}
}

static void key_nodes_exist_or_are_unknown(void **state)
{
	struct fixture *fixture = *state;

	fixture->edges[1] = snap_edge_make(0, EDGE_VALUE, EDGE_OPERAND_MAX);
	assert_null(snapshot_check(&fixture->snapshot));
	fixture->edges[1] = snap_edge_make(0, EDGE_VALUE, 2);
	assert_refused(fixture, "key node 2 of 2");
}

static void type_edges_have_no_operand(void **state)
{
	struct fixture *fixture = *state;

	fixture->edges[1] = snap_edge_make(0, EDGE_TYPE, 3);
	assert_refused(fixture, "operand 3");
}

static void type_names_and_nodes_exist(void **state)
{
	struct fixture *fixture = *state;

	fixture->types[0].node = 2;
	assert_refused(fixture, "type 0 is node 2 of 2");
	fixture->types[0] = (struct snap_type){0, 0, 2, NODE_NONE};
	assert_refused(fixture, "type 0 is named");
	fixture->types[0] = (struct snap_type){0, 2, 0, NODE_NONE};
	assert_refused(fixture, "type 0 is named");
}

static void roots_name_existing_nodes_strings_kinds_and_tiers(void **state)
{
	struct fixture *fixture = *state;

	fixture->roots[0] = (struct snap_root){2, 0, ROOT_MODULE, 0};
	assert_refused(fixture, "root 0 is node 2 of 2");
	fixture->roots[0] = (struct snap_root){0, 2, ROOT_MODULE, 0};
	assert_refused(fixture, "root 0 is named by string 2 of 2");
	fixture->roots[0] = (struct snap_root){0, 0, ROOT_MEMORY + 1, 0};
	assert_refused(fixture, "root 0 has kind");
	fixture->roots[0] = (struct snap_root){0, 0, ROOT_MODULE, SNAP_TIER_COUNT};
	assert_refused(fixture, "root 0 has tier 4 of 4");
}

static void containers_are_sorted_and_exist(void **state)
{
	struct fixture *fixture = *state;

	fixture->containers[1].node = 0;
	assert_refused(fixture, "length 1 is out of order");
	fixture->containers[1].node = 2;
	assert_refused(fixture, "length 1 is of node 2 of 2");
}

static void large_sizes_are_sorted_and_exist(void **state)
{
	struct fixture *fixture = *state;

	fixture->large[1].node = 0;
	assert_refused(fixture, "large size 1 is out of order");
	fixture->large[1].node = 2;
	assert_refused(fixture, "large size 1 is of node 2 of 2");
}

static void reference_counts_are_sorted_and_exist(void **state)
{
	struct fixture *fixture = *state;

	fixture->many[1].node = 0;
	assert_refused(fixture, "reference count 1 is out of order");
	fixture->many[1].node = 2;
	assert_refused(fixture, "reference count 1 is of node 2 of 2");
}

static void names_are_sorted_and_exist(void **state)
{
	struct fixture *fixture = *state;

	fixture->names[1].node = 0;
	assert_refused(fixture, "name 1 is out of order");
	fixture->names[1] = (struct snap_name){2, 0};
	assert_refused(fixture, "name 1 is of node 2 of 2");
	fixture->names[1] = (struct snap_name){1, 2};
	assert_refused(fixture, "name 1 is string 2 of 2");
}

static void traces_frames_and_files_exist(void **state)
{
	struct fixture *fixture = *state;

	fixture->trace[1] = 3;
	assert_refused(fixture, "node 1 has trace 3 of 2");
	fixture->trace[1] = 0;
	fixture->frames[2].file = 2;
	assert_refused(fixture, "frame 2 is in file 2 of 2");
	fixture->frames[2].file = 0;
	fixture->traces[1] = (struct snap_trace){2, 2, 2};
	assert_refused(fixture, "trace 1 has 2 frames from 2 on, of 3");
	fixture->traces[1] = (struct snap_trace){UINT32_MAX, 2, 2};
	assert_refused(fixture, "trace 1 has 2 frames from 4294967295 on, of 3");
	fixture->traces[1] = (struct snap_trace){1, 0, 0};
	assert_refused(fixture, "trace 1 has 0 frames");
	fixture->traces[1] = (struct snap_trace){1, 2, 1};
	assert_refused(fixture, "trace 1 has 2 frames of 1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_sound_snapshot_passes, set_up),
		cmocka_unit_test_setup(types_of_nodes_exist, set_up),
		cmocka_unit_test_setup(edges_lead_to_nodes, set_up),
		cmocka_unit_test_setup(edges_start_at_zero, set_up),
		cmocka_unit_test_setup(edge_starts_ascend, set_up),
		cmocka_unit_test_setup(edge_kinds_are_known, set_up),
		cmocka_unit_test_setup(string_operands_exist, set_up),
		cmocka_unit_test_setup(key_nodes_exist_or_are_unknown, set_up),
		cmocka_unit_test_setup(type_edges_have_no_operand, set_up),
		cmocka_unit_test_setup(type_names_and_nodes_exist, set_up),
		cmocka_unit_test_setup(roots_name_existing_nodes_strings_kinds_and_tiers, set_up),
		cmocka_unit_test_setup(containers_are_sorted_and_exist, set_up),
		cmocka_unit_test_setup(large_sizes_are_sorted_and_exist, set_up),
		cmocka_unit_test_setup(reference_counts_are_sorted_and_exist, set_up),
		cmocka_unit_test_setup(names_are_sorted_and_exist, set_up),
		cmocka_unit_test_setup(traces_frames_and_files_exist, set_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
