/* SPDX-License-Identifier: Apache-2.0 */
/*
 * References are turned round by counting: one pass for how many lead to each
 * node, one to put each in its place.
 */
#include "sql/sql_heap.h"

#include "base/cleanup.h"

#include <stdlib.h>

bool sql_heap_init(struct sql_heap *heap, const struct snapshot *snapshot,
                   const struct value_source *values)
{
	*heap = (struct sql_heap){.snapshot = snapshot};
	if (!values)
		return true;
	heap->values = *values;
	heap->teller = values->open(values->context);
	return heap->teller != NULL;
}

void sql_heap_deinit(struct sql_heap *heap)
{
	if (heap->teller)
		heap->values.close(heap->teller);
	free(heap->by_address);
	free(heap->incoming_start);
	free(heap->incoming);
	edge_sources_deinit(&heap->sources);
	reach_free(heap->reach);
	*heap = (struct sql_heap){0};
}

bool sql_heap_value(const struct sql_heap *heap, node_id node, bool is_key, struct node_value *ret)
{
	return heap->teller && heap->values.tell(heap->teller, node, is_key, ret);
}

static int compare_addresses(const void *left, const void *right, void *context)
{
	const uint64_t *address = context;
	uint64_t a = address[*(const node_id *)left];
	uint64_t b = address[*(const node_id *)right];

	return (a > b) - (a < b);
}

bool sql_heap_needs_addresses(struct sql_heap *heap)
{
	const struct snapshot *snapshot = heap->snapshot;
	node_id *nodes;

	if (heap->by_address)
		return true;
	nodes = reallocarray(NULL, snapshot->node_count + (size_t)1, sizeof(*nodes));
	if (!nodes)
		return false;
	for (node_id node = 0; node < snapshot->node_count; node++)
		nodes[node] = node;
	/* qsort_r takes no const context; compare_addresses only reads it. */
	qsort_r(nodes, snapshot->node_count, sizeof(*nodes), compare_addresses,
	        (void *)(uintptr_t)snapshot->address);
	heap->by_address = nodes;
	return true;
}

node_id sql_heap_node_at(const struct sql_heap *heap, uint64_t address)
{
	const uint64_t *addresses = heap->snapshot->address;
	size_t low = 0;
	size_t high = heap->snapshot->node_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (addresses[heap->by_address[middle]] < address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == heap->snapshot->node_count || !address ||
	    addresses[heap->by_address[low]] != address)
		return NODE_NONE;
	return heap->by_address[low];
}

bool sql_heap_needs_sources(struct sql_heap *heap)
{
	return heap->sources.sampled || edge_sources_init(&heap->sources, heap->snapshot);
}

static void turn_round(const struct snapshot *snapshot, uint32_t *start, uint32_t *incoming)
{
	uint32_t edge_count = snapshot->edge_start[snapshot->node_count];
	uint32_t sum = 0;

	for (uint32_t edge = 0; edge < edge_count; edge++)
		start[snapshot->edges[edge].to]++;
	for (node_id node = 0; node <= snapshot->node_count; node++) {
		uint32_t count = start[node];

		start[node] = sum;
		sum += count;
	}
	for (uint32_t edge = 0; edge < edge_count; edge++)
		incoming[start[snapshot->edges[edge].to]++] = edge;
	/* Each start now stands where the next one's should. */
	for (node_id node = snapshot->node_count; node > 0; node--)
		start[node] = start[node - 1];
	start[0] = 0;
}

bool sql_heap_needs_incoming(struct sql_heap *heap)
{
	const struct snapshot *snapshot = heap->snapshot;
	_cleanup_free_ uint32_t *start = NULL;
	_cleanup_free_ uint32_t *incoming = NULL;

	if (heap->incoming)
		return true;
	start = calloc(snapshot->node_count + (size_t)1, sizeof(*start));
	incoming = reallocarray(NULL, snapshot->edge_start[snapshot->node_count] + (size_t)1,
	                        sizeof(*incoming));
	if (!start || !incoming)
		return false;
	turn_round(snapshot, start, incoming);
	heap->incoming_start = take_ptr(start);
	heap->incoming = take_ptr(incoming);
	return true;
}

bool sql_heap_needs_reach(struct sql_heap *heap)
{
	struct error *error = NULL;

	if (!heap->reach)
		error = reach_make(heap->snapshot, &heap->reach);
	error_free(error); /* of memory only: its edges are sound */
	return heap->reach != NULL;
}
