/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding a made-up CPython and walking its whole heap, with each allocation
 * failing in turn: lack of memory is an error and nothing else, and leaves
 * nothing behind. Never a smaller heap that looks whole.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "capture/heap_snapshot.h"
#include "failing_allocator.h"
#include "fake_heap.h"
#include "runtime/layouts/layout_tables.h"

enum {
	CACHE = 64 << 10,
	TRACES_VARIABLE = FAKE_DATA + 0x7800, /* what leads to tracemalloc's table, and ... */
	TRACES = FAKE_DATA + 0x1f8000,        /* ... the table, 3.9 and later */
	TRACE_BUCKETS = TRACES + 0x100,
	TRACE_ENTRIES = TRACES + 0x400,
	TRACEBACK = TRACES + 0x800,
	TRACE_FILE = TRACES + 0xa00,
};

struct trial {
	struct target *target; /* shared by all runs: it only reads */
	bool with_edges;
	bool with_account; /* then no edges */
	char *whole;       /* the snapshot in words, as the first capture gave it; owned */
};

/* -------------------------------------------------- a snapshot in words */

static bool has_string_operand(enum edge_kind kind)
{
	return kind == EDGE_ATTRIBUTE || kind == EDGE_LOCAL || kind == EDGE_FIELD ||
	       kind == EDGE_WEAK;
}

static void say_edges(const struct snapshot *snapshot, node_id node, struct text *text)
{
	for (uint64_t i = snapshot->edge_start[node]; i < snapshot->edge_start[node + 1]; i++) {
		struct snap_edge edge = snapshot->edges[i];
		uint32_t operand = snap_edge_operand(edge);

		text_printf(text, "  %d ", (int)snap_edge_kind(edge));
		if (has_string_operand(snap_edge_kind(edge)))
			text_append(text, snapshot_string(snapshot, operand));
		else
			text_printf(text, "%u", operand);
		text_printf(text, " %u\n", edge.to);
	}
}

static void say_trace(const struct snapshot *snapshot, node_id node, struct text *text)
{
	const struct snap_trace *trace = snapshot_trace(snapshot, node);

	for (uint32_t i = 0; trace && i < trace->count; i++) {
		struct snap_frame frame = snapshot->frames[trace->first + i];

		text_printf(text, "  at %s:%u\n", snapshot_string(snapshot, frame.file),
		            frame.line);
	}
}

static void say_nodes(const struct snapshot *snapshot, struct text *text)
{
	for (node_id node = 0; node < snapshot->node_count; node++) {
		const char *name = snapshot_node_name(snapshot, node);
		uint64_t length = 0;
		bool is_container = snapshot_length(snapshot, node, &length);

		text_printf(text, "%llx %s %s size %llu memory %llu flags %x length %d %llu\n",
		            (unsigned long long)snapshot->address[node],
		            snapshot_type_name(snapshot, snapshot->type[node]), name ? name : "-",
		            (unsigned long long)snapshot_size(snapshot, node),
		            (unsigned long long)snapshot_memory(snapshot, node),
		            snapshot->flags[node], is_container, (unsigned long long)length);
		say_trace(snapshot, node, text);
		if (snapshot_has_edges(snapshot))
			say_edges(snapshot, node, text);
	}
}

/* Everything that a question can be answered from. The caller frees it. */
static char *in_words(const struct snapshot *snapshot)
{
	struct text text;
	char *words;

	text_init(&text);
	say_nodes(snapshot, &text);
	for (size_t i = 0; i < snapshot->root_count; i++)
		text_printf(&text, "root %s %u %u %u\n",
		            snapshot_string(snapshot, snapshot->roots[i].name),
		            snapshot->roots[i].node, snapshot->roots[i].kind,
		            snapshot->roots[i].tier);
	for (type_id type = 0; type < snapshot->type_count; type++)
		text_printf(&text, "type %s %u\n", snapshot_type_name(snapshot, type),
		            snapshot->types[type].node);
	text_printf(&text, "faults %llu torn %llu unknown %llu\n",
	            (unsigned long long)snapshot->totals.faults,
	            (unsigned long long)snapshot->totals.torn,
	            (unsigned long long)snapshot->totals.unknown_types);
	for (size_t i = 0; snapshot->account.is_known && i < SNAP_OWNER_COUNT; i++)
		text_printf(&text, "owner %zu %llu\n", i,
		            (unsigned long long)snapshot->account.owned[i]);
	words = text_take(&text);
	assert_non_null(words);
	return words;
}

/* ------------------------------------------------------------ the capture */

/* Each list was allocated at a.py:7, in a function that was called at a.py:9. */
static void fill_traces(struct fake_python *fake, const struct py_layout *layout)
{
	const uint64_t table[] = {FAKE_LISTS, 16,         TRACE_BUCKETS, FAKE_IMAGE,
	                          FAKE_IMAGE, FAKE_IMAGE, FAKE_IMAGE};

	fake_python_u64(fake, TRACES_VARIABLE, TRACES);
	fake_python_bytes(fake, TRACES, table, sizeof(table));
	fake_python_u32(fake, TRACEBACK + 8, 2 | 2 << 16);
	for (unsigned int i = 0; i < 2; i++) {
		fake_python_u64(fake, TRACEBACK + 12 + i * 12, TRACE_FILE);
		fake_python_u32(fake, TRACEBACK + 20 + i * 12, 7 + i * 2);
	}
	fake_python_bytes(fake, TRACE_FILE, "a.py", sizeof("a.py"));
	for (unsigned int i = 0; i < FAKE_LISTS; i++) {
		taddr entry = TRACE_ENTRIES + i * 64;

		fake_python_u64(fake, TRACE_BUCKETS + i * 8, entry);
		fake_python_u64(fake, entry + 16, fake_heap_block(layout, 0, i));
		fake_python_u64(fake, entry + 24, entry + 32);
		fake_python_u64(fake, entry + 40, TRACEBACK);
	}
}

static struct target *make_target(const struct py_layout *layout)
{
	struct fake_python *fake = fake_python_new(layout, layout->version << 16 | 0x01f0);
	struct target *target = NULL;

	assert_non_null(fake);
	fake_stack_fill(fake, layout);
	fake_heap_fill(fake, layout);
	fill_traces(fake, layout);
	assert_null(fake_python_finish(fake, &target));
	return target;
}

static struct error *capture(const struct trial *trial, struct snapshot **ret)
{
	_cleanup_(window_cache_deinit) struct window_cache memory = {0};
	const struct account_wish account = {.resident = fake_heap_resident()};
	const struct heap_wish wish = {
		.with_edges = trial->with_edges,
		.with_traces = !trial->with_account,
		.account = trial->with_account ? &account : NULL,
	};
	struct python python;
	struct error *error = window_cache_init(&memory, trial->target, CACHE);

	if (!error)
		error = python_find(&memory, &python);
	if (error)
		return error;
	error = heap_snapshot_take(&python, &wish, ret);
	python_deinit(&python);
	return error;
}

static void assert_whole(const struct trial *trial, const struct snapshot *snapshot)
{
	char *words = in_words(snapshot);

	assert_null(snapshot_check(snapshot));
	assert_string_equal(words, trial->whole);
	free(words);
}

static bool find_and_capture(void *context)
{
	const struct trial *trial = context;
	struct snapshot *snapshot = NULL;
	struct error *error;
	bool has_run_out;

	allocator_arm();
	error = capture(trial, &snapshot);
	allocator_disarm();
	has_run_out = error != NULL;
	if (has_run_out) {
		assert_int_equal(error_kind(error), ERROR_MEMORY);
		assert_null(snapshot);
	} else {
		assert_whole(trial, snapshot);
	}
	error_free(error);
	snapshot_free(snapshot);
	return has_run_out;
}

static void capture_whole(struct trial *trial)
{
	struct snapshot *snapshot = NULL;

	assert_null(capture(trial, &snapshot));
	trial->whole = in_words(snapshot);
	if (trial->with_account)
		assert_true(snapshot->account.owned[SNAP_OWNER_OBJECTS] > 0 &&
		            snapshot->account.owned[SNAP_OWNER_POOL_HEADS] > 0);
	else
		assert_non_null(strstr(trial->whole, "  at a.py:7\n  at a.py:9\n"));
	snapshot_free(snapshot);
}

static void capture_without_memory(const struct py_layout *layout)
{
	for (int wish = 0; wish < 3; wish++) {
		struct trial trial = {
			.target = make_target(layout),
			.with_edges = wish == 1,
			.with_account = wish == 2,
		};

		capture_whole(&trial);
		assert_true(allocator_exhaust(find_and_capture, &trial) > 100);
		free(trial.whole);
		target_free(trial.target);
	}
}

static void any_allocation_may_fail_with_pools_and_static_arenas(void **state)
{
	(void)state;
	capture_without_memory(&py_layout_3_8);
}

static void any_allocation_may_fail_with_arenas_of_an_interpreter(void **state)
{
	(void)state;
	capture_without_memory(&py_layout_3_12);
}

static void any_allocation_may_fail_with_debug_offsets(void **state)
{
	(void)state;
	capture_without_memory(&py_layout_3_15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_allocation_may_fail_with_pools_and_static_arenas),
		cmocka_unit_test(any_allocation_may_fail_with_arenas_of_an_interpreter),
		cmocka_unit_test(any_allocation_may_fail_with_debug_offsets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
