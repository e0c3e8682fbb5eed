/* SPDX-License-Identifier: Apache-2.0 */
/* Edges are kept until the end, then given to the builder in order of their node. */
#include "graph.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/array.h"

void graph_init(struct graph *graph)
{
	*graph = (struct graph){
		.builder = snapshot_builder_new(),
		.next_address = 0x10000,
		.type_base = 0x100,
	};
	assert_non_null(graph->builder);
}

void graph_deinit(struct graph *graph)
{
	for (size_t i = 0; i < graph->text_capacity; i++)
		free(graph->texts[i]);
	for (type_id type = 0; type < graph->type_count; type++)
		free(graph->type_names[type]);
	free(graph->texts);
	free(graph->edges);
	snapshot_builder_free(graph->builder);
	snapshot_free(graph->snapshot);
}

int graph_set_up(void **state)
{
	static struct graph graph;

	graph_init(&graph);
	*state = &graph;
	return 0;
}

int graph_tear_down(void **state)
{
	graph_deinit(*state);
	return 0;
}

static str_id intern(struct graph *graph, const char *string)
{
	return snapshot_builder_string(graph->builder, string, strlen(string));
}

static type_id add_type(struct graph *graph, const char *name, uint64_t address, str_id module)
{
	for (type_id type = 0; type < graph->type_count; type++)
		if (strcmp(graph->type_names[type], name) == 0)
			return type;
	assert_true(graph->type_count < sizeof(graph->type_names) / sizeof(*graph->type_names));
	graph->type_names[graph->type_count] = strdup(name);
	graph->type_count++;
	return snapshot_builder_type(graph->builder, address, intern(graph, name), module);
}

/* The type of what is no object has no address. */
static type_id find_type_of_graph(struct graph *graph, const char *name)
{
	return add_type(graph, name, 0, intern(graph, ""));
}

static type_id find_type(struct graph *graph, const char *name)
{
	const char *dot = strrchr(name, '.');
	str_id module = dot ? snapshot_builder_string(graph->builder, name, (size_t)(dot - name))
	                    : intern(graph, "builtins");

	return add_type(graph, name, graph->type_base + (graph->type_count + 1) * 16ULL, module);
}

node_id graph_object_at(struct graph *graph, const char *type, uint64_t size, uint64_t address)
{
	node_id node = snapshot_builder_node(graph->builder, address, find_type(graph, type),
	                                     NODE_IS_OBJECT);

	snapshot_builder_sizes(graph->builder, node, size, (size + 15) / 16 * 16);
	return node;
}

node_id graph_object(struct graph *graph, const char *type, uint64_t size)
{
	graph->next_address += 16;
	return graph_object_at(graph, type, size, graph->next_address);
}

node_id graph_key(struct graph *graph, const char *text)
{
	node_id node = graph_object(graph, "str", 50);
	size_t before = graph->text_capacity;

	assert_true(array_reserve(&graph->texts, &graph->text_capacity, (size_t)node + 1,
	                          sizeof(*graph->texts)));
	for (size_t i = before; i < graph->text_capacity; i++)
		graph->texts[i] = NULL;
	graph->texts[node] = strdup(text);
	return node;
}

static node_id synthetic(struct graph *graph, const char *type, const char *name)
{
	node_id node = snapshot_builder_node(graph->builder, graph->next_address += 16,
	                                     find_type(graph, type), NODE_IS_SYNTHETIC);

	snapshot_builder_name(graph->builder, node, intern(graph, name));
	return node;
}

node_id graph_frame(struct graph *graph, const char *name)
{
	return synthetic(graph, SNAP_TYPE_FRAME, name);
}

node_id graph_generator_frame(struct graph *graph, const char *name)
{
	return synthetic(graph, SNAP_TYPE_GENERATOR_FRAME, name);
}

node_id graph_block(struct graph *graph, uint64_t size)
{
	node_id node = snapshot_builder_node(graph->builder, graph->next_address += 16,
	                                     find_type_of_graph(graph, SNAP_TYPE_NATIVE), 0);

	snapshot_builder_sizes(graph->builder, node, size, size + 8);
	return node;
}

node_id graph_block_of(struct graph *graph, uint64_t size, const char *look, const char *module)
{
	char name[64];
	type_id type;
	node_id node;

	snprintf(name, sizeof(name), SNAP_TYPE_NATIVE " %s", look);
	type = add_type(graph, name, 0, intern(graph, module));
	node = snapshot_builder_node(graph->builder, graph->next_address += 16, type, 0);
	snapshot_builder_sizes(graph->builder, node, size, size + 8);
	return node;
}

static node_id add_memory(struct graph *graph, const char *type, const char *name)
{
	node_id node = snapshot_builder_node(graph->builder, graph->next_address += 16,
	                                     find_type_of_graph(graph, type), NODE_IS_SYNTHETIC);

	snapshot_builder_name(graph->builder, node, intern(graph, name));
	graph_root(graph, node, name, ROOT_MEMORY, SNAP_TIER_COUNT - 1);
	return node;
}

node_id graph_memory(struct graph *graph, const char *name)
{
	return add_memory(graph, SNAP_TYPE_MEMORY, name);
}

node_id graph_stack(struct graph *graph, const char *name)
{
	return add_memory(graph, SNAP_TYPE_STACK, name);
}

node_id graph_counted(struct graph *graph, const char *type, uint64_t refcount, bool is_tracked)
{
	node_id node = graph_object(graph, type, 48);

	snapshot_builder_refcount(graph->builder, node, refcount);
	if (is_tracked)
		snapshot_builder_set_flags(graph->builder, node, NODE_IS_TRACKED);
	return node;
}

void graph_edge(struct graph *graph, node_id from, node_id to, enum edge_kind kind,
                uint64_t operand)
{
	assert_true(array_reserve(&graph->edges, &graph->edge_capacity, graph->edge_count + 1,
	                          sizeof(*graph->edges)));
	graph->edges[graph->edge_count++] = (struct graph_edge){from, to, (uint32_t)kind, operand};
}

void graph_attribute(struct graph *graph, node_id from, node_id to, const char *name)
{
	graph_edge(graph, from, to, EDGE_ATTRIBUTE, intern(graph, name));
}

void graph_local(struct graph *graph, node_id from, node_id to, const char *name)
{
	graph_edge(graph, from, to, EDGE_LOCAL, intern(graph, name));
}

void graph_item(struct graph *graph, node_id from, node_id to, node_id key)
{
	graph_edge(graph, from, key, EDGE_KEY, 0);
	graph_edge(graph, from, to, EDGE_VALUE, key);
}

node_id graph_module(struct graph *graph, const char *name)
{
	node_id module = graph_object(graph, "module", 72);
	node_id namespace = graph_object(graph, "dict", 64);

	snapshot_builder_set_flags(graph->builder, namespace, NODE_IS_NAMESPACE);
	graph_attribute(graph, module, namespace, "__dict__");
	graph_root(graph, module, name, ROOT_MODULE, 0);
	return namespace;
}

void graph_global(struct graph *graph, node_id namespace, const char *name, node_id to)
{
	char literal[64];

	snprintf(literal, sizeof(literal), "'%s'", name);
	graph_item(graph, namespace, to, graph_key(graph, literal));
}

void graph_root(struct graph *graph, node_id node, const char *name, enum root_kind kind,
                unsigned int tier)
{
	snapshot_builder_root(graph->builder, node, intern(graph, name), kind, tier);
}

static bool node_text(void *context, node_id node, char **ret)
{
	const struct graph *graph = context;

	*ret = NULL;
	if (node >= graph->text_capacity || !graph->texts[node])
		return true;
	*ret = strdup(graph->texts[node]);
	return *ret != NULL;
}

/* Stable: edges of one node keep the order in which they were added. */
static size_t *edge_positions(const struct graph *graph, node_id node_count)
{
	size_t *start = calloc((size_t)node_count + 1, sizeof(*start));
	size_t *positions = calloc(graph->edge_count + 1, sizeof(*positions));

	assert_non_null(start);
	assert_non_null(positions);
	for (size_t i = 0; i < graph->edge_count; i++)
		start[graph->edges[i].from + 1]++;
	for (node_id node = 0; node < node_count; node++)
		start[node + 1] += start[node];
	for (size_t i = 0; i < graph->edge_count; i++)
		positions[start[graph->edges[i].from]++] = i;
	free(start);
	return positions;
}

const struct snapshot *graph_seal(struct graph *graph)
{
	node_id node_count = snapshot_builder_node_count(graph->builder);
	size_t *positions = edge_positions(graph, node_count);
	node_id last = NODE_NONE;

	for (size_t i = 0; i < graph->edge_count; i++) {
		struct graph_edge *edge = &graph->edges[positions[i]];

		if (edge->from != last)
			snapshot_builder_begin_edges(graph->builder, edge->from);
		last = edge->from;
		snapshot_builder_edge(graph->builder, edge->to, (enum edge_kind)edge->kind,
		                      edge->operand);
	}
	free(positions);
	assert_null(snapshot_builder_seal(graph->builder, &graph->snapshot));
	assert_null(snapshot_check(graph->snapshot));
	graph->snapshot->node_text = node_text;
	graph->snapshot->node_text_context = graph;
	return graph->snapshot;
}
