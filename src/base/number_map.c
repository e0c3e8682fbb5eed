/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Growing rehashes into a table twice as large; the old one stays valid until
 * the new one is complete, so that a failed allocation loses nothing.
 */
#include "base/number_map.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void number_map_init(struct number_map *map)
{
	*map = (struct number_map){0};
}

void number_map_deinit(struct number_map *map)
{
	free(map->slots);
	number_map_init(map);
}

void number_map_clear(struct number_map *map)
{
	if (map->slots)
		memset(map->slots, 0, map->capacity * sizeof(*map->slots));
	map->count = 0;
}

/* The slot that holds key, or the empty one where it belongs. */
static struct number_map_slot *find_slot(struct number_map_slot *slots, size_t capacity,
                                         uint64_t key)
{
	size_t slot = number_map_hash(key) & (capacity - 1);

	while (slots[slot].key && slots[slot].key != key)
		slot = (slot + 1) & (capacity - 1);
	return &slots[slot];
}

static bool grow(struct number_map *map)
{
	size_t capacity = map->capacity ? map->capacity * 2 : 64;
	struct number_map_slot *slots = calloc(capacity, sizeof(*slots));

	if (!slots)
		return false;
	for (size_t i = 0; i < map->capacity; i++)
		if (map->slots[i].key)
			*find_slot(slots, capacity, map->slots[i].key) = map->slots[i];
	free(map->slots);
	map->slots = slots;
	map->capacity = capacity;
	return true;
}

bool number_map_put(struct number_map *map, uint64_t key, uint32_t value)
{
	struct number_map_slot *slot;

	assert(key);
	if ((map->count + 1) * 2 > map->capacity && !grow(map))
		return false;
	slot = find_slot(map->slots, map->capacity, key);
	if (!slot->key)
		map->count++;
	slot->key = key;
	slot->value = value;
	return true;
}
