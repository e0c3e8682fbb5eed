/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How full pymalloc's memory is, and which objects keep it from being given
 * back: pymalloc returns an arena when its last block is freed, not before, so
 * one object of 32 bytes holds a megabyte (Objects/obmalloc.c, arena_free).
 */
#ifndef PLUMB_CAPTURE_POOL_SHAPE_H
#define PLUMB_CAPTURE_POOL_SHAPE_H

#include "capture/heap_walk.h"
#include "capture/resident_owners.h"

/* Counts an arena. True: it is sparse, see SNAP_SPARSE_SHARE. */
bool pool_shape_add_arena(const struct heap_walk *walk, struct resident_owners *owners,
                          const struct pymalloc_arena *arena);

/* Counts the blocks of a pool that has some in use, by their size. */
void pool_shape_add(const struct heap_walk *walk, struct resident_owners *owners,
                    const struct indexed_pool *indexed, const struct pymalloc_pool *pool);

/* Counts the objects of a pool by their types, and once more if its arena is sparse. */
void pool_shape_add_objects(const struct heap_walk *walk, struct resident_owners *owners,
                            const struct indexed_pool *indexed, bool is_sparse);

#endif
