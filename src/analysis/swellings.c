/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of what got longer (look_containers.h), what did so at every look and by an
 * amount that matters. A block grows in steps, because it is given more room
 * than it needs at once, so at some looks it may be as large as before.
 */
#include "analysis/swellings.h"

#include "analysis/suspects.h"
#include "base/array.h"
#include "base/cleanup.h"

#include <stdlib.h>

enum {
	ELEMENT_SIZE = 8,
	GROWTH_MIN = 4096, /* bytes */
	GROWTH_SHARE = 10, /* of what all reached objects grew by: 1/10 */
};

struct swelling {
	const struct look_container *container;
	node_id node;
	uint64_t bytes;
};

struct swellings {
	struct swelling *list;
	size_t count, capacity;
};

static void cleanup_swellings(struct swellings *all)
{
	free(all->list);
}

static uint64_t grown_bytes(const struct look_container *container)
{
	uint64_t growth = container->last_length - container->first_length;

	return container->is_block ? growth : growth * ELEMENT_SIZE;
}

/*
 * In more than half of the steps, and not only in the first ones: a text
 * that is replaced by others of any length gets longer by chance too, but
 * hardly so often in a row.
 */
static bool grows_in_steps(const uint64_t *lengths, unsigned int count)
{
	unsigned int steps = 0;

	for (unsigned int i = 1; i < count; i++)
		steps += lengths[i] > lengths[i - 1];
	return steps * 2 > count - 1 && lengths[count - 1] > lengths[count / 2];
}

static bool is_steady(const struct looks *looks, const struct look_container *container)
{
	const uint64_t *lengths = looks_history(looks, container);

	if (!lengths || looks->count < 3)
		return false;
	return container->is_block ? grows_in_steps(lengths, looks->count)
	                           : growth_is_steady(lengths, looks->count);
}

/* Did it grow by what is told already? A second list of the same new objects did. */
static bool is_explained(const struct snapshot *snapshot, node_id node,
                         const struct look_container *container, const uint8_t *told)
{
	uint64_t count = 0;

	if (container->is_block)
		return false;
	for (uint64_t i = snapshot->edge_start[node]; i < snapshot->edge_start[node + 1]; i++)
		count += (told[snapshot->edges[i].to] & TOLD_AS_NEW) != 0;
	return count * 2 >= container->last_length - container->first_length;
}

/* The least growth that is worth to be told. */
static uint64_t threshold(const struct looks *looks)
{
	uint64_t first = looks->figures[0].bytes;
	uint64_t last = looks->figures[looks->count - 1].bytes;
	uint64_t share = last > first ? (last - first) / GROWTH_SHARE : 0;

	return share > GROWTH_MIN ? share : GROWTH_MIN;
}

static bool find_all(const struct looks *looks, const struct snapshot *snapshot,
                     const struct reach *reach, const uint8_t *told, struct swellings *all)
{
	uint64_t least = threshold(looks);

	for (node_id node = 0; node < snapshot->node_count; node++) {
		const struct look_container *container;

		if (!reach_is_reached(reach, node) || told[node] & TOLD_AS_CONTAINER ||
		    snapshot->size[node] < GROWTH_MIN)
			continue;
		container = looks_container(looks, snapshot, node);
		if (!container || !look_container_has_grown(looks, container) ||
		    grown_bytes(container) < least || !is_steady(looks, container) ||
		    is_explained(snapshot, node, container, told))
			continue;
		if (!array_reserve(&all->list, &all->capacity, all->count + 1, sizeof(*all->list)))
			return false;
		all->list[all->count++] =
			(struct swelling){container, node, grown_bytes(container)};
	}
	return true;
}

static int compare_swellings(const void *left, const void *right)
{
	const struct swelling *a = left;
	const struct swelling *b = right;

	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? 1 : -1;
	return (a->node > b->node) - (a->node < b->node);
}

static struct error *write_swelling(const struct swelling *swelling,
                                    const struct snapshot *snapshot, const struct reach *reach,
                                    struct labels *labels, double minutes, struct suspect *suspect)
{
	const struct look_container *container = swelling->container;
	type_id type = snapshot->type[swelling->node];
	struct error *error;

	suspect->is_one_object = true;
	suspect->type = snapshot_type_name(snapshot, type);
	suspect->type_address = snapshot->types[type].address;
	suspect->objects = 1;
	suspect->own_bytes = suspect->held_bytes = swelling->bytes;
	suspect->bytes_per_minute = minutes > 0 ? (double)swelling->bytes / minutes : 0;
	error = concrete_path_make(labels, reach, swelling->node, &suspect->example);
	if (error)
		return error;
	suspect->path = concrete_path_words(&suspect->example);
	if (!suspect->path)
		return error_no_memory();
	if (container->is_block) {
		suspect->size_first = container->first_length;
		suspect->size_last = container->last_length;
		return NULL;
	}
	suspect->container_count = 1;
	suspect->container_type = suspect->type;
	suspect->container_address = snapshot->address[swelling->node];
	suspect->container_path = concrete_path_words(&suspect->example);
	suspect->length_first = container->first_length;
	suspect->length_last = container->last_length;
	return suspect->container_path ? NULL : error_no_memory();
}

struct error *swellings_find(const struct looks *looks, const struct snapshot *snapshot,
                             const struct reach *reach, const uint8_t *told, struct growth *growth)
{
	_cleanup_(cleanup_swellings) struct swellings all = {0};
	struct error *error = NULL;
	struct labels labels;

	if (!find_all(looks, snapshot, reach, told, &all))
		return error_no_memory();
	if (!all.count)
		return NULL;
	qsort(all.list, all.count, sizeof(*all.list), compare_swellings);
	labels_init(&labels, snapshot);
	for (size_t i = 0; i < all.count && !error && growth->suspect_count < GROWTH_SUSPECTS_MAX;
	     i++)
		error = write_swelling(&all.list[i], snapshot, reach, &labels, growth->minutes,
		                       &growth->suspects[growth->suspect_count++]);
	labels_deinit(&labels);
	return error;
}
