/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One leak, one suspect. Told together are
 *   - groups that one container grew by: the keys and the values of a dict,
 *     the kinds of objects in one list;
 *   - weak references with what they refer to: the registry that follows a
 *     leak is not what holds it.
 * Of those told together the one that says most stands for all: what is held
 * as a value before a key, a class of the program before a dict or a str.
 */
#include "analysis/suspect_search.h"

#include <string.h>

static uint32_t leader_of(const struct search *search, uint32_t group)
{
	while (search->groups[group].told_with != group)
		group = search->groups[group].told_with;
	return group;
}

static bool fold_by_container(struct search *search, const uint32_t *tops, size_t count,
                              struct number_map *known)
{
	for (size_t i = 0; i < count; i++) {
		struct group *group = &search->groups[tops[i]];
		uint32_t leader;

		if (!search_container(search, group))
			continue;
		if (number_map_get(known, group->container.candidate + (uint64_t)1, &leader))
			group->told_with = leader;
		else if (!number_map_put(known, group->container.candidate + (uint64_t)1, tops[i]))
			return false;
	}
	return true;
}

/* Is the group a good part of what it is told with? */
static bool is_main_part(const struct group *group, const struct group *leader)
{
	return group->objects * 2 >= leader->objects && group->held_bytes * 4 >= leader->held_bytes;
}

/* Leaders point to leaders only, so no circle comes about. */
static void fold_weak(struct search *search, const uint32_t *tops, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct group *group = &search->groups[tops[i]];
		uint32_t leader = leader_of(search, tops[i]);
		uint32_t referent;

		if (group->referent.candidate == no_group ||
		    !is_main_part(group, &search->groups[leader]))
			continue;
		referent = leader_of(search, group->referent.candidate);
		if (referent != leader)
			search->groups[leader].told_with = referent;
	}
}

static bool is_key(const struct search *search, const struct group *group)
{
	return search->map->trie.places[group->place].step.kind == STEP_KEY;
}

static bool is_named(const struct search *search, const struct group *group)
{
	return strchr(snapshot_type_name(search->snapshot, group->type), '.');
}

/* Is it better to name `other`, which holds less? */
static bool says_more(const struct search *search, const struct group *other,
                      const struct group *group)
{
	bool other_is_weak = other->referent.candidate != no_group;
	bool is_weak = group->referent.candidate != no_group;

	if (other_is_weak != is_weak)
		return is_weak;
	if (other->objects * 2 < group->objects)
		return false;
	if (is_key(search, other) != is_key(search, group))
		return is_key(search, group);
	return is_named(search, other) && !is_named(search, group) &&
	       other->held_bytes * 4 >= group->held_bytes;
}

/* Makes the best of each set its leader, and all others point to it directly. */
static void choose_leaders(struct search *search, const uint32_t *tops, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t leader = leader_of(search, tops[i]);

		if (says_more(search, &search->groups[tops[i]], &search->groups[leader])) {
			search->groups[leader].told_with = tops[i];
			search->groups[tops[i]].told_with = tops[i];
		}
	}
	for (size_t i = 0; i < count; i++)
		search->groups[tops[i]].told_with = leader_of(search, tops[i]);
}

bool suspect_fold(struct search *search, const uint32_t *tops, size_t count)
{
	struct number_map known;
	bool is_done;

	for (size_t i = 0; i < search->group_count; i++)
		search->groups[i].told_with = (uint32_t)i;
	number_map_init(&known);
	is_done = fold_by_container(search, tops, count, &known);
	number_map_deinit(&known);
	if (!is_done)
		return false;
	fold_weak(search, tops, count);
	choose_leaders(search, tops, count);
	return true;
}
