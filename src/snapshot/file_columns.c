/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each chunk stands alone: differences start anew with its first row, so that
 * chunks are packed and unpacked by several threads in any order.
 *
 * Differences are what makes neighbours look alike. Addresses of one pool go
 * up by one block size; what objects refer to was mostly made just before or
 * after them. They wrap around, so every pair of numbers has one.
 */
#include "snapshot/file_columns.h"

#include "base/little_endian.h"

#include <assert.h>

enum {
	TYPE_WIDTH = 20,
	ROOT_WIDTH = 10,
	PAIR_WIDTH = 8,
	TRACE_WIDTH = 12,
	LARGE_WIDTH = 20,
	TOTAL_WIDTH = 8
};

/* Columns that are in memory as they are in the file. */

#define PLAIN_COLUMN(name)                                                                         \
	static void encode_##name(const struct snapshot *snapshot, uint64_t first, size_t rows,    \
	                          uint8_t *to)                                                     \
	{                                                                                          \
		memcpy(to, snapshot->name + first, rows * sizeof(*snapshot->name));                \
	}                                                                                          \
	static void decode_##name(struct sealed_snapshot *sealed, uint64_t first, size_t rows,     \
	                          const uint8_t *from)                                             \
	{                                                                                          \
		memcpy(sealed->name + first, from, rows * sizeof(*sealed->name));                  \
	}

PLAIN_COLUMN(type)
PLAIN_COLUMN(size)
PLAIN_COLUMN(memory)
PLAIN_COLUMN(refcount)
PLAIN_COLUMN(flags)
PLAIN_COLUMN(containers)
PLAIN_COLUMN(names)
PLAIN_COLUMN(many)
PLAIN_COLUMN(trace)
PLAIN_COLUMN(traces)
PLAIN_COLUMN(frames)

_Static_assert(sizeof(struct snap_container) == PAIR_WIDTH &&
                       sizeof(struct snap_name) == PAIR_WIDTH &&
                       sizeof(struct snap_many) == PAIR_WIDTH &&
                       sizeof(struct snap_frame) == PAIR_WIDTH &&
                       sizeof(struct snap_trace) == TRACE_WIDTH,
               "records without holes");

static void encode_address(const struct snapshot *snapshot, uint64_t first, size_t rows,
                           uint8_t *to)
{
	uint64_t before = 0;

	for (size_t i = 0; i < rows; i++) {
		uint64_t address = snapshot->address[first + i];

		put_u64(to + i * 8, address - before);
		before = address;
	}
}

static void decode_address(struct sealed_snapshot *sealed, uint64_t first, size_t rows,
                           const uint8_t *from)
{
	uint64_t address = 0;

	for (size_t i = 0; i < rows; i++) {
		address += get_u64(from + i * 8);
		sealed->address[first + i] = address;
	}
}

/* Edges: how many each node has, where they lead to, what they are called. */

static void encode_edge_counts(const struct snapshot *snapshot, uint64_t first, size_t rows,
                               uint8_t *to)
{
	const uint32_t *start = snapshot->edge_start + first;

	for (size_t i = 0; i < rows; i++)
		put_u32(to + i * 4, start[i + 1] - start[i]);
}

/* Only the counts, each in the place where the next node's edges will be said to start. */
static void decode_edge_counts(struct sealed_snapshot *sealed, uint64_t first, size_t rows,
                               const uint8_t *from)
{
	for (size_t i = 0; i < rows; i++)
		sealed->edge_start[first + i + 1] = get_u32(from + i * 4);
}

/* The node that edge starts from. */
static node_id source_of(const struct snapshot *snapshot, uint64_t edge)
{
	node_id low = 0;
	node_id high = snapshot->node_count;

	while (high - low > 1) {
		node_id middle = low + (high - low) / 2;

		if (snapshot->edge_start[middle] <= edge)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static void encode_targets(const struct snapshot *snapshot, uint64_t first, size_t rows,
                           uint8_t *to)
{
	node_id source = source_of(snapshot, first);

	for (size_t i = 0; i < rows; i++) {
		while (snapshot->edge_start[source + 1] <= first + i)
			source++;
		put_u32(to + i * 4, snapshot->edges[first + i].to - source);
	}
}

static void decode_targets(struct sealed_snapshot *sealed, uint64_t first, size_t rows,
                           const uint8_t *from)
{
	node_id source = source_of(&sealed->snapshot, first);

	for (size_t i = 0; i < rows; i++) {
		while (sealed->edge_start[source + 1] <= first + i)
			source++;
		sealed->edges[first + i].to = get_u32(from + i * 4) + source;
	}
}

static void encode_labels(const struct snapshot *snapshot, uint64_t first, size_t rows, uint8_t *to)
{
	for (size_t i = 0; i < rows; i++)
		put_u32(to + i * 4, snapshot->edges[first + i].label);
}

static void decode_labels(struct sealed_snapshot *sealed, uint64_t first, size_t rows,
                          const uint8_t *from)
{
	for (size_t i = 0; i < rows; i++)
		sealed->edges[first + i].label = get_u32(from + i * 4);
}

/* Tables. */

static void encode_types(const struct snapshot *snapshot, uint64_t first, size_t rows, uint8_t *to)
{
	for (size_t i = 0; i < rows; i++, to += TYPE_WIDTH) {
		const struct snap_type *type = &snapshot->types[first + i];

		put_u64(to, type->address);
		put_u32(to + 8, type->name);
		put_u32(to + 12, type->module);
		put_u32(to + 16, type->node);
	}
}

static void decode_types(struct sealed_snapshot *sealed, uint64_t first, size_t rows,
                         const uint8_t *from)
{
	for (size_t i = 0; i < rows; i++, from += TYPE_WIDTH)
		sealed->types[first + i] = (struct snap_type){
			.address = get_u64(from),
			.name = get_u32(from + 8),
			.module = get_u32(from + 12),
			.node = get_u32(from + 16),
		};
}

static void encode_roots(const struct snapshot *snapshot, uint64_t first, size_t rows, uint8_t *to)
{
	for (size_t i = 0; i < rows; i++, to += ROOT_WIDTH) {
		const struct snap_root *root = &snapshot->roots[first + i];

		put_u32(to, root->node);
		put_u32(to + 4, root->name);
		to[8] = root->kind;
		to[9] = root->tier;
	}
}

static void decode_roots(struct sealed_snapshot *sealed, uint64_t first, size_t rows,
                         const uint8_t *from)
{
	for (size_t i = 0; i < rows; i++, from += ROOT_WIDTH)
		sealed->roots[first + i] =
			(struct snap_root){get_u32(from), get_u32(from + 4), from[8], from[9]};
}

static void encode_large(const struct snapshot *snapshot, uint64_t first, size_t rows, uint8_t *to)
{
	for (size_t i = 0; i < rows; i++, to += LARGE_WIDTH) {
		const struct snap_large *large = &snapshot->large[first + i];

		put_u32(to, large->node);
		put_u64(to + 4, large->size);
		put_u64(to + 12, large->memory);
	}
}

static void decode_large(struct sealed_snapshot *sealed, uint64_t first, size_t rows,
                         const uint8_t *from)
{
	for (size_t i = 0; i < rows; i++, from += LARGE_WIDTH)
		sealed->large[first + i] =
			(struct snap_large){get_u32(from), get_u64(from + 4), get_u64(from + 12)};
}

/* A later version may have more totals behind ours, an older one has fewer. */
enum { TOTAL_COUNT = sizeof(struct snap_totals) / TOTAL_WIDTH };

static void encode_totals(const struct snapshot *snapshot, uint64_t first, size_t rows, uint8_t *to)
{
	memcpy(to, (const uint8_t *)&snapshot->totals + first * TOTAL_WIDTH, rows * TOTAL_WIDTH);
}

static void decode_totals(struct sealed_snapshot *sealed, uint64_t first, size_t rows,
                          const uint8_t *from)
{
	if (first >= TOTAL_COUNT)
		return;
	if (rows > TOTAL_COUNT - first)
		rows = TOTAL_COUNT - first;
	memcpy((uint8_t *)&sealed->snapshot.totals + first * TOTAL_WIDTH, from, rows * TOTAL_WIDTH);
}

#define ARRAY(name)                                                                                \
	offsetof(struct sealed_snapshot, name), sizeof(*((struct sealed_snapshot *)0)->name)

/* clang-format off */
const struct file_column file_columns[FILE_COLUMN_COUNT] = {
	{KIND_TOTALS, ENCODING_PLAIN, TOTAL_WIDTH, OF_TOTALS, 0, 0, encode_totals, decode_totals},
	{KIND_TYPES, ENCODING_PLAIN, TYPE_WIDTH, OF_TABLE, ARRAY(types), encode_types, decode_types},
	{KIND_ROOTS, ENCODING_PLAIN, ROOT_WIDTH, OF_TABLE, ARRAY(roots), encode_roots, decode_roots},
	{KIND_NAMES, ENCODING_PLAIN, PAIR_WIDTH, OF_TABLE, ARRAY(names), encode_names, decode_names},
	{KIND_LARGE, ENCODING_PLAIN, LARGE_WIDTH, OF_TABLE, ARRAY(large), encode_large, decode_large},
	{KIND_MANY, ENCODING_PLAIN, PAIR_WIDTH, OF_TABLE, ARRAY(many), encode_many, decode_many},
	{KIND_CONTAINERS, ENCODING_PLAIN, PAIR_WIDTH, OF_TABLE, ARRAY(containers), encode_containers, decode_containers},
	{KIND_TRACES, ENCODING_PLAIN, TRACE_WIDTH, OF_TABLE, ARRAY(traces), encode_traces, decode_traces},
	{KIND_TRACE_FRAMES, ENCODING_PLAIN, PAIR_WIDTH, OF_TABLE, ARRAY(frames), encode_frames, decode_frames},
	{KIND_NODE_TRACES, ENCODING_PLAIN, 4, OF_NODES, ARRAY(trace), encode_trace, decode_trace},
	{KIND_NODE_TYPES, ENCODING_PLAIN, 4, OF_NODES, ARRAY(type), encode_type, decode_type},
	{KIND_SIZES, ENCODING_PLAIN, 2, OF_NODES, ARRAY(size), encode_size, decode_size},
	{KIND_MEMORY, ENCODING_PLAIN, 2, OF_NODES, ARRAY(memory), encode_memory, decode_memory},
	{KIND_NODE_FLAGS, ENCODING_PLAIN, 1, OF_NODES, ARRAY(flags), encode_flags, decode_flags},
	{KIND_ADDRESSES, ENCODING_DIFFERENCE, 8, OF_NODES, ARRAY(address), encode_address, decode_address},
	{KIND_REFCOUNTS, ENCODING_PLAIN, 1, OF_NODES, ARRAY(refcount), encode_refcount, decode_refcount},
	{KIND_EDGE_COUNTS, ENCODING_PLAIN, 4, OF_NODES, ARRAY(edge_start), encode_edge_counts, decode_edge_counts},
	{KIND_EDGE_TARGETS, ENCODING_FROM_NODE, 4, OF_EDGES, ARRAY(edges), encode_targets, decode_targets},
	{KIND_EDGE_LABELS, ENCODING_PLAIN, 4, OF_EDGES, ARRAY(edges), encode_labels, decode_labels},
};
/* clang-format on */

const struct file_column *file_column_of_kind(uint32_t kind)
{
	for (size_t i = 0; i < FILE_COLUMN_COUNT; i++)
		if (file_columns[i].kind == kind)
			return &file_columns[i];
	return NULL;
}

bool file_column_is_optional(const struct file_column *column)
{
	return column->kind == KIND_NODE_TRACES || column->kind == KIND_TRACES ||
	       column->kind == KIND_TRACE_FRAMES;
}

uint64_t file_column_rows(const struct file_column *column, const struct snapshot *snapshot)
{
	bool has_edges = snapshot_has_edges(snapshot);

	switch (column->kind) {
	case KIND_TOTALS: return TOTAL_COUNT;
	case KIND_TYPES: return snapshot->type_count;
	case KIND_ROOTS: return snapshot->root_count;
	case KIND_NAMES: return snapshot->name_count;
	case KIND_LARGE: return snapshot->large_count;
	case KIND_MANY: return snapshot->many_count;
	case KIND_CONTAINERS: return snapshot->container_count;
	case KIND_TRACES: return snapshot->trace_count;
	case KIND_TRACE_FRAMES: return snapshot->frame_count;
	case KIND_NODE_TRACES: return snapshot_has_traces(snapshot) ? snapshot->node_count : 0;
	case KIND_EDGE_COUNTS: return has_edges ? snapshot->node_count : 0;
	case KIND_EDGE_TARGETS:
	case KIND_EDGE_LABELS: return has_edges ? snapshot->edge_start[snapshot->node_count] : 0;
	default: return snapshot->node_count;
	}
}
