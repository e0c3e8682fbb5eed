/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three floods over blocks alone, each for what those before have left: from
 * objects and memory that is no stack, along references to the starts of blocks;
 * from the same, into the middle of blocks too; from stacks and registers. A
 * flood goes by distance: what is one step farther is offered to all blocks that
 * are there before any of them passes it on, so that owners at the same distance
 * meet, and a block that has passed its owner on never changes it.
 */
#include "analysis/native_owners.h"

#include "base/cleanup.h"

#include <stdlib.h>
#include <string.h>

enum source { SOURCE_OBJECT, SOURCE_BLOCK, SOURCE_MEMORY, SOURCE_STACK };

struct flood {
	struct native_owners *owners;
	const struct snapshot *snapshot;
	uint8_t *sources;    /* enum source, of each type */
	struct bit_set done; /* blocks, by rank, whose owner stands */
	node_id *todo;       /* blocks by distance, each once */
	size_t todo_count;
	bool takes_interior; /* references into the middle of blocks count */
	bool takes_stacks;   /* stacks hold something */
};

static enum source source_of(const struct snapshot *snapshot, type_id type)
{
	const char *name = snapshot_type_name(snapshot, type);

	if (snapshot->types[type].address)
		return SOURCE_OBJECT;
	if (snapshot_type_is_native(snapshot, type))
		return SOURCE_BLOCK;
	if (strcmp(name, SNAP_TYPE_MEMORY) == 0)
		return SOURCE_MEMORY;
	return strcmp(name, SNAP_TYPE_STACK) == 0 ? SOURCE_STACK : SOURCE_OBJECT;
}

static bool is_by_object(struct native_owner owner)
{
	return owner.kind != NATIVE_OWNER_NOBODY && owner.kind != NATIVE_OWNER_MEMORY;
}

/* What a block has of which both are owners, at the same distance. */
static struct native_owner meet(const struct snapshot *snapshot, struct native_owner one,
                                struct native_owner other)
{
	if (!is_by_object(other))
		return one.kind == NATIVE_OWNER_NOBODY ? other : one;
	if (!is_by_object(one))
		return other;
	if (one.node == other.node && one.kind == other.kind)
		return one;
	if (one.kind == NATIVE_OWNER_OBJECTS || other.kind == NATIVE_OWNER_OBJECTS ||
	    snapshot->type[one.node] != snapshot->type[other.node])
		one.kind = NATIVE_OWNER_OBJECTS;
	else
		one.kind = NATIVE_OWNER_TYPE;
	return one;
}

/* All blocks that from leads to are offered to owner. */
static void offer(struct flood *flood, node_id from, struct native_owner owner)
{
	const struct snapshot *snapshot = flood->snapshot;
	struct native_owners *owners = flood->owners;

	for (uint32_t i = snapshot->edge_start[from]; i < snapshot->edge_start[from + 1]; i++) {
		struct snap_edge edge = snapshot->edges[i];
		struct native_owner now;
		size_t block;

		if (!bit_set_has(&owners->blocks, edge.to) || snap_edge_is_weak(edge) ||
		    (snap_edge_kind(edge) == EDGE_INTERIOR && !flood->takes_interior))
			continue;
		block = bit_set_rank(&owners->blocks, edge.to);
		if (bit_set_has(&flood->done, block))
			continue;
		now = native_owners_of(owners, edge.to);
		if (now.kind == NATIVE_OWNER_NOBODY)
			flood->todo[flood->todo_count++] = edge.to;
		now = meet(snapshot, now, owner);
		owners->nodes[block] = now.node;
		owners->kinds[block] = (uint8_t)now.kind;
	}
}

static void offer_source(struct flood *flood, node_id node)
{
	switch ((enum source)flood->sources[flood->snapshot->type[node]]) {
	case SOURCE_OBJECT:
		offer(flood, node, (struct native_owner){node, NATIVE_OWNER_OBJECT});
		return;
	case SOURCE_STACK:
		if (!flood->takes_stacks)
			return;
		break;
	case SOURCE_BLOCK: /* of a flood before; later ones are offered at their distance */
		if (bit_set_has(&flood->done, bit_set_rank(&flood->owners->blocks, node)))
			offer(flood, node, native_owners_of(flood->owners, node));
		return;
	case SOURCE_MEMORY: break;
	}
	offer(flood, node, (struct native_owner){node, NATIVE_OWNER_MEMORY});
}

/* Sources first, then distance by distance. */
static void run(struct flood *flood)
{
	struct native_owners *owners = flood->owners;
	size_t from = flood->todo_count;

	for (node_id node = 0; node < flood->snapshot->node_count; node++)
		offer_source(flood, node);
	while (from < flood->todo_count) {
		size_t end = flood->todo_count;

		for (size_t i = from; i < end; i++)
			bit_set_add(&flood->done, bit_set_rank(&owners->blocks, flood->todo[i]));
		for (; from < end; from++)
			offer(flood, flood->todo[from],
			      native_owners_of(owners, flood->todo[from]));
	}
}

static void flood_deinit(struct flood *flood)
{
	free(flood->sources);
	free(flood->todo);
	bit_set_deinit(&flood->done);
}

static bool flood_init(struct flood *flood)
{
	const struct snapshot *snapshot = flood->snapshot;
	struct native_owners *owners = flood->owners;

	flood->sources = malloc((size_t)snapshot->type_count + 1);
	if (!flood->sources || !bit_set_init(&owners->blocks, snapshot->node_count))
		return false;
	for (type_id type = 0; type < snapshot->type_count; type++)
		flood->sources[type] = (uint8_t)source_of(snapshot, type);
	for (node_id node = 0; node < snapshot->node_count; node++)
		if (flood->sources[snapshot->type[node]] == SOURCE_BLOCK)
			bit_set_add(&owners->blocks, node);
	if (!bit_set_rank_all(&owners->blocks, &owners->count))
		return false;
	owners->nodes = reallocarray(NULL, owners->count + 1, sizeof(*owners->nodes));
	owners->kinds = calloc(owners->count + 1, sizeof(*owners->kinds));
	flood->todo = reallocarray(NULL, owners->count + 1, sizeof(*flood->todo));
	if (!owners->nodes || !owners->kinds || !flood->todo)
		return false;
	memset(owners->nodes, 0xff, (owners->count + 1) * sizeof(*owners->nodes));
	return bit_set_init(&flood->done, owners->count + 1);
}

struct error *native_owners_init(struct native_owners *owners, const struct snapshot *snapshot)
{
	_cleanup_(flood_deinit) struct flood flood = {.owners = owners, .snapshot = snapshot};

	*owners = (struct native_owners){0};
	if (!flood_init(&flood)) {
		native_owners_deinit(owners);
		return error_no_memory();
	}
	run(&flood);
	flood.takes_interior = true;
	run(&flood);
	flood.takes_stacks = true;
	run(&flood);
	return NULL;
}

void native_owners_deinit(struct native_owners *owners)
{
	bit_set_deinit(&owners->blocks);
	free(owners->nodes);
	free(owners->kinds);
	*owners = (struct native_owners){0};
}
