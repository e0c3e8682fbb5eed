/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does a thread stand inside glibc's malloc? Then an arena is between two
 * states, and what is read of it may contradict itself. The main arena is found
 * while the process runs; asked is the ring of arenas as it is when the process
 * is stopped, by two words of each.
 *
 * A program that has never had a second thread takes no lock, and cannot be
 * asked: what is torn is counted all the same.
 */
#ifndef PLUMB_CAPTURE_MALLOC_LOCKS_H
#define PLUMB_CAPTURE_MALLOC_LOCKS_H

#include "target/window_cache.h"

struct malloc_locks {
	taddr main_arena; /* its first word is its lock; 0: there is none */
	uint32_t next;    /* where in an arena the address of the next one is */
};

/* Without glibc there are none. */
struct error *malloc_locks_find(struct window_cache *memory, struct malloc_locks *ret);

bool malloc_locks_are_held(const struct malloc_locks *locks, struct window_cache *memory);

#endif
