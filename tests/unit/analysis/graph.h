/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small heaps by hand. Nodes and edges may be added in any order; graph_seal
 * makes the snapshot. A node's text (for keys) is what graph_key was given.
 */
#ifndef TESTS_UNIT_ANALYSIS_GRAPH_H
#define TESTS_UNIT_ANALYSIS_GRAPH_H

#include "snapshot/snapshot_builder.h"

struct graph_edge {
	node_id from;
	node_id to;
	uint32_t kind;
	uint64_t operand;
};

struct graph {
	struct snapshot_builder *builder;
	struct snapshot *snapshot; /* after graph_seal */
	struct graph_edge *edges;
	size_t edge_count, edge_capacity;
	char **texts; /* of node i, or NULL */
	size_t text_capacity;
	uint64_t next_address;
	uint64_t type_base;   /* where its types lie; may be set before the first node */
	char *type_names[64]; /* of type i */
	type_id type_count;
};

void graph_init(struct graph *graph);
void graph_deinit(struct graph *graph);

/* The same as the fixture of a cmocka test, whose state is the graph. */
int graph_set_up(void **state);
int graph_tear_down(void **state);

/* An object of size bytes; types of one name are one type. */
node_id graph_object(struct graph *graph, const char *type, uint64_t size);
/* The same at a given address. */
node_id graph_object_at(struct graph *graph, const char *type, uint64_t size, uint64_t address);
/* A str whose literal is text. */
node_id graph_key(struct graph *graph, const char *text);
/* A synthetic node with a name. */
node_id graph_frame(struct graph *graph, const char *name);
node_id graph_generator_frame(struct graph *graph, const char *name);

/* A block of malloc of size bytes that no object owns. */
node_id graph_block(struct graph *graph, uint64_t size);
/* The same of a sort: look is "text", module "engine.so" or "". */
node_id graph_block_of(struct graph *graph, uint64_t size, const char *look, const char *module);
/* Memory of C that may hold anything ("libssl.so.3 data"): a root of the last tier. */
node_id graph_memory(struct graph *graph, const char *name);
/* The same of a thread's stack. */
node_id graph_stack(struct graph *graph, const char *name);

/* An object with a reference count, which the collector sees if it is tracked. */
node_id graph_counted(struct graph *graph, const char *type, uint64_t refcount, bool is_tracked);

void graph_edge(struct graph *graph, node_id from, node_id to, enum edge_kind kind,
                uint64_t operand);
void graph_attribute(struct graph *graph, node_id from, node_id to, const char *name);
void graph_local(struct graph *graph, node_id from, node_id to, const char *name);
void graph_item(struct graph *graph, node_id from, node_id to, node_id key);

/* A module with its namespace, which is returned. */
node_id graph_module(struct graph *graph, const char *name);
/* namespace['name'] = to, with a fresh key. */
void graph_global(struct graph *graph, node_id namespace, const char *name, node_id to);

void graph_root(struct graph *graph, node_id node, const char *name, enum root_kind kind,
                unsigned int tier);

/* Seals and checks. */
const struct snapshot *graph_seal(struct graph *graph);

#endif
