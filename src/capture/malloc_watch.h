/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is glibc's malloc at rest, or does a thread stand inside of it? Then an arena
 * is between two states, and what is read of it may contradict itself. The main
 * arena is found while the process runs; asked is the ring of arenas as it is
 * when the process is stopped, by two words of each, and the main arena for its
 * top chunk: a program that never had a second thread takes no lock.
 */
#ifndef PLUMB_CAPTURE_MALLOC_WATCH_H
#define PLUMB_CAPTURE_MALLOC_WATCH_H

#include "runtime/glibc_layout.h"
#include "target/window_cache.h"

struct malloc_watch {
	const struct glibc_layout *layout;
	taddr main_arena; /* 0: there is none, and nothing to be asked */
};

/*
 * Without glibc there is nothing to watch. The process runs: one that is busy
 * is looked at again, for a quarter of a second at most.
 */
struct error *malloc_watch_find(struct window_cache *memory, struct malloc_watch *ret);

bool malloc_is_at_rest(const struct malloc_watch *watch, struct window_cache *memory);

#endif
