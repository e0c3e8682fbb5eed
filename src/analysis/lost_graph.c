/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two floods tell members from what is reached: the first follows references
 * to the starts of things, the second begins where interior pointers lead out
 * of the first. Both keep what is still to be expanded on a stack of their own,
 * in which a node stands once at most.
 */
#include "analysis/lost_graph.h"

#include "base/array.h"

#include <stdlib.h>

struct stack {
	node_id *nodes;
	size_t count, capacity;
};

static bool push(struct stack *stack, node_id node)
{
	if (!array_reserve(&stack->nodes, &stack->capacity, stack->count + 1,
	                   sizeof(*stack->nodes)))
		return false;
	stack->nodes[stack->count++] = node;
	return true;
}

static bool reach_start(struct lost_graph *graph, struct stack *todo, node_id node)
{
	return !bit_set_add_new(&graph->reached, node) || push(todo, node);
}

/* Follows references to starts; where interior pointers lead is put aside. */
static bool flood(struct lost_graph *graph, struct stack *todo, struct stack *aside)
{
	const struct snapshot *snapshot = graph->snapshot;

	while (todo->count) {
		node_id node = todo->nodes[--todo->count];

		for (uint32_t i = snapshot->edge_start[node]; i < snapshot->edge_start[node + 1];
		     i++) {
			struct snap_edge edge = snapshot->edges[i];
			enum edge_kind kind = snap_edge_kind(edge);

			if (kind == EDGE_WEAK || bit_set_has(&graph->reached, edge.to))
				continue;
			if (kind != EDGE_INTERIOR && !reach_start(graph, todo, edge.to))
				return false;
			if (kind == EDGE_INTERIOR && !push(aside, edge.to))
				return false;
		}
	}
	return true;
}

static bool reach_possible(struct lost_graph *graph, struct stack *todo, node_id node)
{
	if (bit_set_has(&graph->reached, node) || !bit_set_add_new(&graph->possible, node))
		return true;
	return push(todo, node);
}

static bool flood_possible(struct lost_graph *graph, struct stack *todo, const struct stack *aside)
{
	const struct snapshot *snapshot = graph->snapshot;
	bool is_fine = true;

	for (size_t i = 0; i < aside->count && is_fine; i++)
		is_fine = reach_possible(graph, todo, aside->nodes[i]);
	while (todo->count && is_fine) {
		node_id node = todo->nodes[--todo->count];

		for (uint32_t i = snapshot->edge_start[node];
		     i < snapshot->edge_start[node + 1] && is_fine; i++)
			if (!snap_edge_is_weak(snapshot->edges[i]))
				is_fine = reach_possible(graph, todo, snapshot->edges[i].to);
	}
	return is_fine;
}

/* Roots, and what lives by itself. */
static bool begin_at_roots(struct lost_graph *graph, struct stack *todo)
{
	const struct snapshot *snapshot = graph->snapshot;
	const uint8_t lives = NODE_IS_STATIC | NODE_IS_IMMORTAL | NODE_IS_SYNTHETIC;
	bool is_fine = true;

	for (size_t i = 0; i < snapshot->root_count && is_fine; i++)
		is_fine = reach_start(graph, todo, snapshot->roots[i].node);
	for (node_id node = 0; node < snapshot->node_count && is_fine; node++)
		if (snapshot->flags[node] & lives)
			is_fine = reach_start(graph, todo, node);
	return is_fine;
}

static bool find_reached(struct lost_graph *graph)
{
	struct stack todo = {0};
	struct stack aside = {0};
	bool is_fine = begin_at_roots(graph, &todo) && flood(graph, &todo, &aside) &&
	               flood_possible(graph, &todo, &aside);

	free(todo.nodes);
	free(aside.nodes);
	return is_fine;
}

static bool number_members(struct lost_graph *graph)
{
	const struct snapshot *snapshot = graph->snapshot;
	size_t count;

	for (node_id node = 0; node < snapshot->node_count; node++)
		if (!bit_set_has(&graph->reached, node) && !bit_set_has(&graph->possible, node) &&
		    (snapshot_is_object(snapshot, node) || snapshot_is_native(snapshot, node)))
			bit_set_add(&graph->lost, node);
	if (!bit_set_rank_all(&graph->lost, &count))
		return false;
	graph->count = (uint32_t)count;
	graph->nodes = calloc(count + 1, sizeof(*graph->nodes));
	graph->found = calloc(count + 1, sizeof(*graph->found));
	graph->todo = calloc(count + 1, sizeof(*graph->todo));
	if (!graph->nodes || !graph->found || !graph->todo || !bit_set_init(&graph->claimed, count))
		return false;
	count = 0;
	for (node_id node = 0; node < snapshot->node_count && graph->count; node++)
		if (bit_set_has(&graph->lost, node))
			graph->nodes[count++] = node;
	return true;
}

static void count_references(struct lost_graph *graph)
{
	const struct snapshot *snapshot = graph->snapshot;
	uint32_t to;

	for (uint32_t from = 0; from < graph->count; from++) {
		node_id node = graph->nodes[from];

		for (uint32_t i = snapshot->edge_start[node]; i < snapshot->edge_start[node + 1];
		     i++)
			if (lost_graph_follow(graph, from, snapshot->edges[i], &to))
				graph->found[to]++;
	}
}

struct error *lost_graph_init(struct lost_graph *graph, const struct snapshot *snapshot)
{
	*graph = (struct lost_graph){.snapshot = snapshot};
	if (!bit_set_init(&graph->reached, snapshot->node_count) ||
	    !bit_set_init(&graph->possible, snapshot->node_count) ||
	    !bit_set_init(&graph->lost, snapshot->node_count) || !find_reached(graph) ||
	    !number_members(graph))
		return error_no_memory();
	count_references(graph);
	return NULL;
}

void lost_graph_deinit(struct lost_graph *graph)
{
	bit_set_deinit(&graph->reached);
	bit_set_deinit(&graph->possible);
	bit_set_deinit(&graph->lost);
	bit_set_deinit(&graph->claimed);
	free(graph->nodes);
	free(graph->found);
	free(graph->todo);
}

bool lost_graph_follow(const struct lost_graph *graph, uint32_t from, struct snap_edge edge,
                       uint32_t *ret)
{
	enum edge_kind kind = snap_edge_kind(edge);
	node_id node = graph->nodes[from];

	if (kind == EDGE_WEAK || !bit_set_has(&graph->lost, edge.to))
		return false;
	if (edge.to == node &&
	    (kind == EDGE_INTERIOR || !snapshot_is_object(graph->snapshot, node)))
		return false;
	*ret = (uint32_t)bit_set_rank(&graph->lost, edge.to);
	return true;
}

bool lost_graph_is_overcounted(const struct lost_graph *graph, uint32_t member)
{
	node_id node = graph->nodes[member];

	return snapshot_is_object(graph->snapshot, node) &&
	       snapshot_refcount(graph->snapshot, node) > graph->found[member];
}

void lost_graph_claim(struct lost_graph *graph, uint32_t member,
                      void (*tell)(void *context, node_id node), void *context)
{
	const struct snapshot *snapshot = graph->snapshot;
	size_t count = 0;
	uint32_t to;

	bit_set_add(&graph->claimed, member);
	graph->todo[count++] = member;
	while (count) {
		uint32_t from = graph->todo[--count];
		node_id node = graph->nodes[from];

		tell(context, node);
		for (uint32_t i = snapshot->edge_start[node]; i < snapshot->edge_start[node + 1];
		     i++)
			if (lost_graph_follow(graph, from, snapshot->edges[i], &to) &&
			    bit_set_add_new(&graph->claimed, to))
				graph->todo[count++] = to;
	}
}
