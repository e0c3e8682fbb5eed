/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of /proc/PID/maps in, regions out. Pure: bytes in, facts out, so
 * that it can be fuzzed; the kernel writes the text, but the target chooses
 * the names in it.
 */
#ifndef PLUMB_TARGET_PROCESS_MAPS_H
#define PLUMB_TARGET_PROCESS_MAPS_H

#include "target/target.h"

struct process_maps {
	struct target_region *regions; /* sorted, never overlapping */
	size_t count;
	char *paths; /* what the regions' paths point into */
};

/* text need not be terminated. Error: ERROR_CORRUPT, with the line's number. */
struct error *process_maps_parse(const char *text, size_t length, struct process_maps *ret);
void process_maps_deinit(struct process_maps *maps);

static inline void cleanup_process_maps(struct process_maps *maps)
{
	process_maps_deinit(maps);
}

#endif
