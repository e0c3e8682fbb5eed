/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose the memory is that Python takes from the system itself: pymalloc's,
 * block by block, in use or free, what pymalloc takes for itself; and the
 * stacks of Python frames. After the walk, which knows the blocks of objects.
 */
#ifndef PLUMB_CAPTURE_POOL_OWNERS_H
#define PLUMB_CAPTURE_POOL_OWNERS_H

#include "capture/heap_walk.h"
#include "capture/resident_owners.h"

struct error *pool_owners_add(struct heap_walk *walk, struct resident_owners *owners);

#endif
