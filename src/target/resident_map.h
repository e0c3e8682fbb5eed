/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a process was resident at one moment: the kernel's figure for each
 * mapping, and which pages of the anonymous private ones. To be taken while
 * the process is stopped; both are of the same moment then.
 *
 * Only pages that count to the RSS: none that is swapped out, and from Linux
 * 6.7 on not the page of zeros that stands for memory that was read but never
 * written. Before, such pages are among the runs, which then may cover more
 * than the mapping's resident bytes.
 */
#ifndef PLUMB_TARGET_RESIDENT_MAP_H
#define PLUMB_TARGET_RESIDENT_MAP_H

#include "target/process_smaps.h"

struct resident_run { /* pages one after another, of one region */
	taddr start;
	taddr end;
	size_t region; /* index of smaps.maps.regions */
};

struct resident_map {
	struct process_smaps smaps;
	uint64_t page_tables;      /* bytes (VmPTE), which no RSS counts; 0: not known */
	struct resident_run *runs; /* ascending, never overlapping */
	size_t run_count;
	size_t run_capacity;
};

/* Errors: ERROR_GONE, ERROR_PERMISSION, ERROR_CORRUPT, ERROR_MEMORY. */
struct error *resident_map_take(pid_t pid, struct resident_map *ret);
void resident_map_deinit(struct resident_map *map);

static inline void cleanup_resident_map(struct resident_map *map)
{
	resident_map_deinit(map);
}

/* Are its pages among the runs? Of other mappings only the figure is known. */
static inline bool resident_map_has_pages(const struct target_region *region)
{
	return !region->is_shared && !region->inode;
}

/* The first run that ends behind address; run_count: none does. Logarithmic. */
size_t resident_map_run(const struct resident_map *map, taddr address);

#endif
