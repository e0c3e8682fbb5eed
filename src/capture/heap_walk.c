/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoding: what one object says of itself becomes columns and edges.
 *
 * What it costs: a pool is copied twice at memory speed; an object is one
 * probe and one decode; a reference into a pool is three loads (see
 * block_index.h) and an append.
 */
#include "capture/heap_walk.h"

#include "base/array.h"
#include "capture/malloc_chunk.h"

#include <assert.h>
#include <stdlib.h>

enum {
	GC_HEADS_MAX = 5 * 4096,
	PROGRESS_POOLS = 1024, /* pools between two reports */
	TRACKED_LINK_MASK = 3,
	GC_HEAD_SIZE = 16,
};

static bool note_gc_heads(struct heap_walk *walk)
{
	taddr *heads = calloc(GC_HEADS_MAX, sizeof(*heads));
	size_t count;
	bool is_noted = heads;

	count = heads ? python_gc_heads(walk->python, heads, GC_HEADS_MAX) : 0;
	for (size_t i = 0; i < count && is_noted; i++)
		is_noted = number_map_put(&walk->gc_heads, heads[i], 1);
	free(heads);
	return is_noted;
}

struct error *heap_walk_init(struct heap_walk *walk, struct python *python, struct py_types *types,
                             struct snapshot_builder *builder, bool with_edges)
{
	*walk = (struct heap_walk){
		.python = python,
		.types = types,
		.builder = builder,
		.with_edges = with_edges,
		.totals = snapshot_builder_totals(builder),
	};
	number_map_init(&walk->others);
	number_map_init(&walk->gc_heads);
	number_map_init(&walk->labels);
	block_probe_init(&walk->probe, python, types);
	walk->pool_bytes = malloc(WINDOW_SIZE);
	if (!walk->pool_bytes || !note_gc_heads(walk))
		return error_no_memory();
	return NULL;
}

void heap_walk_deinit(struct heap_walk *walk)
{
	free(walk->pools);
	block_index_deinit(&walk->blocks);
	number_map_deinit(&walk->others);
	number_map_deinit(&walk->gc_heads);
	number_map_deinit(&walk->labels);
	free(walk->type_ids);
	free(walk->impostors);
	free(walk->pool_bytes);
}

static void report(struct heap_walk *walk, double fraction)
{
	if (walk->progress)
		walk->progress(walk->progress_context, fraction);
}

/* Copies the pool, or its readable pages with zeros for the rest. */
static bool read_pool(struct heap_walk *walk, taddr address)
{
	if (window_cache_read(walk->python->memory, address, walk->pool_bytes,
	                      walk->python->pool_size))
		return true;
	walk->totals->faults++;
	return false;
}

/* The object blocks of the pool in walk->pool_bytes. */
static void probe_pool(struct heap_walk *walk, const struct pymalloc_pool *pool, uint64_t *objects)
{
	memset(objects, 0, PYMALLOC_BITMAP_WORDS * sizeof(*objects));
	for (uint32_t word = 0; word * 64 < pool->blocks; word++) {
		for (uint64_t left = pool->in_use[word]; left; left &= left - 1) {
			uint32_t bit = (uint32_t)__builtin_ctzll(left);
			const uint8_t *block = walk->pool_bytes + PYMALLOC_POOL_HEADER +
			                       (size_t)(word * 64 + bit) * pool->block_size;
			uint32_t offset;

			if (block_probe_object(&walk->probe, block, pool->block_size, &offset))
				objects[word] |= UINT64_C(1) << bit;
		}
	}
}

static bool describe_pool(struct heap_walk *walk, size_t number)
{
	uint64_t objects[PYMALLOC_BITMAP_WORDS];
	struct pymalloc_pool pool = {0};
	taddr address = walk->pools[number];

	if (read_pool(walk, address) &&
	    pymalloc_pool_decode(walk->python, address, walk->pool_bytes, &pool) != DECODE_OK)
		walk->totals->torn++;
	probe_pool(walk, &pool, objects);
	walk->totals->pool_blocks += pool.used;
	walk->totals->pool_in_use += (uint64_t)pool.used * pool.block_size;
	return block_index_describe(&walk->blocks, number, &pool, objects);
}

struct error *heap_walk_pools(struct heap_walk *walk)
{
	struct error *error =
		pymalloc_pools(walk->python, &walk->pools, &walk->pool_count, &walk->totals->torn);

	if (error)
		return error;
	error = block_index_init(&walk->blocks, walk->pools, walk->pool_count,
	                         walk->python->pool_size);
	if (error)
		return error;
	for (size_t i = 0; i < walk->pool_count; i++) {
		if (!describe_pool(walk, i))
			return error_no_memory();
		if (i % PROGRESS_POOLS == 0)
			report(walk, 0.4 * (double)i / (double)walk->pool_count);
	}
	block_index_number(&walk->blocks);
	if (!snapshot_builder_nodes(walk->builder, walk->blocks.node_count))
		return error_no_memory();
	return NULL;
}

type_id heap_walk_type_id(struct heap_walk *walk, const struct py_type *type)
{
	size_t known = walk->type_id_capacity;
	str_id name;
	str_id module;

	if (type->index < known && walk->type_ids[type->index] != NODE_NONE)
		return walk->type_ids[type->index];
	if (!array_reserve(&walk->type_ids, &walk->type_id_capacity, (size_t)type->index + 1,
	                   sizeof(*walk->type_ids))) {
		walk->is_broken = true;
		return 0;
	}
	for (size_t i = known; i < walk->type_id_capacity; i++)
		walk->type_ids[i] = NODE_NONE;
	name = snapshot_builder_string(walk->builder, type->name, strlen(type->name));
	module = snapshot_builder_string(walk->builder, type->module, strlen(type->module));
	walk->type_ids[type->index] =
		snapshot_builder_type(walk->builder, type->address, name, module);
	return walk->type_ids[type->index];
}

/* Static types have a head of their own kind: no GC head lies before them. */
static bool has_gc_head(struct heap_walk *walk, const struct py_object *object)
{
	uint64_t flags;

	if (!object->type->is_gc)
		return false;
	if (object->type->shape != PY_SHAPE_TYPE)
		return true;
	return py_object_word(walk->python, object, walk->python->layout.type.tp_flags, &flags) &&
	       (flags & PY_TYPE_HEAP);
}

/* True when a list of the collector links the object; what it links to is looked at. */
static bool follow_gc_link(struct heap_walk *walk, const struct py_object *object)
{
	uint64_t next;
	uint32_t unused;

	if (!has_gc_head(walk, object) ||
	    !py_object_word(walk->python, object, -GC_HEAD_SIZE, &next) || !next)
		return false;
	next &= ~(uint64_t)TRACKED_LINK_MASK;
	if (block_index_pool(&walk->blocks, next) || number_map_get(&walk->gc_heads, next, &unused))
		return true;
	heap_walk_resolve(walk, next + GC_HEAD_SIZE, true);
	return true;
}

static bool is_static(struct heap_walk *walk, taddr address)
{
	const struct target_region *region;

	if (address >= walk->python->module_start && address < walk->python->module_end)
		return true;
	region = target_region_at(walk->python->memory->target, address);
	return region && region->inode;
}

static node_id discover(struct heap_walk *walk, taddr address)
{
	unsigned int flags = NODE_IS_OBJECT;
	struct py_object object;
	uint64_t head;
	node_id node;

	if (address % 8 || address >> 47 ||
	    !window_cache_u64(walk->python->memory, address, &head) ||
	    !block_probe_is_refcount(walk->python, head) ||
	    py_object_at(walk->python, walk->types, address, &object) != DECODE_OK)
		return NODE_NONE;
	if (is_static(walk, address))
		flags |= NODE_IS_STATIC;
	node = snapshot_builder_node(walk->builder, address, heap_walk_type_id(walk, object.type),
	                             flags);
	if (node == NODE_NONE || !number_map_put(&walk->others, address, node))
		walk->is_broken = true;
	return node;
}

node_id heap_walk_resolve(struct heap_walk *walk, taddr address, bool may_discover)
{
	struct block_place place;
	node_id node;

	if (block_index_place(&walk->blocks, address, &place))
		return block_index_node(&walk->blocks, &place);
	if (number_map_get(&walk->others, address, &node))
		return node;
	return may_discover ? discover(walk, address) : NODE_NONE;
}

/* A word that looks like a reference counts when an object starts just there. */
node_id heap_walk_resolve_word(struct heap_walk *walk, taddr address)
{
	struct py_object object;

	if (address % 8 || address < 4096 || address >> 47)
		return NODE_NONE;
	if (block_index_pool(&walk->blocks, address) &&
	    py_object_at(walk->python, walk->types, address, &object) != DECODE_OK)
		return NODE_NONE;
	return heap_walk_resolve(walk, address, true);
}

static str_id intern_name(struct heap_walk *walk, const struct py_ref *reference)
{
	uint64_t key = reference->name ? (uint64_t)(uintptr_t)reference->name
	                               : reference->name_object;
	char *text = NULL;
	const char *name = reference->name;
	str_id id;

	if (number_map_get(&walk->labels, key, &id))
		return id;
	if (!name)
		name = text = py_string_utf8(walk->python, reference->name_object, 256);
	if (!name)
		name = "?";
	id = snapshot_builder_string(walk->builder, name, strlen(name));
	free(text);
	if (key && !number_map_put(&walk->labels, key, id))
		walk->is_broken = true;
	return id;
}

/* How each kind of reference is called in the snapshot. */
static enum edge_kind edge_kind_of(enum py_ref_kind kind)
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

void heap_walk_edge(struct heap_walk *walk, const struct py_ref *reference, node_id to)
{
	uint64_t operand = reference->number;

	switch (reference->kind) {
	case PY_REF_ATTRIBUTE:
	case PY_REF_LOCAL:
	case PY_REF_FIELD:
	case PY_REF_WEAK: operand = intern_name(walk, reference); break;
	case PY_REF_VALUE: operand = heap_walk_resolve(walk, reference->name_object, true); break;
	case PY_REF_TYPE: operand = 0; break;
	case PY_REF_INDEX:
	case PY_REF_KEY:
	case PY_REF_STACK:
	case PY_REF_CONSERVATIVE: break;
	}
	snapshot_builder_edge(walk->builder, to, edge_kind_of(reference->kind), operand);
}

static void on_reference(void *context, const struct py_ref *reference)
{
	struct heap_walk *walk = context;
	node_id to;

	if (reference->kind == PY_REF_CONSERVATIVE)
		to = heap_walk_resolve_word(walk, reference->to);
	else if (!walk->with_edges && block_index_pool(&walk->blocks, reference->to))
		return;
	else
		to = heap_walk_resolve(walk, reference->to, reference->kind != PY_REF_WEAK);
	if (to == NODE_NONE) {
		walk->totals->torn += reference->kind != PY_REF_CONSERVATIVE &&
		                      reference->kind != PY_REF_WEAK;
		return;
	}
	if (!walk->with_edges)
		return;
	if (reference->flags & PY_REF_NAMESPACE)
		snapshot_builder_set_flags(walk->builder, to, NODE_IS_NAMESPACE);
	heap_walk_edge(walk, reference, to);
}

static void note_impostor(struct heap_walk *walk, node_id node)
{
	if (!array_reserve(&walk->impostors, &walk->impostor_capacity, walk->impostor_count + 1,
	                   sizeof(*walk->impostors))) {
		walk->is_broken = true;
		return;
	}
	walk->impostors[walk->impostor_count++] = node;
}

static void on_storage(void *context, taddr address, uint64_t size)
{
	struct heap_walk *walk = context;
	struct block_place place;
	node_id node;

	if (!block_index_place(&walk->blocks, address, &place)) {
		if (!is_static(walk, address))
			walk->current_memory +=
				malloc_chunk_size(walk->python->memory,
			                          address - walk->probe.debug_header, size, size);
		return;
	}
	node = block_index_node(&walk->blocks, &place);
	if (node == walk->current || !block_index_claim(&walk->blocks, &place))
		return;
	if (node != NODE_NONE)
		note_impostor(walk, node);
	walk->current_memory += place.block_size;
}

static void on_length(void *context, uint64_t length)
{
	struct heap_walk *walk = context;

	snapshot_builder_container(walk->builder, walk->current, length);
}

static unsigned int flags_of(struct heap_walk *walk, const struct py_object *object,
                             enum decode decode, bool is_immortal)
{
	unsigned int flags = NODE_IS_OBJECT;

	if (follow_gc_link(walk, object))
		flags |= NODE_IS_TRACKED;
	if (decode == DECODE_UNKNOWN)
		flags |= NODE_IS_OPAQUE;
	if (is_immortal)
		flags |= NODE_IS_IMMORTAL;
	if (object->type->shape == PY_SHAPE_TYPE)
		flags |= NODE_IS_TYPE;
	return flags;
}

static void count_decode(struct heap_walk *walk, enum decode decode)
{
	walk->totals->faults += decode == DECODE_FAULT;
	walk->totals->torn += decode == DECODE_TORN;
	walk->totals->unknown_types += decode == DECODE_UNKNOWN;
}

/* All of one object but its place: size, references, count, flags. */
static void decode_object(struct heap_walk *walk, node_id node, const struct py_object *object,
                          uint64_t *ret_size)
{
	struct py_visitor visitor = {walk, on_reference, on_storage, on_length};
	uint64_t refcount = 0;
	bool is_immortal = false;
	enum decode decode;

	walk->current = node;
	if (walk->with_edges)
		snapshot_builder_begin_edges(walk->builder, node);
	decode = py_refs_visit(walk->python, walk->types, object, &visitor);
	count_decode(walk, decode);
	*ret_size = 0;
	if (py_object_size(walk->python, walk->types, object, ret_size) == DECODE_FAULT)
		walk->totals->faults++;
	py_object_refcount(walk->python, object, &refcount, &is_immortal);
	snapshot_builder_refcount(walk->builder, node, refcount);
	snapshot_builder_set_flags(walk->builder, node,
	                           flags_of(walk, object, decode, is_immortal));
}

static void decode_block(struct heap_walk *walk, node_id node, taddr address, const uint8_t *block,
                         uint32_t block_size)
{
	uint32_t offset;
	const struct py_type *type = block_probe_object(&walk->probe, block, block_size, &offset);
	struct py_object object;
	uint64_t size;

	if (!type) {
		walk->totals->torn++;
		return;
	}
	object = (struct py_object){address + offset, type, block + offset, offset,
	                            block_size - offset};
	snapshot_builder_describe(walk->builder, node, object.address,
	                          heap_walk_type_id(walk, type));
	walk->current_memory = block_size;
	decode_object(walk, node, &object, &size);
	snapshot_builder_sizes(walk->builder, node, size, walk->current_memory);
}

static void decode_pool(struct heap_walk *walk, const struct indexed_pool *pool)
{
	uint32_t block_size = (uint32_t)pool->units * PYMALLOC_ALIGNMENT;

	if (!pool->units || !read_pool(walk, pool->address))
		return;
	for (uint32_t word = 0; word * 64 < pool->blocks; word++) {
		const struct block_word *blocks = &walk->blocks.words[pool->first_word + word];
		node_id node = blocks->first;

		for (uint64_t left = blocks->objects; left; left &= left - 1) {
			uint32_t number = word * 64 + (uint32_t)__builtin_ctzll(left);
			size_t offset = PYMALLOC_POOL_HEADER + (size_t)number * block_size;

			decode_block(walk, node++, pool->address + offset,
			             walk->pool_bytes + offset, block_size);
		}
	}
}

static void discover_list_starts(struct heap_walk *walk)
{
	for (size_t i = 0; i < walk->gc_heads.capacity; i++) {
		uint64_t head = walk->gc_heads.slots[i].key;
		uint64_t next;
		uint32_t unused;

		if (!head || !window_cache_u64(walk->python->memory, head, &next))
			continue;
		next &= ~(uint64_t)TRACKED_LINK_MASK;
		if (!number_map_get(&walk->gc_heads, next, &unused))
			heap_walk_resolve(walk, next + GC_HEAD_SIZE, true);
	}
}

struct error *heap_walk_objects(struct heap_walk *walk)
{
	discover_list_starts(walk);
	for (size_t i = 0; i < walk->pool_count && !walk->is_broken; i++) {
		decode_pool(walk, &walk->blocks.pools[i]);
		if (i % PROGRESS_POOLS == 0)
			report(walk, 0.4 + 0.6 * (double)i / (double)walk->pool_count);
	}
	return walk->is_broken ? error_no_memory() : NULL;
}

/* The block of an object in no pool, as malloc made it. */
static uint64_t own_memory(struct heap_walk *walk, node_id node, const struct py_object *object,
                           uint64_t size)
{
	uint64_t before = (uint64_t)object->type->prefix + walk->probe.debug_header;
	uint64_t least =
		before + (uint64_t)(object->type->basicsize > 0 ? object->type->basicsize : 0);

	if (snapshot_builder_flags(walk->builder)[node] & NODE_IS_STATIC)
		return size;
	return malloc_chunk_size(walk->python->memory, object->address - before, least,
	                         before + size);
}

static void decode_other(struct heap_walk *walk, node_id node)
{
	taddr address = snapshot_builder_addresses(walk->builder)[node];
	struct py_object object;
	uint64_t size;

	if (py_object_at(walk->python, walk->types, address, &object) != DECODE_OK) {
		walk->totals->torn++;
		return;
	}
	walk->current_memory = 0;
	decode_object(walk, node, &object, &size);
	snapshot_builder_sizes(walk->builder, node, size,
	                       walk->current_memory + own_memory(walk, node, &object, size));
}

struct error *heap_walk_others(struct heap_walk *walk)
{
	for (node_id node = walk->blocks.node_count;
	     node < snapshot_builder_node_count(walk->builder) && !walk->is_broken; node++)
		decode_other(walk, node);
	return walk->is_broken ? error_no_memory() : NULL;
}

static uint64_t pool_object_bytes(const struct heap_walk *walk)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < walk->pool_count; i++) {
		const struct indexed_pool *pool = &walk->blocks.pools[i];

		for (uint32_t word = 0; word * 64 < pool->blocks; word++) {
			const struct block_word *blocks =
				&walk->blocks.words[pool->first_word + word];

			bytes += (uint64_t)__builtin_popcountll(blocks->objects | blocks->claimed) *
			         pool->units * PYMALLOC_ALIGNMENT;
		}
	}
	return bytes;
}

void heap_walk_finish(struct heap_walk *walk)
{
	for (size_t i = 0; i < walk->impostor_count; i++) {
		snapshot_builder_clear_flags(walk->builder, walk->impostors[i],
		                             NODE_IS_OBJECT | NODE_IS_TRACKED);
		snapshot_builder_sizes(walk->builder, walk->impostors[i], 0, 0);
	}
	walk->totals->pool_objects = pool_object_bytes(walk);
	walk->totals->pool_not_objects = walk->totals->pool_in_use - walk->totals->pool_objects;
}
