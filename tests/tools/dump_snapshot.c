/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dump_snapshot PID|FILE: prints a graph, captured from a process or read from
 * a snapshot, in lines that tests/test_snapshot_file.py makes with the other reader too:
 *
 *	node ADDRESS TYPE SIZE MEMORY REFCOUNT FLAGS [LENGTH] [NAME]
 *	edge TO KIND OPERAND
 *	value [LENGTH HASH] TEXT
 *	type ADDRESS NAME MODULE NODE
 *	root NODE NAME KIND TIER
 *	total NUMBER
 *
 * Edges and the value come behind their node. A type is its number, kinds are
 * numbers, and an operand that is a string is written out. "-" is nothing.
 */
#include "base/cleanup.h"
#include "capture/capture.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void print_edges(const struct snapshot *snapshot, node_id node)
{
	if (!snapshot_has_edges(snapshot))
		return;
	for (uint32_t i = snapshot->edge_start[node]; i < snapshot->edge_start[node + 1]; i++) {
		struct snap_edge edge = snapshot->edges[i];
		enum edge_kind kind = snap_edge_kind(edge);
		uint32_t operand = snap_edge_operand(edge);

		printf("edge %u %d ", edge.to, (int)kind);
		if (kind == EDGE_ATTRIBUTE || kind == EDGE_LOCAL || kind == EDGE_FIELD ||
		    kind == EDGE_WEAK)
			puts(snapshot_string(snapshot, operand));
		else
			printf("%u\n", operand);
	}
}

static void print_value(const struct value_source *values, void *teller, node_id node)
{
	struct node_value value;

	if (!values->tell(teller, node, false, &value))
		return;
	if (value.is_cut)
		printf("value %" PRIu64 " %" PRIu64 " ", value.whole_length, value.hash);
	else
		printf("value - - ");
	printf("%.*s\n", (int)value.length, value.text);
}

static void print_node(const struct snapshot *snapshot, node_id node)
{
	const char *name = snapshot_node_name(snapshot, node);
	uint64_t length;

	printf("node %" PRIu64 " %u %" PRIu64 " %" PRIu64 " %u %u ", snapshot->address[node],
	       snapshot->type[node], snapshot_size(snapshot, node), snapshot_memory(snapshot, node),
	       snapshot_refcount(snapshot, node), snapshot->flags[node]);
	if (snapshot_length(snapshot, node, &length))
		printf("%" PRIu64 " ", length);
	else
		printf("- ");
	puts(name ? name : "-");
}

static void print_tables(const struct snapshot *snapshot)
{
	const uint64_t *totals = (const uint64_t *)&snapshot->totals;

	for (type_id i = 0; i < snapshot->type_count; i++)
		printf("type %" PRIu64 " %s %s %u\n", snapshot->types[i].address,
		       snapshot_type_name(snapshot, i),
		       snapshot_string(snapshot, snapshot->types[i].module),
		       snapshot->types[i].node);
	for (size_t i = 0; i < snapshot->root_count; i++)
		printf("root %u %s %u %u\n", snapshot->roots[i].node,
		       snapshot_string(snapshot, snapshot->roots[i].name), snapshot->roots[i].kind,
		       snapshot->roots[i].tier);
	for (size_t i = 0; i < sizeof(snapshot->totals) / sizeof(*totals); i++)
		printf("total %" PRIu64 "\n", totals[i]);
}

static struct error *print_graph(const struct snapshot *snapshot, struct value_source values)
{
	void *teller = values.open(values.context);

	if (!teller)
		return error_no_memory();
	for (node_id node = 0; node < snapshot->node_count; node++) {
		print_node(snapshot, node);
		print_edges(snapshot, node);
		print_value(&values, teller, node);
	}
	values.close(teller);
	print_tables(snapshot);
	return NULL;
}

static struct error *dump_process(const char *word)
{
	_cleanup_(cleanup_capture) struct capture *capture = NULL;
	struct capture_options options = {.may_fall_back = true, .with_edges = true};
	struct error *error = capture_process((pid_t)strtol(word, NULL, 10), &options, &capture);

	if (!error)
		error = snapshot_check(capture_snapshot(capture));
	return error ? error : print_graph(capture_snapshot(capture), capture_values(capture));
}

static struct error *dump_file(const char *word)
{
	_cleanup_(cleanup_snapshot_file) struct snapshot_file *file = NULL;
	struct error *error = snapshot_file_open(word, SNAPSHOT_FILE_ALL, &file);

	return error ? error
	             : print_graph(snapshot_file_snapshot(file), snapshot_file_values(file));
}

int main(int argc, char **argv)
{
	struct error *error;

	if (argc != 2)
		return 2;
	error = strspn(argv[1], "0123456789") == strlen(argv[1]) ? dump_process(argv[1])
	                                                         : dump_file(argv[1]);
	if (!error)
		return 0;
	fprintf(stderr, "dump_snapshot: %s\n", error_message(error));
	error_free(error);
	return 3;
}
