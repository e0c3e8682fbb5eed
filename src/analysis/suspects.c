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
 *      and the nodes of a top vote for theirs.
 *
 * A top must have kept objects of earlier intervals: what is only passing
 * through at the last look has not.
 */
#include "analysis/suspects.h"

#include "base/array.h"
#include "base/cleanup.h"

#include <stdlib.h>
#include <string.h>

enum {
	SUSPECTS_MAX = 20,
	SMALLEST_SHARE = 50,  /* of the largest suspect's bytes: 1/50 */
	CONTAINER_SHARE = 10, /* of the new objects that a container has to account for: 1/10 */
};

static const uint32_t no_group = UINT32_MAX;

struct group {
	place_id place;
	type_id type;
	uint64_t objects;
	uint64_t bytes;
	uint64_t births[LOOKS_LIMIT];
	node_id first;         /* the one nearest to its root */
	uint64_t from_outside; /* nodes that hang from no other group */
	uint64_t owned;        /* nodes that hang from an earlier group */
	bool is_top;
	uint64_t held_bytes;
	node_id container;       /* majority vote: the candidate ... */
	uint64_t container_lead; /* ... and its lead */
};

struct held_type {
	uint32_t group;
	type_id type;
	uint64_t objects;
	uint64_t bytes;
};

struct search {
	const struct looks *looks;
	const struct snapshot *snapshot;
	const struct reach *reach;
	uint8_t *births;       /* borrowed */
	struct bit_set chosen; /* new, and of a growing type */
	struct path_map *map;
	struct group *groups;
	size_t group_count, group_capacity;
	struct number_map group_of; /* place and type -> group */
	uint32_t *group;            /* of each chosen node */
	uint32_t *above;            /* what each node was handed down */
	struct held_type *held;
	size_t held_count, held_capacity;
	struct number_map held_of; /* group and type -> held */
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
		search->births[node] = (uint8_t)looks_birth(search->looks, search->snapshot, node);
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
	search->groups[search->group_count++] =
		(struct group){.place = place, .type = type, .first = node, .container = NODE_NONE};
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

/* Handed down: the group of the nearest chosen node above. */
static void find_owners(struct search *search)
{
	for (node_id i = 0; i < search->reach->order_count; i++) {
		node_id node = search->reach->order[i];
		node_id parent = reach_parent(search->reach, node);
		uint32_t above = parent == NODE_NONE ? no_group : search->above[parent];
		uint32_t own = search->group[node];

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

static void mark_tops(struct search *search)
{
	for (size_t i = 0; i < search->group_count; i++) {
		struct group *group = &search->groups[i];

		group->is_top = group->from_outside >= group->owned &&
		                has_stayed(group, search->looks->count);
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
	for (node_id i = 0; i < search->reach->order_count; i++) {
		node_id node = search->reach->order[i];
		node_id parent = reach_parent(search->reach, node);
		uint32_t above = parent == NODE_NONE ? no_group : search->above[parent];
		uint32_t own = search->group[node];

		if (above == no_group && own != no_group && search->groups[own].is_top)
			above = own;
		search->above[node] = above;
		if (above == no_group || !snapshot_is_object(search->snapshot, node) ||
		    looks_birth(search->looks, search->snapshot, node) == 0)
			continue;
		if (!add_held(search, above, node))
			return error_no_memory();
	}
	return NULL;
}

static void vote(struct group *group, node_id container)
{
	if (group->container == container) {
		group->container_lead++;
	} else if (group->container_lead == 0) {
		group->container = container;
		group->container_lead = 1;
	} else {
		group->container_lead--;
	}
}

static bool has_grown(const struct search *search, node_id node)
{
	const struct look_container *container =
		looks_container(search->looks, search->snapshot, node);

	return container && look_container_has_grown(search->looks, container);
}

/* Handed down: the nearest container that grew, through nodes that are new. */
static void find_containers(struct search *search)
{
	const struct reach *reach = search->reach;

	for (node_id i = 0; i < reach->order_count; i++) {
		node_id node = reach->order[i];
		node_id parent = reach_parent(reach, node);
		node_id above = parent == NODE_NONE ? NODE_NONE : search->above[parent];
		uint32_t own = search->group[node];

		search->above[node] = NODE_NONE;
		if (!path_map_has(search->map, node))
			continue;
		if (own != no_group && search->groups[own].is_top)
			vote(&search->groups[own], above);
		if (has_grown(search, node))
			search->above[node] = node;
		else if (looks_birth(search->looks, search->snapshot, node) > 0)
			search->above[node] = above;
	}
}

static int compare_groups(const void *left, const void *right)
{
	const struct group *a = left;
	const struct group *b = right;

	if (a->is_top != b->is_top)
		return a->is_top ? -1 : 1;
	if (a->held_bytes != b->held_bytes)
		return a->held_bytes < b->held_bytes ? 1 : -1;
	return (a->first > b->first) - (a->first < b->first);
}

static int compare_held(const void *left, const void *right)
{
	const struct held_type *a = left;
	const struct held_type *b = right;

	return (a->bytes < b->bytes) - (a->bytes > b->bytes);
}

/* The words of a concrete path: app.cache._sessions */
static char *words_of(const struct concrete_path *path)
{
	struct text text;

	text_init(&text);
	for (size_t i = 0; i < path->step_count; i++)
		text_append(&text, path->steps[i].label);
	return text_take(&text);
}

/*
 * Did the container grow by what hangs from it? It must account for a share
 * of the new objects: where an address was reused, something small seems to
 * have grown by a few, and all that a chain has behind it votes for it.
 */
static bool accounts_for(const struct search *search, const struct group *group)
{
	const struct look_container *container =
		looks_container(search->looks, search->snapshot, group->container);
	uint64_t growth = container->last_length - container->first_length;

	return growth >= group->objects / CONTAINER_SHARE;
}

static struct error *write_container(struct search *search, node_id node, struct suspect *suspect)
{
	const struct snapshot *snapshot = search->snapshot;
	const struct look_container *container = looks_container(search->looks, snapshot, node);
	struct concrete_path path;
	struct error *error;

	error = concrete_path_make(&search->map->labels, search->reach, node, &path);
	if (error)
		return error;
	suspect->container_path = words_of(&path);
	concrete_path_deinit(&path);
	if (!suspect->container_path)
		return error_no_memory();
	suspect->has_container = true;
	suspect->container_type = snapshot_type_name(snapshot, snapshot->type[node]);
	suspect->container_address = snapshot->address[node];
	suspect->length_first = container->first_length;
	suspect->length_last = container->last_length;
	return NULL;
}

static bool is_noteworthy(const struct search *search, const struct held_type *held,
                          const struct group *group)
{
	return strchr(snapshot_type_name(search->snapshot, held->type), '.') &&
	       held->objects * 2 >= group->objects;
}

/* Those of a name that says more than str, one for each object, come first; then by bytes. */
static void write_companions(const struct search *search, uint32_t number,
                             const struct group *group, bool noteworthy, struct suspect *suspect)
{
	for (size_t i = 0; i < search->held_count; i++) {
		const struct held_type *held = &search->held[i];

		if (held->group != number || held->type == group->type ||
		    is_noteworthy(search, held, group) != noteworthy)
			continue;
		if (suspect->companion_count == GROWTH_COMPANIONS_MAX)
			return;
		suspect->companions[suspect->companion_count++] =
			(struct growth_companion){snapshot_type_name(search->snapshot, held->type),
		                                  held->objects, held->bytes};
	}
}

static struct error *write_suspect(struct search *search, uint32_t number,
                                   const struct group *group, double minutes,
                                   struct suspect *suspect)
{
	const struct snapshot *snapshot = search->snapshot;
	struct error *error;
	struct text text;

	suspect->type = snapshot_type_name(snapshot, group->type);
	suspect->type_address = snapshot->types[group->type].address;
	suspect->objects = group->objects;
	suspect->own_bytes = group->bytes;
	suspect->held_bytes = group->held_bytes;
	if (minutes > 0) {
		suspect->objects_per_minute = (double)group->objects / minutes;
		suspect->bytes_per_minute = (double)group->held_bytes / minutes;
	}
	text_init(&text);
	path_map_text(search->map, group->place, &text);
	suspect->path = text_take(&text);
	if (!suspect->path)
		return error_no_memory();
	write_companions(search, number, group, true, suspect);
	write_companions(search, number, group, false, suspect);
	error = concrete_path_make(&search->map->labels, search->reach, group->first,
	                           &suspect->example);
	if (!error && group->container != NODE_NONE && accounts_for(search, group))
		error = write_container(search, group->container, suspect);
	return error;
}

/*
 * Keys and values of one dict are two groups with one container; the smaller
 * of such two is no suspect of its own.
 */
static bool is_told_already(const struct group *groups, size_t count, const struct group *group)
{
	for (size_t i = 0; i < count; i++)
		if (group->container != NODE_NONE && groups[i].container == group->container &&
		    group->held_bytes * 2 < groups[i].held_bytes)
			return true;
	return false;
}

static struct error *write_suspects(struct search *search, struct growth *growth)
{
	_cleanup_free_ struct group *tops =
		reallocarray(NULL, search->group_count + 1, sizeof(*tops));
	struct error *error = NULL;

	growth->suspects = calloc(SUSPECTS_MAX, sizeof(*growth->suspects));
	if (!tops || !growth->suspects)
		return error_no_memory();
	if (search->held_count)
		qsort(search->held, search->held_count, sizeof(*search->held), compare_held);
	memcpy(tops, search->groups, search->group_count * sizeof(*tops));
	qsort(tops, search->group_count, sizeof(*tops), compare_groups);
	for (size_t i = 0; i < search->group_count && !error; i++) {
		uint32_t number;

		if (!tops[i].is_top || growth->suspect_count == SUSPECTS_MAX ||
		    tops[i].held_bytes * SMALLEST_SHARE < tops[0].held_bytes)
			break;
		if (is_told_already(tops, i, &tops[i]))
			continue;
		number = search->group[tops[i].first];
		error = write_suspect(search, number, &tops[i], growth->minutes,
		                      &growth->suspects[growth->suspect_count++]);
	}
	return error;
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
	path_map_free(search->map);
}

struct error *suspects_find(const struct looks *looks, const struct snapshot *snapshot,
                            const struct reach *reach, const uint8_t *is_growing, uint8_t *births,
                            struct growth *growth)
{
	_cleanup_(cleanup_search) struct search search = {
		.looks = looks, .snapshot = snapshot, .reach = reach, .births = births};
	struct error *error;

	if (!allocate(&search))
		return error_no_memory();
	if (!choose_new(&search, is_growing))
		return NULL;
	error = path_map_make(snapshot, reach, &search.chosen, &search.map);
	if (error)
		return error;
	choose_holders(&search);
	error = make_groups(&search);
	if (error)
		return error;
	find_owners(&search);
	mark_tops(&search);
	error = sum_held(&search);
	if (error)
		return error;
	find_containers(&search);
	return write_suspects(&search, growth);
}
