/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The heap of one Python as a snapshot: the walk over its memory from the
 * first pool to the last root. Knows no process: any target that a Python was
 * found in will do.
 */
#ifndef PLUMB_CAPTURE_HEAP_SNAPSHOT_H
#define PLUMB_CAPTURE_HEAP_SNAPSHOT_H

#include "capture/resident_owners.h"
#include "runtime/python.h"
#include "snapshot/snapshot.h"

/*
 * with_edges: false for sizes and counts only. with_traces: where things were
 * allocated, if the target records it. progress may be NULL; it is
 * told the fraction that is done, in the caller's thread. Of the facts only the
 * counts of threads and interpreters are filled in.
 */
struct error *heap_snapshot_take(struct python *python, bool with_edges, bool with_traces,
                                 void (*progress)(void *context, double fraction), void *context,
                                 struct snapshot **ret);

/*
 * The same without references, and owners learn what of pymalloc's memory is
 * whose, and which blocks outside of it are objects'.
 */
struct error *heap_snapshot_measure(struct python *python, struct resident_owners *owners,
                                    void (*progress)(void *context, double fraction), void *context,
                                    struct snapshot **ret);

#endif
