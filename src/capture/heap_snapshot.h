/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The heap of one Python as a snapshot: the walk over its memory from the
 * first pool to the last root. Knows no process: any target that a Python was
 * found in will do.
 */
#ifndef PLUMB_CAPTURE_HEAP_SNAPSHOT_H
#define PLUMB_CAPTURE_HEAP_SNAPSHOT_H

#include "capture/malloc_owners.h"
#include "capture/native_walk.h"
#include "runtime/python.h"
#include "snapshot/snapshot.h"

/* What is wanted of a walk; all zeros: sizes and counts only. */
struct heap_wish {
	bool with_edges;
	bool with_traces; /* where things were allocated, if the target records it */
	/* Whose the resident memory is becomes known too. NULL: nobody asks. */
	const struct account_wish *account;
	/* With edges: memory of C becomes nodes and roots too. NULL: it does not. */
	const struct native_wish *native;
	/* Told the fraction that is done, in the caller's thread; may be NULL. */
	void (*progress)(void *context, double fraction);
	void *progress_context;
};

/* Of the facts only the counts of threads and interpreters are filled in. */
struct error *heap_snapshot_take(struct python *python, const struct heap_wish *wish,
                                 struct snapshot **ret);

#endif
