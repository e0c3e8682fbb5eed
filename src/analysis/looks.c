/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mark, 64 bits, sorts by address:
 *
 *   63                     20 19        4 3     0
 *   +------------------------+-----------+-------+
 *   | address / 8 (44 bits)  | type hash | birth |
 *   +------------------------+-----------+-------+
 *
 * Two sorted columns are merged look by look, so an object's birth is handed
 * on in one linear walk. Sorting is by radix, in four passes over the address.
 */
#include "analysis/looks.h"

#include "base/array.h"
#include "base/cleanup.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
	BIRTH_BITS = 4,
	TYPE_BITS = 16,
	ADDRESS_SHIFT = BIRTH_BITS + TYPE_BITS,
	DIGIT_BITS = 11,
	DIGIT_VALUES = 1 << DIGIT_BITS,
};

void looks_init(struct looks *looks)
{
	*looks = (struct looks){0};
	number_map_init(&looks->series_of);
}

void looks_deinit(struct looks *looks)
{
	for (size_t i = 0; i < looks->series_count; i++)
		free(looks->series[i].name);
	free(looks->series);
	free(looks->marks);
	free(looks->containers);
	number_map_deinit(&looks->series_of);
	looks_init(looks);
}

/* Of a type's address and name: the same from look to look. Never 0. */
static uint64_t hash_type(const struct looks *looks, uint64_t address, const char *name)
{
	uint64_t hash = (looks->rules.by_name ? 0 : address) * 0x9e3779b97f4a7c15ULL;

	for (const char *at = name; *at; at++)
		hash = (hash ^ (unsigned char)*at) * 0x100000001b3ULL;
	hash ^= hash >> 32;
	return hash ? hash : 1;
}

static uint64_t type_hash(const struct looks *looks, const struct snapshot *snapshot, type_id type)
{
	return hash_type(looks, snapshot->types[type].address, snapshot_type_name(snapshot, type));
}

static uint64_t make_mark(uint64_t address, uint64_t hash, unsigned int birth)
{
	return address >> 3 << ADDRESS_SHIFT | (hash & 0xffff) << BIRTH_BITS | birth;
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

static void sort_pass(const uint64_t *from, uint64_t *to, size_t count, unsigned int shift)
{
	size_t start[DIGIT_VALUES] = {0};
	size_t sum = 0;

	for (size_t i = 0; i < count; i++)
		start[from[i] >> shift & (DIGIT_VALUES - 1)]++;
	for (size_t i = 0; i < DIGIT_VALUES; i++) {
		size_t here = start[i];

		start[i] = sum;
		sum += here;
	}
	for (size_t i = 0; i < count; i++)
		to[start[from[i] >> shift & (DIGIT_VALUES - 1)]++] = from[i];
}

/* An even number of passes: the result is where it was. */
static bool sort_marks(uint64_t *marks, size_t count)
{
	_cleanup_free_ uint64_t *other = reallocarray(NULL, count + 1, sizeof(*other));

	if (!other)
		return false;
	for (unsigned int shift = ADDRESS_SHIFT; shift < 64; shift += 2 * DIGIT_BITS) {
		sort_pass(marks, other, count, shift);
		sort_pass(other, marks, count, shift + DIGIT_BITS);
	}
	return true;
}

/*
 * Hands the births of the last look's marks on to the same objects in marks,
 * and counts the addresses that another type has taken.
 */
static uint64_t inherit_births(const struct looks *looks, uint64_t *marks, size_t count)
{
	uint64_t reused = 0;
	size_t old = 0;

	for (size_t i = 0; i < count; i++) {
		while (old < looks->mark_count &&
		       looks->marks[old] >> ADDRESS_SHIFT < marks[i] >> ADDRESS_SHIFT)
			old++;
		if (old == looks->mark_count ||
		    looks->marks[old] >> ADDRESS_SHIFT != marks[i] >> ADDRESS_SHIFT)
			continue;
		if (looks->marks[old] >> BIRTH_BITS == marks[i] >> BIRTH_BITS)
			marks[i] = looks->marks[old];
		else
			reused++;
	}
	return reused;
}

/* The hash of each type, so that it is made once. */
static uint64_t *hash_types(const struct looks *looks, const struct snapshot *snapshot)
{
	uint64_t *hashes = calloc(snapshot->type_count + (size_t)1, sizeof(*hashes));

	for (type_id type = 0; hashes && type < snapshot->type_count; type++)
		hashes[type] = type_hash(looks, snapshot, type);
	return hashes;
}

static bool add_marks(struct looks *looks, const struct snapshot *snapshot,
                      const struct reach *reach, const uint64_t *hashes)
{
	size_t room = looks->rules.counts_all ? snapshot->node_count : reach->order_count;
	_cleanup_free_ uint64_t *marks = reallocarray(NULL, room + 1, sizeof(*marks));
	size_t count = 0;

	if (!marks)
		return false;
	for (node_id node = 0; node < snapshot->node_count; node++)
		if (is_counted(looks, snapshot, reach, node))
			marks[count++] = make_mark(snapshot->address[node],
			                           hashes[snapshot->type[node]], looks->count);
	if (!sort_marks(marks, count))
		return false;
	looks->figures[looks->count].reused = inherit_births(looks, marks, count);
	free(looks->marks);
	looks->marks = take_ptr(marks);
	looks->mark_count = count;
	return true;
}

/* Containers */

static int compare_containers(const void *left, const void *right)
{
	const struct look_container *a = left;
	const struct look_container *b = right;

	return (a->address > b->address) - (a->address < b->address);
}

/* A tuple never grows, and the dict of attributes of an object is not what leaks. */
static bool may_grow(const struct snapshot *snapshot, node_id node)
{
	return !(snapshot->flags[node] & NODE_IS_NAMESPACE) &&
	       strcmp(snapshot_type_name(snapshot, snapshot->type[node]), "tuple") != 0;
}

static bool start_containers(struct looks *looks, const struct snapshot *snapshot,
                             const struct reach *reach, const uint64_t *hashes)
{
	looks->containers =
		reallocarray(NULL, snapshot->container_count + 1, sizeof(*looks->containers));
	if (!looks->containers)
		return false;
	for (size_t i = 0; i < snapshot->container_count; i++) {
		const struct snap_container *container = &snapshot->containers[i];

		if (!is_counted(looks, snapshot, reach, container->node) ||
		    !may_grow(snapshot, container->node))
			continue;
		looks->containers[looks->container_count++] = (struct look_container){
			.address = snapshot->address[container->node],
			.type_mark = (uint32_t)hashes[snapshot->type[container->node]],
			.first_length = container->length,
			.last_length = container->length,
		};
	}
	qsort(looks->containers, looks->container_count, sizeof(*looks->containers),
	      compare_containers);
	return true;
}

static struct look_container *find_container(const struct looks *looks, uint64_t address)
{
	struct look_container key = {.address = address};

	if (!looks->container_count)
		return NULL;
	return bsearch(&key, looks->containers, looks->container_count, sizeof(key),
	               compare_containers);
}

static void follow_containers(struct looks *looks, const struct snapshot *snapshot,
                              const uint64_t *hashes)
{
	for (size_t i = 0; i < snapshot->container_count; i++) {
		const struct snap_container *now = &snapshot->containers[i];
		struct look_container *known;

		if (!may_grow(snapshot, now->node))
			continue;
		known = find_container(looks, snapshot->address[now->node]);
		if (!known || known->type_mark != (uint32_t)hashes[snapshot->type[now->node]])
			continue;
		known->has_shrunk |= now->length < known->last_length;
		if (now->length > known->last_length)
			known->growths++;
		known->last_length = now->length;
		known->last_look = (uint8_t)looks->count;
	}
}

/* What is gone, or has shrunk, will not be the answer. */
static void drop_containers(struct looks *looks)
{
	size_t kept = 0;

	for (size_t i = 0; i < looks->container_count; i++)
		if (looks->containers[i].last_look == looks->count &&
		    (looks->rules.keeps_shrunk || !looks->containers[i].has_shrunk))
			looks->containers[kept++] = looks->containers[i];
	looks->container_count = kept;
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

/* The objects one by one, and the containers among them. */
static struct error *follow_objects(struct looks *looks, const struct snapshot *snapshot,
                                    const struct reach *reach, const uint64_t *hashes)
{
	if (!add_marks(looks, snapshot, reach, hashes))
		return error_no_memory();
	if (looks->count == 0)
		return start_containers(looks, snapshot, reach, hashes) ? NULL : error_no_memory();
	follow_containers(looks, snapshot, hashes);
	drop_containers(looks);
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
	looks->mark_count = looks->container_count = looks->series_count = 0;
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

unsigned int looks_birth(const struct looks *looks, const struct snapshot *snapshot, node_id node)
{
	uint64_t address = make_mark(snapshot->address[node], 0, 0) >> ADDRESS_SHIFT;
	size_t low = 0;
	size_t high = looks->mark_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		uint64_t here = looks->marks[middle] >> ADDRESS_SHIFT;

		if (here == address)
			return looks->marks[middle] & ((1u << BIRTH_BITS) - 1);
		if (here < address)
			low = middle + 1;
		else
			high = middle;
	}
	return 0;
}

const struct look_container *looks_container(const struct looks *looks,
                                             const struct snapshot *snapshot, node_id node)
{
	const struct look_container *container = find_container(looks, snapshot->address[node]);

	if (!container ||
	    container->type_mark != (uint32_t)type_hash(looks, snapshot, snapshot->type[node]))
		return NULL;
	return container;
}
