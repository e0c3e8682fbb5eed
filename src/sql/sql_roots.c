/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables roots, modules, threads and frames. Modules and threads are roots;
 * a frame is a node of its own, held by its thread.
 */
#include "sql/sql_table.h"

#include <string.h>

static const struct snap_root *root_at(const struct sql_heap *heap, uint64_t row)
{
	return &heap->snapshot->roots[row];
}

static uint64_t count_roots(const struct sql_heap *heap)
{
	return heap->snapshot->root_count;
}

static const char *kind_name(unsigned int kind)
{
	switch ((enum root_kind)kind) {
	case ROOT_MODULE: return "module";
	case ROOT_THREAD: return "thread";
	case ROOT_INTERPRETER: return "interpreter";
	case ROOT_STATIC_TYPE: return "static type";
	case ROOT_MEMORY: return "memory";
	}
	return "";
}

enum root_column {
	ROOT_COLUMN_NAME,
	ROOT_COLUMN_KIND,
	ROOT_COLUMN_ADDRESS,
	ROOT_COLUMN_TYPE,
};

static void root_column(struct sql_heap *heap, uint64_t row, int index, sqlite3_context *ret)
{
	const struct snapshot *snapshot = heap->snapshot;
	const struct snap_root *root = root_at(heap, row);

	switch ((enum root_column)index) {
	case ROOT_COLUMN_NAME: sql_result_text(ret, snapshot_string(snapshot, root->name)); break;
	case ROOT_COLUMN_KIND: sql_result_text(ret, kind_name(root->kind)); break;
	case ROOT_COLUMN_ADDRESS: sql_result_address(ret, snapshot->address[root->node]); break;
	case ROOT_COLUMN_TYPE:
		sql_result_text(ret, snapshot_type_name(snapshot, snapshot->type[root->node]));
		break;
	}
}

const struct sql_table sql_roots_table = {
	.name = "roots",
	.declaration = "CREATE TABLE roots(name TEXT, kind TEXT, address INTEGER, type TEXT)",
	.help = "what is alive by itself: modules, threads, fields of interpreters, static types",
	.count = count_roots,
	.column = root_column,
};

/* Modules and threads: a name, and where it is. */
enum named_column {
	NAMED_COLUMN_NAME,
	NAMED_COLUMN_ADDRESS,
};

static void named_column(struct sql_heap *heap, uint64_t row, int index, sqlite3_context *ret)
{
	const struct snapshot *snapshot = heap->snapshot;
	const struct snap_root *root = root_at(heap, row);

	if (index == NAMED_COLUMN_NAME)
		sql_result_text(ret, snapshot_string(snapshot, root->name));
	else
		sql_result_address(ret, snapshot->address[root->node]);
}

static bool is_module(const struct sql_heap *heap, uint64_t row)
{
	return root_at(heap, row)->kind == ROOT_MODULE;
}

const struct sql_table sql_modules_table = {
	.name = "modules",
	.declaration = "CREATE TABLE modules(name TEXT, address INTEGER)",
	.help = "what is in sys.modules",
	.count = count_roots,
	.is_row = is_module,
	.column = named_column,
};

static bool is_thread(const struct sql_heap *heap, uint64_t row)
{
	return root_at(heap, row)->kind == ROOT_THREAD;
}

const struct sql_table sql_threads_table = {
	.name = "threads",
	.declaration = "CREATE TABLE threads(name TEXT)",
	.help = "threads that run Python",
	.count = count_roots,
	.is_row = is_thread,
	.column = named_column,
};

/* A thread refers to its frames, innermost first, and they follow it in its order. */
enum frame_column {
	FRAME_COLUMN_NAME,
	FRAME_COLUMN_THREAD,
	FRAME_COLUMN_DEPTH,
	FRAME_COLUMN_LOCALS,
};

static bool is_frame(const struct sql_heap *heap, uint64_t row)
{
	const struct snapshot *snapshot = heap->snapshot;
	const char *type = snapshot_type_name(snapshot, snapshot->type[row]);

	return (snapshot->flags[row] & NODE_IS_SYNTHETIC) &&
	       (strcmp(type, SNAP_TYPE_FRAME) == 0 || strcmp(type, SNAP_TYPE_GENERATOR_FRAME) == 0);
}

static uint64_t count_nodes(const struct sql_heap *heap)
{
	return heap->snapshot->node_count;
}

static int64_t count_locals(const struct snapshot *snapshot, node_id node)
{
	int64_t locals = 0;

	for (uint32_t i = snapshot->edge_start[node]; i < snapshot->edge_start[node + 1]; i++)
		locals += snap_edge_kind(snapshot->edges[i]) == EDGE_LOCAL;
	return locals;
}

static node_id thread_of(const struct sql_heap *heap, node_id frame)
{
	for (uint32_t i = heap->incoming_start[frame]; i < heap->incoming_start[frame + 1]; i++) {
		node_id source = edge_sources_find(&heap->sources, heap->incoming[i]);

		if (snapshot_node_name(heap->snapshot, source))
			return source;
	}
	return NODE_NONE;
}

static void result_thread(struct sql_heap *heap, node_id frame, int index, sqlite3_context *ret)
{
	node_id thread;

	if (!sql_heap_needs_incoming(heap) || !sql_heap_needs_sources(heap)) {
		sqlite3_result_error_nomem(ret);
		return;
	}
	thread = thread_of(heap, frame);
	if (thread == NODE_NONE)
		return;
	if (index == FRAME_COLUMN_THREAD)
		sql_result_text(ret, snapshot_node_name(heap->snapshot, thread));
	else
		sqlite3_result_int64(ret, (sqlite3_int64)frame - thread - 1);
}

static void frame_column(struct sql_heap *heap, uint64_t row, int index, sqlite3_context *ret)
{
	const char *name = snapshot_node_name(heap->snapshot, (node_id)row);

	switch ((enum frame_column)index) {
	case FRAME_COLUMN_NAME:
		if (name)
			sql_result_text(ret, name);
		break;
	case FRAME_COLUMN_THREAD:
	case FRAME_COLUMN_DEPTH: result_thread(heap, (node_id)row, index, ret); break;
	case FRAME_COLUMN_LOCALS:
		sqlite3_result_int64(ret, count_locals(heap->snapshot, (node_id)row));
		break;
	}
}

const struct sql_table sql_frames_table = {
	.name = "frames",
	.declaration = "CREATE TABLE frames(name TEXT, thread TEXT, depth INTEGER, locals INTEGER)",
	.help = "calls that run now, depth 0 the innermost, with the number of their variables",
	.count = count_nodes,
	.is_row = is_frame,
	.column = frame_column,
};
