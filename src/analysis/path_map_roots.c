/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A family of roots (root_family.h) is told as one, where that says more than
 * their names: threads that are many and alike, modules that are many and new,
 * and whatever else several of hold what was chosen.
 */
#include "analysis/path_map_roots.h"

#include "analysis/root_family.h"
#include "base/array.h"
#include "base/cleanup.h"

#include <stdlib.h>

enum {
	NAMED_MAX = 4, /* more threads, or more new modules, are one path */
	ALIKE_PERCENT = 80,
};

struct family {
	label_id label;  /* its words */
	uint64_t weight; /* of all its roots that may be merged */
	uint64_t most;   /* of one of them */
	uint32_t count;
	uint8_t kind;
};

struct families {
	struct family *families;
	size_t count, capacity;
	struct number_map by_label; /* label + 1 -> family */
	uint32_t *family_of;        /* of each root */
};

static const uint32_t no_family = UINT32_MAX;

static void cleanup_families(struct families *all)
{
	free(all->families);
	free(all->family_of);
	number_map_deinit(&all->by_label);
}

/* Is the root one of those of its family that may be told together? */
static bool may_merge(const struct path_map *map, const struct snap_root *root,
                      const uint8_t *births)
{
	return path_map_has(map, root->node) &&
	       (root->kind != ROOT_MODULE || (births && births[root->node] > 0));
}

static bool is_told_as_one(const struct family *family)
{
	if (family->kind == ROOT_THREAD)
		return family->count > NAMED_MAX &&
		       family->most * 100 < family->weight * ALIKE_PERCENT;
	return family->count > (family->kind == ROOT_MODULE ? NAMED_MAX : 1);
}

/* The family of these words, made when it is new. */
static uint32_t find_family(struct families *all, label_id label, uint8_t kind)
{
	uint32_t index;

	if (number_map_get(&all->by_label, label + (uint64_t)1, &index))
		return index;
	index = (uint32_t)all->count;
	if (!array_reserve(&all->families, &all->capacity, all->count + 1,
	                   sizeof(*all->families)) ||
	    !number_map_put(&all->by_label, label + (uint64_t)1, index))
		return no_family;
	all->families[all->count++] = (struct family){.label = label, .kind = kind};
	return index;
}

static bool add_member(struct path_map *map, struct families *all, size_t root, const char *words)
{
	uint64_t weight = path_map_node(map, map->snapshot->roots[root].node)->weight;
	label_id label = labels_word(&map->labels, words);
	uint32_t index = find_family(all, label, map->snapshot->roots[root].kind);
	struct family *family;

	if (map->labels.is_broken || index == no_family)
		return false;
	all->family_of[root] = index;
	family = &all->families[index];
	family->count++;
	family->weight += weight;
	family->most = weight > family->most ? weight : family->most;
	return true;
}

static bool gather(struct path_map *map, const uint8_t *births, struct families *all)
{
	struct text words;
	bool is_done = true;

	text_init(&words);
	for (size_t i = 0; i < map->snapshot->root_count && is_done; i++) {
		all->family_of[i] = no_family;
		text_clear(&words);
		if (may_merge(map, &map->snapshot->roots[i], births) &&
		    root_family_text(map->snapshot, i, &words))
			is_done = !words.is_broken && add_member(map, all, i, text_string(&words));
	}
	text_deinit(&words);
	return is_done;
}

bool path_map_name_roots(struct path_map *map, const uint8_t *births)
{
	size_t count = map->snapshot->root_count;
	_cleanup_(cleanup_families) struct families all = {0};

	number_map_init(&all.by_label);
	all.family_of = calloc(count + 1, sizeof(*all.family_of));
	map->root_step = reallocarray(NULL, count + 1, sizeof(*map->root_step));
	if (!map->root_step || !all.family_of || !gather(map, births, &all))
		return false;
	for (size_t i = 0; i < count; i++) {
		uint32_t family = all.family_of[i];

		map->root_step[i] = (uint32_t)i;
		if (family != no_family && is_told_as_one(&all.families[family]))
			map->root_step[i] = MANY_ROOTS | all.families[family].label;
	}
	return true;
}
