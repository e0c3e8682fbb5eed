/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dump_native PID|CORE [fork|copy|none]: what a capture knows of the memory of C,
 * as lines of JSON. A line for each native block, with who has edges to it, one
 * for each root of memory, and the sums:
 *
 *	{"block": 1, "size": 24, "memory": 32, "reached": 2, "edges": 0,
 *	 "holders": [["int", 1, "conservative", 3]]}
 *	{"root": "stack of thread 42 (MainThread)", "address": 1, "edges": 10}
 *	{"has_native": true, "nodes": 1, "edges": 1, "torn": 0, "lost_objects": 0,
 *	 "ms": 1.5}
 *
 * reached: 2, by references to starts of blocks alone; 1, by others too; 0, by
 * nothing from any root. A holder is its type or name, its address, the kind of
 * edge and its operand. Objects that nothing reaches have lines too:
 *
 *	{"object": 1, "type": "list", "size": 56, "refcount": 1}
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "capture/capture.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "print_string.h"

enum { HOLDERS_MAX = 8 };

struct holder {
	node_id from;
	struct snap_edge edge;
};

/* Marks all that is reached, with level; interior edges count from level 1 down. */
static void reach(const struct snapshot *snapshot, uint8_t *reached, node_id *queue, uint8_t level)
{
	size_t count = 0;

	memset(reached + snapshot->node_count, 0, 1);
	for (node_id node = 0; node < snapshot->node_count; node++)
		if (reached[node])
			queue[count++] = node;
	for (size_t i = 0; i < snapshot->root_count; i++)
		if (!reached[snapshot->roots[i].node]) {
			reached[snapshot->roots[i].node] = level;
			queue[count++] = snapshot->roots[i].node;
		}
	for (size_t i = 0; i < count; i++) {
		node_id node = queue[i];

		for (uint32_t at = snapshot->edge_start[node]; at < snapshot->edge_start[node + 1];
		     at++) {
			enum edge_kind kind = snap_edge_kind(snapshot->edges[at]);
			node_id to = snapshot->edges[at].to;

			if (reached[to] || kind == EDGE_WEAK ||
			    (kind == EDGE_INTERIOR && level == 2))
				continue;
			reached[to] = level;
			queue[count++] = to;
		}
	}
}

static void print_holder(const struct snapshot *snapshot, const struct holder *holder)
{
	const char *name = snapshot_node_name(snapshot, holder->from);
	const char *type = snapshot_type_name(snapshot, snapshot->type[holder->from]);

	printf("[");
	print_string(name ? name : type);
	printf(", %" PRIu64 ", \"%s\", %u]", snapshot->address[holder->from],
	       snap_edge_kind_name(snap_edge_kind(holder->edge)), snap_edge_operand(holder->edge));
}

static void print_block(const struct snapshot *snapshot, node_id node, uint8_t reached,
                        const struct holder *holders)
{
	printf("{\"block\": %" PRIu64 ", \"size\": %" PRIu64 ", \"memory\": %" PRIu64
	       ", \"reached\": %u, \"edges\": %u, \"flags\": %u, \"holders\": [",
	       snapshot->address[node], snapshot_size(snapshot, node),
	       snapshot_memory(snapshot, node), reached,
	       snapshot->edge_start[node + 1] - snapshot->edge_start[node], snapshot->flags[node]);
	for (size_t i = 0; i < HOLDERS_MAX && holders[i].from != NODE_NONE; i++) {
		if (i)
			printf(", ");
		print_holder(snapshot, &holders[i]);
	}
	puts("]}");
}

/* The first of who has an edge to each node from first on, HOLDERS_MAX a node. */
static void find_holders(const struct snapshot *snapshot, node_id first, struct holder *holders)
{
	for (node_id node = 0; node < snapshot->node_count; node++)
		for (uint32_t at = snapshot->edge_start[node]; at < snapshot->edge_start[node + 1];
		     at++) {
			struct snap_edge edge = snapshot->edges[at];
			struct holder *of = holders + (size_t)(edge.to - first) * HOLDERS_MAX;
			size_t i = 0;

			if (edge.to < first)
				continue;
			while (i < HOLDERS_MAX && of[i].from != NODE_NONE)
				i++;
			if (i < HOLDERS_MAX)
				of[i] = (struct holder){node, edge};
		}
}

static node_id first_native(const struct snapshot *snapshot)
{
	node_id node = 0;

	while (node < snapshot->node_count && !snapshot_is_native(snapshot, node))
		node++;
	return node;
}

static bool is_memory(const char *type)
{
	return strcmp(type, SNAP_TYPE_MEMORY) == 0 || strcmp(type, SNAP_TYPE_STACK) == 0;
}

static void print_roots(const struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->root_count; i++) {
		node_id node = snapshot->roots[i].node;

		if (!is_memory(snapshot_type_name(snapshot, snapshot->type[node])))
			continue;
		printf("{\"root\": ");
		print_string(snapshot_string(snapshot, snapshot->roots[i].name));
		printf(", \"address\": %" PRIu64 ", \"edges\": %u, \"kind\": %u, \"tier\": %u}\n",
		       snapshot->address[node],
		       snapshot->edge_start[node + 1] - snapshot->edge_start[node],
		       snapshot->roots[i].kind, snapshot->roots[i].tier);
	}
}

static uint64_t print_lost_objects(const struct snapshot *snapshot, const uint8_t *reached)
{
	uint64_t count = 0;

	for (node_id node = 0; node < snapshot->node_count; node++) {
		if (reached[node] || !snapshot_is_object(snapshot, node))
			continue;
		count++;
		printf("{\"object\": %" PRIu64 ", \"type\": ", snapshot->address[node]);
		print_string(snapshot_type_name(snapshot, snapshot->type[node]));
		printf(", \"size\": %" PRIu64 ", \"refcount\": %u}\n",
		       snapshot_size(snapshot, node), snapshot_refcount(snapshot, node));
	}
	return count;
}

static void print_graph(const struct snapshot *snapshot, double seconds)
{
	node_id first = first_native(snapshot);
	size_t count = (size_t)(snapshot->node_count - first) * HOLDERS_MAX;
	uint8_t *reached = calloc(snapshot->node_count + 1, 1);
	node_id *queue = calloc(snapshot->node_count + 1, sizeof(*queue));
	struct holder *holders = calloc(count + 1, sizeof(*holders));
	uint64_t lost;

	if (!reached || !queue || !holders)
		abort();
	for (size_t i = 0; i < count; i++)
		holders[i].from = NODE_NONE;
	reach(snapshot, reached, queue, 2);
	reach(snapshot, reached, queue, 1);
	find_holders(snapshot, first, holders);
	for (node_id node = first; node < snapshot->node_count; node++)
		if (snapshot_is_native(snapshot, node))
			print_block(snapshot, node, reached[node],
			            holders + (size_t)(node - first) * HOLDERS_MAX);
	print_roots(snapshot);
	lost = print_lost_objects(snapshot, reached);
	printf("{\"has_native\": %s, \"nodes\": %u, \"edges\": %u, \"torn\": %" PRIu64
	       ", \"settled\": %d, \"lost_objects\": %" PRIu64 ", \"ms\": %.3f}\n",
	       snapshot_has_native(snapshot) ? "true" : "false", snapshot->node_count,
	       snapshot->edge_start[snapshot->node_count], snapshot->totals.torn,
	       snapshot->facts.is_settled, lost, seconds * 1000);
	free(reached);
	free(queue);
	free(holders);
}

static enum pause_mode mode_named(const char *name)
{
	if (!strcmp(name, "copy"))
		return PAUSE_COPY;
	return strcmp(name, "none") ? PAUSE_FORK : PAUSE_NONE;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	_cleanup_(cleanup_capture) struct capture *capture = NULL;
	const struct core_options core = {0};
	struct capture_options options = {
		.pause = argc > 2 ? mode_named(argv[2]) : PAUSE_FORK,
		.with_edges = true,
		.with_native = true,
	};
	double start = now();
	struct error *error;

	if (argc < 2)
		return 2;
	if (getenv("WITHOUT_NATIVE"))
		options.with_native = false;
	if (strspn(argv[1], "0123456789") == strlen(argv[1]))
		error = capture_process((pid_t)strtol(argv[1], NULL, 10), &options, &capture);
	else
		error = capture_core(argv[1], &core, &options, &capture);
	start = now() - start;
	if (!error)
		error = snapshot_check(capture_snapshot(capture));
	if (!error)
		print_graph(capture_snapshot(capture), start);
	else
		fprintf(stderr, "dump_native: %s\n", error_message(error));
	error_free(error);
	return capture ? 0 : 3;
}
