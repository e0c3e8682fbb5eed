/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose the resident memory of the process was, in bytes: what capture could
 * tell of each page, or part of one. Neutral like the graph; a part of memory
 * has one owner, so the owners never have more than the whole, and what is
 * missing to it nobody could be found for.
 */
#ifndef PLUMB_SNAPSHOT_SNAP_ACCOUNT_H
#define PLUMB_SNAPSHOT_SNAP_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

enum snap_owner {
	SNAP_OWNER_OBJECTS,     /* blocks that hold live objects, whoever gave them */
	SNAP_OWNER_BUFFERS,     /* blocks that belong to one live object */
	SNAP_OWNER_POOL_OTHER,  /* blocks of the runtime's pools in use, of no live object */
	SNAP_OWNER_POOL_BLOCKS, /* free blocks of pools that have others in use */
	SNAP_OWNER_POOL_FREE,   /* free pools, in arenas that have others in use */
	SNAP_OWNER_POOL_HEADS,  /* the pools' own headers, and what is left at their ends */
	SNAP_OWNER_NATIVE,      /* blocks of the C library's malloc in use, of no live object */
	SNAP_OWNER_MALLOC_OWN,  /* what that malloc keeps for itself */
	SNAP_OWNER_MAIN_TOP,    /* free at the end of its main arena */
	SNAP_OWNER_MAIN_BINS,   /* free between blocks in use */
	SNAP_OWNER_MAIN_CACHES, /* freed, but kept for the next request of a thread */
	SNAP_OWNER_THREAD_TOP,  /* the same of the arenas of threads */
	SNAP_OWNER_THREAD_BINS,
	SNAP_OWNER_THREAD_CACHES,
	SNAP_OWNER_OTHER_MALLOC, /* of another malloc, as a whole: what no object has of it */
	SNAP_OWNER_FILES,        /* mapped files, with the zeroed data that goes on behind them */
	SNAP_OWNER_STACKS,       /* of threads, and of what the runtime calls in them */
	SNAP_OWNER_SHARED,       /* memory shared with other processes, of no file */
	SNAP_OWNER_COUNT
};

enum { SNAP_MALLOC_NAME = 64 };

/* What is known of the C library's malloc. */
struct snap_malloc {
	uint64_t trimmable;      /* bytes: what malloc_trim(0) would give back */
	uint64_t torn;           /* bytes that contradict themselves: nobody's */
	uint64_t contradictions; /* count of what contradicted itself in its lists */
	bool is_missing;         /* glibc is there, and its malloc was not found */
	/* What serves in its place: "jemalloc (libjemalloc.so.2)"; "": nothing does. */
	char other[SNAP_MALLOC_NAME];
};

struct snap_account {
	bool is_known;
	uint64_t resident;    /* what the kernel counts; at least the sum of the owners */
	uint64_t page_tables; /* of the kernel for the process, in no RSS; 0: not known */
	uint64_t owned[SNAP_OWNER_COUNT];
	struct snap_malloc malloc;
};

#endif
