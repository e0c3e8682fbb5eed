/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does a thread stand inside glibc's malloc? Then an arena is between two
 * states, and what is read of it may contradict itself. Found while the process
 * runs; asked while it is stopped, by one word for each arena.
 *
 * A program that has never had a second thread takes no lock, and cannot be
 * asked: what is torn is counted all the same.
 */
#ifndef PLUMB_CAPTURE_MALLOC_LOCKS_H
#define PLUMB_CAPTURE_MALLOC_LOCKS_H

#include "target/window_cache.h"

struct malloc_locks {
	taddr *arenas; /* of which the first word is the lock */
	size_t count;
};

/* Without glibc there are none. */
struct error *malloc_locks_find(struct window_cache *memory, struct malloc_locks *ret);
void malloc_locks_deinit(struct malloc_locks *locks);

bool malloc_locks_are_held(const struct malloc_locks *locks, struct window_cache *memory);

#endif
