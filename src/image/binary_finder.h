/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file that a core's process had mapped, found on this machine, or another
 * copy of it: what counts is its build-id, not its name. A file that has the
 * name and another build-id is no help, it would answer with wrong bytes; so it
 * is refused, and named.
 *
 * Places, in this order, for /usr/lib/libx.so with the build-id abcd:
 *
 *	--sysroot ROOT   ROOT/usr/lib/libx.so
 *	                 /usr/lib/libx.so
 *	--search DIR     DIR/usr/lib/libx.so, DIR/libx.so,
 *	                 DIR/.build-id/ab/cd, DIR/.build-id/ab/cd.debug
 *	the core's       folder/libx.so
 *	                 /usr/lib/.build-id/ab/cd (Fedora), in the sysroot too
 *	DEBUGINFOD_URLS  the servers there
 */
#ifndef PLUMB_IMAGE_BINARY_FINDER_H
#define PLUMB_IMAGE_BINARY_FINDER_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where to look. All borrowed. */
struct binary_search {
	const char *sysroot;        /* NULL: none */
	const char *const *folders; /* --search */
	size_t folder_count;
	const char *beside; /* the core: its folder is looked through too */
};

struct binary_finder;

struct error *binary_finder_new(const struct binary_search *search, struct binary_finder **ret);
void binary_finder_free(struct binary_finder *finder);

static inline void cleanup_binary_finder(struct binary_finder **finder)
{
	binary_finder_free(*finder);
}

struct binary_wanted {
	const char *path;     /* as it was mapped: absolute */
	const char *build_id; /* hex; "": it has none, then all of head has to be the same */
	const uint8_t *head;  /* its first bytes, as they were in memory */
	size_t head_size;
	bool without_servers; /* it is not worth the time to ask one */
};

struct binary_found {
	int fd;        /* -1: nowhere */
	char *path;    /* where it was; "" for a server. NULL: nowhere */
	char *refused; /* "/usr/lib/libx.so has build-id 12", the first that was no help; or NULL */
};

void binary_found_deinit(struct binary_found *found);

struct error *binary_finder_find(struct binary_finder *finder, const struct binary_wanted *wanted,
                                 struct binary_found *ret);

#endif
