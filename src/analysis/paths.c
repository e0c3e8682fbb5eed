/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adds up the chosen nodes by their place in the map, and writes out the
 * places that hold most. The example of a place is the first chosen node that
 * came there: the one nearest to its root.
 */
#include "analysis/paths.h"

#include "base/cleanup.h"

#include <stdlib.h>
#include <string.h>

struct place_sum {
	place_id place;
	node_id example;
	uint64_t objects;
	uint64_t bytes;
};

static int compare_sums(const void *left, const void *right)
{
	const struct place_sum *a = left;
	const struct place_sum *b = right;

	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? 1 : -1;
	if (a->objects != b->objects)
		return a->objects < b->objects ? 1 : -1;
	return (a->place > b->place) - (a->place < b->place);
}

/* The sums of all places; those with objects come first, sorted. */
static struct place_sum *sum_places(const struct path_map *map, const struct bit_set *chosen,
                                    size_t *ret_count)
{
	struct place_sum *sums = calloc(map->trie.place_count, sizeof(*sums));
	size_t count = 0;

	if (!sums)
		return NULL;
	for (node_id i = 0; i < map->reach->order_count; i++) {
		node_id node = map->reach->order[i];
		struct place_sum *sum;

		if (!bit_set_has(chosen, node))
			continue;
		sum = &sums[path_map_node(map, node)->place];
		if (!sum->objects++)
			sum->example = node;
		sum->bytes += snapshot_size(map->snapshot, node);
	}
	for (place_id place = 0; place < map->trie.place_count; place++) {
		sums[place].place = place;
		if (sums[place].objects)
			sums[count++] = sums[place];
	}
	qsort(sums, count, sizeof(*sums), compare_sums);
	*ret_count = count;
	return sums;
}

static struct error *write_path(struct path_map *map, const struct place_sum *sum,
                                struct merged_path *ret)
{
	struct text text;

	text_init(&text);
	path_map_text(map, sum->place, &text);
	ret->text = text_take(&text);
	if (!ret->text)
		return error_no_memory();
	ret->objects = sum->objects;
	ret->bytes = sum->bytes;
	ret->root = strdup(path_map_root(map, sum->place));
	if (!ret->root)
		return error_no_memory();
	return concrete_path_make(&map->labels, map->reach, sum->example, &ret->example);
}

static struct error *write_paths(struct path_map *map, const struct bit_set *chosen, size_t limit,
                                 struct paths *paths)
{
	size_t count = 0;
	_cleanup_free_ struct place_sum *sums = sum_places(map, chosen, &count);
	struct error *error = NULL;

	paths->paths = calloc(limit ? limit : 1, sizeof(*paths->paths));
	if (!sums || !paths->paths)
		return error_no_memory();
	for (size_t i = 0; i < count && !error; i++) {
		if (i >= limit) {
			paths->other_count++;
			paths->others.objects += sums[i].objects;
			paths->others.bytes += sums[i].bytes;
			continue;
		}
		paths->path_count++;
		error = write_path(map, &sums[i], &paths->paths[i]);
	}
	return error;
}

static void add_chosen(struct paths *paths, const struct snapshot *snapshot,
                       const struct reach *reach, node_id node)
{
	uint64_t size = snapshot_size(snapshot, node);

	paths->objects++;
	paths->bytes += size;
	if (reach_is_reached(reach, node))
		return;
	paths->unreached.objects++;
	paths->unreached.bytes += size;
}

struct error *paths_make(const struct snapshot *snapshot, const struct reach *reach,
                         const struct selection *selection, size_t limit, struct paths **ret)
{
	_cleanup_(bit_set_deinit) struct bit_set chosen = {0};
	_cleanup_(cleanup_path_map) struct path_map *map = NULL;
	_cleanup_(cleanup_paths) struct paths *paths = calloc(1, sizeof(*paths));
	struct error *error;

	if (!paths || !bit_set_init(&chosen, snapshot->node_count))
		return error_no_memory();
	paths->type_count = selection->type_count;
	for (node_id i = 0; i < selection->count; i++) {
		bit_set_add(&chosen, selection->nodes[i]);
		add_chosen(paths, snapshot, reach, selection->nodes[i]);
	}
	error = path_map_make(snapshot, reach, &chosen, NULL, &map);
	if (!error)
		error = write_paths(map, &chosen, limit, paths);
	if (error)
		return error;
	*ret = take_ptr(paths);
	return NULL;
}

void paths_free(struct paths *paths)
{
	if (!paths)
		return;
	for (size_t i = 0; i < paths->path_count; i++) {
		free(paths->paths[i].text);
		free(paths->paths[i].root);
		concrete_path_deinit(&paths->paths[i].example);
	}
	free(paths->paths);
	free(paths);
}
