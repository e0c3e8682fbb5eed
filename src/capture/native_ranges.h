/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What native_walk.h has to know of a process's memory before it searches it:
 * malloc, the modules, what is known better, and what each range that is left
 * (runtime/native_roots.h) is called:
 *
 *	stack of thread 4242 (MainThread)
 *	libssl.so.3 data
 *	anonymous memory
 */
#ifndef PLUMB_CAPTURE_NATIVE_RANGES_H
#define PLUMB_CAPTURE_NATIVE_RANGES_H

#include "capture/native_walk.h"
#include "capture/thread_names.h"

enum { NATIVE_NAME_MAX = 320 };

struct native_ranges {
	struct python *python; /* borrowed */
	struct mapped_image *images;
	size_t image_count;
	struct glibc_malloc glibc;
	struct mapped_range *known; /* no roots: pymalloc's, Python's frames, malloc's mappings */
	size_t known_count;
	size_t known_capacity;
	struct native_range *all; /* once they were found */
	size_t count;
	size_t capacity;
	size_t torn_count; /* so many at the beginning of `all` are malloc's own */
	struct thread_names names;
};

/* Finds malloc. ERROR_NOT_FOUND: there is no glibc. */
struct error *native_ranges_init(struct native_ranges *ranges, struct python *python);
void native_ranges_deinit(struct native_ranges *ranges);

/* [start, end) is no root. False: memory ran out. */
bool native_ranges_add_known(struct native_ranges *ranges, taddr start, taddr end);

/* [start, end) is malloc's, and nobody knows its chunks: a root. False: memory ran out. */
bool native_ranges_add_torn(struct native_ranges *ranges, taddr start, taddr end);

/* Fills in `all`, and the names of threads. */
struct error *native_ranges_find(struct native_ranges *ranges, struct heap_walk *walk,
                                 const struct native_wish *wish);

/* "stack of thread 4242 (MainThread)", with what for "stack". */
void native_ranges_thread_name(const struct native_ranges *ranges, const char *what,
                               const struct native_thread *thread, char *buffer, size_t size);

void native_ranges_name(const struct native_ranges *ranges, const struct native_wish *wish,
                        const struct native_range *range, char *buffer, size_t size);

#endif
