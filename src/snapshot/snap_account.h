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
#include <stddef.h>
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
	SNAP_OWNER_GPU,          /* of a graphics device */
	SNAP_OWNER_COUNT
};

enum {
	SNAP_MALLOC_NAME = 64,
	SNAP_POOL_UNIT = 16,    /* sizes of blocks in pools are multiples of it, */
	SNAP_POOL_CLASSES = 33, /* and are numbered by it: 1 to 32 */
	SNAP_SPARSE_SHARE = 10, /* a sparse arena has less than a 10th in use */
	SNAP_HOLE_CLASSES = 48, /* by powers of two: 2^n up to twice that, without the last byte */
	SNAP_SMALL_BLOCK = 512, /* bytes: pymalloc would have had it */
	SNAP_PAGE = 4096,
};

/* Besides an owner, what a part may belong to. */
enum {
	SNAP_PART_NOBODY = SNAP_OWNER_COUNT, /* what nobody was found for */
	SNAP_PART_PINS, /* types of the objects in sparse arenas of the runtime's pools */
};

/*
 * A part of what an owner has, by name: objects of a type, a file, a thread.
 * Those of one owner never name a thing twice, but may be less than all it has.
 */
struct snap_part {
	uint32_t owner; /* enum snap_owner, or SNAP_PART_* */
	uint32_t name;  /* a string of the snapshot */
	uint64_t count; /* of pins: the objects */
	uint64_t bytes;
};

/* How many bytes of a native block are not resident. */
struct snap_absent {
	uint32_t node;
	uint64_t bytes; /* of its memory */
};

/* The blocks of one size in the runtime's pools; counts. */
struct snap_pool_class {
	uint64_t pools;  /* that have at least one in use */
	uint64_t lonely; /* of these, those that have one in use */
	uint64_t used;
	uint64_t others; /* of these, those of no live object */
	uint64_t free;
};

struct snap_pools {
	uint64_t arenas; /* count */
	uint64_t arena_bytes;
	uint64_t sparse_arenas;   /* those with little in use, see SNAP_SPARSE_SHARE */
	uint64_t sparse_used;     /* bytes of blocks in use there, */
	uint64_t sparse_resident; /* of all that is resident there */
	uint64_t pool_size;       /* bytes */
	struct snap_pool_class classes[SNAP_POOL_CLASSES]; /* by size / SNAP_POOL_UNIT */
};

/* One arena of the C library's malloc; resident bytes. The first is the main one. */
struct snap_arena {
	uint64_t used;
	uint64_t top;
	uint64_t holes;
	uint64_t caches;
	uint64_t trimmable;
	uint64_t lonely_pages; /* count: with nothing in use but one small block, or a part of it */
};

struct snap_hole_class {
	uint64_t count;
	uint64_t bytes; /* resident */
};

/* What is known of the C library's malloc. */
struct snap_malloc {
	uint64_t trimmable;      /* bytes: what malloc_trim(0) would give back */
	uint64_t torn;           /* bytes that contradict themselves: nobody's */
	uint64_t contradictions; /* count of what contradicted itself in its lists */
	bool is_missing;         /* glibc is there, and its malloc was not found */
	uint64_t trim_threshold; /* bytes at the top that it keeps; 0: not known */
	uint64_t mmap_threshold; /* from here on a block has a mapping of its own; 0: not known */
	struct snap_hole_class holes[SNAP_HOLE_CLASSES]; /* of all arenas */
	/* What serves in its place: "jemalloc (libjemalloc.so.2)"; "": nothing does. */
	char other[SNAP_MALLOC_NAME];
};

struct snap_account {
	bool is_known;
	bool is_of_core;      /* resident means: the core holds it */
	uint64_t resident;    /* what the kernel counts; at least the sum of the owners */
	uint64_t page_tables; /* of the kernel for the process, in no RSS; 0: not known */
	uint64_t gpu_mapped;  /* of a graphics device, resident or not */
	uint64_t huge;        /* resident in huge pages, */
	uint64_t huge_zeros;  /* and in these, small pages of nothing but zeros */
	uint64_t owned[SNAP_OWNER_COUNT];
	struct snap_malloc malloc;
	struct snap_pools pools;

	/* Owned by the account. */
	struct snap_part *parts;
	size_t part_count;
	struct snap_arena *arenas;
	size_t arena_count;
	struct snap_absent *absent; /* by node */
	size_t absent_count;
};

void snap_account_deinit(struct snap_account *account);

#endif
