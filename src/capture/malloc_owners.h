/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose the memory outside of pymalloc is: the chunks of glibc's malloc, the
 * data of modules, the stacks of threads, files and what is shared. After all
 * blocks of objects are noted.
 */
#ifndef PLUMB_CAPTURE_MALLOC_OWNERS_H
#define PLUMB_CAPTURE_MALLOC_OWNERS_H

#include "capture/resident_owners.h"
#include "target/thread_registers.h"
#include "target/window_cache.h"

struct error *malloc_owners_add(struct window_cache *memory, struct resident_owners *owners,
                                const struct thread_registers *threads, size_t thread_count);

#endif
