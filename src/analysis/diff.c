/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory of earlier graphs is struct looks, with other rules than a watch
 * has: all objects count, and containers that shrank are told too. What is
 * left to do here is to choose and to sort.
 */
#include "analysis/diff.h"

#include "analysis/growth.h"
#include "base/cleanup.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

void diff_init(struct diff *diff)
{
	*diff = (struct diff){.is_one_process = true};
	looks_init(&diff->looks);
	diff->looks.rules = (struct look_rules){.counts_all = true, .keeps_shrunk = true};
}

void diff_deinit(struct diff *diff)
{
	for (size_t i = 0; i < diff->container_count; i++)
		free(diff->containers[i].path);
	free(diff->containers);
	free(diff->types);
	for (size_t i = 0; i < LOOKS_LIMIT; i++)
		free(diff->sides[i].name);
	paths_free(diff->paths);
	looks_deinit(&diff->looks);
	*diff = (struct diff){0};
}

/* The kernel places each process anew, so one address tells processes of one number apart. */
static struct snapshot_origin_mark origin_of(const struct snapshot *snapshot)
{
	struct snapshot_origin_mark origin = {.pid = snapshot->facts.pid};

	for (type_id type = 0; type < snapshot->type_count && !origin.landmark; type++)
		if (strcmp(snapshot_type_name(snapshot, type), "type") == 0)
			origin.landmark = snapshot->types[type].address;
	return origin;
}

/* What was learnt by address so far is of no use any more. */
static struct error *forget_addresses(struct diff *diff)
{
	if (diff->looks.count > 1)
		return error_new(ERROR_USAGE,
		                 "more than two targets must be of one process, in the order of "
		                 "time");
	diff->is_one_process = false;
	looks_forget_addresses(&diff->looks);
	return NULL;
}

/* For whoever tells what was compared. */
static struct error *remember_side(struct diff_side *side, const struct snapshot_facts *facts)
{
	struct text name;

	text_init(&name);
	if (facts->file)
		text_append(&name, facts->file);
	else
		text_printf(&name, "process %d", facts->pid);
	side->name = text_take(&name);
	side->taken_at = facts->taken_at;
	side->resident_bytes = facts->resident_bytes;
	return side->name ? NULL : error_no_memory();
}

struct error *diff_add(struct diff *diff, const struct snapshot *snapshot)
{
	struct snapshot_origin_mark origin = origin_of(snapshot);
	struct look_figures figures = {.resident_bytes = snapshot->facts.resident_bytes,
	                               .pause_ms = snapshot->facts.pause_ms};
	struct error *error = NULL;

	if (diff->looks.count == 0)
		diff->first = origin;
	else if (origin.pid != diff->first.pid || origin.landmark != diff->first.landmark)
		error = forget_addresses(diff);
	if (!error)
		error = looks_add(&diff->looks, snapshot, NULL, &figures);
	if (error)
		return error;
	return remember_side(&diff->sides[diff->looks.count - 1], &snapshot->facts);
}

/* Types */

static int compare_types(const void *left, const void *right)
{
	const struct diff_type *a = left;
	const struct diff_type *b = right;

	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? 1 : -1;
	if (a->objects != b->objects)
		return a->objects < b->objects ? 1 : -1;
	return strcmp(a->series->name, b->series->name);
}

static int compare_names(const void *left, const void *right)
{
	const struct diff_type *a = left;
	const struct diff_type *b = right;

	return strcmp(a->series->name, b->series->name);
}

/* Of two graphs, whatever changed; of more, what became more each time. */
static bool is_told(const struct look_series *series, unsigned int count)
{
	if (count == 2)
		return series->objects[0] != series->objects[1] ||
		       series->bytes[0] != series->bytes[1];
	return growth_is_at_every_step(series->objects, count) ||
	       growth_is_at_every_step(series->bytes, count);
}

static void mark_ambiguous(struct diff *diff)
{
	qsort(diff->types, diff->type_count, sizeof(*diff->types), compare_names);
	for (size_t i = 1; i < diff->type_count; i++)
		if (strcmp(diff->types[i - 1].series->name, diff->types[i].series->name) == 0)
			diff->types[i - 1].is_ambiguous = diff->types[i].is_ambiguous = true;
}

static struct error *list_types(struct diff *diff)
{
	unsigned int last = diff->looks.count - 1;

	diff->types = calloc(diff->looks.series_count + 1, sizeof(*diff->types));
	if (!diff->types)
		return error_no_memory();
	for (size_t i = 0; i < diff->looks.series_count; i++) {
		const struct look_series *series = &diff->looks.series[i];

		if (!is_told(series, diff->looks.count))
			continue;
		diff->types[diff->type_count++] = (struct diff_type){
			.series = series,
			.objects = (int64_t)(series->objects[last] - series->objects[0]),
			.bytes = (int64_t)(series->bytes[last] - series->bytes[0]),
		};
	}
	mark_ambiguous(diff);
	qsort(diff->types, diff->type_count, sizeof(*diff->types), compare_types);
	return NULL;
}

/* New objects */

/* Objects of which types are looked for? A byte for each type of the snapshot. */
static uint8_t *told_types(const struct diff *diff, const struct snapshot *snapshot)
{
	uint8_t *is_chosen = calloc(snapshot->type_count + (size_t)1, 1);

	for (type_id type = 0; is_chosen && type < snapshot->type_count; type++) {
		const struct look_series *series = looks_series(&diff->looks, snapshot, type);

		is_chosen[type] = series &&
		                  (diff->looks.count == 2 || is_told(series, diff->looks.count));
	}
	return is_chosen;
}

static struct error *choose_new(struct diff *diff, const struct snapshot *snapshot,
                                struct selection *ret)
{
	_cleanup_free_ uint8_t *is_chosen = told_types(diff, snapshot);
	_cleanup_free_ node_id *nodes =
		reallocarray(NULL, snapshot->node_count + (size_t)1, sizeof(*nodes));
	node_id count = 0;

	if (!is_chosen || !nodes)
		return error_no_memory();
	for (node_id node = 0; node < snapshot->node_count; node++) {
		if (!snapshot_is_object(snapshot, node) || !looks_birth(&diff->looks, node))
			continue;
		diff->new_objects++;
		diff->new_bytes += snapshot_size(snapshot, node);
		if (is_chosen[snapshot->type[node]])
			nodes[count++] = node;
	}
	*ret = (struct selection){.nodes = take_ptr(nodes), .count = count, .type_count = 1};
	return NULL;
}

static struct error *find_new(struct diff *diff, const struct snapshot *snapshot,
                              const struct reach *reach)
{
	struct selection selection = {0};
	struct error *error = choose_new(diff, snapshot, &selection);

	if (!error && reach)
		error = paths_make(snapshot, reach, &selection, DIFF_PATHS_MAX, &diff->paths);
	selection_deinit(&selection);
	return error;
}

/* Containers */

struct change {
	node_id node;
	const struct look_container *container;
};

static int64_t growth_of(const struct look_container *container)
{
	return (int64_t)container->last_length - (int64_t)container->first_length;
}

static int compare_changes(const void *left, const void *right)
{
	const struct change *a = left;
	const struct change *b = right;
	int64_t by_a = growth_of(a->container);
	int64_t by_b = growth_of(b->container);

	if (by_a != by_b)
		return by_a < by_b ? 1 : -1;
	return (a->container->address > b->container->address) -
	       (a->container->address < b->container->address);
}

static bool container_is_told(const struct looks *looks, const struct look_container *container)
{
	if (looks->count == 2)
		return container->last_length != container->first_length;
	return container->growths + 1u == looks->count;
}

/* The changed ones, those that grew most first. The caller frees them. */
static struct change *list_changes(const struct diff *diff, const struct snapshot *snapshot,
                                   size_t *ret_count)
{
	struct change *changes = calloc(snapshot->container_count + 1, sizeof(*changes));
	size_t count = 0;

	for (size_t i = 0; changes && i < snapshot->container_count; i++) {
		node_id node = snapshot->containers[i].node;
		const struct look_container *known = looks_container(&diff->looks, snapshot, node);

		if (known && container_is_told(&diff->looks, known))
			changes[count++] = (struct change){node, known};
	}
	if (changes)
		qsort(changes, count, sizeof(*changes), compare_changes);
	*ret_count = count;
	return changes;
}

/* Where it is, as Python would say it. */
static struct error *write_place(struct labels *labels, const struct reach *reach, node_id node,
                                 char **ret)
{
	struct concrete_path path = {0};
	struct error *error;

	if (!reach || !reach_is_reached(reach, node)) {
		*ret = strdup("");
		return *ret ? NULL : error_no_memory();
	}
	error = concrete_path_make(labels, reach, node, &path);
	if (error)
		return error;
	*ret = take_ptr(path.text);
	concrete_path_deinit(&path);
	return NULL;
}

static struct error *write_containers(struct diff *diff, const struct snapshot *snapshot,
                                      const struct reach *reach, const struct change *changes,
                                      size_t count)
{
	size_t told = count < DIFF_CONTAINERS_MAX ? count : DIFF_CONTAINERS_MAX;
	struct error *error = NULL;
	struct labels labels;

	diff->containers = calloc(told + 1, sizeof(*diff->containers));
	if (!diff->containers)
		return error_no_memory();
	diff->other_containers = count - told;
	labels_init(&labels, snapshot);
	for (size_t i = 0; i < told && !error; i++) {
		struct diff_container *container = &diff->containers[i];

		container->type = snapshot_type_name(snapshot, snapshot->type[changes[i].node]);
		container->address = changes[i].container->address;
		container->length_then = changes[i].container->first_length;
		container->length_now = changes[i].container->last_length;
		error = write_place(&labels, reach, changes[i].node, &container->path);
		diff->container_count++;
	}
	labels_deinit(&labels);
	return error;
}

static struct error *find_containers(struct diff *diff, const struct snapshot *snapshot,
                                     const struct reach *reach)
{
	size_t count = 0;
	_cleanup_free_ struct change *changes = list_changes(diff, snapshot, &count);

	if (!changes)
		return error_no_memory();
	return write_containers(diff, snapshot, reach, changes, count);
}

struct error *diff_finish(struct diff *diff, const struct snapshot *snapshot,
                          const struct reach *reach)
{
	struct error *error = list_types(diff);

	if (error || !diff->is_one_process)
		return error;
	error = looks_recall(&diff->looks, snapshot);
	if (!error)
		error = find_new(diff, snapshot, reach);
	if (error)
		return error;
	return find_containers(diff, snapshot, reach);
}
