/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which types grow: first by their counts, then by the births of the objects
 * that are still there. The suspects are made of the new objects of these
 * types in suspects.c.
 */
#include "analysis/growth.h"

#include "analysis/suspects.h"
#include "analysis/swellings.h"
#include "base/cleanup.h"

#include <stdlib.h>

bool growth_is_at_every_step(const uint64_t *values, unsigned int count)
{
	for (unsigned int i = 1; i < count; i++)
		if (values[i] <= values[i - 1])
			return false;
	return true;
}

/*
 * Is it more in the end than at first, without dying away: the second half of
 * the looks brings at least 30 % of the growth, the last step at least a quarter
 * of the average step?
 */
static bool goes_on(const uint64_t *values, unsigned int count)
{
	int64_t total = (int64_t)(values[count - 1] - values[0]);
	int64_t late = (int64_t)(values[count - 1] - values[count / 2]);
	int64_t last = (int64_t)(values[count - 1] - values[count - 2]);

	if (count % 2 == 0)
		late += (int64_t)(values[count / 2] - values[count / 2 - 1]) / 2;
	return total > 0 && late * 10 >= total * 3 && last * 4 * (count - 1) >= total;
}

bool growth_is_steady(const uint64_t *values, unsigned int count)
{
	return count >= 3 && growth_is_at_every_step(values, count) && goes_on(values, count);
}

/* No step down is more than a tenth of the growth. */
bool growth_is_lasting(const uint64_t *values, unsigned int count)
{
	if (count < 3 || !goes_on(values, count))
		return false;
	for (unsigned int i = 1; i < count; i++)
		if (values[i] < values[i - 1] &&
		    (values[i - 1] - values[i]) * 10 > values[count - 1] - values[0])
			return false;
	return true;
}

/*
 * births[i]: objects of look i that are still there at the last. Of every
 * interval but the last (whose objects may be on their way out) a fair part
 * must have stayed, and what stayed must be growth, not exchange.
 */
static bool has_stayed(const uint64_t *births, const uint64_t *objects, unsigned int count)
{
	uint64_t grown = objects[count - 1] - objects[0];
	uint64_t born = 0;

	for (unsigned int i = 1; i < count; i++)
		born += births[i];
	for (unsigned int i = 1; i + 1 < count; i++)
		if (births[i] == 0 || births[i] * 10 * (count - 1) < born)
			return false;
	return grown * 2 >= born;
}

/* Marks the types whose counts and bytes grow steadily. False: there is none. */
static bool mark_by_counts(const struct looks *looks, const struct snapshot *snapshot,
                           uint8_t *is_growing)
{
	bool any = false;

	for (type_id type = 0; type < snapshot->type_count; type++) {
		const struct look_series *series = looks_series(looks, snapshot, type);

		is_growing[type] = series && growth_is_steady(series->objects, looks->count) &&
		                   growth_is_steady(series->bytes, looks->count);
		any |= is_growing[type];
	}
	return any;
}

typedef uint64_t birth_row[LOOKS_LIMIT];

static struct error *mark_by_births(const struct looks *looks, const struct snapshot *snapshot,
                                    const struct reach *reach, uint8_t *is_growing,
                                    uint8_t *ret_births)
{
	_cleanup_free_ birth_row *births =
		calloc(snapshot->type_count + (size_t)1, sizeof(*births));

	if (!births)
		return error_no_memory();
	for (node_id i = 0; i < reach->order_count; i++) {
		node_id node = reach->order[i];
		type_id type = snapshot->type[node];

		if (!is_growing[type] || !snapshot_is_object(snapshot, node))
			continue;
		ret_births[node] = (uint8_t)looks_birth(looks, node);
		births[type][ret_births[node]]++;
	}
	for (type_id type = 0; type < snapshot->type_count; type++)
		if (is_growing[type])
			is_growing[type] = has_stayed(births[type],
			                              looks_series(looks, snapshot, type)->objects,
			                              looks->count);
	return NULL;
}

static uint64_t grown_bytes(const struct look_series *series, unsigned int count)
{
	return series->bytes[count - 1] - series->bytes[0];
}

struct sorted_type {
	struct growth_type type;
	uint64_t bytes;
};

static int compare_types(const void *left, const void *right)
{
	const struct sorted_type *a = left;
	const struct sorted_type *b = right;

	return (a->bytes < b->bytes) - (a->bytes > b->bytes);
}

static struct error *list_types(struct growth *growth, const struct looks *looks,
                                const struct snapshot *snapshot, const uint8_t *is_growing)
{
	_cleanup_free_ struct sorted_type *sorted =
		calloc(snapshot->type_count + (size_t)1, sizeof(*sorted));
	size_t count = 0;

	growth->types = calloc(snapshot->type_count + (size_t)1, sizeof(*growth->types));
	if (!sorted || !growth->types)
		return error_no_memory();
	for (type_id type = 0; type < snapshot->type_count; type++) {
		const struct look_series *series = looks_series(looks, snapshot, type);

		if (!is_growing[type])
			continue;
		sorted[count].type = (struct growth_type){series->name, series};
		sorted[count++].bytes = grown_bytes(series, looks->count);
	}
	qsort(sorted, count, sizeof(*sorted), compare_types);
	for (size_t i = 0; i < count; i++)
		growth->types[i] = sorted[i].type;
	growth->type_count = count;
	return NULL;
}

static int compare_suspects(const void *left, const void *right)
{
	const struct suspect *a = left;
	const struct suspect *b = right;

	return (a->held_bytes < b->held_bytes) - (a->held_bytes > b->held_bytes);
}

/* What is handed from step to step of one search. */
struct finding {
	struct looks *looks;
	const struct snapshot *snapshot;
	struct reach *reach;
	uint8_t *is_growing; /* of each type */
	uint8_t *births;     /* of each node */
	uint8_t *told;
};

static void cleanup_finding(struct finding *finding)
{
	reach_free(finding->reach);
	free(finding->is_growing);
	free(finding->births);
	free(finding->told);
}

/* Types grow in counts: which of them by what stays, and what holds that? */
static struct error *find_in_types(struct finding *finding, struct growth *growth)
{
	const struct snapshot *snapshot = finding->snapshot;
	struct error *error;

	reach_free(take_ptr(finding->reach));
	error = reach_make(snapshot, &finding->reach);
	if (!error)
		error = looks_recall(finding->looks, snapshot);
	if (!error)
		error = mark_by_births(finding->looks, snapshot, finding->reach,
		                       finding->is_growing, finding->births);
	if (!error)
		error = list_types(growth, finding->looks, snapshot, finding->is_growing);
	if (error || !growth->type_count)
		return error;
	return suspects_find(finding->looks, snapshot, finding->reach, finding->is_growing,
	                     finding->births, finding->told, growth);
}

struct error *growth_find(struct looks *looks, const struct snapshot *snapshot, struct reach *reach,
                          struct growth **ret)
{
	_cleanup_(cleanup_growth) struct growth *growth = calloc(1, sizeof(*growth));
	_cleanup_(cleanup_finding) struct finding finding = {
		.looks = looks,
		.snapshot = snapshot,
		.reach = reach,
		.is_growing = calloc(snapshot->type_count + (size_t)1, 1),
		.births = calloc(snapshot->node_count + (size_t)1, 1),
		.told = calloc(snapshot->node_count + (size_t)1, 1),
	};
	struct error *error = NULL;

	if (!growth || !finding.is_growing || !finding.births || !finding.told)
		return error_no_memory();
	growth->minutes = looks->figures[looks->count - 1].seconds / 60;
	growth->suspects = calloc(GROWTH_SUSPECTS_MAX, sizeof(*growth->suspects));
	if (!growth->suspects)
		return error_no_memory();
	if (mark_by_counts(looks, snapshot, finding.is_growing))
		error = find_in_types(&finding, growth);
	if (!error)
		error = swellings_find(looks, snapshot, finding.reach, finding.told, growth);
	if (error)
		return error;
	qsort(growth->suspects, growth->suspect_count, sizeof(*growth->suspects), compare_suspects);
	*ret = take_ptr(growth);
	return NULL;
}

void growth_free(struct growth *growth)
{
	if (!growth)
		return;
	for (size_t i = 0; i < growth->suspect_count; i++) {
		free(growth->suspects[i].path);
		free(growth->suspects[i].container_path);
		concrete_path_deinit(&growth->suspects[i].example);
	}
	free(growth->suspects);
	free(growth->types);
	free(growth);
}
