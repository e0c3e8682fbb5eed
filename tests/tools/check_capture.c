/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Holds the graph of a capture against the decoders, object by object, in a
 * process that waits:
 *
 *	check_capture PID
 *
 * The decoders are asked again, of the process itself, what each object
 * refers to; the snapshot has to have the same references under the same
 * names, in the same order, none more and none less. Guessed references are
 * left out: those the capture judges by more than the decoders know. What is
 * right with the decoders is for dump_graph and the oracle to say. Printed is
 * one JSON document a line:
 *
 *	{"type": 3, "name": "app.Order", "address": 1}
 *	[address, type, size, refcount, flags (enum node_flags), memory]    each object
 *	{"frames": [{"at": "handle (app.py:31)", "address": 2, "code": 3, "locals": {"x": 4}}],
 *	 "address": 5}                                                      each thread
 *	{"differs": "...", "address": 6}                                    the first of them
 *	{"objects": 7, "edges": 8, "differences": 0, "torn": 0, ...}
 */
#include "base/cleanup.h"
#include "capture/capture.h"
#include "print_string.h"
#include "runtime/py_refs.h"
#include "runtime/python.h"
#include "target/live_target.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	CACHE_BYTES = 64 << 20,
	LABEL_LIMIT = 256, /* that of src/capture/heap_worker.c */
	SHOWN_MAX = 200,
};

struct check {
	const struct snapshot *snapshot;
	struct python python;
	struct py_types *types;
	node_id node;
	uint32_t edge; /* of node: the next that is not compared yet */
	uint64_t edges;
	uint64_t differences;
};

/* ------------------------------------------------------------- references */

/* to, found: where the reference leads to; 0: there is none. */
static void tell_difference(struct check *check, const char *what, taddr to, taddr found)
{
	const struct snapshot *snapshot = check->snapshot;

	if (check->differences++ >= SHOWN_MAX)
		return;
	printf("{\"differs\": \"%s\", \"to\": %" PRIu64 ", \"found\": %" PRIu64
	       ", \"address\": %" PRIu64 ", \"of\": ",
	       what, to, found, snapshot->address[check->node]);
	print_string(snapshot_type_name(snapshot, snapshot->type[check->node]));
	puts("}");
}

static bool is_guess(struct snap_edge edge)
{
	return snap_edge_kind(edge) == EDGE_CONSERVATIVE || snap_edge_kind(edge) == EDGE_HIDDEN;
}

/* The next edge that the decoders know as well; false: there is none. */
static bool next_edge(struct check *check, struct snap_edge *ret)
{
	const struct snapshot *snapshot = check->snapshot;

	while (check->edge < snapshot->edge_start[check->node + 1] &&
	       is_guess(snapshot->edges[check->edge]))
		check->edge++;
	if (check->edge == snapshot->edge_start[check->node + 1])
		return false;
	*ret = snapshot->edges[check->edge++];
	check->edges++;
	return true;
}

static bool has_name(struct check *check, struct snap_edge edge, const struct py_ref *reference)
{
	const char *name = snapshot_string(check->snapshot, snap_edge_operand(edge));
	_cleanup_free_ char *text = NULL;

	if (reference->name)
		return !strcmp(reference->name, name);
	text = py_string_utf8(&check->python, reference->name_object, LABEL_LIMIT);
	return !strcmp(text ? text : "?", name);
}

static bool has_label(struct check *check, struct snap_edge edge, const struct py_ref *reference)
{
	uint32_t operand = snap_edge_operand(edge);

	switch (reference->kind) {
	case PY_REF_ATTRIBUTE:
	case PY_REF_LOCAL:
	case PY_REF_FIELD:
	case PY_REF_WEAK: return has_name(check, edge, reference);
	case PY_REF_VALUE: return check->snapshot->address[operand] == reference->name_object;
	case PY_REF_TYPE: return operand == 0;
	case PY_REF_INDEX:
	case PY_REF_KEY:
	case PY_REF_STACK: return operand == reference->number;
	case PY_REF_CONSERVATIVE: break;
	}
	return true;
}

static enum edge_kind kind_of(enum py_ref_kind kind)
{
	static const enum edge_kind kinds[] = {
		[PY_REF_ATTRIBUTE] = EDGE_ATTRIBUTE,
		[PY_REF_INDEX] = EDGE_INDEX,
		[PY_REF_VALUE] = EDGE_VALUE,
		[PY_REF_KEY] = EDGE_KEY,
		[PY_REF_LOCAL] = EDGE_LOCAL,
		[PY_REF_STACK] = EDGE_STACK,
		[PY_REF_FIELD] = EDGE_FIELD,
		[PY_REF_TYPE] = EDGE_TYPE,
		[PY_REF_CONSERVATIVE] = EDGE_CONSERVATIVE,
		[PY_REF_WEAK] = EDGE_WEAK,
	};

	return kinds[kind];
}

static void compare_reference(void *context, const struct py_ref *reference)
{
	struct check *check = context;
	struct snap_edge edge;
	taddr found;

	if (reference->kind == PY_REF_CONSERVATIVE)
		return;
	if (!next_edge(check, &edge)) {
		tell_difference(check, "the capture lacks a reference", reference->to, 0);
		return;
	}
	found = check->snapshot->address[edge.to];
	if (found != reference->to)
		tell_difference(check, "a reference leads elsewhere", reference->to, found);
	else if (snap_edge_kind(edge) != kind_of(reference->kind))
		tell_difference(check, "a reference is of another kind", reference->to, found);
	else if (!has_label(check, edge, reference))
		tell_difference(check, "a reference has another name", reference->to, found);
}

static void compare_object(struct check *check, node_id node)
{
	const struct py_visitor visitor = {.context = check, .reference = compare_reference};
	const struct snapshot *snapshot = check->snapshot;
	struct py_object object;
	struct snap_edge edge;

	check->node = node;
	check->edge = snapshot->edge_start[node];
	if (py_object_at(&check->python, check->types, snapshot->address[node], &object) !=
	    DECODE_OK) {
		tell_difference(check, "there is no object", 0, 0);
		return;
	}
	(void)py_refs_visit(&check->python, check->types, &object, &visitor);
	while (next_edge(check, &edge))
		tell_difference(check, "a reference too many", 0, snapshot->address[edge.to]);
}

/* ---------------------------------------------------------------- printing */

/* As the oracle names types. */
static void print_type(const struct snapshot *snapshot, type_id id)
{
	const struct snap_type *type = &snapshot->types[id];
	const char *name = snapshot_string(snapshot, type->name);
	const char *module = snapshot_string(snapshot, type->module);

	printf("{\"type\": %" PRIu32 ", \"name\": ", id);
	if (!strchr(name, '.') || !strcmp(module, "builtins"))
		printf("\"%s%s\"", *module ? "builtins." : "", name);
	else
		print_string(name);
	printf(", \"address\": %" PRIu64 "}\n", type->address);
}

static void print_object(const struct snapshot *snapshot, node_id node)
{
	printf("[%" PRIu64 ",%" PRIu32 ",%" PRIu64 ",%" PRIu32 ",%u,%" PRIu64 "]\n",
	       snapshot->address[node], snapshot->type[node], snapshot_size(snapshot, node),
	       snapshot_refcount(snapshot, node), snapshot->flags[node],
	       snapshot_memory(snapshot, node));
}

static void print_frame(const struct snapshot *snapshot, node_id frame)
{
	uint64_t code = 0;
	bool is_first = true;

	printf("{\"address\": %" PRIu64 ", \"at\": ", snapshot->address[frame]);
	print_string(snapshot_node_name(snapshot, frame));
	printf(", \"locals\": {");
	for (uint64_t i = snapshot->edge_start[frame]; i < snapshot->edge_start[frame + 1]; i++) {
		struct snap_edge edge = snapshot->edges[i];
		enum edge_kind kind = snap_edge_kind(edge);
		uint64_t to = snapshot->address[edge.to];

		if (kind != EDGE_LOCAL && kind != EDGE_ATTRIBUTE)
			continue;
		if (!strcmp(snapshot_string(snapshot, snap_edge_operand(edge)), "f_code"))
			code = to;
		if (kind != EDGE_LOCAL)
			continue;
		printf("%s", is_first ? "" : ", ");
		print_string(snapshot_string(snapshot, snap_edge_operand(edge)));
		printf(": %" PRIu64, to);
		is_first = false;
	}
	printf("}, \"code\": %" PRIu64 "}", code);
}

static void print_thread(const struct snapshot *snapshot, node_id thread)
{
	bool is_first = true;

	printf("{\"address\": %" PRIu64 ", \"frames\": [", snapshot->address[thread]);
	for (uint64_t i = snapshot->edge_start[thread]; i < snapshot->edge_start[thread + 1]; i++) {
		node_id to = snapshot->edges[i].to;

		if (!(snapshot->flags[to] & NODE_IS_SYNTHETIC))
			continue;
		printf("%s", is_first ? "" : ", ");
		print_frame(snapshot, to);
		is_first = false;
	}
	puts("]}");
}

static void check_graph(struct check *check)
{
	const struct snapshot *snapshot = check->snapshot;
	const struct snap_totals *totals = &snapshot->totals;

	for (type_id type = 0; type < snapshot->type_count; type++)
		print_type(snapshot, type);
	for (node_id node = 0; node < snapshot->node_count; node++) {
		if (!snapshot_is_object(snapshot, node))
			continue;
		print_object(snapshot, node);
		compare_object(check, node);
	}
	for (size_t i = 0; i < snapshot->root_count; i++) {
		if (snapshot->roots[i].kind == ROOT_THREAD)
			print_thread(snapshot, snapshot->roots[i].node);
	}
	printf("{\"objects\": %" PRIu64 ", \"edges\": %" PRIu64 ", \"differences\": %" PRIu64
	       ", \"faults\": %" PRIu64 ", \"torn\": %" PRIu64 ", \"unknown_types\": %" PRIu64
	       "}\n",
	       totals->objects, check->edges, check->differences, totals->faults, totals->torn,
	       totals->unknown_types);
}

static struct error *check_process(pid_t pid, const struct snapshot *snapshot)
{
	_cleanup_(cleanup_target) struct target *target = NULL;
	struct check check = {.snapshot = snapshot};
	struct window_cache memory = {0};
	struct error *error = live_target_open(pid, pid, &target);

	if (!error)
		error = window_cache_init(&memory, target, CACHE_BYTES);
	if (!error)
		error = python_find(&memory, &check.python);
	if (!error)
		error = py_types_new(&check.python, &check.types);
	if (!error)
		check_graph(&check);
	py_types_free(check.types);
	python_deinit(&check.python);
	window_cache_deinit(&memory);
	return error;
}

int main(int argc, char **argv)
{
	_cleanup_(cleanup_capture) struct capture *capture = NULL;
	const struct capture_options options = {.pause = PAUSE_FORK, .with_edges = true};
	struct error *error;
	pid_t pid;

	if (argc != 2)
		return 2;
	pid = (pid_t)strtol(argv[1], NULL, 10);
	error = capture_process(pid, &options, &capture);
	if (!error)
		error = snapshot_check(capture_snapshot(capture));
	if (!error)
		error = check_process(pid, capture_snapshot(capture));
	if (!error)
		return 0;
	fprintf(stderr, "%s: %s\n", argv[0], error_message(error));
	error_free(error);
	return 3;
}
