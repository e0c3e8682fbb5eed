/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Breadth first, level by level; the order of discovery is the queue. Edges of
 * lesser rank are put aside when they are met: those through keys until the
 * level is done, those to running coroutines, through stacks, types and guesses
 * until nothing better is left. Of types and guesses only the first edge to a node is
 * put aside, so the lists stay small, and being first it is the one nearest to a
 * root.
 *
 * Root r is written into `via` as REACH_NONE - 1 - r; edges count up from 0,
 * and the two never meet because their sum is checked against 2^32.
 */
#include "analysis/reach.h"

#include "base/array.h"
#include "base/bit_set.h"
#include "base/cleanup.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { FORGET_STEP = 1 << 18 }; /* nodes: a mebibyte of the order */

struct aside_list {
	uint32_t *edges;
	size_t count, capacity;
	struct bit_set seen; /* nodes that an edge on the list leads or led to; keys do without */
};

enum rank {
	RANK_FIRST,
	RANK_KEY,
	RANK_RUNNING,
	RANK_STACK,
	RANK_TYPE,
	RANK_GUESS,
	RANK_NEVER,
};

struct walk {
	const struct snapshot *snapshot;
	struct reach *reach;
	node_id level_start; /* order[level_start ...] has not been expanded */
	unsigned int tier;
	bool forgets_order;
	struct aside_list keys, types, guesses;
	struct aside_list running; /* of threads and frames, to what is rather another's */
	struct aside_list stacks;  /* of frames, to what they work on just now */
	bool is_out_of_memory;
};

static enum rank edge_rank(struct snap_edge edge)
{
	switch (snap_edge_kind(edge)) {
	case EDGE_KEY: return RANK_KEY;
	case EDGE_TYPE: return RANK_TYPE;
	case EDGE_CONSERVATIVE:
	case EDGE_HIDDEN:
	case EDGE_INTERIOR: return RANK_GUESS;
	case EDGE_WEAK: return RANK_NEVER;
	default: return RANK_FIRST;
	}
}

static void add_reached(struct reach_sum *sum, const struct snapshot *snapshot, node_id node)
{
	sum->objects++;
	sum->bytes += snapshot_size(snapshot, node);
}

static void discover(struct walk *walk, node_id node, uint32_t via)
{
	struct reach *reach = walk->reach;

	if (reach->via[node] != REACH_NONE)
		return;
	reach->via[node] = via;
	if (snapshot_is_object(walk->snapshot, node))
		add_reached(&reach->reached[walk->tier], walk->snapshot, node);
	reach->order[reach->order_count++] = node;
}

static void put_aside(struct walk *walk, struct aside_list *list, uint32_t edge)
{
	if (!array_reserve(&list->edges, &list->capacity, list->count + 1, sizeof(*list->edges))) {
		walk->is_out_of_memory = true;
		return;
	}
	list->edges[list->count++] = edge;
}

static void put_aside_once(struct walk *walk, struct aside_list *list, uint32_t edge)
{
	if (bit_set_add_new(&list->seen, walk->snapshot->edges[edge].to))
		put_aside(walk, list, edge);
}

/*
 * Of a thread or a running frame: does edge lead to what is rather another's? A
 * frame of a generator or coroutine is, and a frame object: what that refers to,
 * the running frame does too, but for f_back, which is a running frame itself.
 */
static bool is_anothers(const struct snapshot *snapshot, struct snap_edge edge)
{
	if (snap_edge_kind(edge) != EDGE_FIELD)
		return false;
	if (snapshot->flags[edge.to] & NODE_IS_SYNTHETIC)
		return strcmp(snapshot_type_name(snapshot, snapshot->type[edge.to]),
		              SNAP_TYPE_GENERATOR_FRAME) == 0;
	return strcmp(snapshot_string(snapshot, snap_edge_operand(edge)), SNAP_FRAME_OBJECT) == 0;
}

/* Of an edge of a thread or a running frame. */
static enum rank running_rank(const struct snapshot *snapshot, struct snap_edge edge)
{
	if (snap_edge_kind(edge) == EDGE_STACK)
		return RANK_STACK;
	return is_anothers(snapshot, edge) ? RANK_RUNNING : edge_rank(edge);
}

static void expand(struct walk *walk, node_id node)
{
	const struct snapshot *snapshot = walk->snapshot;
	bool is_running = snapshot->flags[node] & NODE_IS_SYNTHETIC;

	for (uint32_t i = snapshot->edge_start[node]; i < snapshot->edge_start[node + 1]; i++) {
		struct snap_edge edge = snapshot->edges[i];

		if (walk->reach->via[edge.to] != REACH_NONE)
			continue;
		switch (is_running ? running_rank(snapshot, edge) : edge_rank(edge)) {
		case RANK_FIRST: discover(walk, edge.to, i); break;
		case RANK_KEY: put_aside(walk, &walk->keys, i); break;
		case RANK_RUNNING: put_aside(walk, &walk->running, i); break;
		case RANK_STACK: put_aside(walk, &walk->stacks, i); break;
		case RANK_TYPE: put_aside_once(walk, &walk->types, i); break;
		case RANK_GUESS: put_aside_once(walk, &walk->guesses, i); break;
		case RANK_NEVER: break;
		}
	}
}

/* Follows what was put aside; the nodes found are the next level. */
static void take_up(struct walk *walk, struct aside_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		discover(walk, walk->snapshot->edges[list->edges[i]].to, list->edges[i]);
	list->count = 0;
}

/* Gives back the whole pages of what is expanded; nobody reads them again. */
static void forget_order(const struct walk *walk, node_id from, node_id end)
{
	const uintptr_t page = 4096;
	uintptr_t start = ((uintptr_t)(walk->reach->order + from) + page - 1) & ~(page - 1);
	uintptr_t stop = (uintptr_t)(walk->reach->order + end) & ~(page - 1);

	if (start < stop)
		(void)madvise((void *)start, stop - start, MADV_DONTNEED);
}

/* Expands level after level until no edge of the first ranks leads on. */
static void exhaust(struct walk *walk)
{
	while (walk->level_start < walk->reach->order_count && !walk->is_out_of_memory) {
		node_id end = walk->reach->order_count;

		for (node_id i = walk->level_start; i < end; i++) {
			expand(walk, walk->reach->order[i]);
			if (walk->forgets_order && (i + 1) % FORGET_STEP == 0)
				forget_order(walk, i + 1 - FORGET_STEP, i + 1);
		}
		take_up(walk, &walk->keys);
		walk->level_start = end;
	}
}

static void start_at_roots(struct walk *walk, unsigned int tier, bool modules)
{
	for (size_t i = 0; i < walk->snapshot->root_count; i++) {
		const struct snap_root *root = &walk->snapshot->roots[i];

		if (root->tier == tier && (root->kind == ROOT_MODULE) == modules)
			discover(walk, root->node, (uint32_t)(REACH_NONE - 1 - i));
	}
}

/* What was put aside that is best; NULL: nothing was. */
static struct aside_list *best_list(struct walk *walk)
{
	struct aside_list *const lists[] = {&walk->running, &walk->stacks, &walk->types,
	                                    &walk->guesses};

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		if (lists[i]->count)
			return lists[i];
	return NULL;
}

static void walk_tier(struct walk *walk, unsigned int tier)
{
	struct aside_list *list;

	walk->tier = tier;
	start_at_roots(walk, tier, true);
	start_at_roots(walk, tier, false);
	exhaust(walk);
	while (!walk->is_out_of_memory && (list = best_list(walk))) {
		take_up(walk, list);
		exhaust(walk);
	}
}

static void count_unreached(struct reach *reach, const struct snapshot *snapshot)
{
	for (node_id node = 0; node < snapshot->node_count; node++)
		if (!reach_is_reached(reach, node) && snapshot_is_object(snapshot, node))
			add_reached(&reach->unreached, snapshot, node);
}

static struct reach *reach_new(const struct snapshot *snapshot)
{
	struct reach *reach = calloc(1, sizeof(*reach));
	size_t count = snapshot->node_count ? snapshot->node_count : 1;

	if (!reach)
		return NULL;
	reach->snapshot = snapshot;
	reach->via = reallocarray(NULL, count, sizeof(*reach->via));
	reach->order = reallocarray(NULL, count, sizeof(*reach->order));
	if (!reach->via || !reach->order) {
		reach_free(reach);
		return NULL;
	}
	for (node_id node = 0; node < snapshot->node_count; node++)
		reach->via[node] = REACH_NONE;
	return reach;
}

static void walk_deinit(struct walk *walk)
{
	free(walk->keys.edges);
	free(walk->types.edges);
	free(walk->guesses.edges);
	free(walk->running.edges);
	free(walk->stacks.edges);
	bit_set_deinit(&walk->types.seen);
	bit_set_deinit(&walk->guesses.seen);
}

static struct error *search(const struct snapshot *snapshot, bool forgets_order, struct reach **ret)
{
	_cleanup_(cleanup_reach) struct reach *reach = NULL;
	_cleanup_(walk_deinit) struct walk walk = {.snapshot = snapshot,
	                                           .forgets_order = forgets_order};

	if (!snapshot_has_edges(snapshot))
		return error_new(ERROR_USAGE,
		                 "cannot search for paths: captured without references");
	if (snapshot->root_count >= REACH_NONE - snapshot->edge_start[snapshot->node_count])
		return error_new(ERROR_UNSUPPORTED,
		                 "cannot search for paths: more than 4 billion references");
	reach = reach_new(snapshot);
	walk.reach = reach;
	walk.is_out_of_memory = !reach || !bit_set_init(&walk.types.seen, snapshot->node_count) ||
	                        !bit_set_init(&walk.guesses.seen, snapshot->node_count);
	for (unsigned int tier = 0; tier < SNAP_TIER_COUNT && !walk.is_out_of_memory; tier++)
		walk_tier(&walk, tier);
	if (walk.is_out_of_memory || !edge_sources_init(&reach->sources, snapshot))
		return error_no_memory();
	count_unreached(reach, snapshot);
	*ret = take_ptr(reach);
	return NULL;
}

struct error *reach_make(const struct snapshot *snapshot, struct reach **ret)
{
	return search(snapshot, false, ret);
}

struct error *reach_make_unordered(const struct snapshot *snapshot, struct reach **ret)
{
	struct reach *reach = NULL;
	struct error *error = search(snapshot, true, &reach);

	if (error)
		return error;
	free(take_ptr(reach->order));
	reach->order_count = 0;
	*ret = reach;
	return NULL;
}

void reach_free(struct reach *reach)
{
	if (!reach)
		return;
	free(reach->via);
	edge_sources_deinit(&reach->sources);
	free(reach->order);
	free(reach);
}
