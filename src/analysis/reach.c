/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Breadth first, level by level; the order of discovery is the queue. Edges of
 * lesser rank are put aside when they are met: those through keys until the
 * level is done, those through types and guesses until nothing better is left.
 * Only the first edge to a node is put aside (two bits a node remember that),
 * so the lists stay small, and being first it is the one nearest to a root.
 *
 * Root r is written into `via` as REACH_NONE - 1 - r; edges count up from 0,
 * and the two never meet because their sum is checked against 2^32.
 */
#include "analysis/reach.h"

#include "base/array.h"
#include "base/cleanup.h"

#include <stdlib.h>

struct put_aside {
	node_id from;
	uint32_t edge;
};

struct aside_list {
	struct put_aside *edges;
	size_t count, capacity;
};

enum rank { RANK_FIRST, RANK_KEY, RANK_TYPE, RANK_GUESS, RANK_NEVER };

struct walk {
	const struct snapshot *snapshot;
	struct reach *reach;
	node_id level_start; /* order[level_start ...] has not been expanded */
	struct aside_list keys, types, guesses;
	uint8_t *is_aside; /* bit 0: by type, bit 1: by guess */
	bool is_out_of_memory;
};

static enum rank edge_rank(struct snap_edge edge)
{
	switch (snap_edge_kind(edge)) {
	case EDGE_KEY: return RANK_KEY;
	case EDGE_TYPE: return RANK_TYPE;
	case EDGE_CONSERVATIVE: return RANK_GUESS;
	case EDGE_WEAK: return RANK_NEVER;
	default: return RANK_FIRST;
	}
}

static void discover(struct walk *walk, node_id node, node_id parent, uint32_t via)
{
	struct reach *reach = walk->reach;

	if (reach->via[node] != REACH_NONE)
		return;
	reach->via[node] = via;
	reach->parent[node] = parent;
	reach->order[reach->order_count++] = node;
}

static void put_aside(struct walk *walk, struct aside_list *list, node_id from, uint32_t edge)
{
	if (!array_reserve(&list->edges, &list->capacity, list->count + 1, sizeof(*list->edges))) {
		walk->is_out_of_memory = true;
		return;
	}
	list->edges[list->count++] = (struct put_aside){from, edge};
}

static void put_aside_once(struct walk *walk, struct aside_list *list, node_id from, uint32_t edge,
                           uint8_t bit)
{
	uint8_t *seen = &walk->is_aside[walk->snapshot->edges[edge].to];

	if (*seen & bit)
		return;
	*seen |= bit;
	put_aside(walk, list, from, edge);
}

static void expand(struct walk *walk, node_id node)
{
	const struct snapshot *snapshot = walk->snapshot;

	for (uint64_t i = snapshot->edge_start[node]; i < snapshot->edge_start[node + 1]; i++) {
		struct snap_edge edge = snapshot->edges[i];

		if (walk->reach->via[edge.to] != REACH_NONE)
			continue;
		switch (edge_rank(edge)) {
		case RANK_FIRST: discover(walk, edge.to, node, (uint32_t)i); break;
		case RANK_KEY: put_aside(walk, &walk->keys, node, (uint32_t)i); break;
		case RANK_TYPE: put_aside_once(walk, &walk->types, node, (uint32_t)i, 1); break;
		case RANK_GUESS: put_aside_once(walk, &walk->guesses, node, (uint32_t)i, 2); break;
		case RANK_NEVER: break;
		}
	}
}

/* Follows what was put aside; the nodes found are the next level. */
static void take_up(struct walk *walk, struct aside_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		struct put_aside aside = list->edges[i];

		discover(walk, walk->snapshot->edges[aside.edge].to, aside.from, aside.edge);
	}
	list->count = 0;
}

/* Expands level after level until no edge of the first ranks leads on. */
static void exhaust(struct walk *walk)
{
	while (walk->level_start < walk->reach->order_count && !walk->is_out_of_memory) {
		node_id end = walk->reach->order_count;

		for (node_id i = walk->level_start; i < end; i++)
			expand(walk, walk->reach->order[i]);
		take_up(walk, &walk->keys);
		walk->level_start = end;
	}
}

static void start_at_roots(struct walk *walk, unsigned int tier, bool modules)
{
	for (size_t i = 0; i < walk->snapshot->root_count; i++) {
		const struct snap_root *root = &walk->snapshot->roots[i];

		if (root->tier == tier && (root->kind == ROOT_MODULE) == modules)
			discover(walk, root->node, NODE_NONE, (uint32_t)(REACH_NONE - 1 - i));
	}
}

static void add_reached(struct reach_sum *sum, const struct snapshot *snapshot, node_id node)
{
	sum->objects++;
	sum->bytes += snapshot_size(snapshot, node);
	sum->memory += snapshot_memory(snapshot, node);
}

static void walk_tier(struct walk *walk, unsigned int tier)
{
	struct reach *reach = walk->reach;
	node_id start = reach->order_count;

	start_at_roots(walk, tier, true);
	start_at_roots(walk, tier, false);
	exhaust(walk);
	while (!walk->is_out_of_memory && (walk->types.count || walk->guesses.count)) {
		take_up(walk, walk->types.count ? &walk->types : &walk->guesses);
		exhaust(walk);
	}
	for (node_id i = start; i < reach->order_count; i++)
		if (snapshot_is_object(walk->snapshot, reach->order[i]))
			add_reached(&reach->reached[tier], walk->snapshot, reach->order[i]);
}

static void count_unreached(struct reach *reach, const struct snapshot *snapshot)
{
	for (node_id node = 0; node < snapshot->node_count; node++)
		if (!reach_is_reached(reach, node) && snapshot_is_object(snapshot, node))
			add_reached(&reach->unreached, snapshot, node);
}

static struct reach *reach_new(node_id node_count)
{
	struct reach *reach = calloc(1, sizeof(*reach));
	size_t count = node_count ? node_count : 1;

	if (!reach)
		return NULL;
	reach->via = reallocarray(NULL, count, sizeof(*reach->via));
	reach->parent = reallocarray(NULL, count, sizeof(*reach->parent));
	reach->order = reallocarray(NULL, count, sizeof(*reach->order));
	if (!reach->via || !reach->parent || !reach->order) {
		reach_free(reach);
		return NULL;
	}
	for (node_id node = 0; node < node_count; node++) {
		reach->via[node] = REACH_NONE;
		reach->parent[node] = NODE_NONE;
	}
	return reach;
}

struct error *reach_make(const struct snapshot *snapshot, struct reach **ret)
{
	_cleanup_(cleanup_reach) struct reach *reach = NULL;
	struct walk walk = {.snapshot = snapshot};

	if (!snapshot_has_edges(snapshot))
		return error_new(ERROR_USAGE,
		                 "cannot search for paths: captured without references");
	if (snapshot->edge_start[snapshot->node_count] + snapshot->root_count >= REACH_NONE)
		return error_new(ERROR_UNSUPPORTED,
		                 "cannot search for paths: more than 4 billion references");
	reach = reach_new(snapshot->node_count);
	walk.reach = reach;
	walk.is_aside = calloc(snapshot->node_count + (size_t)1, 1);
	walk.is_out_of_memory = !reach || !walk.is_aside;
	for (unsigned int tier = 0; tier < SNAP_TIER_COUNT && !walk.is_out_of_memory; tier++)
		walk_tier(&walk, tier);
	free(walk.keys.edges);
	free(walk.types.edges);
	free(walk.guesses.edges);
	free(walk.is_aside);
	if (walk.is_out_of_memory)
		return error_no_memory();
	count_unreached(reach, snapshot);
	*ret = take_ptr(reach);
	return NULL;
}

void reach_free(struct reach *reach)
{
	if (!reach)
		return;
	free(reach->via);
	free(reach->parent);
	free(reach->order);
	free(reach);
}
