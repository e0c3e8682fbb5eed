/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A graph with something in every column and table, written and read back;
 * then the same file with each of its bytes changed, and cut at each length.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "snapshot/snapshot_builder.h"
#include "snapshot/snapshot_file.h"

enum { NODES = 20000 };

static char folder[] = "/tmp/plumb-test-file-XXXXXX";
static char path[sizeof(folder) + 16];

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/a.plumb", folder);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(folder); /* fails when something was left there */
}

static void succeed(struct error *error)
{
	if (error)
		fail_msg("%s", error_message(error));
}

/* Two nodes of three have one of two traces. */
static void add_traces(struct snapshot_builder *builder, node_id count, str_id file)
{
	const struct snap_frame frames[] = {{file, 7}, {file, 0}, {file, UINT32_MAX}};
	uint32_t shallow = snapshot_builder_trace(builder, frames, 1, 5);
	uint32_t deep = snapshot_builder_trace(builder, frames, 3, 0);
	uint32_t *column = snapshot_builder_trace_column(builder);

	for (node_id i = 0; i < count; i++)
		column[i] = i % 3 == 0 ? 0 : i % 3 == 1 ? shallow : deep;
}

static struct snapshot *make_graph(node_id count)
{
	_cleanup_(cleanup_snapshot_builder) struct snapshot_builder *builder =
		snapshot_builder_new();
	struct snapshot *snapshot = NULL;
	str_id list = snapshot_builder_string(builder, "list", 4);
	str_id empty = snapshot_builder_string(builder, "", 0);
	type_id type = snapshot_builder_type(builder, 0x7f0000001000, list, empty);

	for (node_id i = 0; i < count; i++) {
		node_id node =
			snapshot_builder_node(builder, 0x7f0000002000 - i * 16u, type, i % 256);

		snapshot_builder_sizes(builder, node, i * 7u, i == 5 ? UINT64_MAX : i);
		snapshot_builder_refcount(builder, node, i);
	}
	for (node_id i = 0; i < count; i++) {
		snapshot_builder_begin_edges(builder, i);
		for (unsigned int k = 0; k < i % 4; k++)
			snapshot_builder_edge(builder, (i * 31 + k) % count, EDGE_INDEX, k);
		if (i % 50 == 0)
			snapshot_builder_edge(builder, i, EDGE_VALUE, i / 2);
	}
	snapshot_builder_type_node(builder, type, count - 1);
	snapshot_builder_root(builder, 0, list, ROOT_THREAD, 3);
	snapshot_builder_container(builder, 1, 77);
	snapshot_builder_name(builder, 2, list);
	snapshot_builder_totals(builder)->unknown_types = 12;
	add_traces(builder, count, list);
	succeed(snapshot_builder_seal(builder, &snapshot));
	snapshot->facts = (struct snapshot_facts){
		.runtime_version = strdup("3.12.1"),
		.pid = 4242,
		.taken_at = 1700000000,
		.pause_ms = 0.1,
		.pause = SNAPSHOT_PAUSE_COPY,
		.is_settled = true,
		.resident_bytes = UINT64_C(1) << 40,
		.threads = 3,
	};
	snap_settings_add(&snapshot->facts.settings, SECTION_VARIABLE, "PYTHONPATH", "/a:/b");
	snap_settings_add(&snapshot->facts.settings, SECTION_LIBRARY, "weird:name", "");
	assert_true(snap_settings_seal(&snapshot->facts.settings));
	return snapshot;
}

/* Every third node has a value; every thirtieth one that was cut. */
struct teller {
	char text[32];
};

static void *open_teller(void *context)
{
	(void)context;
	return calloc(1, sizeof(struct teller));
}

static bool tell(void *context, node_id node, bool is_key, struct node_value *ret)
{
	struct teller *teller = context;

	if (node % 3 && !is_key)
		return false;
	snprintf(teller->text, sizeof(teller->text), is_key ? "key %u" : "%u", node);
	*ret = (struct node_value){.text = teller->text, .length = strlen(teller->text)};
	if (node % 30 == 0) {
		ret->is_cut = true;
		ret->whole_length = UINT64_C(1) << 33;
		ret->hash = node * UINT64_C(0x123456789);
	}
	return true;
}

static bool never(void *teller)
{
	(void)teller;
	return false;
}

static const struct value_source values = {NULL, open_teller, free, tell, never};

static void write_graph(const struct snapshot *snapshot, const struct value_source *source)
{
	struct snapshot_file_options options = {.values = source};
	struct stat status;
	uint64_t size;

	succeed(snapshot_file_write(snapshot, path, &options, &size));
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_size, size);
	assert_int_equal(status.st_mode & 07777, 0600);
}

#define assert_same_array(a, b, name, count)                                                       \
	assert_memory_equal((a)->name, (b)->name, (count) * sizeof(*(a)->name))

static void assert_same_nodes(const struct snapshot *a, const struct snapshot *b)
{
	assert_int_equal(a->node_count, b->node_count);
	assert_same_array(a, b, address, a->node_count);
	assert_same_array(a, b, type, a->node_count);
	assert_same_array(a, b, size, a->node_count);
	assert_same_array(a, b, memory, a->node_count);
	assert_same_array(a, b, refcount, a->node_count);
	assert_same_array(a, b, flags, a->node_count);
}

static void assert_same_tables(const struct snapshot *a, const struct snapshot *b)
{
	assert_int_equal(a->large_count, b->large_count);
	assert_int_equal(a->many_count, b->many_count);
	assert_int_equal(a->container_count, b->container_count);
	assert_int_equal(a->name_count, b->name_count);
	assert_int_equal(a->root_count, b->root_count);
	assert_int_equal(a->type_count, b->type_count);
	assert_same_array(a, b, many, a->many_count);
	assert_same_array(a, b, containers, a->container_count);
	assert_same_array(a, b, names, a->name_count);
	for (size_t i = 0; i < a->large_count; i++) {
		node_id node = a->large[i].node;

		assert_int_equal(snapshot_size(a, node), snapshot_size(b, node));
		assert_int_equal(snapshot_memory(a, node), snapshot_memory(b, node));
	}
	assert_int_equal(a->roots[0].kind, b->roots[0].kind);
	assert_int_equal(a->roots[0].tier, b->roots[0].tier);
	assert_string_equal(snapshot_string(a, a->roots[0].name),
	                    snapshot_string(b, b->roots[0].name));
	assert_string_equal(snapshot_type_name(a, 0), snapshot_type_name(b, 0));
	assert_int_equal(a->types[0].address, b->types[0].address);
	assert_int_equal(a->types[0].node, b->types[0].node);
	assert_memory_equal(&a->totals, &b->totals, sizeof(a->totals));
}

static void assert_same_traces(const struct snapshot *a, const struct snapshot *b)
{
	assert_int_equal(a->trace_count, b->trace_count);
	assert_int_equal(a->frame_count, b->frame_count);
	assert_same_array(a, b, trace, a->node_count);
	assert_same_array(a, b, traces, a->trace_count);
	assert_same_array(a, b, frames, a->frame_count);
	assert_null(snapshot_trace(b, 3));
	assert_int_equal(snapshot_trace(b, 4)->total, 5);
	assert_int_equal(snapshot_trace(b, 5)->total, 3);
	assert_int_equal(b->frames[snapshot_trace(b, 5)->first + 2].line, UINT32_MAX);
}

static void assert_same_facts(const struct snapshot_facts *a, const struct snapshot_facts *b)
{
	assert_string_equal(a->runtime_version, b->runtime_version);
	assert_null(b->command_line);
	assert_int_equal(a->pid, b->pid);
	assert_int_equal(a->taken_at, b->taken_at);
	assert_true(a->pause_ms == b->pause_ms);
	assert_int_equal(a->pause, b->pause);
	assert_int_equal(a->is_settled, b->is_settled);
	assert_int_equal(a->resident_bytes, b->resident_bytes);
	assert_int_equal(a->interpreters, b->interpreters);
	assert_int_equal(a->threads, b->threads);
	assert_string_equal(b->file, path);
	assert_int_equal(b->settings.count, 2);
	assert_string_equal(snap_settings_find(&b->settings, SECTION_VARIABLE, "PYTHONPATH"),
	                    "/a:/b");
	assert_string_equal(snap_settings_find(&b->settings, SECTION_LIBRARY, "weird:name"), "");
}

static void assert_value(struct snapshot_file *file, node_id node, const char *expected)
{
	const struct snapshot *snapshot = snapshot_file_snapshot(file);
	_cleanup_free_ char *text = NULL;

	assert_true(snapshot->node_text(snapshot->node_text_context, node, &text));
	if (expected)
		assert_string_equal(text, expected);
	else
		assert_null(text);
}

static void test_a_graph_comes_back_as_it_was(void **state)
{
	_cleanup_(cleanup_snapshot) struct snapshot *graph = make_graph(NODES);
	_cleanup_(cleanup_snapshot_file) struct snapshot_file *file = NULL;
	const struct snapshot *read;

	(void)state;
	write_graph(graph, NULL);
	succeed(snapshot_file_open(path, SNAPSHOT_FILE_ALL, &file));
	read = snapshot_file_snapshot(file);
	assert_same_nodes(graph, read);
	assert_same_array(graph, read, edge_start, NODES + 1);
	assert_same_array(graph, read, edges, graph->edge_start[NODES]);
	assert_same_tables(graph, read);
	assert_same_traces(graph, read);
	assert_same_facts(&graph->facts, &read->facts);
	assert_value(file, 3, NULL);
	assert_false(snapshot_file_info(file).has_values);
	succeed(snapshot_file_check(file));
}

static void test_what_is_not_wanted_is_not_read(void **state)
{
	_cleanup_(cleanup_snapshot) struct snapshot *graph = make_graph(100);
	_cleanup_(cleanup_snapshot_file) struct snapshot_file *file = NULL;

	(void)state;
	write_graph(graph, NULL);
	succeed(snapshot_file_open(path, 0, &file));
	assert_null(snapshot_file_snapshot(file)->address);
	assert_false(snapshot_has_traces(snapshot_file_snapshot(file)));
	assert_false(snapshot_has_edges(snapshot_file_snapshot(file)));
	assert_int_equal(snapshot_size(snapshot_file_snapshot(file), 9), 63);
}

static void test_a_graph_without_edges_or_nodes_comes_back(void **state)
{
	struct snapshot_builder *builder = snapshot_builder_new();
	_cleanup_(cleanup_snapshot) struct snapshot *graph = NULL;
	_cleanup_(cleanup_snapshot_file) struct snapshot_file *file = NULL;

	(void)state;
	succeed(snapshot_builder_seal(builder, &graph));
	snapshot_builder_free(builder);
	write_graph(graph, &values);
	succeed(snapshot_file_open(path, SNAPSHOT_FILE_ALL, &file));
	assert_int_equal(snapshot_file_snapshot(file)->node_count, 0);
	assert_false(snapshot_has_edges(snapshot_file_snapshot(file)));
	assert_false(snapshot_has_traces(snapshot_file_snapshot(file)));
	succeed(snapshot_file_check(file));
}

static void test_values_are_found_in_any_order(void **state)
{
	_cleanup_(cleanup_snapshot) struct snapshot *graph = make_graph(NODES);
	_cleanup_(cleanup_snapshot_file) struct snapshot_file *file = NULL;
	struct node_value value;

	(void)state;
	write_graph(graph, &values);
	succeed(snapshot_file_open(path, SNAPSHOT_FILE_ALL, &file));
	assert_value(file, NODES - 2, "19998");
	assert_value(file, 3, "3");
	assert_value(file, 4, NULL);
	assert_value(file, 25, "key 25");
	assert_value(file, 8191, NULL);
	assert_value(file, 8193, "8193");
	assert_value(file, NODES, NULL);
	assert_true(snapshot_file_value(file, 90, &value));
	assert_true(value.is_cut);
	assert_int_equal(value.whole_length, UINT64_C(1) << 33);
	assert_int_equal(value.hash, 90 * UINT64_C(0x123456789));
	assert_true(snapshot_file_value(file, 93, &value));
	assert_false(value.is_cut);
	succeed(snapshot_file_check(file));
}

static void test_of_names_alone_the_rest_is_left_out(void **state)
{
	_cleanup_(cleanup_snapshot) struct snapshot *graph = make_graph(1000);
	_cleanup_(cleanup_snapshot_file) struct snapshot_file *file = NULL;
	struct snapshot_file_options options = {.values = &values, .names_only = true};
	uint64_t size;

	(void)state;
	/* Every 50th node has a key, half its number; of these, who is a namespace? */
	assert_true(graph->flags[100] & NODE_IS_NAMESPACE);
	assert_false(graph->flags[150] & NODE_IS_NAMESPACE);
	succeed(snapshot_file_write(graph, path, &options, &size));
	succeed(snapshot_file_open(path, SNAPSHOT_FILE_ALL, &file));
	assert_false(snapshot_file_info(file).has_values);
	assert_value(file, 50, "key 50");
	assert_value(file, 75, NULL);
	assert_value(file, 3, NULL);
	succeed(snapshot_file_check(file));
}

/* The whole file in memory. */
static char *read_file(size_t *ret_size)
{
	FILE *stream = fopen(path, "rb");
	char *bytes = malloc(1 << 20);

	assert_non_null(stream);
	*ret_size = fread(bytes, 1, 1 << 20, stream);
	fclose(stream);
	return bytes;
}

/* The file of a small graph with values. */
static char *write_small(size_t *ret_size)
{
	_cleanup_(cleanup_snapshot) struct snapshot *graph = make_graph(60);

	write_graph(graph, &values);
	return read_file(ret_size);
}

static void write_file(const char *bytes, size_t size)
{
	FILE *stream = fopen(path, "wb");

	assert_non_null(stream);
	assert_int_equal(fwrite(bytes, 1, size, stream), size);
	assert_int_equal(fclose(stream), 0);
}

/* Writes one byte of the file that is there. */
static void change_byte(char byte, size_t at)
{
	_cleanup_close_ int fd = open(path, O_WRONLY);

	assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
}

static struct error *open_and_check(void)
{
	_cleanup_(cleanup_snapshot_file) struct snapshot_file *file = NULL;
	struct error *error = snapshot_file_open(path, SNAPSHOT_FILE_ALL, &file);

	return error ? error : snapshot_file_check(file);
}

static void test_no_byte_can_be_changed_unnoticed(void **state)
{
	size_t size;
	_cleanup_free_ char *bytes = write_small(&size);

	(void)state;
	for (size_t i = 0; i < size; i++) {
		_cleanup_(cleanup_error) struct error *error = NULL;

		change_byte(bytes[i] ^ 0x20, i);
		error = open_and_check();
		if (!error)
			fail_msg("byte %zu of %zu was changed unnoticed", i, size);
		change_byte(bytes[i], i);
	}
	succeed(open_and_check());
}

static void test_a_cut_file_is_refused_at_every_length(void **state)
{
	size_t size;

	(void)state;
	free(write_small(&size));
	for (size_t length = size; length-- > 0;) {
		_cleanup_(cleanup_error) struct error *error = NULL;

		assert_int_equal(truncate(path, (off_t)length), 0);
		error = open_and_check();
		if (!error)
			fail_msg("%zu bytes of %zu were accepted", length, size);
	}
	assert_true(size > 1000);
}

static bool stop_at_once(void *context)
{
	(void)context;
	return true;
}

static void test_who_stops_leaves_what_was_there(void **state)
{
	_cleanup_(cleanup_snapshot) struct snapshot *graph = make_graph(100);
	struct snapshot_file_options options = {.should_stop = stop_at_once};
	_cleanup_(cleanup_error) struct error *error = NULL;
	_cleanup_free_ char *bytes = NULL;
	uint64_t written;
	size_t size;

	(void)state;
	write_file("precious", 8);
	error = snapshot_file_write(graph, path, &options, &written);
	assert_non_null(error);
	bytes = read_file(&size);
	assert_int_equal(size, 8);
	assert_memory_equal(bytes, "precious", 8);
}

static void test_other_files_are_told_from_snapshots(void **state)
{
	_cleanup_(cleanup_snapshot) struct snapshot *graph = make_graph(1);
	_cleanup_(cleanup_error) struct error *error = NULL;

	(void)state;
	write_graph(graph, NULL);
	assert_true(snapshot_file_is_one(path));
	write_file("\x7f"
	           "ELF and more than the header of a snapshot",
	           43);
	assert_false(snapshot_file_is_one(path));
	error = open_and_check();
	assert_int_equal(error_kind(error), ERROR_UNSUPPORTED);
	assert_false(snapshot_file_is_one(folder));
	assert_false(snapshot_file_is_one("/nowhere"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_graph_comes_back_as_it_was),
		cmocka_unit_test(test_what_is_not_wanted_is_not_read),
		cmocka_unit_test(test_a_graph_without_edges_or_nodes_comes_back),
		cmocka_unit_test(test_values_are_found_in_any_order),
		cmocka_unit_test(test_of_names_alone_the_rest_is_left_out),
		cmocka_unit_test(test_no_byte_can_be_changed_unnoticed),
		cmocka_unit_test(test_a_cut_file_is_refused_at_every_length),
		cmocka_unit_test(test_who_stops_leaves_what_was_there),
		cmocka_unit_test(test_other_files_are_told_from_snapshots),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
