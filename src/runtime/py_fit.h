/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What moved inside a minor version, corrected from the structs themselves:
 * the lists of the collector, the state of pymalloc, the static types.
 */
#ifndef PLUMB_RUNTIME_PY_FIT_H
#define PLUMB_RUNTIME_PY_FIT_H

#include "runtime/python.h"

/*
 * Corrects python->layout by what lies in the interpreter at main, and sets
 * has_incremental_gc. What is not recognised stays as the table says.
 */
void py_layout_fit(struct python *python, taddr main);

/* The state of the collector that belongs to an interpreter. */
taddr py_gc_state(const struct python *python, taddr interpreter);

/* Is there a struct _obmalloc_state (3.12+) at address? */
bool py_obmalloc_state_is_sound(struct window_cache *memory, taddr address);

#endif
