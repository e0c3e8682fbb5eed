/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Python calls the system's threads: "thread 4242 (MainThread)". Python's
 * name of a thread has the system's number in it: that is how they meet.
 */
#ifndef PLUMB_CAPTURE_THREAD_NAMES_H
#define PLUMB_CAPTURE_THREAD_NAMES_H

#include "base/number_map.h"
#include "runtime/py_threads.h"

enum { THREAD_NAME_MAX = 256 };

struct thread_names {
	char **all;
	size_t count;
	size_t capacity;
	struct number_map by_id; /* the system's number -> index of all */
};

/* Reads those of all interpreters. False: memory ran out. */
bool thread_names_read(struct thread_names *names, struct python *python, struct py_types *types);
void thread_names_deinit(struct thread_names *names);

static inline void cleanup_thread_names(struct thread_names *names)
{
	thread_names_deinit(names);
}

/* The name of the thread that has this number; one that Python does not know: "thread 4242". */
void thread_names_tell(const struct thread_names *names, int32_t id, char *buffer, size_t size);

#endif
