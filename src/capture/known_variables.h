/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The variables of the environment that may leave the target's memory. An
 * environment is where secrets are kept, so it is a list of what is allowed, not
 * of what is forbidden.
 */
#ifndef PLUMB_CAPTURE_KNOWN_VARIABLES_H
#define PLUMB_CAPTURE_KNOWN_VARIABLES_H

#include <stdbool.h>

/* Does it matter to memory or to Python, and can its value be no secret? */
bool known_variable(const char *name);

#endif
