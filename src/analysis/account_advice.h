/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What might give kept memory back, and how much of it at most: only what the
 * figures of this process speak for.
 */
#ifndef PLUMB_ANALYSIS_ACCOUNT_ADVICE_H
#define PLUMB_ANALYSIS_ACCOUNT_ADVICE_H

#include "analysis/account.h"

enum advice_kind {
	ADVICE_TRIM,           /* malloc_trim(0) */
	ADVICE_ARENA_MAX,      /* MALLOC_ARENA_MAX=1: no arenas of threads */
	ADVICE_TRIM_THRESHOLD, /* MALLOC_TRIM_THRESHOLD_=131072: the end of arenas goes back */
	ADVICE_MMAP_THRESHOLD, /* MALLOC_MMAP_THRESHOLD_=131072: large blocks leave no holes */
	ADVICE_OTHER_MALLOC,   /* jemalloc, tcmalloc or mimalloc in the place of glibc's */
	ADVICE_PYTHON_MALLOC,  /* PYTHONMALLOC=malloc: no arenas of pymalloc */
	ADVICE_COUNT
};

enum { ADVICE_THRESHOLD = 128 << 10 }; /* what both thresholds begin with, in bytes */

struct advice {
	enum advice_kind kind;
	uint64_t bytes; /* that it gives back; at most, but for ADVICE_TRIM */
};

/* Returns how many there are: malloc_trim first, then the largest. */
size_t account_advise(const struct snap_account *of, const struct account *account,
                      struct advice ret[ADVICE_COUNT]);

#endif
