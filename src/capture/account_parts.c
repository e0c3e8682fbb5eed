/* SPDX-License-Identifier: Apache-2.0 */
/* Types of one name become one part: an owner names a thing once. */
#include "capture/account_parts.h"

#include "base/array.h"
#include "base/cleanup.h"

#include <stdlib.h>
#include <string.h>

enum { OWNERS = 64 }; /* more than there are: owner and name make one number */

_Static_assert((int)SNAP_PART_PINS < (int)OWNERS - 1, "every owner has its number");

void account_parts_init(struct account_parts *parts)
{
	*parts = (struct account_parts){0};
	number_map_init(&parts->places);
}

void account_parts_deinit(struct account_parts *parts)
{
	number_map_deinit(&parts->places);
	free(parts->all);
	free(parts->types);
	account_parts_init(parts);
}

static struct snap_part *part_of(struct account_parts *parts, unsigned int owner, str_id name)
{
	uint64_t key = (uint64_t)name * OWNERS + owner + 1;
	uint32_t place;

	if (number_map_get(&parts->places, key, &place))
		return &parts->all[place];
	if (!array_reserve(&parts->all, &parts->capacity, parts->count + 1, sizeof(*parts->all)) ||
	    !number_map_put(&parts->places, key, (uint32_t)parts->count))
		return NULL;
	parts->all[parts->count] = (struct snap_part){.owner = owner, .name = name};
	return &parts->all[parts->count++];
}

void account_parts_add(struct account_parts *parts, unsigned int owner, str_id name, uint64_t count,
                       uint64_t bytes)
{
	struct snap_part *part;

	if (!bytes)
		return;
	part = part_of(parts, owner, name);
	if (!part) {
		parts->is_broken = true;
		return;
	}
	part->count += count;
	part->bytes += bytes;
}

struct type_parts *account_parts_type(struct account_parts *parts, type_id type)
{
	size_t known = parts->type_capacity;

	if (type < known)
		return &parts->types[type];
	if (!array_reserve(&parts->types, &parts->type_capacity, (size_t)type + 1,
	                   sizeof(*parts->types))) {
		parts->is_broken = true;
		return &parts->nobody;
	}
	memset(parts->types + known, 0, (parts->type_capacity - known) * sizeof(*parts->types));
	return &parts->types[type];
}

void account_parts_add_types(struct account_parts *parts, const struct account_parts *other)
{
	for (size_t type = 0; type < other->type_capacity; type++) {
		const struct type_parts *more = &other->types[type];
		struct type_parts *sums = account_parts_type(parts, (type_id)type);

		sums->objects += more->objects;
		sums->buffers += more->buffers;
		sums->pins += more->pins;
		sums->pinned += more->pinned;
	}
	parts->is_broken |= other->is_broken;
}

struct error *account_parts_seal(struct account_parts *parts, const struct snapshot *snapshot,
                                 struct snap_part **ret, size_t *ret_count)
{
	for (type_id type = 0; type < parts->type_capacity && type < snapshot->type_count; type++) {
		const struct type_parts *sums = &parts->types[type];
		str_id name = snapshot->types[type].name;

		account_parts_add(parts, SNAP_OWNER_OBJECTS, name, 0, sums->objects);
		account_parts_add(parts, SNAP_OWNER_BUFFERS, name, 0, sums->buffers);
		account_parts_add(parts, SNAP_PART_PINS, name, sums->pins, sums->pinned);
	}
	if (parts->is_broken)
		return error_no_memory();
	*ret_count = parts->count;
	*ret = take_ptr(parts->all);
	account_parts_deinit(parts);
	return NULL;
}
