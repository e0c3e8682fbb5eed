/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Edges are added in order of nodes, and a thread's edges lead to its frames,
 * whose nodes come after it. The first visit counts the frames of each
 * thread, so the second knows their ids before they exist.
 */
#include "capture/root_walk.h"

#include "base/array.h"
#include "capture/heap_resolve.h"
#include "runtime/py_roots.h"

#include <stdlib.h>
#include <string.h>

struct root_walk {
	struct heap_walk *walk;
	struct heap_worker *worker;
	uint32_t *frames; /* of each thread */
	size_t thread_count;
	size_t thread_capacity;
	size_t thread; /* in the second visit: which one */
	uint32_t frame;
	bool is_beyond; /* in a frame that the first visit did not see: left out */
	type_id thread_type;
	type_id frame_type;
	type_id generator_frame_type;
};

struct root_walk *root_walk_new(struct heap_walk *walk)
{
	struct root_walk *roots = calloc(1, sizeof(*roots));

	if (!roots)
		return NULL;
	roots->walk = walk;
	roots->worker = walk->workers[0];
	return roots;
}

void root_walk_free(struct root_walk *roots)
{
	if (!roots)
		return;
	free(roots->frames);
	free(roots);
}

size_t root_walk_thread_count(const struct root_walk *roots)
{
	return roots->thread_count;
}

static void discover_root(void *context, enum py_root_kind kind, const char *name, taddr to)
{
	struct root_walk *roots = context;

	(void)name;
	if (kind == PY_ROOT_MEMORY)
		heap_resolve_word(roots->worker, to);
	else
		heap_resolve(roots->worker, to, true);
}

static void discover_reference(void *context, const struct py_ref *reference)
{
	struct root_walk *roots = context;

	if (reference->kind == PY_REF_CONSERVATIVE)
		heap_resolve_word(roots->worker, reference->to);
	else
		heap_resolve(roots->worker, reference->to, true);
}

static void discover_thread(void *context, taddr address, const char *name)
{
	struct root_walk *roots = context;

	(void)address;
	(void)name;
	if (!array_reserve(&roots->frames, &roots->thread_capacity, roots->thread_count + 1,
	                   sizeof(*roots->frames))) {
		roots->walk->is_broken = true;
		return;
	}
	roots->frames[roots->thread_count++] = 0;
}

static void discover_frame(void *context, const struct py_root_frame *frame)
{
	struct root_walk *roots = context;

	if (roots->thread_count)
		roots->frames[roots->thread_count - 1]++;
	if (frame->object)
		heap_resolve(roots->worker, frame->object, true);
}

struct error *root_walk_discover(struct root_walk *roots)
{
	const struct py_root_visitor visitor = {roots,           discover_root,
	                                        discover_thread, discover_reference,
	                                        discover_frame,  discover_reference};

	if (py_roots_visit(&roots->worker->python, roots->worker->types, &visitor) != DECODE_OK)
		roots->worker->totals.torn++;
	return heap_walk_check(roots->walk);
}

static void record_root(void *context, enum py_root_kind kind, const char *name, taddr to)
{
	static const struct {
		enum root_kind kind;
		unsigned int tier;
	} recorded[] = {
		[PY_ROOT_MODULE] = {ROOT_MODULE, 0},
		[PY_ROOT_INTERPRETER] = {ROOT_INTERPRETER, 1},
		[PY_ROOT_STATIC_TYPE] = {ROOT_STATIC_TYPE, 2},
		[PY_ROOT_MEMORY] = {ROOT_MEMORY, 3},
	};
	struct root_walk *roots = context;
	struct snapshot_builder *builder = roots->walk->builder;
	node_id node = kind == PY_ROOT_MEMORY ? heap_resolve_word(roots->worker, to)
	                                      : heap_resolve(roots->worker, to, false);

	if (node == NODE_NONE)
		return;
	snapshot_builder_root(builder, node, snapshot_builder_string(builder, name, strlen(name)),
	                      recorded[kind].kind, recorded[kind].tier);
}

/* A node that holds, but is no object; its edges follow. */
static node_id add_synthetic(struct root_walk *roots, taddr address, type_id type, const char *name)
{
	struct snapshot_builder *builder = roots->walk->builder;
	node_id node = snapshot_builder_node(builder, address, type, NODE_IS_SYNTHETIC);

	if (node == NODE_NONE) {
		roots->walk->is_broken = true;
		return node;
	}
	snapshot_builder_name(builder, node, snapshot_builder_string(builder, name, strlen(name)));
	if (roots->walk->with_edges)
		snapshot_builder_begin_edges(builder, node);
	return node;
}

static void add_edge(struct snapshot_builder *builder, struct snap_edge edge)
{
	snapshot_builder_edge(builder, edge.to, snap_edge_kind(edge), snap_edge_operand(edge));
}

static void record_reference(void *context, const struct py_ref *reference)
{
	struct root_walk *roots = context;
	node_id to;

	if (!roots->walk->with_edges || roots->is_beyond)
		return;
	if (reference->kind == PY_REF_CONSERVATIVE)
		to = heap_resolve_word(roots->worker, reference->to);
	else
		to = heap_resolve(roots->worker, reference->to, false);
	if (to != NODE_NONE)
		add_edge(roots->walk->builder, heap_worker_edge(roots->worker, reference, to));
}

/*
 * A thread has edges to as many frames as the first visit counted. Where the
 * second finds less (a running process moves on), empty ones take their place.
 */
static void fill_up_frames(struct root_walk *roots)
{
	if (!roots->thread || roots->thread > roots->thread_count)
		return;
	for (; roots->frame < roots->frames[roots->thread - 1]; roots->frame++)
		(void)add_synthetic(roots, 0, roots->frame_type, "(ended)");
}

static void record_thread(void *context, taddr address, const char *name)
{
	struct root_walk *roots = context;
	struct snapshot_builder *builder = roots->walk->builder;
	uint32_t frames = roots->thread < roots->thread_count ? roots->frames[roots->thread] : 0;
	str_id label = snapshot_builder_string(builder, "frame", strlen("frame"));
	node_id node;

	fill_up_frames(roots);
	node = add_synthetic(roots, address, roots->thread_type, name);
	if (node == NODE_NONE)
		return;
	snapshot_builder_root(builder, node, snapshot_builder_string(builder, name, strlen(name)),
	                      ROOT_THREAD, 0);
	for (uint32_t i = 1; i <= frames && roots->walk->with_edges; i++)
		snapshot_builder_edge(builder, node + i, EDGE_FIELD, label);
	roots->thread++;
	roots->frame = 0;
	roots->is_beyond = false;
}

static void record_frame(void *context, const struct py_root_frame *frame)
{
	struct root_walk *roots = context;
	type_id type = frame->is_of_generator ? roots->generator_frame_type : roots->frame_type;
	struct py_ref reference = {
		.to = frame->object, .kind = PY_REF_FIELD, .name = SNAP_FRAME_OBJECT};

	roots->is_beyond = !roots->thread || roots->thread > roots->thread_count ||
	                   roots->frame >= roots->frames[roots->thread - 1];
	if (roots->is_beyond)
		return;
	roots->frame++;
	if (add_synthetic(roots, frame->address, type, frame->name) != NODE_NONE && frame->object)
		record_reference(roots, &reference);
}

static type_id add_type(struct root_walk *roots, const char *name)
{
	struct snapshot_builder *builder = roots->walk->builder;

	return snapshot_builder_type(builder, 0,
	                             snapshot_builder_string(builder, name, strlen(name)),
	                             snapshot_builder_string(builder, "", 0));
}

struct error *root_walk_record(struct root_walk *roots)
{
	const struct py_root_visitor visitor = {roots,         record_root,
	                                        record_thread, record_reference,
	                                        record_frame,  record_reference};

	roots->thread_type = add_type(roots, SNAP_TYPE_THREAD);
	roots->frame_type = add_type(roots, SNAP_TYPE_FRAME);
	roots->generator_frame_type = add_type(roots, SNAP_TYPE_GENERATOR_FRAME);
	if (py_roots_visit(&roots->worker->python, roots->worker->types, &visitor) != DECODE_OK)
		roots->worker->totals.torn++;
	fill_up_frames(roots);
	return heap_walk_check(roots->walk);
}
