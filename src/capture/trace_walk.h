/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where objects were allocated: what tracemalloc of the target knows, for the
 * nodes of a finished walk. Where the target does not trace, nothing is added.
 */
#ifndef PLUMB_CAPTURE_TRACE_WALK_H
#define PLUMB_CAPTURE_TRACE_WALK_H

#include "capture/heap_walk.h"

/* After the last node, and after the first worker knows all types. */
struct error *trace_walk(struct heap_walk *walk);

#endif
