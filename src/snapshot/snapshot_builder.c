/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Columns that double. The node columns share one capacity, so that appending
 * a node is one comparison and six stores; edges likewise. Large blocks are
 * moved by realloc with mremap, without copying, and pages that were never
 * written are not resident, so doubling costs neither time nor memory.
 *
 * edge_start is filled lazily: begin_edges writes the entries of all nodes
 * since the last call, and seal those of the rest.
 */
#include "snapshot/snapshot_builder.h"

#include "base/array.h"
#include "base/cleanup.h"
#include "snapshot/node_records.h"
#include "snapshot/sealed.h"
#include "snapshot/string_table.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct snapshot_builder {
	bool is_broken;    /* memory ran out, or: */
	bool is_excessive; /* more edges than can be numbered */
	bool has_edges;

	uint64_t *address;
	type_id *type;
	uint16_t *size;
	uint16_t *memory;
	uint8_t *refcount;
	uint8_t *flags;
	node_id node_count;
	size_t node_capacity;

	uint32_t *edge_start;
	size_t edge_start_capacity;
	node_id edge_node_count; /* entries of edge_start that are final */
	struct snap_edge *edges;
	size_t edge_count;
	size_t edge_capacity;

	struct string_table strings;
	struct snap_type *types;
	size_t type_count, type_capacity;
	struct snap_root *roots;
	size_t root_count, root_capacity;
	struct snap_container *containers;
	size_t container_count, container_capacity;
	struct snap_name *names;
	size_t name_count, name_capacity;
	struct snap_large *large;
	size_t large_count, large_capacity;
	struct snap_many *many;
	size_t many_count, many_capacity;
	uint32_t *trace; /* NULL until the first node has one */
	struct snap_trace *traces;
	size_t trace_count, trace_capacity;
	struct snap_frame *frames;
	size_t frame_count, frame_capacity;

	struct snap_totals totals;
};

struct snapshot_builder *snapshot_builder_new(void)
{
	struct snapshot_builder *builder = calloc(1, sizeof(*builder));

	if (builder)
		string_table_init(&builder->strings);
	return builder;
}

static void free_columns(struct snapshot_builder *builder)
{
	free(builder->address);
	free(builder->type);
	free(builder->size);
	free(builder->memory);
	free(builder->refcount);
	free(builder->flags);
	free(builder->edge_start);
	free(builder->edges);
	free(builder->types);
	free(builder->roots);
	free(builder->containers);
	free(builder->names);
	free(builder->large);
	free(builder->many);
	free(builder->trace);
	free(builder->traces);
	free(builder->frames);
	string_table_deinit(&builder->strings);
}

void snapshot_builder_free(struct snapshot_builder *builder)
{
	if (!builder)
		return;
	free_columns(builder);
	free(builder);
}

static uint32_t saturate(uint64_t number)
{
	return number > UINT32_MAX ? UINT32_MAX : (uint32_t)number;
}

/* Makes room for one more record; remembers when that fails. */
static bool reserve_one(struct snapshot_builder *builder, void *array, size_t *capacity,
                        size_t count, size_t element_size)
{
	if (builder->is_broken)
		return false;
	if (array_reserve(array, capacity, count + 1, element_size))
		return true;
	builder->is_broken = true;
	return false;
}

str_id snapshot_builder_string(struct snapshot_builder *builder, const char *bytes, size_t length)
{
	str_id id = 0;

	if (!builder->is_broken && !string_table_add(&builder->strings, bytes, length, &id))
		builder->is_broken = true;
	return id;
}

const char *snapshot_builder_string_bytes(const struct snapshot_builder *builder, str_id string)
{
	return string_table_get(&builder->strings, string);
}

type_id snapshot_builder_type(struct snapshot_builder *builder, uint64_t address, str_id name,
                              str_id module)
{
	if (!reserve_one(builder, &builder->types, &builder->type_capacity, builder->type_count,
	                 sizeof(*builder->types)))
		return 0;
	builder->types[builder->type_count] = (struct snap_type){address, name, module, NODE_NONE};
	return (type_id)builder->type_count++;
}

void snapshot_builder_type_node(struct snapshot_builder *builder, type_id type, node_id node)
{
	if (type < builder->type_count)
		builder->types[type].node = node;
}

static bool grow_column(void *column, size_t capacity, size_t element_size)
{
	size_t none = 0;

	return array_reserve(column, &none, capacity, element_size);
}

/* Makes all node columns capacity long. Those that grew before one failed stay larger. */
static bool grow_nodes(struct snapshot_builder *builder, size_t capacity)
{
	if (builder->is_broken || builder->node_count >= SNAPSHOT_NODES_MAX ||
	    !grow_column(&builder->address, capacity, sizeof(*builder->address)) ||
	    !grow_column(&builder->type, capacity, sizeof(*builder->type)) ||
	    !grow_column(&builder->size, capacity, sizeof(*builder->size)) ||
	    !grow_column(&builder->memory, capacity, sizeof(*builder->memory)) ||
	    !grow_column(&builder->refcount, capacity, sizeof(*builder->refcount)) ||
	    !grow_column(&builder->flags, capacity, sizeof(*builder->flags))) {
		builder->is_broken = true;
		return false;
	}
	builder->node_capacity = capacity;
	return true;
}

node_id snapshot_builder_node(struct snapshot_builder *builder, uint64_t address, type_id type,
                              unsigned int flags)
{
	node_id node = builder->node_count;

	if (node == builder->node_capacity &&
	    !grow_nodes(builder, builder->node_capacity ? builder->node_capacity * 2 : 1024))
		return NODE_NONE;
	builder->address[node] = address;
	builder->type[node] = type;
	builder->size[node] = 0;
	builder->memory[node] = 0;
	builder->refcount[node] = 0;
	builder->flags[node] = (uint8_t)flags;
	builder->node_count++;
	return node;
}

/* The first nodes of a snapshot, and room for some more. */
static bool start_nodes(struct snapshot_builder *builder, node_id count)
{
	size_t capacity = (size_t)count + count / 16 + 1024;

	builder->address = sealed_column_new(capacity, sizeof(*builder->address));
	builder->type = sealed_column_new(capacity, sizeof(*builder->type));
	builder->size = sealed_column_new(capacity, sizeof(*builder->size));
	builder->memory = sealed_column_new(capacity, sizeof(*builder->memory));
	builder->refcount = sealed_column_new(capacity, sizeof(*builder->refcount));
	builder->flags = sealed_column_new(capacity, sizeof(*builder->flags));
	if (!builder->address || !builder->type || !builder->size || !builder->memory ||
	    !builder->refcount || !builder->flags)
		return false;
	builder->node_capacity = capacity;
	builder->node_count = count;
	return true;
}

bool snapshot_builder_nodes(struct snapshot_builder *builder, node_id count)
{
	assert(!builder->node_capacity);
	if (!builder->is_broken && count <= SNAPSHOT_NODES_MAX && start_nodes(builder, count))
		return true;
	builder->is_broken = true;
	return false;
}

node_id snapshot_builder_node_count(const struct snapshot_builder *builder)
{
	return builder->node_count;
}

void snapshot_builder_sizes(struct snapshot_builder *builder, node_id node, uint64_t size,
                            uint64_t memory)
{
	if (node >= builder->node_count)
		return;
	if (size < SNAP_SIZE_LARGE && memory < SNAP_SIZE_LARGE) {
		builder->size[node] = (uint16_t)size;
		builder->memory[node] = (uint16_t)memory;
		return;
	}
	if (!reserve_one(builder, &builder->large, &builder->large_capacity, builder->large_count,
	                 sizeof(*builder->large)))
		return;
	builder->large[builder->large_count++] = (struct snap_large){node, size, memory};
	builder->size[node] = SNAP_SIZE_LARGE;
	builder->memory[node] = SNAP_SIZE_LARGE;
}

void snapshot_builder_refcount(struct snapshot_builder *builder, node_id node, uint64_t refcount)
{
	if (node >= builder->node_count)
		return;
	if (refcount < SNAP_REFCOUNT_MANY) {
		builder->refcount[node] = (uint8_t)refcount;
		return;
	}
	if (!reserve_one(builder, &builder->many, &builder->many_capacity, builder->many_count,
	                 sizeof(*builder->many)))
		return;
	builder->many[builder->many_count++] = (struct snap_many){node, saturate(refcount)};
	builder->refcount[node] = SNAP_REFCOUNT_MANY;
}

void snapshot_builder_set_flags(struct snapshot_builder *builder, node_id node, unsigned int flags)
{
	if (node < builder->node_count)
		__atomic_fetch_or(&builder->flags[node], (uint8_t)flags, __ATOMIC_RELAXED);
}

void snapshot_builder_clear_flags(struct snapshot_builder *builder, node_id node,
                                  unsigned int flags)
{
	if (node < builder->node_count)
		__atomic_fetch_and(&builder->flags[node], (uint8_t)~flags, __ATOMIC_RELAXED);
}

struct snapshot_columns snapshot_builder_columns(const struct snapshot_builder *builder)
{
	return (struct snapshot_columns){builder->address, builder->type,     builder->size,
	                                 builder->memory,  builder->refcount, builder->flags};
}

/* Writes edge_start of all nodes up to and including node. */
static void start_edges_until(struct snapshot_builder *builder, size_t node)
{
	if (builder->is_broken)
		return;
	if (!array_reserve(&builder->edge_start, &builder->edge_start_capacity,
	                   (size_t)builder->node_count + 1, sizeof(*builder->edge_start))) {
		builder->is_broken = true;
		return;
	}
	while (builder->edge_node_count <= node)
		builder->edge_start[builder->edge_node_count++] = (uint32_t)builder->edge_count;
}

void snapshot_builder_begin_edges(struct snapshot_builder *builder, node_id node)
{
	if (builder->is_broken)
		return;
	assert(node < builder->node_count && node >= builder->edge_node_count);
	builder->has_edges = true;
	start_edges_until(builder, node);
}

/* Makes room for so many more edges; remembers when there is none. */
static bool reserve_edges(struct snapshot_builder *builder, size_t count)
{
	if (count > SNAPSHOT_EDGES_MAX - builder->edge_count)
		builder->is_excessive = builder->is_broken = true;
	if (builder->is_broken)
		return false;
	if (array_reserve(&builder->edges, &builder->edge_capacity, builder->edge_count + count,
	                  sizeof(*builder->edges)))
		return true;
	builder->is_broken = true;
	return false;
}

void snapshot_builder_edge(struct snapshot_builder *builder, node_id to, enum edge_kind kind,
                           uint64_t operand)
{
	if (builder->edge_count == builder->edge_capacity && !reserve_edges(builder, 1))
		return;
	builder->edges[builder->edge_count++] = snap_edge_make(to, kind, operand);
}

void snapshot_builder_edge_run(struct snapshot_builder *builder, node_id first, size_t count,
                               const uint32_t *edge_counts, const struct snap_edge *edges)
{
	size_t added = 0;

	if (!count)
		return;
	snapshot_builder_begin_edges(builder, first);
	for (size_t i = 0; i < count; i++)
		added += edge_counts[i];
	if (builder->is_broken || !reserve_edges(builder, added))
		return;
	if (added)
		memcpy(builder->edges + builder->edge_count, edges, added * sizeof(*edges));
	assert(builder->edge_node_count == first + 1);
	for (size_t i = 0; i + 1 < count; i++) {
		builder->edge_count += edge_counts[i];
		builder->edge_start[builder->edge_node_count++] = (uint32_t)builder->edge_count;
	}
	builder->edge_count += edge_counts[count - 1];
}

static uint32_t new_number(uint32_t node, node_id first, const node_id *places, node_id count)
{
	return node >= first && node - first < count ? places[node - first] : node;
}

void snapshot_builder_renumber(struct snapshot_builder *builder, node_id first,
                               const node_id *places, node_id count)
{
	for (size_t i = 0; i < builder->edge_count; i++) {
		struct snap_edge *edge = &builder->edges[i];
		uint32_t operand = snap_edge_operand(*edge);

		/* A key whose number did not fit is none (EDGE_OPERAND_MAX). */
		if (snap_edge_kind(*edge) == EDGE_VALUE && operand != EDGE_OPERAND_MAX)
			operand = new_number(operand, first, places, count);
		*edge = snap_edge_make(new_number(edge->to, first, places, count),
		                       snap_edge_kind(*edge), operand);
	}
}

/* Where an edge leads now; NODE_NONE: nowhere. */
static node_id kept_promise(node_id to, const node_id *nodes, size_t count)
{
	size_t number = to - SNAPSHOT_PROMISE;

	if (to < SNAPSHOT_PROMISE)
		return to;
	return number < count ? nodes[number] : NODE_NONE;
}

void snapshot_builder_keep_promises(struct snapshot_builder *builder, const node_id *nodes,
                                    size_t count)
{
	size_t kept = 0;
	size_t at = 0;

	for (size_t node = 0; node < builder->edge_node_count; node++) {
		bool is_last = node + 1 == builder->edge_node_count;
		size_t end = is_last ? builder->edge_count : builder->edge_start[node + 1];

		builder->edge_start[node] = (uint32_t)kept;
		for (; at < end; at++) {
			struct snap_edge edge = builder->edges[at];

			edge.to = kept_promise(edge.to, nodes, count);
			if (edge.to != NODE_NONE)
				builder->edges[kept++] = edge;
		}
	}
	builder->edge_count = kept;
}

void snapshot_builder_root(struct snapshot_builder *builder, node_id node, str_id name,
                           enum root_kind kind, unsigned int tier)
{
	if (!reserve_one(builder, &builder->roots, &builder->root_capacity, builder->root_count,
	                 sizeof(*builder->roots)))
		return;
	builder->roots[builder->root_count++] =
		(struct snap_root){node, name, (uint8_t)kind, (uint8_t)tier};
}

void snapshot_builder_container(struct snapshot_builder *builder, node_id node, uint64_t length)
{
	if (!reserve_one(builder, &builder->containers, &builder->container_capacity,
	                 builder->container_count, sizeof(*builder->containers)))
		return;
	builder->containers[builder->container_count++] =
		(struct snap_container){node, saturate(length)};
}

void snapshot_builder_name(struct snapshot_builder *builder, node_id node, str_id name)
{
	if (!reserve_one(builder, &builder->names, &builder->name_capacity, builder->name_count,
	                 sizeof(*builder->names)))
		return;
	builder->names[builder->name_count++] = (struct snap_name){node, name};
}

uint32_t snapshot_builder_trace(struct snapshot_builder *builder, const struct snap_frame *frames,
                                uint32_t count, uint32_t total)
{
	if (!count || builder->is_broken || builder->frame_count > UINT32_MAX - count ||
	    builder->trace_count == UINT32_MAX)
		return 0;
	if (!array_reserve(&builder->frames, &builder->frame_capacity, builder->frame_count + count,
	                   sizeof(*builder->frames))) {
		builder->is_broken = true;
		return 0;
	}
	if (!reserve_one(builder, &builder->traces, &builder->trace_capacity, builder->trace_count,
	                 sizeof(*builder->traces)))
		return 0;
	memcpy(builder->frames + builder->frame_count, frames, count * sizeof(*frames));
	builder->traces[builder->trace_count++] = (struct snap_trace){
		(uint32_t)builder->frame_count, count, total < count ? count : total};
	builder->frame_count += count;
	return (uint32_t)builder->trace_count;
}

uint32_t *snapshot_builder_trace_column(struct snapshot_builder *builder)
{
	if (!builder->trace && !builder->is_broken) {
		builder->trace =
			sealed_column_new((size_t)builder->node_count + 1, sizeof(*builder->trace));
		builder->is_broken = !builder->trace;
	}
	return builder->trace;
}

struct snap_totals *snapshot_builder_totals(struct snapshot_builder *builder)
{
	return &builder->totals;
}

/* The columns change hands; the builder forgets them. */
static void hand_over_columns(struct snapshot_builder *builder, struct sealed_snapshot *sealed)
{
	sealed->address = take_ptr(builder->address);
	sealed->type = take_ptr(builder->type);
	sealed->size = take_ptr(builder->size);
	sealed->memory = take_ptr(builder->memory);
	sealed->refcount = take_ptr(builder->refcount);
	sealed->flags = take_ptr(builder->flags);
	sealed->edge_start = take_ptr(builder->edge_start);
	sealed->edges = take_ptr(builder->edges);
	sealed->types = take_ptr(builder->types);
	sealed->string_bytes = take_ptr(builder->strings.bytes);
	sealed->string_start = take_ptr(builder->strings.start);
	sealed->roots = take_ptr(builder->roots);
	sealed->containers = take_ptr(builder->containers);
	sealed->names = take_ptr(builder->names);
	sealed->large = take_ptr(builder->large);
	sealed->many = take_ptr(builder->many);
	sealed->trace = take_ptr(builder->trace);
	sealed->traces = take_ptr(builder->traces);
	sealed->frames = take_ptr(builder->frames);
}

static void hand_over_counts(const struct snapshot_builder *builder, struct snapshot *snapshot)
{
	snapshot->node_count = builder->node_count;
	snapshot->type_count = (type_id)builder->type_count;
	snapshot->string_count = (str_id)builder->strings.count;
	snapshot->root_count = builder->root_count;
	snapshot->container_count = builder->container_count;
	snapshot->name_count = builder->name_count;
	snapshot->large_count = builder->large_count;
	snapshot->many_count = builder->many_count;
	snapshot->trace_count = builder->trace_count;
	snapshot->frame_count = builder->frame_count;
	snapshot->totals = builder->totals;
}

static void sort_side_tables(struct snapshot_builder *builder)
{
	if (!node_records_sort(builder->containers, &builder->container_count,
	                       sizeof(*builder->containers)) ||
	    !node_records_sort(builder->names, &builder->name_count, sizeof(*builder->names)) ||
	    !node_records_sort(builder->large, &builder->large_count, sizeof(*builder->large)) ||
	    !node_records_sort(builder->many, &builder->many_count, sizeof(*builder->many)))
		builder->is_broken = true;
}

struct error *snapshot_builder_seal(struct snapshot_builder *builder, struct snapshot **ret)
{
	struct sealed_snapshot *sealed;

	if (builder->has_edges)
		start_edges_until(builder, builder->node_count);
	sort_side_tables(builder);
	if (builder->is_excessive)
		return error_new(ERROR_UNSUPPORTED, "the heap has more than 4 billion references");
	if (builder->is_broken)
		return error_no_memory();
	sealed = calloc(1, sizeof(*sealed));
	if (!sealed)
		return error_no_memory();
	hand_over_columns(builder, sealed);
	hand_over_counts(builder, &sealed->snapshot);
	sealed_show(sealed);
	free_columns(builder);
	*builder = (struct snapshot_builder){0};
	string_table_init(&builder->strings);
	*ret = &sealed->snapshot;
	return NULL;
}
