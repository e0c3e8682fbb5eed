/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a snapshot: first all nodes, then the edges of each node in order of
 * node_id, then roots, lengths and names in any order; then seal.
 *
 * Out of memory is remembered inside: adding becomes a no-op and seal
 * reports it, so the inner loops of capture stay free of error handling.
 */
#ifndef PLUMB_SNAPSHOT_SNAPSHOT_BUILDER_H
#define PLUMB_SNAPSHOT_SNAPSHOT_BUILDER_H

#include "snapshot/snapshot.h"

/* More than that are refused. No enum: ISO C keeps those within int. */
#define SNAPSHOT_NODES_MAX (UINT32_C(1) << 31)
#define SNAPSHOT_EDGES_MAX UINT32_MAX

struct snapshot_builder;

struct snapshot_builder *snapshot_builder_new(void); /* NULL: out of memory */
void snapshot_builder_free(struct snapshot_builder *builder);

static inline void cleanup_snapshot_builder(struct snapshot_builder **builder)
{
	snapshot_builder_free(*builder);
}

/* The same bytes give the same id. Invalid UTF-8 is stored as it is. */
str_id snapshot_builder_string(struct snapshot_builder *builder, const char *bytes, size_t length);

/* The bytes of a string added earlier. Borrowed until the next string is added. */
const char *snapshot_builder_string_bytes(const struct snapshot_builder *builder, str_id string);

type_id snapshot_builder_type(struct snapshot_builder *builder, uint64_t address, str_id name,
                              str_id module);
void snapshot_builder_type_node(struct snapshot_builder *builder, type_id type, node_id node);

/* Appends a node; ids count up from 0. NODE_NONE: out of memory, or 2^31 nodes. */
node_id snapshot_builder_node(struct snapshot_builder *builder, uint64_t address, type_id type,
                              unsigned int flags);
/* Makes the first count nodes, all zeros, to be filled in by column. False: as above. */
bool snapshot_builder_nodes(struct snapshot_builder *builder, node_id count);
node_id snapshot_builder_node_count(const struct snapshot_builder *builder);
void snapshot_builder_sizes(struct snapshot_builder *builder, node_id node, uint64_t size,
                            uint64_t memory);
void snapshot_builder_refcount(struct snapshot_builder *builder, node_id node, uint64_t refcount);

void snapshot_builder_set_flags(struct snapshot_builder *builder, node_id node, unsigned int flags);
void snapshot_builder_clear_flags(struct snapshot_builder *builder, node_id node,
                                  unsigned int flags);

/*
 * The columns themselves, for who fills in millions of nodes: type, size,
 * memory, refcount and flags of nodes that exist may be written here, also by
 * several threads, each its own nodes. A size or memory from SNAP_SIZE_LARGE on
 * goes through snapshot_builder_sizes, a count from SNAP_REFCOUNT_MANY on through
 * snapshot_builder_refcount. Valid until the next node is added.
 */
struct snapshot_columns {
	uint64_t *address;
	type_id *type;
	uint16_t *size;
	uint16_t *memory;
	uint8_t *refcount;
	uint8_t *flags; /* with atomic operations where threads meet */
};

struct snapshot_columns snapshot_builder_columns(const struct snapshot_builder *builder);

/* Edges that follow belong to node, which is larger than at any call before. */
void snapshot_builder_begin_edges(struct snapshot_builder *builder, node_id node);
void snapshot_builder_edge(struct snapshot_builder *builder, node_id to, enum edge_kind kind,
                           uint64_t operand);

/*
 * The edges of count nodes from first on, at once: edge_counts[i] of them
 * belong to node first + i. As begin_edges and edge for each.
 */
void snapshot_builder_edge_run(struct snapshot_builder *builder, node_id first, size_t count,
                               const uint32_t *edge_counts, const struct snap_edge *edges);

/*
 * Edges lead elsewhere: what they called node first + i is places[i], for i
 * below count; as the end of an edge and as its key. For nodes that were
 * numbered before they were added.
 */
void snapshot_builder_renumber(struct snapshot_builder *builder, node_id first,
                               const node_id *places, node_id count);

/*
 * Who has an edge to something that is going to be a node, or not, lets it lead
 * to SNAPSHOT_PROMISE + its number among such things. Then, once it is known:
 * the edges lead to nodes[number] from now on, and where that is NODE_NONE they
 * are taken out. Linear in the edges there are.
 */
#define SNAPSHOT_PROMISE SNAPSHOT_NODES_MAX

void snapshot_builder_keep_promises(struct snapshot_builder *builder, const node_id *nodes,
                                    size_t count);

void snapshot_builder_root(struct snapshot_builder *builder, node_id node, str_id name,
                           enum root_kind kind, unsigned int tier);
void snapshot_builder_container(struct snapshot_builder *builder, node_id node, uint64_t length);
void snapshot_builder_name(struct snapshot_builder *builder, node_id node, str_id name);

/*
 * Adds a trace of count frames, at least one, the innermost first; total is how
 * many there were when it was recorded. Returns what to write into the column
 * for a node that has it; 0: out of memory, or out of numbers.
 */
uint32_t snapshot_builder_trace(struct snapshot_builder *builder, const struct snap_frame *frames,
                                uint32_t count, uint32_t total);

/*
 * The traces of all nodes, 0 in the beginning; makes the column, so that only a
 * target that records traces pays for it. After the last node. NULL: out of memory.
 */
uint32_t *snapshot_builder_trace_column(struct snapshot_builder *builder);

/* The totals, to be filled in by the capture. */
struct snap_totals *snapshot_builder_totals(struct snapshot_builder *builder);

/*
 * Makes the snapshot and empties the builder (which is still freed by its
 * owner). Sorts what must be sorted; does not run snapshot_check.
 */
struct error *snapshot_builder_seal(struct snapshot_builder *builder, struct snapshot **ret);

#endif
