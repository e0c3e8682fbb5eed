/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoding: what one object says of itself becomes columns and edges.
 *
 * What it costs: an object is one probe of its block and one decode; a
 * reference into a pool is three loads (see block_index.h) and an append.
 */
#include "capture/heap_worker.h"

#include "base/array.h"
#include "base/cleanup.h"
#include "capture/foreign_blocks.h"
#include "capture/heap_resolve.h"
#include "capture/malloc_chunk.h"
#include "capture/native_promises.h"

#include <stdlib.h>

enum {
	GC_LINK_FLAGS = 3,
	GC_HEAD_SIZE = 16,
	LABEL_LIMIT = 256, /* bytes of an attribute's name */
};

struct error *heap_worker_new(struct heap_walk *walk, size_t cache_bytes, struct heap_worker **ret)
{
	struct heap_worker *worker = calloc(1, sizeof(*worker));
	struct error *error;

	if (!worker)
		return error_no_memory();
	worker->walk = walk;
	number_map_init(&worker->others);
	number_map_init(&worker->labels);
	account_parts_init(&worker->pool_storage);
	worker->python = *walk->python;
	worker->python.memory = &worker->memory;
	worker->middles.memory = &worker->memory;
	worker->pool_bytes = malloc(WINDOW_SIZE);
	error = worker->pool_bytes ? NULL : error_no_memory();
	if (!error)
		error = window_cache_init(&worker->memory, walk->python->memory->target,
		                          cache_bytes);
	if (!error)
		error = py_types_new(&worker->python, &worker->types);
	if (error) {
		heap_worker_free(worker);
		return error;
	}
	block_probe_init(&worker->probe, &worker->python, worker->types, &walk->blocks);
	*ret = worker;
	return NULL;
}

void heap_worker_free(struct heap_worker *worker)
{
	if (!worker)
		return;
	py_types_free(worker->types);
	window_cache_deinit(&worker->memory);
	number_map_deinit(&worker->others);
	number_map_deinit(&worker->labels);
	account_parts_deinit(&worker->pool_storage);
	free(worker->type_ids);
	free(worker->new_types);
	free(worker->output.edge_counts);
	free(worker->output.edges);
	free(worker->output.containers);
	free(worker->output.large);
	free(worker->output.many);
	free(worker->pool_bytes);
	free(worker);
}

void heap_worker_pin_pools(struct heap_worker *worker, taddr address, size_t count)
{
	(void)window_cache_pin(&worker->memory, address, count * worker->python.pool_size);
}

const uint8_t *heap_worker_pool(struct heap_worker *worker, taddr address)
{
	size_t size = worker->python.pool_size;
	uint64_t in_pinned = address - worker->memory.pinned_start;

	if (in_pinned < worker->memory.pinned_size)
		return window_cache_view(&worker->memory, address, size);
	if (window_cache_read(&worker->memory, address, worker->pool_bytes, size))
		return worker->pool_bytes;
	worker->totals.faults++;
	return NULL;
}

void heap_worker_see_nodes(struct heap_worker *worker)
{
	worker->columns = snapshot_builder_columns(worker->walk->builder);
}

/* As array_reserve. False: memory ran out, and the walk knows it. */
static bool reserve(struct heap_worker *worker, void *array, size_t *capacity, size_t count,
                    size_t size)
{
	if (array_reserve(array, capacity, count, size))
		return true;
	heap_walk_break(worker->walk);
	return false;
}

/* -------------------------------------------------------- the GC's links */

/* Static types have a head of their own kind: no GC head lies before them. */
static bool has_gc_head(struct heap_worker *worker, const struct py_object *object)
{
	uint64_t flags;

	if (!object->type->is_gc)
		return false;
	if (object->type->shape != PY_SHAPE_TYPE)
		return true;
	return py_object_word(&worker->python, object, worker->python.layout.type.tp_flags,
	                      &flags) &&
	       (flags & PY_TYPE_HEAP);
}

/* Makes the object after the GC head at link known, unless it is a list's own head. */
static void follow_link(struct heap_worker *worker, uint64_t link)
{
	taddr head = link & ~(uint64_t)GC_LINK_FLAGS;
	uint32_t unused;

	if (!block_index_pool(&worker->walk->blocks, head) &&
	    !number_map_get(&worker->walk->gc_heads, head, &unused))
		heap_resolve(worker, head + GC_HEAD_SIZE, true);
}

static bool is_tracked(struct heap_worker *worker, const struct py_object *object)
{
	uint64_t next;

	if (!has_gc_head(worker, object) ||
	    !py_object_word(&worker->python, object, -GC_HEAD_SIZE, &next) || !next)
		return false;
	follow_link(worker, next);
	return true;
}

void heap_worker_discover_list_starts(struct heap_worker *worker)
{
	const struct number_map *heads = &worker->walk->gc_heads;

	for (size_t i = 0; i < heads->capacity; i++) {
		uint64_t next;

		if (heads->slots[i].key &&
		    window_cache_u64(&worker->memory, heads->slots[i].key, &next))
			follow_link(worker, next);
	}
}

/* ------------------------------------------------------------------ edges */

static str_id label_of(struct heap_worker *worker, const struct py_ref *reference)
{
	uint64_t key = reference->name ? (uint64_t)(uintptr_t)reference->name
	                               : reference->name_object;
	_cleanup_free_ char *text = NULL;
	const char *name = reference->name;
	str_id id;

	if (number_map_get(&worker->labels, key, &id))
		return id;
	if (!name)
		name = text = py_string_utf8(&worker->python, reference->name_object, LABEL_LIMIT);
	id = heap_walk_add_string(worker->walk, name ? name : "?");
	if (key && !number_map_put(&worker->labels, key, id))
		heap_walk_break(worker->walk);
	return id;
}

static uint64_t operand_of(struct heap_worker *worker, const struct py_ref *reference)
{
	switch (reference->kind) {
	case PY_REF_ATTRIBUTE:
	case PY_REF_LOCAL:
	case PY_REF_FIELD:
	case PY_REF_WEAK: return label_of(worker, reference);
	case PY_REF_VALUE: return heap_resolve(worker, reference->name_object, true);
	case PY_REF_TYPE: return 0;
	case PY_REF_INDEX:
	case PY_REF_KEY:
	case PY_REF_STACK:
	case PY_REF_CONSERVATIVE: break;
	}
	return reference->number;
}

struct snap_edge heap_worker_edge(struct heap_worker *worker, const struct py_ref *reference,
                                  node_id to)
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

	enum edge_kind kind = kinds[reference->kind];

	if (kind == EDGE_CONSERVATIVE && worker->hides_words)
		kind = EDGE_HIDDEN;
	return snap_edge_make(to, kind, operand_of(worker, reference));
}

/* Room for one more edge. False: no memory, or more edges than the target can have. */
static bool grow_edges(struct heap_worker *worker)
{
	struct heap_output *output = &worker->output;

	if (output->edge_count >= worker->walk->edges_max) {
		worker->has_given_up = true;
		return false;
	}
	return reserve(worker, &output->edges, &output->edge_capacity, output->edge_count + 1,
	               sizeof(*output->edges));
}

void heap_worker_append(struct heap_worker *worker, struct snap_edge edge)
{
	struct heap_output *output = &worker->output;

	if (output->edge_count == output->edge_capacity && !grow_edges(worker))
		return;
	output->edges[output->edge_count++] = edge;
	output->edge_counts[output->node_count - 1]++;
}

/* An object that a block of C memory of the current one points at. */
static void on_foreign(struct heap_worker *worker, node_id to, uint64_t number)
{
	if (!worker->walk->with_edges)
		return;
	worker->foreign_edges++;
	heap_worker_append(worker, snap_edge_make(to, EDGE_CONSERVATIVE, number));
}

static void on_reference(void *context, const struct py_ref *reference)
{
	struct heap_worker *worker = context;
	node_id to;

	if (reference->kind == PY_REF_CONSERVATIVE)
		to = heap_resolve_word(worker, reference->to);
	else if (!worker->walk->with_edges &&
	         block_index_pool(&worker->walk->blocks, reference->to))
		return;
	else
		to = heap_resolve(worker, reference->to, true);
	if (to == NODE_NONE) {
		if (reference->kind == PY_REF_CONSERVATIVE)
			foreign_blocks_search(worker, reference, on_foreign);
		else
			worker->totals.torn += reference->kind != PY_REF_WEAK;
		return;
	}
	if (!worker->walk->with_edges)
		return;
	if (reference->flags & PY_REF_NAMESPACE)
		heap_walk_set_flags(worker->walk, to, NODE_IS_NAMESPACE);
	heap_worker_append(worker, heap_worker_edge(worker, reference, to));
}

/* ---------------------------------------------------------------- storage */

static type_id current_type(const struct heap_worker *worker)
{
	return worker->columns.type[worker->current];
}

/* Storage that malloc gave; of what lies in a module's data nothing is said. */
static void add_storage(struct heap_worker *worker, taddr address, uint64_t size)
{
	taddr block = address - worker->probe.debug_header;
	uint64_t memory;

	if (heap_resolve_is_static(worker, address))
		return;
	memory = malloc_chunk_size(&worker->memory, block, size, size);
	worker->current_memory += memory;
	heap_walk_note_owned(worker->walk, block, memory, current_type(worker), false);
	if (worker->searches_storage)
		native_promise_storage(worker, address, size);
}

static void on_storage(void *context, taddr address, uint64_t size)
{
	struct heap_worker *worker = context;
	struct block_index *blocks = &worker->walk->blocks;
	struct block_place place;
	node_id node;

	if (!block_index_place(blocks, address, &place)) {
		add_storage(worker, address, size);
		return;
	}
	node = block_index_node(blocks, &place);
	if (node == worker->current || !block_index_claim(blocks, &place))
		return;
	if (node != NODE_NONE)
		heap_walk_add_impostor(worker->walk, node);
	worker->current_memory += place.block_size;
	if (worker->walk->owners)
		account_parts_type(&worker->pool_storage, current_type(worker))->buffers +=
			place.block_size;
	if (worker->searches_storage)
		native_promise_storage(worker, address, size);
}

static void on_length(void *context, uint64_t length)
{
	struct heap_worker *worker = context;
	struct heap_output *output = &worker->output;

	if (!reserve(worker, &output->containers, &output->container_capacity,
	             output->container_count + 1, sizeof(*output->containers)))
		return;
	output->containers[output->container_count++] = (struct snap_container){
		worker->current, length > UINT32_MAX ? UINT32_MAX : (uint32_t)length};
}

/* ----------------------------------------------------------------- objects */

/* Opens the output of node, which follows the one before. */
static bool begin_node(struct heap_worker *worker, node_id node)
{
	struct heap_output *output = &worker->output;

	if (!reserve(worker, &output->edge_counts, &output->node_capacity, output->node_count + 1,
	             sizeof(*output->edge_counts)))
		return false;
	if (!output->node_count)
		output->first = node;
	output->edge_counts[output->node_count++] = 0;
	worker->current = node;
	return true;
}

static void set_sizes(struct heap_worker *worker, uint64_t size, uint64_t memory)
{
	struct heap_output *output = &worker->output;

	if (size < SNAP_SIZE_LARGE && memory < SNAP_SIZE_LARGE) {
		worker->columns.size[worker->current] = (uint16_t)size;
		worker->columns.memory[worker->current] = (uint16_t)memory;
		return;
	}
	if (!reserve(worker, &output->large, &output->large_capacity, output->large_count + 1,
	             sizeof(*output->large)))
		return;
	output->large[output->large_count++] = (struct snap_large){worker->current, size, memory};
}

static void set_refcount(struct heap_worker *worker, uint64_t refcount)
{
	struct heap_output *output = &worker->output;

	if (refcount < SNAP_REFCOUNT_MANY) {
		worker->columns.refcount[worker->current] = (uint8_t)refcount;
		return;
	}
	if (!reserve(worker, &output->many, &output->many_capacity, output->many_count + 1,
	             sizeof(*output->many)))
		return;
	output->many[output->many_count++] = (struct snap_many){
		worker->current, refcount > UINT32_MAX ? UINT32_MAX : (uint32_t)refcount};
}

static void count_decode(struct heap_worker *worker, enum decode decode)
{
	worker->totals.faults += decode == DECODE_FAULT;
	worker->totals.torn += decode == DECODE_TORN;
	worker->totals.unknown_types += decode == DECODE_UNKNOWN;
}

static void set_flags(struct heap_worker *worker, const struct py_object *object,
                      enum decode decode, bool is_immortal)
{
	unsigned int flags = NODE_IS_OBJECT;

	if (is_tracked(worker, object))
		flags |= NODE_IS_TRACKED;
	if (decode == DECODE_UNKNOWN)
		flags |= NODE_IS_OPAQUE;
	if (is_immortal)
		flags |= NODE_IS_IMMORTAL;
	if (object->type->shape == PY_SHAPE_TYPE)
		flags |= NODE_IS_TYPE;
	__atomic_fetch_or(&worker->columns.flags[worker->current], (uint8_t)flags,
	                  __ATOMIC_RELAXED);
}

/* All of an object but its sizes; *ret_size is sys.getsizeof. */
static void decode_object(struct heap_worker *worker, const struct py_object *object,
                          uint64_t *ret_size)
{
	const struct py_visitor visitor = {worker, on_reference, on_storage, on_length};
	uint64_t refcount = 0;
	bool is_immortal = false;
	enum decode decode;

	worker->hides_words = object->type->hides_words;
	worker->searches_storage = worker->walk->native && native_storage_may_hold(object->type);
	decode = py_refs_visit(&worker->python, worker->types, object, &visitor);
	count_decode(worker, decode);
	*ret_size = 0;
	if (py_object_size(&worker->python, worker->types, object, ret_size) == DECODE_FAULT)
		worker->totals.faults++;
	py_object_refcount(&worker->python, object, &refcount, &is_immortal);
	set_refcount(worker, is_immortal ? 0 : refcount);
	set_flags(worker, object, decode, is_immortal);
}

void heap_worker_decode_block(struct heap_worker *worker, node_id node, taddr address,
                              const uint8_t *block, uint32_t block_size)
{
	uint32_t offset;
	const struct py_type *type;
	struct py_object object;
	uint64_t size;

	if (!begin_node(worker, node) || worker->has_given_up)
		return;
	type = block_probe_object(&worker->probe, block, block_size, &offset);
	if (!type) {
		worker->totals.torn++;
		return;
	}
	object = (struct py_object){address + offset, type, block + offset, offset,
	                            block_size - offset};
	worker->columns.address[node] = object.address;
	worker->columns.type[node] = heap_resolve_type(worker, type);
	worker->current_memory = block_size;
	decode_object(worker, &object, &size);
	if (worker->walk->native)
		native_promise_object(worker, &object);
	set_sizes(worker, size, worker->current_memory);
}

void heap_worker_skip(struct heap_worker *worker, node_id node)
{
	(void)begin_node(worker, node);
}

/* The block of an object in no pool, as malloc made it. */
static uint64_t own_memory(struct heap_worker *worker, const struct py_object *object,
                           uint64_t size)
{
	uint64_t before = (uint64_t)object->type->prefix + worker->probe.debug_header;
	int64_t basic = object->type->basicsize;
	uint64_t memory;

	if (heap_resolve_is_static(worker, object->address))
		return size;
	memory = malloc_chunk_size(&worker->memory, object->address - before,
	                           before + (uint64_t)(basic > 0 ? basic : 0), before + size);
	heap_walk_note_owned(worker->walk, object->address - before, memory, current_type(worker),
	                     true);
	return memory;
}

void heap_worker_decode_other(struct heap_worker *worker, node_id node)
{
	struct py_object object;
	uint64_t size;
	taddr address;

	heap_worker_see_nodes(worker);
	address = worker->columns.address[node];
	if (!begin_node(worker, node))
		return;
	if (py_object_at(&worker->python, worker->types, address, &object) != DECODE_OK) {
		worker->totals.torn++;
		return;
	}
	worker->current_memory = 0;
	decode_object(worker, &object, &size);
	if (worker->walk->native)
		native_promise_object(worker, &object);
	set_sizes(worker, size, worker->current_memory + own_memory(worker, &object, size));
}

void heap_worker_commit(struct heap_worker *worker)
{
	struct snapshot_builder *builder = worker->walk->builder;
	struct heap_output *output = &worker->output;

	worker->has_given_up |= !heap_walk_count_edges(worker->walk, output->edge_count);
	if (worker->walk->with_edges && !worker->has_given_up)
		snapshot_builder_edge_run(builder, output->first, output->node_count,
		                          output->edge_counts, output->edges);
	for (size_t i = 0; i < output->container_count; i++)
		snapshot_builder_container(builder, output->containers[i].node,
		                           output->containers[i].length);
	for (size_t i = 0; i < output->large_count; i++)
		snapshot_builder_sizes(builder, output->large[i].node, output->large[i].size,
		                       output->large[i].memory);
	for (size_t i = 0; i < output->many_count; i++)
		snapshot_builder_refcount(builder, output->many[i].node, output->many[i].refcount);
	output->many_count = 0;
	output->node_count = 0;
	output->edge_count = 0;
	output->container_count = 0;
	output->large_count = 0;
}
