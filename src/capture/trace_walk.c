/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two passes: over the target's table, which gives a map from block to trace,
 * then over the nodes, each of which asks it once. The table is in the order of
 * its hashes, so the other way round would need a search for each block.
 *
 * Blocks share tracebacks and these share file names; each is read once, and
 * known by its address from then on.
 */
#include "capture/trace_walk.h"

#include "base/cleanup.h"
#include "capture/heap_worker.h"
#include "runtime/py_tracemalloc.h"

#include <stdlib.h>

enum { FRAME_BYTES = 12, FRAMES_MAX = 1 << 26 }; /* a frame in the target; frames of all traces */

struct trace_reading {
	struct heap_walk *walk;
	struct py_tracemalloc tracemalloc;
	struct number_map blocks;     /* address -> trace */
	struct number_map tracebacks; /* address -> trace, 0: it cannot be read */
	struct number_map files;      /* str object -> string id */
	struct py_trace_frame *found;
	struct snap_frame *frames;
	uint64_t frames_left; /* distinct tracebacks do not overlap in a sound target */
	uint64_t torn;
};

static void trace_reading_deinit(struct trace_reading *reading)
{
	number_map_deinit(&reading->blocks);
	number_map_deinit(&reading->tracebacks);
	number_map_deinit(&reading->files);
	free(reading->found);
	free(reading->frames);
}

static str_id name_of_file(struct trace_reading *reading, taddr file)
{
	struct text name;
	str_id string = 0;

	if (number_map_get(&reading->files, file, &string))
		return string;
	text_init(&name);
	if (!py_tracemalloc_file(&reading->tracemalloc, file, &name)) {
		reading->torn++;
		text_clear(&name);
		text_append(&name, "<unknown>");
	}
	string = heap_walk_add_string(reading->walk, text_string(&name));
	if (name.is_broken || (file && !number_map_put(&reading->files, file, string)))
		heap_walk_break(reading->walk);
	text_deinit(&name);
	return string;
}

static uint32_t read_traceback(struct trace_reading *reading, taddr traceback)
{
	uint32_t count;
	uint32_t total;

	if (py_tracemalloc_frames(&reading->tracemalloc, traceback, reading->found, &count,
	                          &total) != DECODE_OK ||
	    count > reading->frames_left) {
		reading->torn++;
		return 0;
	}
	reading->frames_left -= count;
	for (uint32_t i = 0; i < count; i++)
		reading->frames[i] = (struct snap_frame){
			name_of_file(reading, reading->found[i].file), reading->found[i].line};
	return snapshot_builder_trace(reading->walk->builder, reading->frames, count, total);
}

static bool add_block(void *context, const struct py_trace *block)
{
	struct trace_reading *reading = context;
	uint32_t trace = 0;

	if (!number_map_get(&reading->tracebacks, block->traceback, &trace)) {
		trace = read_traceback(reading, block->traceback);
		if (block->traceback &&
		    !number_map_put(&reading->tracebacks, block->traceback, trace))
			heap_walk_break(reading->walk);
	}
	if (trace && !number_map_put(&reading->blocks, block->block, trace))
		heap_walk_break(reading->walk);
	return !reading->walk->is_broken;
}

/* Bytes between an object's block and its address, by type id; *ret_count of them. */
static uint32_t *prefixes_of_types(const struct heap_walk *walk, size_t *ret_count)
{
	uint32_t *prefixes;
	size_t count = 0;

	for (size_t i = 0; i < walk->types.capacity; i++)
		if (walk->types.slots[i].key && walk->types.slots[i].value >= count)
			count = (size_t)walk->types.slots[i].value + 1;
	prefixes = calloc(count + 1, sizeof(*prefixes));
	for (size_t i = 0; prefixes && i < walk->types.capacity; i++) {
		const struct number_map_slot *slot = &walk->types.slots[i];
		const struct py_type *type =
			slot->key ? py_types_get(walk->workers[0]->types, slot->key) : NULL;

		if (type)
			prefixes[slot->value] = type->prefix;
	}
	*ret_count = count;
	return prefixes;
}

static struct error *assign_traces(const struct trace_reading *reading)
{
	struct snapshot_builder *builder = reading->walk->builder;
	struct snapshot_columns columns = snapshot_builder_columns(builder);
	node_id nodes = snapshot_builder_node_count(builder);
	size_t type_count = 0;
	_cleanup_free_ uint32_t *prefixes = prefixes_of_types(reading->walk, &type_count);
	uint32_t *column = snapshot_builder_trace_column(builder);

	if (!prefixes || !column)
		return error_no_memory();
	for (node_id node = 0; node < nodes; node++)
		if (columns.flags[node] & NODE_IS_OBJECT && columns.type[node] < type_count)
			(void)number_map_get(&reading->blocks,
			                     columns.address[node] - prefixes[columns.type[node]],
			                     &column[node]);
	return NULL;
}

static struct error *read_traces(struct trace_reading *reading)
{
	uint64_t mapped = target_mapped_bytes(reading->walk->python->memory->target);

	reading->frames_left = mapped / FRAME_BYTES < FRAMES_MAX ? mapped / FRAME_BYTES
	                                                         : FRAMES_MAX;
	reading->found = calloc(PY_TRACE_FRAMES_MAX, sizeof(*reading->found));
	reading->frames = calloc(PY_TRACE_FRAMES_MAX, sizeof(*reading->frames));
	if (!reading->found || !reading->frames)
		return error_no_memory();
	if (py_tracemalloc_walk(&reading->tracemalloc, add_block, reading) != DECODE_OK)
		reading->torn++;
	snapshot_builder_totals(reading->walk->builder)->torn += reading->torn;
	return heap_walk_check(reading->walk);
}

struct error *trace_walk(struct heap_walk *walk)
{
	_cleanup_(trace_reading_deinit) struct trace_reading reading = {.walk = walk};
	struct heap_worker *worker = walk->workers[0];
	struct error *error = heap_walk_check(walk);

	if (error)
		return error;
	number_map_init(&reading.blocks);
	number_map_init(&reading.tracebacks);
	number_map_init(&reading.files);
	window_cache_forget(&worker->memory); /* a walk of its own, with a budget of its own */
	if (!py_tracemalloc_find(&worker->python, worker->types, &reading.tracemalloc))
		return NULL;
	error = read_traces(&reading);
	return error ? error : assign_traces(&reading);
}
