/* SPDX-License-Identifier: Apache-2.0 */
/* What gets longer from look to look; a part of looks.c, and used by it alone. */
#ifndef PLUMB_ANALYSIS_LOOK_CONTAINERS_H
#define PLUMB_ANALYSIS_LOOK_CONTAINERS_H

#include "analysis/looks.h"

/* Never 0, and the same from look to look. */
static inline uint64_t look_hash(uint64_t number, const char *words)
{
	uint64_t hash = number * 0x9e3779b97f4a7c15ULL;

	for (; *words; words++)
		hash = (hash ^ (unsigned char)*words) * 0x100000001b3ULL;
	hash ^= hash >> 32;
	return hash ? hash : 1;
}

/*
 * Takes the lengths of the present look, which is number looks->count. hashes:
 * one for each type of the snapshot; reach as in looks_add. False: memory ran out.
 */
bool look_containers_follow(struct looks *looks, const struct snapshot *snapshot,
                            const struct reach *reach, const uint64_t *hashes);

/* NULL: it was not there at the first look, or has shrunk since. */
const struct look_container *look_containers_find(const struct looks *looks, uint64_t address,
                                                  uint32_t type_mark);

#endif
