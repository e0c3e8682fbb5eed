/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a core holds of a process's memory, in the form in which of a running one
 * what is resident is known. The kernel does not write down what was resident,
 * and memory that was never touched is a hole of the file (as are, after plumb
 * or after unpacking, all pages of zeros): so what the core holds is what has
 * bytes in the file.
 */
#ifndef PLUMB_TARGET_CORE_RESIDENT_H
#define PLUMB_TARGET_CORE_RESIDENT_H

#include "target/core_target.h"
#include "target/resident_map.h"

/* The core outlives the map, which borrows its paths. Error: ERROR_MEMORY. */
struct error *core_resident_take(const struct core_target *core, struct resident_map *ret);

#endif
