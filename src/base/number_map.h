/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A map from 64-bit numbers (addresses, hashes) to 32-bit ones (ids): open
 * addressing with linear probing, at most half full. Keys may be anything but
 * 0, which marks an empty slot. Nothing is ever removed. 16 bytes a slot.
 */
#ifndef PLUMB_BASE_NUMBER_MAP_H
#define PLUMB_BASE_NUMBER_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct number_map_slot {
	uint64_t key;
	uint32_t value;
};

struct number_map {
	struct number_map_slot *slots; /* capacity of them, a power of two, or NULL */
	size_t capacity;
	size_t count;
};

void number_map_init(struct number_map *map);
void number_map_deinit(struct number_map *map);
void number_map_clear(struct number_map *map);

/* Sets key to value, replacing an older one. False: out of memory, map unchanged. */
bool number_map_put(struct number_map *map, uint64_t key, uint32_t value);

/* The bits of a key, spread so that neighbouring addresses do not collide. */
static inline uint64_t number_map_hash(uint64_t key)
{
	key *= 0x9e3779b97f4a7c15ULL;
	return key ^ (key >> 32);
}

/* Finds key; *ret_value is written only when it is there. */
static inline bool number_map_get(const struct number_map *map, uint64_t key, uint32_t *ret_value)
{
	size_t mask = map->capacity - 1;
	size_t slot;

	if (!map->capacity || !key)
		return false;
	for (slot = number_map_hash(key) & mask; map->slots[slot].key; slot = (slot + 1) & mask) {
		if (map->slots[slot].key == key) {
			*ret_value = map->slots[slot].value;
			return true;
		}
	}
	return false;
}

#endif
