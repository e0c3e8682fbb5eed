/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The roots of a capture. They are visited twice: before the heap is decoded,
 * so that what only a root refers to is found, and after, to become nodes
 * (threads and running frames, which are no objects) and roots.
 */
#ifndef PLUMB_CAPTURE_ROOT_WALK_H
#define PLUMB_CAPTURE_ROOT_WALK_H

#include "capture/heap_walk.h"

struct root_walk;

/* After heap_walk_pools, whose first worker it uses. NULL: out of memory. */
struct root_walk *root_walk_new(struct heap_walk *walk);
void root_walk_free(struct root_walk *roots);

static inline void cleanup_root_walk(struct root_walk **roots)
{
	root_walk_free(*roots);
}

/* First visit: what roots refer to becomes known. */
struct error *root_walk_discover(struct root_walk *roots);

/* Second visit, after heap_walk_others: adds the roots to the snapshot. */
struct error *root_walk_record(struct root_walk *roots);

size_t root_walk_thread_count(const struct root_walk *roots);

#endif
