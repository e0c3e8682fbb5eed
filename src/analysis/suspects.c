/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All sweeps go over the order of discovery, parents before children, so that
 * what holds for a node can be handed down to those it holds:
 *
 *   1. The new objects of growing types, and what is new and holds them, get
 *      their places (path_map), and with their type their group.
 *   2. Each hands down its group; a group that mostly hangs from another,
 *      earlier found one is owned by it. The others are tops.
 *   3. Each node of a top hands itself down; what is new below adds to what
 *      the top holds, type by type.
 *   4. The container that grew is handed down from it through what is new,
 *      and the nodes of a top vote for the place of theirs: a list for each
 *      user is many containers at one place. Where roots became more
 *      (threads, modules), their family is the container.
 *
 * A group must have kept objects of earlier intervals. What is only passing
 * through at the last look is looked through: it owns nothing, and is no top.
 */
#include "analysis/suspects.h"

#include "analysis/suspect_search.h"
#include "base/array.h"
#include "base/cleanup.h"

#include <stdlib.h>

enum {
	CONTAINER_SHARE = 10, /* of the new objects that containers have to account for: 1/10 */
};

static bool choose_new(struct search *search, const uint8_t *is_growing)
{
	bool any = false;

	for (node_id i = 0; i < search->reach->order_count; i++) {
		node_id node = search->reach->order[i];

		if (!is_growing[search->snapshot->type[node]] ||
		    !snapshot_is_object(search->snapshot, node) || !search->births[node])
			continue;
		bit_set_add(&search->chosen, node);
		any = true;
	}
	return any;
}

/*
 * What is new and holds new objects of growing types is chosen too, whatever
 * its type: the tuple in the log, though tuples come and go by the thousand.
 */
static void choose_holders(struct search *search)
{
	for (node_id i = 0; i < search->reach->order_count; i++) {
		node_id node = search->reach->order[i];

		if (!path_map_has(search->map, node) || bit_set_has(&search->chosen, node) ||
		    !snapshot_is_object(search->snapshot, node))
			continue;
		search->births[node] = (uint8_t)looks_birth(search->looks, node);
		if (search->births[node])
			bit_set_add(&search->chosen, node);
	}
}

/* The number of the group of a chosen node, made when it is new; no_group: no memory. */
static uint32_t find_group(struct search *search, node_id node)
{
	place_id place = path_map_node(search->map, node)->place;
	type_id type = search->snapshot->type[node];
	uint64_t key = (uint64_t)place << 32 | type;
	uint32_t index;

	if (number_map_get(&search->group_of, key, &index))
		return index;
	index = (uint32_t)search->group_count;
	if (!array_reserve(&search->groups, &search->group_capacity, search->group_count + 1,
	                   sizeof(*search->groups)) ||
	    !number_map_put(&search->group_of, key, index))
		return no_group;
	search->groups[search->group_count++] = (struct group){.place = place,
	                                                       .type = type,
	                                                       .first = node,
	                                                       .container.candidate = no_place,
	                                                       .referent.candidate = no_group};
	return index;
}

static struct error *make_groups(struct search *search)
{
	for (node_id i = 0; i < search->reach->order_count; i++) {
		node_id node = search->reach->order[i];
		struct group *group;

		if (!bit_set_has(&search->chosen, node))
			continue;
		search->group[node] = find_group(search, node);
		if (search->group[node] == no_group)
			return error_no_memory();
		group = &search->groups[search->group[node]];
		group->objects++;
		group->bytes += snapshot_size(search->snapshot, node);
		group->births[search->births[node]]++;
	}
	return NULL;
}

/*
 * A group of which nothing stayed from earlier intervals is only passing
 * through. Half of the intervals are enough: of a list that is held at both
 * ends, each end reaches the older or the newer half.
 */
static bool has_stayed(const struct group *group, unsigned int looks)
{
	unsigned int intervals = looks - 2; /* the last one does not count */
	unsigned int kept = 0;

	for (unsigned int look = 1; look <= intervals; look++)
		kept += group->births[look] > 0;
	return kept >= 1 && kept * 2 >= intervals;
}

/* Handed down: the group of the nearest chosen node above that is here to stay. */
static void find_owners(struct search *search)
{
	node_id last = NODE_NONE;

	for (size_t i = 0; i < search->group_count; i++)
		search->groups[i].has_stayed = has_stayed(&search->groups[i], search->looks->count);
	for (node_id i = 0; i < search->reach->order_count; i++) {
		node_id node = search->reach->order[i];
		node_id parent = reach_next_parent(search->reach, node, &last);
		uint32_t above = parent == NODE_NONE ? no_group : search->above[parent];
		uint32_t own = search->group[node];

		if (own != no_group && !search->groups[own].has_stayed)
			own = no_group;
		search->above[node] = own == no_group ? above : own;
		if (own == no_group || above == own)
			continue;
		/* Groups are numbered as they are found, so the earlier is the smaller. */
		if (above != no_group && above < own)
			search->groups[own].owned++;
		else
			search->groups[own].from_outside++;
	}
}

static void mark_tops(struct search *search)
{
	for (size_t i = 0; i < search->group_count; i++) {
		struct group *group = &search->groups[i];

		group->is_top = group->has_stayed && group->from_outside >= group->owned;
	}
}

static bool add_held(struct search *search, uint32_t group, node_id node)
{
	type_id type = search->snapshot->type[node];
	uint64_t key = (uint64_t)(group + 1) << 32 | type;
	uint64_t size = snapshot_size(search->snapshot, node);
	uint32_t index;

	if (!number_map_get(&search->held_of, key, &index)) {
		index = (uint32_t)search->held_count;
		if (!array_reserve(&search->held, &search->held_capacity, search->held_count + 1,
		                   sizeof(*search->held)) ||
		    !number_map_put(&search->held_of, key, index))
			return false;
		search->held[search->held_count++] =
			(struct held_type){.group = group, .type = type};
	}
	search->held[index].objects++;
	search->held[index].bytes += size;
	search->groups[group].held_bytes += size;
	return true;
}

/* Handed down: the top that a node hangs from, the uppermost if there are several. */
static struct error *sum_held(struct search *search)
{
	node_id last = NODE_NONE;

	for (node_id i = 0; i < search->reach->order_count; i++) {
		node_id node = search->reach->order[i];
		node_id parent = reach_next_parent(search->reach, node, &last);
		uint32_t above = parent == NODE_NONE ? no_group : search->above[parent];
		uint32_t own = search->group[node];

		if (above == no_group && own != no_group && search->groups[own].is_top)
			above = own;
		search->above[node] = above;
		if (above == no_group || !snapshot_is_object(search->snapshot, node) ||
		    looks_birth(search->looks, node) == 0)
			continue;
		if (!add_held(search, above, node))
			return error_no_memory();
	}
	return NULL;
}

static void cast(struct vote *vote, uint32_t candidate)
{
	if (vote->candidate == candidate) {
		vote->lead++;
	} else if (vote->lead == 0) {
		vote->candidate = candidate;
		vote->lead = 1;
	} else {
		vote->lead--;
	}
}

/* The top that one of the weak references of a node leads into, if it is another one. */
static uint32_t find_referent(const struct search *search, node_id node)
{
	const struct snapshot *snapshot = search->snapshot;

	for (uint64_t i = snapshot->edge_start[node]; i < snapshot->edge_start[node + 1]; i++) {
		node_id to = snapshot->edges[i].to;

		if (snap_edge_is_weak(snapshot->edges[i]) && reach_is_reached(search->reach, to) &&
		    search->above[to] != no_group && search->above[to] != search->above[node])
			return search->above[to];
	}
	return no_group;
}

/* After sum_held: which top do the weak references of a top refer to? */
static void find_referents(struct search *search)
{
	for (node_id i = 0; i < search->reach->order_count; i++) {
		node_id node = search->reach->order[i];
		uint32_t own = search->group[node];

		if (own != no_group && search->groups[own].is_top)
			cast(&search->groups[own].referent, find_referent(search, node));
	}
}

static void add_container(struct search *search, node_id node,
                          const struct look_container *container)
{
	struct container_sum *sum = &search->container_at[path_map_node(search->map, node)->place];

	if (sum->count++ == 0)
		sum->first = node;
	sum->length_first += container->first_length;
	sum->length_last += container->last_length;
}

/* The place of a root when its family became larger. */
static place_id grown_family(struct search *search, node_id node)
{
	place_id place = path_map_node(search->map, node)->place;
	const struct look_family *family =
		looks_family(search->looks, path_map_root(search->map, place));

	if (!family || family->last_count <= family->first_count)
		return no_place;
	search->container_at[place] = (struct container_sum){
		.count = 1,
		.length_first = family->first_count,
		.length_last = family->last_count,
		.first = NODE_NONE,
	};
	return place;
}

/* Handed down: the place of the nearest container that grew, through nodes that are new. */
static void find_containers(struct search *search)
{
	const struct reach *reach = search->reach;
	node_id last = NODE_NONE;

	for (node_id i = 0; i < reach->order_count; i++) {
		node_id node = reach->order[i];
		node_id parent = reach_next_parent(reach, node, &last);
		uint32_t own = search->group[node];
		const struct look_container *container;
		place_id above;

		search->above[node] = no_place;
		if (!path_map_has(search->map, node))
			continue;
		above = parent == NODE_NONE ? grown_family(search, node) : search->above[parent];
		if (own != no_group && search->groups[own].is_top)
			cast(&search->groups[own].container, above);
		container = looks_container(search->looks, search->snapshot, node);
		if (container && look_container_has_grown(search->looks, container)) {
			search->above[node] = path_map_node(search->map, node)->place;
			add_container(search, node, container);
		} else if (!snapshot_is_object(search->snapshot, node) ||
		           looks_birth(search->looks, node) > 0) {
			search->above[node] = above;
		}
	}
}

/*
 * Did the containers grow by what hangs from them? They must account for a share
 * of the new objects: where an address was reused, something small seems to
 * have grown by a few, and all that a chain has behind it votes for it.
 */
struct container_sum *search_container(const struct search *search, const struct group *group)
{
	struct container_sum *sum;

	if (group->container.candidate == no_place)
		return NULL;
	sum = &search->container_at[group->container.candidate];
	return sum->length_last - sum->length_first >= group->objects / CONTAINER_SHARE ? sum
	                                                                                : NULL;
}

static int compare_tops(const void *left, const void *right, void *context)
{
	const struct search *search = context;
	const struct group *a = &search->groups[*(const uint32_t *)left];
	const struct group *b = &search->groups[*(const uint32_t *)right];

	if (a->held_bytes != b->held_bytes)
		return a->held_bytes < b->held_bytes ? 1 : -1;
	return (a->first > b->first) - (a->first < b->first);
}

static struct error *tell_tops(struct search *search, struct growth *growth)
{
	_cleanup_free_ uint32_t *tops = reallocarray(NULL, search->group_count + 1, sizeof(*tops));
	size_t count = 0;

	if (!tops)
		return error_no_memory();
	for (uint32_t i = 0; i < search->group_count; i++)
		if (search->groups[i].is_top)
			tops[count++] = i;
	qsort_r(tops, count, sizeof(*tops), compare_tops, search);
	if (!suspect_fold(search, tops, count))
		return error_no_memory();
	return suspect_write(search, tops, count, growth);
}

static bool allocate(struct search *search)
{
	size_t count = search->snapshot->node_count + (size_t)1;

	number_map_init(&search->group_of);
	number_map_init(&search->held_of);
	search->group = reallocarray(NULL, count, sizeof(*search->group));
	search->above = reallocarray(NULL, count, sizeof(*search->above));
	if (!bit_set_init(&search->chosen, count) || !search->group || !search->above)
		return false;
	for (size_t i = 0; i < count; i++)
		search->group[i] = no_group;
	return true;
}

static void cleanup_search(struct search *search)
{
	number_map_deinit(&search->group_of);
	number_map_deinit(&search->held_of);
	bit_set_deinit(&search->chosen);
	free(search->group);
	free(search->above);
	free(search->groups);
	free(search->held);
	free(search->container_at);
	path_map_free(search->map);
}

static void tell_held(const struct search *search, uint8_t *told)
{
	for (node_id i = 0; i < search->reach->order_count; i++) {
		node_id node = search->reach->order[i];

		if (search->above[node] != no_group && looks_birth(search->looks, node) > 0)
			told[node] |= TOLD_AS_NEW;
	}
}

static void tell_containers(const struct search *search, uint8_t *told)
{
	for (node_id node = 0; node < search->snapshot->node_count; node++)
		if (path_map_has(search->map, node) &&
		    search->container_at[path_map_node(search->map, node)->place].is_told)
			told[node] |= TOLD_AS_CONTAINER;
}

struct error *suspects_find(const struct looks *looks, const struct snapshot *snapshot,
                            const struct reach *reach, const uint8_t *is_growing, uint8_t *births,
                            uint8_t *told, struct growth *growth)
{
	_cleanup_(cleanup_search) struct search search = {
		.looks = looks, .snapshot = snapshot, .reach = reach, .births = births};
	struct error *error;

	if (!allocate(&search))
		return error_no_memory();
	if (!choose_new(&search, is_growing))
		return NULL;
	error = path_map_make(snapshot, reach, &search.chosen, births, &search.map);
	if (error)
		return error;
	search.container_at = calloc(search.map->trie.place_count, sizeof(*search.container_at));
	if (!search.container_at)
		return error_no_memory();
	choose_holders(&search);
	error = make_groups(&search);
	if (error)
		return error;
	find_owners(&search);
	mark_tops(&search);
	error = sum_held(&search);
	if (error)
		return error;
	find_referents(&search);
	tell_held(&search, told);
	find_containers(&search);
	error = tell_tops(&search, growth);
	if (!error)
		tell_containers(&search, told);
	return error;
}
