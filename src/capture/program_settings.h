/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a target runs, as settings of a snapshot: Python and its build, which
 * malloc, distributions and modules with their versions, libraries with their
 * build-ids, the variables that matter to memory. All from the target's
 * memory but the names of distributions, which only files tell.
 */
#ifndef PLUMB_CAPTURE_PROGRAM_SETTINGS_H
#define PLUMB_CAPTURE_PROGRAM_SETTINGS_H

#include "runtime/py_types.h"
#include "snapshot/snap_settings.h"
#include "target/target_root.h"

/* root: the target's files, or NULL where there are none. ret is sealed. Errors: memory. */
struct error *program_settings_read(struct python *python, struct py_types *types,
                                    const struct target_root *root, struct snap_settings *ret);

#endif
