/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The private, writable memory of a stopped process, copied. What the process
 * cannot change behind our back (code, constants) is not copied and is read
 * from the live process later.
 */
#ifndef PLUMB_TARGET_MEMORY_COPY_H
#define PLUMB_TARGET_MEMORY_COPY_H

#include "target/resident_pages.h"
#include "target/target.h"

struct memory_copy;

/*
 * Makes room for the copy and touches it, so that copying meets no page
 * fault. To be called before the process is stopped. ERROR_MEMORY when this
 * machine has not got that much free.
 */
struct error *memory_copy_new(pid_t pid, struct memory_copy **ret);
void memory_copy_free(struct memory_copy *copy);

static inline void cleanup_memory_copy(struct memory_copy **copy)
{
	memory_copy_free(*copy);
}

/*
 * Copies what live (a live target of the process, now stopped) holds.
 * keep is called every so often; its error ends the copying.
 */
struct error *memory_copy_fill(struct memory_copy *copy, pid_t pid, struct target *live,
                               struct error *(*keep)(void *context), void *context);

/* Is the region one whose pages are copied? */
bool memory_copy_holds(const struct target_region *region);

/* Visits what was copied of [start, end), in order. */
struct error *memory_copy_visit(const struct memory_copy *copy, taddr start, taddr end,
                                resident_pages_visitor *visit, void *context);

/* Takes copy and live, also when it fails. */
struct error *memory_copy_finish(struct memory_copy *copy, struct target *live,
                                 struct target **ret);

#endif
