/* SPDX-License-Identifier: Apache-2.0 */
/* The result of the search: each set of groups that is told together becomes a suspect. */
#include "analysis/suspect_search.h"

#include "base/array.h"
#include "base/cleanup.h"

#include <stdlib.h>
#include <string.h>

enum {
	SUSPECTS_MAX = GROWTH_SUSPECTS_MAX,
	SMALLEST_SHARE = 50, /* of the largest suspect's bytes: 1/50 */
};

/* A group that stands for all that are told with it, and what they hold together. */
struct told {
	uint32_t group;
	uint64_t held_bytes;
};

static int compare_told(const void *left, const void *right)
{
	const struct told *a = left;
	const struct told *b = right;

	if (a->held_bytes != b->held_bytes)
		return a->held_bytes < b->held_bytes ? 1 : -1;
	return (a->group > b->group) - (a->group < b->group);
}

static int compare_companions(const void *left, const void *right)
{
	const struct growth_companion *a = left;
	const struct growth_companion *b = right;

	return (a->bytes < b->bytes) - (a->bytes > b->bytes);
}

/* Of all types: how much new is held by the groups told with this one. */
static size_t sum_companions(const struct search *search, uint32_t leader,
                             struct growth_companion *sums, uint32_t *index_of)
{
	const struct snapshot *snapshot = search->snapshot;
	size_t count = 0;

	for (size_t i = 0; i < search->held_count; i++) {
		const struct held_type *held = &search->held[i];
		struct growth_companion *sum;

		if (search->groups[held->group].told_with != leader ||
		    (held->group == leader && held->type == search->groups[leader].type))
			continue;
		if (index_of[held->type] == UINT32_MAX) {
			index_of[held->type] = (uint32_t)count;
			sums[count++] = (struct growth_companion){
				.type = snapshot_type_name(snapshot, held->type)};
		}
		sum = &sums[index_of[held->type]];
		sum->objects += held->objects;
		sum->bytes += held->bytes;
	}
	return count;
}

/* Those of a name that says more than str, one for each object, come first; then by bytes. */
static void take_companions(const struct growth_companion *sums, size_t count, bool noteworthy,
                            struct suspect *suspect)
{
	for (size_t i = 0; i < count && suspect->companion_count < GROWTH_COMPANIONS_MAX; i++) {
		bool says_more = strchr(sums[i].type, '.') &&
		                 sums[i].objects * 2 >= suspect->objects;

		if (says_more == noteworthy)
			suspect->companions[suspect->companion_count++] = sums[i];
	}
}

static struct error *write_companions(const struct search *search, uint32_t leader,
                                      struct suspect *suspect)
{
	size_t types = search->snapshot->type_count + (size_t)1;
	_cleanup_free_ struct growth_companion *sums = calloc(types, sizeof(*sums));
	_cleanup_free_ uint32_t *index_of = reallocarray(NULL, types, sizeof(*index_of));
	size_t count;

	if (!sums || !index_of)
		return error_no_memory();
	memset(index_of, 0xff, types * sizeof(*index_of));
	count = sum_companions(search, leader, sums, index_of);
	qsort(sums, count, sizeof(*sums), compare_companions);
	take_companions(sums, count, true, suspect);
	take_companions(sums, count, false, suspect);
	return NULL;
}

/* The words of one container: app.cache._sessions */
static struct error *write_one_path(struct search *search, node_id node, char **ret)
{
	struct concrete_path path;
	struct error *error;

	error = concrete_path_make(&search->map->labels, search->reach, node, &path);
	if (error)
		return error;
	*ret = concrete_path_words(&path);
	concrete_path_deinit(&path);
	return NULL;
}

static struct error *write_container(struct search *search, const struct group *group,
                                     struct suspect *suspect)
{
	const struct snapshot *snapshot = search->snapshot;
	struct container_sum *sum = search_container(search, group);
	struct error *error = NULL;
	struct text text;

	if (!sum)
		return NULL;
	sum->is_told = true;
	if (sum->count == 1 && sum->first != NODE_NONE) {
		error = write_one_path(search, sum->first, &suspect->container_path);
		if (error)
			return error;
	} else {
		text_init(&text);
		path_map_text(search->map, group->container.candidate, &text);
		suspect->container_path = text_take(&text);
	}
	if (!suspect->container_path)
		return error_no_memory();
	suspect->container_count = sum->count;
	suspect->container_type = "";
	if (sum->first != NODE_NONE) {
		suspect->container_type = snapshot_type_name(snapshot, snapshot->type[sum->first]);
		suspect->container_address = snapshot->address[sum->first];
	}
	suspect->length_first = sum->length_first;
	suspect->length_last = sum->length_last;
	return NULL;
}

static const char *root_name(const struct search *search, node_id node)
{
	const struct snapshot *snapshot = search->snapshot;
	node_id parent;
	size_t root;

	while ((parent = reach_parent(search->reach, node)) != NODE_NONE)
		node = parent;
	return reach_root(search->reach, node, &root)
	               ? snapshot_string(snapshot, snapshot->roots[root].name)
	               : "";
}

/*
 * What one container holds is no family's: instead of threads[*] the path starts
 * from the thread whose container it is.
 */
static struct error *name_root(struct search *search, const struct group *group,
                               struct suspect *suspect)
{
	const struct container_sum *sum = search_container(search, group);
	const char *family = path_map_root(search->map, group->place);
	size_t length = strlen(family);
	struct text text;

	if (!sum || sum->count != 1 || sum->first == NODE_NONE ||
	    strncmp(suspect->path, family, length) != 0)
		return NULL;
	text_init(&text);
	text_append(&text, root_name(search, sum->first));
	text_append(&text, suspect->path + length);
	free(suspect->path);
	suspect->path = text_take(&text);
	return suspect->path ? NULL : error_no_memory();
}

/* What the containers of all groups told with this one hold is told. */
static void mark_containers(const struct search *search, uint32_t leader)
{
	for (size_t i = 0; i < search->group_count; i++) {
		const struct group *group = &search->groups[i];
		struct container_sum *sum;

		if (!group->is_top || group->told_with != leader)
			continue;
		sum = search_container(search, group);
		if (sum)
			sum->is_told = true;
	}
}

static struct error *write_suspect(struct search *search, const struct told *told, double minutes,
                                   struct suspect *suspect)
{
	const struct group *group = &search->groups[told->group];
	const struct snapshot *snapshot = search->snapshot;
	struct error *error;
	struct text text;

	suspect->type = snapshot_type_name(snapshot, group->type);
	suspect->type_address = snapshot->types[group->type].address;
	suspect->objects = group->objects;
	suspect->own_bytes = group->bytes;
	suspect->held_bytes = told->held_bytes;
	if (minutes > 0) {
		suspect->objects_per_minute = (double)group->objects / minutes;
		suspect->bytes_per_minute = (double)told->held_bytes / minutes;
	}
	text_init(&text);
	path_map_text(search->map, group->place, &text);
	suspect->path = text_take(&text);
	if (!suspect->path)
		return error_no_memory();
	error = write_companions(search, told->group, suspect);
	if (!error)
		error = concrete_path_make(&search->map->labels, search->reach, group->first,
		                           &suspect->example);
	if (!error)
		error = write_container(search, group, suspect);
	if (!error)
		error = name_root(search, group, suspect);
	mark_containers(search, told->group);
	return error;
}

/* Those that stand for others, with the sums. Returns how many. */
static size_t sum_told(const struct search *search, const uint32_t *tops, size_t count,
                       struct told *told, uint32_t *index_of)
{
	size_t leaders = 0;

	for (size_t i = 0; i < count; i++)
		if (search->groups[tops[i]].told_with == tops[i]) {
			index_of[tops[i]] = (uint32_t)leaders;
			told[leaders++] = (struct told){.group = tops[i]};
		}
	for (size_t i = 0; i < count; i++) {
		const struct group *group = &search->groups[tops[i]];

		told[index_of[group->told_with]].held_bytes += group->held_bytes;
	}
	qsort(told, leaders, sizeof(*told), compare_told);
	return leaders;
}

struct error *suspect_write(struct search *search, const uint32_t *tops, size_t count,
                            struct growth *growth)
{
	_cleanup_free_ struct told *told = calloc(count + 1, sizeof(*told));
	_cleanup_free_ uint32_t *index_of = calloc(search->group_count + 1, sizeof(*index_of));
	struct error *error = NULL;
	size_t leaders;

	if (!told || !index_of)
		return error_no_memory();
	leaders = sum_told(search, tops, count, told, index_of);
	for (size_t i = 0; i < leaders && !error && growth->suspect_count < SUSPECTS_MAX; i++) {
		if (told[i].held_bytes * SMALLEST_SHARE < told[0].held_bytes)
			break;
		error = write_suspect(search, &told[i], growth->minutes,
		                      &growth->suspects[growth->suspect_count++]);
	}
	return error;
}
