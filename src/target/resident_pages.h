/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which pages of a process exist: are in memory or swapped out. A heap reserves
 * much more than it uses, and reading a page that was never touched would make
 * the process pay for it.
 */
#ifndef PLUMB_TARGET_RESIDENT_PAGES_H
#define PLUMB_TARGET_RESIDENT_PAGES_H

#include "base/decode.h"
#include "base/error.h"

#include <stdbool.h>
#include <sys/types.h>

struct resident_pages {
	pid_t pid;
	int fd;            /* /proc/PID/pagemap; -1: not allowed, every page counts as existing */
	bool can_scan;     /* the kernel knows PAGEMAP_SCAN */
	uint64_t lookable; /* pages that may still be looked at one by one */
	/* Set by who wants only what the RSS counts: not what is swapped out, nor zero pages. */
	bool counts_only_resident;
};

void resident_pages_init(struct resident_pages *pages, pid_t pid);
void resident_pages_deinit(struct resident_pages *pages);

/* Takes a stretch of existing pages. An error ends the search. */
typedef struct error *resident_pages_visitor(void *context, taddr start, uint64_t size);

/*
 * Visits the existing stretches of [start, end), whole pages, in order; also
 * calls it with size 0, now and then, when there is much to look through.
 * ERROR_GONE; ERROR_UNSUPPORTED: there is too much to look through; visit's own.
 */
struct error *resident_pages_visit(struct resident_pages *pages, taddr start, taddr end,
                                   resident_pages_visitor *visit, void *context);

#endif
