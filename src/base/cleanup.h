/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ownership of locals. A local that owns something says so with _cleanup_(f):
 * f(&local) runs on every way out of its scope. To hand the thing over,
 * return take_ptr(local), which empties the local so that nothing is freed.
 *
 * Only the few lower-case macros that C cannot express as functions live here.
 */
#ifndef PLUMB_BASE_CLEANUP_H
#define PLUMB_BASE_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(function) __attribute__((cleanup(function)))

/* The value of pointer p, which becomes NULL: ownership moves to the caller. */
#define take_ptr(p)                                                                                \
	__extension__({                                                                            \
		__auto_type taken_ = (p);                                                          \
		(p) = NULL;                                                                        \
		taken_;                                                                            \
	})

/* The same for a file descriptor, which becomes -1. */
static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static inline void cleanup_free(void *pointer)
{
	free(*(void **)pointer);
}

static inline void cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define _cleanup_free_ _cleanup_(cleanup_free)
#define _cleanup_close_ _cleanup_(cleanup_close)

#endif
