/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the members of glibc's malloc lie, one table per generation; the code
 * that reads them never asks for a version. All for x86-64.
 *
 *   arena (struct malloc_state)        heap of a thread's arena (heap_info)
 *   +-------------------------+        +-------------------------------+
 *   | mutex, flags            |        | arena, previous heap, size    |
 *   | fast bins (until 2.42)  |        +-------------------------------+
 *   | top, last remainder     |        | the arena itself (first heap) |
 *   | 127 bins: first, last   |        +-------------------------------+
 *   | bitmap                  |        | chunk | chunk | ... | top     |
 *   | next arena, ...         |        +-------------------------------+
 *   | bytes from the system   |
 *   +-------------------------+        a thread's cache: counts, then lists
 *
 * What a distribution has patched shows by the structure, not by the version:
 * who looks for malloc tries the table of the version first, then the others.
 */
#ifndef PLUMB_RUNTIME_GLIBC_LAYOUT_H
#define PLUMB_RUNTIME_GLIBC_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	GLIBC_ABSENT = UINT16_MAX, /* an offset: this generation has no such member */
	GLIBC_BINS = 127,          /* of two words each, numbered from 1 */
	GLIBC_FAST_BINS = 10,
	GLIBC_CACHE_BINS_MAX = 76,
	GLIBC_SMALL_CACHE_BINS = 64,
	GLIBC_STATE_MAX = 0x8a0, /* no malloc_state is larger */
};

struct glibc_layout {
	uint16_t first; /* 2.first to 2.last */
	uint16_t last;

	struct { /* malloc_state; mutex at 0, flags at 4 */
		uint16_t fast_bins;
		uint16_t top;
		uint16_t bins;
		uint16_t next;
		uint16_t attached_threads;
		uint16_t system_mem; /* max_system_mem follows */
		uint16_t size;
	} state;

	uint16_t heap_header; /* size of heap_info: arena, previous, size ... */

	struct { /* tcache_perthread_struct: bins counts, then bins lists */
		uint16_t bins;
		uint16_t count_size; /* bytes */
		bool counts_down;    /* how many more it takes, not how many it has */
	} cache;

	bool has_mangled_links;       /* safe-linking: a link is xored with its own address */
	bool mapped_size_has_header;  /* the size of a mapped chunk covers its header */
	bool heaps_follow_huge_pages; /* a heap is 4 huge pages where they are asked for */

	struct { /* malloc_par; trim_threshold at 0 */
		uint16_t mmap_threshold;
		uint16_t arena_max;
		uint16_t huge_page;    /* hp_pagesize */
		uint16_t mapped_count; /* n_mmaps, an int; n_mmaps_max and others follow */
		uint16_t mapped_bytes; /* mmapped_mem; max_mmapped_mem follows */
		uint16_t brk_start;    /* sbrk_base */
		uint16_t cache_bins;   /* tcache_bins; tcache_max_bytes follows */
		uint16_t cache_count;
		uint16_t size;
	} settings;
};

/* Oldest first. */
extern const struct glibc_layout glibc_layouts[];
extern const size_t glibc_layout_count;

/* The index of the table for 2.minor; of the nearest one, where there is none. */
size_t glibc_layout_number(unsigned int minor);

/* Bytes of a thread's cache, as it asks malloc for them. */
static inline uint32_t glibc_cache_size(const struct glibc_layout *layout)
{
	return (uint32_t)layout->cache.bins * (layout->cache.count_size + 8U);
}

#endif
