/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The environment as getenv() in the target would see it: through the C
 * variable `environ`. That is the same of a process and of its core, and it is
 * right also where the program wrote its title over the words that it was
 * started with, as many servers do.
 */
#ifndef PLUMB_RUNTIME_C_ENVIRONMENT_H
#define PLUMB_RUNTIME_C_ENVIRONMENT_H

#include "runtime/mapped_image.h"

/*
 * Tells each variable, its value cut to some thousand bytes. images are all of
 * the target. False: the C library's variable was not found.
 */
bool c_environment_visit(struct window_cache *memory, const struct mapped_image *images,
                         size_t count,
                         void (*tell)(void *context, const char *name, const char *value),
                         void *context);

#endif
