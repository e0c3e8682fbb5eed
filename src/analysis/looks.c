/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The marks of the look before and the objects of this one are walked side by
 * side, both in order of addresses, so an object's birth is handed on in one
 * linear pass, and of two looks no more than one is in memory: marks are freed
 * as they are taken.
 */
#include "analysis/looks.h"

#include "analysis/address_order.h"
#include "analysis/look_containers.h"
#include "analysis/root_family.h"
#include "base/array.h"
#include "base/cleanup.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void looks_init(struct looks *looks)
{
	*looks = (struct looks){0};
	number_map_init(&looks->series_of);
	number_map_init(&looks->family_of);
}

void looks_deinit(struct looks *looks)
{
	for (size_t i = 0; i < looks->series_count; i++)
		free(looks->series[i].name);
	free(looks->series);
	look_marks_deinit(&looks->marks);
	free(looks->births);
	free(looks->containers);
	free(looks->histories);
	free(looks->families);
	number_map_deinit(&looks->series_of);
	number_map_deinit(&looks->family_of);
	looks_init(looks);
}

/* Of a type's address and name: the same from look to look. Never 0. */
static uint64_t hash_type(const struct looks *looks, uint64_t address, const char *name)
{
	return look_hash(looks->rules.by_name ? 0 : address, name);
}

static uint64_t type_hash(const struct looks *looks, const struct snapshot *snapshot, type_id type)
{
	return hash_type(looks, snapshot->types[type].address, snapshot_type_name(snapshot, type));
}

/* Series */

static struct look_series *find_series(struct looks *looks, const struct snapshot *snapshot,
                                       type_id type)
{
	uint64_t hash = type_hash(looks, snapshot, type);
	struct look_series *series;
	uint32_t index;

	if (number_map_get(&looks->series_of, hash, &index))
		return &looks->series[index];
	if (!array_reserve(&looks->series, &looks->series_capacity, looks->series_count + 1,
	                   sizeof(*looks->series)))
		return NULL;
	series = &looks->series[looks->series_count];
	*series = (struct look_series){
		.address = looks->rules.by_name ? 0 : snapshot->types[type].address,
		.name = strdup(snapshot_type_name(snapshot, type))};
	if (!series->name ||
	    !number_map_put(&looks->series_of, hash, (uint32_t)looks->series_count)) {
		free(series->name);
		return NULL;
	}
	looks->series_count++;
	return series;
}

static bool is_counted(const struct looks *looks, const struct snapshot *snapshot,
                       const struct reach *reach, node_id node)
{
	return snapshot_is_object(snapshot, node) &&
	       (looks->rules.counts_all || reach_is_reached(reach, node));
}

static bool add_series(struct looks *looks, const struct snapshot *snapshot,
                       const struct reach *reach)
{
	_cleanup_free_ struct reach_sum *sums =
		calloc(snapshot->type_count + (size_t)1, sizeof(*sums));

	if (!sums)
		return false;
	for (node_id node = 0; node < snapshot->node_count; node++) {
		if (!is_counted(looks, snapshot, reach, node))
			continue;
		sums[snapshot->type[node]].objects++;
		sums[snapshot->type[node]].bytes += snapshot_size(snapshot, node);
	}
	for (type_id type = 0; type < snapshot->type_count; type++) {
		struct look_series *series;

		if (!sums[type].objects)
			continue;
		series = find_series(looks, snapshot, type);
		if (!series)
			return false;
		series->objects[looks->count] += sums[type].objects;
		series->bytes[looks->count] += sums[type].bytes;
	}
	return true;
}

/* Marks */

/* Without the bits that no object's address has. */
static uint64_t look_address(const struct snapshot *snapshot, node_id node)
{
	return snapshot->address[node] & ~UINT64_C(7);
}

/* The hash of each type, so that it is made once. */
static uint64_t *hash_types(const struct looks *looks, const struct snapshot *snapshot)
{
	uint64_t *hashes = calloc(snapshot->type_count + (size_t)1, sizeof(*hashes));

	for (type_id type = 0; hashes && type < snapshot->type_count; type++)
		hashes[type] = type_hash(looks, snapshot, type);
	return hashes;
}

/* The series of each type; one without counted objects has none, and is not asked for. */
static uint32_t *number_types(const struct looks *looks, const struct snapshot *snapshot,
                              const uint64_t *hashes)
{
	uint32_t *numbers = calloc(snapshot->type_count + (size_t)1, sizeof(*numbers));

	for (type_id type = 0; numbers && type < snapshot->type_count; type++)
		(void)number_map_get(&looks->series_of, hashes[type], &numbers[type]);
	return numbers;
}

/* One look on its way into marks. */
struct marking {
	struct looks *looks;
	struct address_order order;
	struct look_mark old; /* of the look before, at this address or after it */
	bool has_old;
	struct look_marks marks;
};

/* Hands on the birth of the object that was there before; or an address was taken by another. */
static void inherit_birth(struct marking *marking, struct look_mark *mark)
{
	struct looks *looks = marking->looks;

	while (marking->has_old && marking->old.address < mark->address)
		marking->has_old = look_marks_take(&looks->marks, &marking->old);
	if (!marking->has_old || marking->old.address != mark->address)
		return;
	if (marking->old.type == mark->type)
		mark->birth = marking->old.birth;
	else
		looks->figures[looks->count].reused++;
}

static void cleanup_marking(struct marking *marking)
{
	address_order_deinit(&marking->order);
	look_marks_deinit(&marking->marks);
}

static bool add_marks(struct looks *looks, const struct snapshot *snapshot,
                      const struct reach *reach, const uint64_t *hashes)
{
	_cleanup_free_ uint32_t *types = number_types(looks, snapshot, hashes);
	_cleanup_(cleanup_marking) struct marking marking = {.looks = looks};
	node_id node;

	if (!types || !address_order_init(&marking.order, snapshot))
		return false;
	marking.has_old = look_marks_take(&looks->marks, &marking.old);
	while (address_order_next(&marking.order, &node)) {
		struct look_mark mark = {.address = look_address(snapshot, node),
		                         .type = types[snapshot->type[node]],
		                         .birth = (uint8_t)looks->count};

		if (!is_counted(looks, snapshot, reach, node))
			continue;
		inherit_birth(&marking, &mark);
		if (!look_marks_append(&marking.marks, &mark))
			return false;
	}
	look_marks_deinit(&looks->marks);
	looks->marks = marking.marks;
	look_marks_init(&marking.marks);
	return true;
}

struct error *looks_recall(struct looks *looks, const struct snapshot *snapshot)
{
	_cleanup_(address_order_deinit) struct address_order order = {0};
	struct look_mark mark;
	bool has_mark;
	node_id node;

	looks->births = calloc(snapshot->node_count + (size_t)1, sizeof(*looks->births));
	if (!looks->births || !address_order_init(&order, snapshot))
		return error_no_memory();
	has_mark = look_marks_take(&looks->marks, &mark);
	while (has_mark && address_order_next(&order, &node)) {
		uint64_t address = look_address(snapshot, node);

		while (has_mark && mark.address < address)
			has_mark = look_marks_take(&looks->marks, &mark);
		if (has_mark && mark.address == address)
			looks->births[node] = mark.birth;
	}
	look_marks_deinit(&looks->marks);
	return NULL;
}

/* Families of roots */

static struct look_family *find_family(struct looks *looks, const char *words)
{
	uint64_t hash = look_hash(0, words);
	uint32_t index;

	if (number_map_get(&looks->family_of, hash, &index))
		return &looks->families[index];
	index = (uint32_t)looks->family_count;
	if (!array_reserve(&looks->families, &looks->family_capacity, looks->family_count + 1,
	                   sizeof(*looks->families)) ||
	    !number_map_put(&looks->family_of, hash, index))
		return NULL;
	looks->families[looks->family_count++] = (struct look_family){0};
	return &looks->families[index];
}

static bool count_families(struct looks *looks, const struct snapshot *snapshot)
{
	bool is_done = true;
	struct text words;

	for (size_t i = 0; i < looks->family_count; i++)
		looks->families[i].last_count = 0;
	text_init(&words);
	for (size_t i = 0; i < snapshot->root_count && is_done; i++) {
		struct look_family *family;

		text_clear(&words);
		if (!root_family_text(snapshot, i, &words))
			continue;
		family = find_family(looks, text_string(&words));
		is_done = family && !words.is_broken;
		if (!is_done)
			break;
		family->first_count += looks->count == 0;
		family->last_count++;
	}
	text_deinit(&words);
	return is_done;
}

const struct look_family *looks_family(const struct looks *looks, const char *words)
{
	uint32_t index;

	if (!number_map_get(&looks->family_of, look_hash(0, words), &index))
		return NULL;
	return &looks->families[index];
}

static void fill_figures(struct look_figures *figures, const struct snapshot *snapshot,
                         const struct reach *reach)
{
	if (!reach) {
		figures->objects = snapshot->totals.objects;
		figures->bytes = snapshot->totals.bytes;
		return;
	}
	for (unsigned int tier = 0; tier < SNAP_TIER_COUNT; tier++) {
		figures->objects += reach->reached[tier].objects;
		figures->bytes += reach->reached[tier].bytes;
	}
	figures->unreached_objects = reach->unreached.objects;
	figures->unreached_bytes = reach->unreached.bytes;
}

/* The objects one by one, the containers among them, and the roots. */
static struct error *follow_objects(struct looks *looks, const struct snapshot *snapshot,
                                    const struct reach *reach, const uint64_t *hashes)
{
	if (!add_marks(looks, snapshot, reach, hashes) ||
	    !look_containers_follow(looks, snapshot, reach, hashes) ||
	    !count_families(looks, snapshot))
		return error_no_memory();
	return NULL;
}

struct error *looks_add(struct looks *looks, const struct snapshot *snapshot,
                        const struct reach *reach, const struct look_figures *figures)
{
	_cleanup_free_ uint64_t *hashes = hash_types(looks, snapshot);
	struct error *error;

	if (looks->count == LOOKS_LIMIT)
		return error_new(ERROR_USAGE, "at most %d looks are compared", (int)LOOKS_LIMIT);
	looks->figures[looks->count] = *figures;
	if (!hashes || !add_series(looks, snapshot, reach))
		return error_no_memory();
	if (!looks->rules.by_name) {
		error = follow_objects(looks, snapshot, reach, hashes);
		if (error)
			return error;
	}
	fill_figures(&looks->figures[looks->count], snapshot, reach);
	looks->count++;
	return NULL;
}

/* Marks and containers stay: they already say what the next look needs to know. */
void looks_drop_last(struct looks *looks)
{
	if (!looks->count)
		return;
	looks->count--;
	looks->figures[looks->count] = (struct look_figures){0};
	for (size_t i = 0; i < looks->series_count; i++)
		looks->series[i].objects[looks->count] = looks->series[i].bytes[looks->count] = 0;
}

/* Adds the figures of one series to those of another. */
static void merge_series(const struct looks *looks, struct look_series *into,
                         const struct look_series *from)
{
	for (unsigned int i = 0; i < looks->count; i++) {
		into->objects[i] += from->objects[i];
		into->bytes[i] += from->bytes[i];
	}
}

void looks_forget_addresses(struct looks *looks)
{
	size_t count = looks->series_count;
	bool is_put;

	looks->rules.by_name = true;
	looks->container_count = looks->series_count = 0;
	look_marks_deinit(&looks->marks);
	number_map_clear(&looks->series_of);
	for (size_t i = 0; i < count; i++) {
		struct look_series series = looks->series[i];
		uint64_t hash = hash_type(looks, 0, series.name);
		uint32_t known;

		series.address = 0;
		if (number_map_get(&looks->series_of, hash, &known)) {
			merge_series(looks, &looks->series[known], &series);
			free(series.name);
			continue;
		}
		looks->series[looks->series_count] = series;
		/* A cleared map keeps its room, and there are not more series than before. */
		is_put = number_map_put(&looks->series_of, hash, (uint32_t)looks->series_count++);
		assert(is_put);
	}
}

const struct look_series *looks_series(const struct looks *looks, const struct snapshot *snapshot,
                                       type_id type)
{
	uint32_t index;

	if (!number_map_get(&looks->series_of, type_hash(looks, snapshot, type), &index))
		return NULL;
	return &looks->series[index];
}

const struct look_container *looks_container(const struct looks *looks,
                                             const struct snapshot *snapshot, node_id node)
{
	return look_containers_find(looks, snapshot->address[node],
	                            (uint32_t)type_hash(looks, snapshot, snapshot->type[node]));
}

const uint64_t *looks_history(const struct looks *looks, const struct look_container *container)
{
	if (container->history == no_history)
		return NULL;
	return looks->histories[container->history].lengths;
}
