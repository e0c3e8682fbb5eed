/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints every object of a process that the collector's lists or references
 * lead to, one JSON document a line, for the oracle (tests/oracle):
 *
 *	dump_graph PID
 *
 *	{"address": 1, "type": "app.Order", "type_address": 2, "size": 56, "memory": 72,
 *	 "refcount": 1, "immortal": false, "tracked": true,
 *	 "edges": [[kind, label, to, flags], ...]}
 *
 * with the flags w (weak), c (conservative) and i (invisible to tp_traverse).
 * The threads come last, their running frames from the innermost one on:
 *
 *	{"thread": pthread id, "address": 1, "frames": [{"at": "handle (app.py:31)", "code": 2,
 *	 "locals": {"request": 3}}, ...]}
 *
 * It uses the readers of src/runtime alone, no snapshot; the process is not
 * stopped, for tests look at one that waits. memory is size here.
 */
#include "base/array.h"
#include "base/cleanup.h"
#include "base/number_map.h"
#include "print_string.h"
#include "runtime/py_refs.h"
#include "runtime/py_roots.h"
#include "target/live_target.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	HEADS_MAX = 4 * 4096,
	OBJECTS_MAX = 50000000,
	CACHE_BYTES = 256 << 20,
	TEXT_LIMIT = 200,
	HEAD_SIZE = 16, /* PyGC_Head */
};

struct graph {
	struct python python;
	struct py_types *types;
	struct number_map known; /* address -> 1: tracked, 0: not */
	taddr *queue;
	size_t count;
	size_t capacity;
	bool is_first_edge; /* of an object; local variable of a frame */
	bool is_first_frame;
	bool has_thread; /* whose frames follow */
	bool has_frame;  /* whose variables follow */
};

static const char *const kind_names[] = {
	[PY_REF_ATTRIBUTE] = "attribute",
	[PY_REF_INDEX] = "index",
	[PY_REF_VALUE] = "value",
	[PY_REF_KEY] = "key",
	[PY_REF_LOCAL] = "local",
	[PY_REF_STACK] = "stack",
	[PY_REF_FIELD] = "field",
	[PY_REF_TYPE] = "type",
	[PY_REF_CONSERVATIVE] = "conservative",
	[PY_REF_WEAK] = "weak",
};

static void add(struct graph *graph, taddr address, bool is_tracked)
{
	uint32_t value;

	if (!address || number_map_get(&graph->known, address, &value))
		return;
	if (graph->count == OBJECTS_MAX ||
	    !array_reserve(&graph->queue, &graph->capacity, graph->count + 1,
	                   sizeof(*graph->queue)) ||
	    !number_map_put(&graph->known, address, is_tracked))
		return;
	graph->queue[graph->count++] = address;
}

/* What a reference leads to must look like an object: some are guesses. */
static bool is_object(struct graph *graph, taddr address)
{
	struct py_object object;
	uint64_t count;
	bool is_immortal;

	return py_object_at(&graph->python, graph->types, address, &object) == DECODE_OK &&
	       py_object_refcount(&graph->python, &object, &count, &is_immortal) == DECODE_OK &&
	       count > 0 && count < UINT64_C(1) << 32;
}

static void discover(void *context, const struct py_ref *reference)
{
	struct graph *graph = context;

	if (is_object(graph, reference->to))
		add(graph, reference->to, false);
}

static void print_label(struct graph *graph, const struct py_ref *reference)
{
	_cleanup_free_ char *text = NULL;

	if (reference->name) {
		print_string(reference->name);
	} else if (reference->name_object && reference->kind == PY_REF_VALUE) {
		text = py_object_text(&graph->python, graph->types, reference->name_object,
		                      TEXT_LIMIT);
		print_string(text ? text : "?");
	} else if (reference->name_object) {
		text = py_string_utf8(&graph->python, reference->name_object, TEXT_LIMIT);
		print_string(text ? text : "?");
	} else {
		printf("%" PRIu64, reference->number);
	}
}

static void print_edge(void *context, const struct py_ref *reference)
{
	struct graph *graph = context;

	if (reference->kind == PY_REF_CONSERVATIVE) {
		uint32_t value;

		if (!number_map_get(&graph->known, reference->to, &value))
			return;
	}
	printf("%s[\"%s\", ", graph->is_first_edge ? "" : ", ", kind_names[reference->kind]);
	graph->is_first_edge = false;
	print_label(graph, reference);
	printf(", %" PRIu64 ", \"%s%s%s\"]", reference->to,
	       reference->kind == PY_REF_WEAK ? "w" : "",
	       reference->kind == PY_REF_CONSERVATIVE ? "c" : "",
	       reference->flags & PY_REF_HIDDEN   ? "i"
	       : reference->flags & PY_REF_UNSURE ? "u"
	                                          : "");
}

static void add_lists(struct graph *graph)
{
	taddr *heads = calloc(HEADS_MAX, sizeof(*heads));
	size_t count = heads ? python_gc_heads(&graph->python, heads, HEADS_MAX) : 0;

	for (size_t i = 0; i < count; i++) {
		taddr at = heads[i];

		while (graph->count < OBJECTS_MAX &&
		       window_cache_u64(graph->python.memory, at, &at)) {
			at &= ~(taddr)3;
			if (at == heads[i] || !at)
				break;
			add(graph, at + HEAD_SIZE, true);
		}
	}
	free(heads);
}

static void print_type_name(const struct py_type *type)
{
	if (!strchr(type->name, '.') || !strcmp(type->module, "builtins")) {
		printf("\"%s%s\"", *type->module ? "builtins." : "", type->name);
		return;
	}
	print_string(type->name);
}

static void print_object(struct graph *graph, taddr address)
{
	const struct py_visitor visitor = {.context = graph, .reference = print_edge};
	struct py_object object;
	uint64_t size = 0;
	uint64_t references = 0;
	uint32_t is_tracked = 0;
	bool is_immortal = false;
	enum decode state;

	if (py_object_at(&graph->python, graph->types, address, &object) != DECODE_OK)
		return;
	number_map_get(&graph->known, address, &is_tracked);
	py_object_size(&graph->python, graph->types, &object, &size);
	py_object_refcount(&graph->python, &object, &references, &is_immortal);
	printf("{\"address\": %" PRIu64 ", \"type\": ", address);
	print_type_name(object.type);
	printf(", \"type_address\": %" PRIu64 ", \"size\": %" PRIu64 ", \"memory\": %" PRIu64
	       ", \"refcount\": %" PRIu64 ", \"immortal\": %s, \"tracked\": %s, \"edges\": [",
	       object.type->address, size, size, references, is_immortal ? "true" : "false",
	       is_tracked ? "true" : "false");
	graph->is_first_edge = true;
	state = py_refs_visit(&graph->python, graph->types, &object, &visitor);
	printf("], \"state\": %d}\n", (int)state);
}

static void discover_root(void *context, enum py_root_kind kind, const char *name, taddr to)
{
	(void)kind;
	(void)name;
	if (kind != PY_ROOT_MEMORY && is_object(context, to))
		add(context, to, false);
}

static void ignore_frame(void *context, const struct py_root_frame *frame)
{
	(void)context;
	(void)frame;
}

static void ignore_thread(void *context, taddr address, const char *name)
{
	(void)context;
	(void)address;
	(void)name;
}

static void walk(struct graph *graph)
{
	const struct py_visitor visitor = {.context = graph, .reference = discover};
	const struct py_root_visitor roots = {.context = graph,
	                                      .root = discover_root,
	                                      .thread = ignore_thread,
	                                      .thread_reference = discover,
	                                      .frame = ignore_frame,
	                                      .frame_reference = discover};

	add_lists(graph);
	py_roots_visit(&graph->python, graph->types, &roots);
	for (size_t i = 0; i < graph->count; i++) {
		struct py_object object;

		if (py_object_at(&graph->python, graph->types, graph->queue[i], &object) !=
		    DECODE_OK)
			continue;
		add(graph, object.type->address, false);
		py_refs_visit(&graph->python, graph->types, &object, &visitor);
	}
	for (size_t i = 0; i < graph->count; i++)
		print_object(graph, graph->queue[i]);
}

/* ---------------------------------------------------------------- threads */

static void end_frame(struct graph *graph)
{
	if (graph->has_frame)
		printf("}}");
	graph->has_frame = false;
}

static void end_thread(struct graph *graph)
{
	end_frame(graph);
	if (graph->has_thread)
		printf("]}\n");
	graph->has_thread = false;
}

static void print_thread(void *context, taddr address, const char *name)
{
	struct graph *graph = context;
	uint64_t ident = 0;

	(void)name;
	end_thread(graph);
	window_cache_u64(graph->python.memory, address + graph->python.layout.thread.thread_id,
	                 &ident);
	printf("{\"thread\": %" PRIu64 ", \"address\": %" PRIu64 ", \"frames\": [", ident, address);
	graph->has_thread = true;
	graph->is_first_frame = true;
}

static void print_frame(void *context, const struct py_root_frame *frame)
{
	struct graph *graph = context;

	end_frame(graph);
	printf("%s{\"address\": %" PRIu64 ", \"at\": ", graph->is_first_frame ? "" : ", ",
	       frame->address);
	print_string(frame->name);
	graph->has_frame = true;
	graph->is_first_frame = false;
	graph->is_first_edge = true;
}

/* The code comes first, then the variables. */
static void print_frame_reference(void *context, const struct py_ref *reference)
{
	struct graph *graph = context;

	if (reference->name && !strcmp(reference->name, "f_code")) {
		printf(", \"code\": %" PRIu64 ", \"locals\": {", reference->to);
	} else if (reference->kind == PY_REF_LOCAL) {
		printf("%s", graph->is_first_edge ? "" : ", ");
		print_label(graph, reference);
		printf(": %" PRIu64, reference->to);
		graph->is_first_edge = false;
	}
}

static void ignore_root(void *context, enum py_root_kind kind, const char *name, taddr to)
{
	(void)context;
	(void)kind;
	(void)name;
	(void)to;
}

static void ignore_reference(void *context, const struct py_ref *reference)
{
	(void)context;
	(void)reference;
}

static void print_threads(struct graph *graph)
{
	const struct py_root_visitor visitor = {.context = graph,
	                                        .root = ignore_root,
	                                        .thread = print_thread,
	                                        .thread_reference = ignore_reference,
	                                        .frame = print_frame,
	                                        .frame_reference = print_frame_reference};

	py_roots_visit(&graph->python, graph->types, &visitor);
	end_thread(graph);
}

static struct error *run(pid_t pid, struct target **target, struct window_cache *cache)
{
	struct graph graph = {0};
	struct error *error = live_target_open(pid, pid, target);

	if (!error)
		error = window_cache_init(cache, *target, CACHE_BYTES);
	if (!error)
		error = python_find(cache, &graph.python);
	if (!error)
		error = py_types_new(&graph.python, &graph.types);
	if (error)
		return error;
	walk(&graph);
	print_threads(&graph);
	py_types_free(graph.types);
	number_map_deinit(&graph.known);
	free(graph.queue);
	python_deinit(&graph.python);
	window_cache_deinit(cache);
	return NULL;
}

int main(int argc, char **argv)
{
	_cleanup_(cleanup_target) struct target *target = NULL;
	struct window_cache cache;
	struct error *error;

	if (argc != 2) {
		fprintf(stderr, "usage: %s PID\n", argv[0]);
		return 2;
	}
	error = run((pid_t)strtol(argv[1], NULL, 10), &target, &cache);
	if (!error)
		return 0;
	fprintf(stderr, "%s: %s\n", argv[0], error_message(error));
	error_free(error);
	return 3;
}
