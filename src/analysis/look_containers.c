/* SPDX-License-Identifier: Apache-2.0 */
/*
 * At the first look everything that may get longer is written down; at each
 * further one it is found again, in this order:
 *
 *   1. at its address, with its type, under its old name (slot);
 *   2. another of its type that has taken over the name: it was replaced;
 *   3. at its address, with its type, under another name: it was moved.
 *
 * So an address that was reused for something else does not hide that a name
 * now stands for something longer. A name is an attribute, a variable or a key
 * of one object; an index or a place in a set is none, because they shift.
 */
#include "analysis/look_containers.h"

#include "base/array.h"
#include "base/cleanup.h"

#include <stdlib.h>
#include <string.h>

enum {
	BLOCK_MIN = 1024,   /* a block that was smaller at the first look is not followed */
	NAMESPACE_MIN = 16, /* attributes: with less of them it is an object as any other */
	TUPLE_MIN = 8,      /* with less elements it is a record */
	HISTORY_MAX = 100000,
};

/* One that may get longer, in the present look. */
struct sighting {
	uint64_t address;
	uint64_t length;
	uint32_t type_mark;
	uint32_t slot;
	uint32_t match; /* in the second step: which it replaces, or no_match */
	bool is_block;
};

static const uint32_t no_match = UINT32_MAX;

struct follower {
	struct looks *looks;
	const struct snapshot *snapshot;
	const struct reach *reach; /* NULL: nothing has a name, and blocks are left out */
	const uint64_t *hashes;
	size_t container;         /* the next of snapshot->containers */
	struct sighting *strange; /* not found in the first step */
	size_t strange_count, strange_capacity;
};

static uint32_t fold_hash(uint64_t hash)
{
	uint32_t folded = (uint32_t)(hash ^ hash >> 32);

	return folded ? folded : 1;
}

/* The name that leads to a node, as a number that lasts from look to look; 0: none. */
static uint32_t slot_of(const struct follower *follower, node_id node)
{
	const struct snapshot *snapshot = follower->snapshot;
	struct snap_edge edge;
	uint64_t parent;
	node_id key;
	size_t root;

	if (!follower->reach)
		return 0;
	if (reach_root(follower->reach, node, &root))
		return fold_hash(
			look_hash(0, snapshot_string(snapshot, snapshot->roots[root].name)));
	edge = snapshot->edges[follower->reach->via[node]];
	parent = snapshot->address[reach_parent(follower->reach, node)];
	switch (snap_edge_kind(edge)) {
	case EDGE_ATTRIBUTE:
	case EDGE_LOCAL:
	case EDGE_FIELD:
		return fold_hash(
			look_hash(parent, snapshot_string(snapshot, snap_edge_operand(edge))));
	case EDGE_VALUE:
		key = snap_edge_key(edge);
		if (key == NODE_NONE)
			return 0;
		return fold_hash(look_hash(parent ^ snapshot->address[key] << 8, "[]"));
	default: return 0;
	}
}

/* A tuple gets longer only by being replaced; the attributes of an object seldom leak. */
static bool may_grow(const struct follower *follower, node_id node, const struct sighting *seen)
{
	const struct snapshot *snapshot = follower->snapshot;

	if (snapshot->flags[node] & NODE_IS_NAMESPACE)
		return follower->reach && seen->length >= NAMESPACE_MIN;
	if (strcmp(snapshot_type_name(snapshot, snapshot->type[node]), "tuple") == 0)
		return seen->slot && seen->length >= TUPLE_MIN;
	return true;
}

/* Looks at a node; nodes are given in ascending order. False: it is nothing that grows. */
static bool sight(struct follower *follower, node_id node, struct sighting *ret)
{
	const struct snapshot *snapshot = follower->snapshot;
	struct sighting seen = {.address = snapshot->address[node], .is_block = true};

	if (follower->container < snapshot->container_count &&
	    snapshot->containers[follower->container].node == node) {
		seen.length = snapshot->containers[follower->container++].length;
		seen.is_block = false;
	} else if (snapshot->size[node] < BLOCK_MIN || !follower->reach) {
		return false;
	} else {
		seen.length = snapshot_size(snapshot, node);
	}
	if (!snapshot_is_object(snapshot, node) ||
	    (follower->reach && !reach_is_reached(follower->reach, node)))
		return false;
	seen.slot = slot_of(follower, node);
	seen.type_mark = (uint32_t)follower->hashes[snapshot->type[node]];
	if (!seen.is_block && !may_grow(follower, node, &seen))
		return false;
	*ret = seen;
	return true;
}

static int compare_addresses(const void *left, const void *right)
{
	const struct look_container *a = left;
	const struct look_container *b = right;

	return (a->address > b->address) - (a->address < b->address);
}

static void sort_containers(struct looks *looks)
{
	if (looks->container_count)
		qsort(looks->containers, looks->container_count, sizeof(*looks->containers),
		      compare_addresses);
}

static struct look_container *find(const struct looks *looks, uint64_t address, uint32_t type_mark)
{
	struct look_container key = {.address = address};
	struct look_container *found = NULL;

	if (looks->container_count)
		found = bsearch(&key, looks->containers, looks->container_count, sizeof(key),
		                compare_addresses);
	return found && found->type_mark == type_mark ? found : NULL;
}

const struct look_container *look_containers_find(const struct looks *looks, uint64_t address,
                                                  uint32_t type_mark)
{
	return find(looks, address, type_mark);
}

static bool start(struct follower *follower)
{
	struct looks *looks = follower->looks;
	size_t capacity = 0;

	for (node_id node = 0; node < follower->snapshot->node_count; node++) {
		struct sighting seen;

		if (!sight(follower, node, &seen))
			continue;
		if (!array_reserve(&looks->containers, &capacity, looks->container_count + 1,
		                   sizeof(*looks->containers)))
			return false;
		looks->containers[looks->container_count++] = (struct look_container){
			.address = seen.address,
			.first_length = seen.length,
			.last_length = seen.length,
			.type_mark = seen.type_mark,
			.slot = seen.slot,
			.history = no_history,
			.is_block = seen.is_block,
		};
	}
	sort_containers(looks);
	return true;
}

/* Up to now it was always as long as at first; what may have shrunk has no history. */
static bool start_history(struct looks *looks, struct look_container *container)
{
	struct look_history *row;

	if (looks->rules.keeps_shrunk || looks->history_count == HISTORY_MAX)
		return true;
	if (!array_reserve(&looks->histories, &looks->history_capacity, looks->history_count + 1,
	                   sizeof(*looks->histories)))
		return false;
	row = &looks->histories[looks->history_count];
	for (unsigned int look = 0; look < LOOKS_LIMIT; look++)
		row->lengths[look] = container->first_length;
	container->history = (uint32_t)looks->history_count++;
	return true;
}

static bool update(struct looks *looks, struct look_container *container,
                   const struct sighting *seen)
{
	container->has_shrunk |= seen->length < container->last_length;
	if (seen->length > container->last_length)
		container->growths++;
	if (container->history == no_history && seen->length > container->last_length &&
	    !start_history(looks, container))
		return false;
	if (container->history != no_history)
		looks->histories[container->history].lengths[looks->count] = seen->length;
	container->last_length = seen->length;
	container->last_look = (uint8_t)looks->count;
	container->slot = seen->slot;
	return true;
}

/* The first step. */
static bool follow_known(struct follower *follower)
{
	struct looks *looks = follower->looks;

	for (node_id node = 0; node < follower->snapshot->node_count; node++) {
		struct look_container *known;
		struct sighting seen;

		if (!sight(follower, node, &seen))
			continue;
		known = find(looks, seen.address, seen.type_mark);
		if (known && known->slot == seen.slot) {
			if (!update(looks, known, &seen))
				return false;
			continue;
		}
		if (!array_reserve(&follower->strange, &follower->strange_capacity,
		                   follower->strange_count + 1, sizeof(*follower->strange)))
			return false;
		seen.match = no_match;
		follower->strange[follower->strange_count++] = seen;
	}
	return true;
}

/* The containers that were not found in the first step, by slot and type. */
static bool map_missing(const struct looks *looks, struct number_map *map)
{
	for (size_t i = 0; i < looks->container_count; i++) {
		const struct look_container *container = &looks->containers[i];

		if (container->last_look != looks->count && container->slot &&
		    !number_map_put(map, (uint64_t)container->slot << 32 | container->type_mark,
		                    (uint32_t)i))
			return false;
	}
	return true;
}

/* The second step. Addresses stay as they are until the third is done. */
static bool follow_replaced(struct follower *follower, const struct number_map *missing)
{
	struct looks *looks = follower->looks;

	for (size_t i = 0; i < follower->strange_count; i++) {
		struct sighting *seen = &follower->strange[i];
		uint32_t index;

		if (!seen->slot ||
		    !number_map_get(missing, (uint64_t)seen->slot << 32 | seen->type_mark,
		                    &index) ||
		    looks->containers[index].last_look == looks->count)
			continue;
		seen->match = index;
		if (!update(looks, &looks->containers[index], seen))
			return false;
	}
	return true;
}

/* The third step. */
static bool follow_moved(struct follower *follower)
{
	struct looks *looks = follower->looks;
	bool is_sorted = true;

	for (size_t i = 0; i < follower->strange_count; i++) {
		const struct sighting *seen = &follower->strange[i];
		struct look_container *known;

		if (seen->match != no_match)
			continue;
		known = find(looks, seen->address, seen->type_mark);
		if (known && known->last_look != looks->count && !update(looks, known, seen))
			return false;
	}
	for (size_t i = 0; i < follower->strange_count; i++) {
		const struct sighting *seen = &follower->strange[i];

		if (seen->match == no_match)
			continue;
		looks->containers[seen->match].address = seen->address;
		is_sorted = false;
	}
	if (!is_sorted)
		sort_containers(looks);
	return true;
}

/* What is gone, or has shrunk, will not be the answer. */
static void drop_containers(struct looks *looks)
{
	size_t kept = 0;

	for (size_t i = 0; i < looks->container_count; i++)
		if (looks->containers[i].last_look == looks->count &&
		    (looks->rules.keeps_shrunk || !looks->containers[i].has_shrunk))
			looks->containers[kept++] = looks->containers[i];
	looks->container_count = kept;
}

static bool follow(struct follower *follower)
{
	struct number_map missing;
	bool is_done;

	number_map_init(&missing);
	is_done = follow_known(follower) && map_missing(follower->looks, &missing) &&
	          follow_replaced(follower, &missing) && follow_moved(follower);
	number_map_deinit(&missing);
	if (is_done)
		drop_containers(follower->looks);
	return is_done;
}

bool look_containers_follow(struct looks *looks, const struct snapshot *snapshot,
                            const struct reach *reach, const uint64_t *hashes)
{
	struct follower follower = {
		.looks = looks, .snapshot = snapshot, .reach = reach, .hashes = hashes};
	bool is_done = looks->count == 0 ? start(&follower) : follow(&follower);

	free(follower.strange);
	return is_done;
}
