/* SPDX-License-Identifier: Apache-2.0 */
/*
 * glibc's malloc, read from outside and without symbols: its arenas, the
 * stretches of memory that they cut into chunks, what threads keep in their
 * caches, and blocks that have a mapping of their own. The chunks themselves
 * are visited by runtime/glibc_chunks.h.
 *
 *	struct glibc_malloc glibc;
 *	error = glibc_malloc_find(memory, images, image_count, &glibc);
 *	...
 *	glibc_malloc_deinit(&glibc);
 *
 * It is found by its structure: 127 bins whose lists lead back to them, a top
 * chunk that ends where the memory ends, a ring of arenas. The version only
 * says which table of offsets to try first. A thread may stand inside malloc;
 * then its arena is locked and may be in between two states: look again later.
 * Caches have no lock, and a program with one thread takes none.
 *
 * What contradicts itself is left out and counted. Memory: a struct for each
 * arena and stretch, 8 bytes for each block in a fast bin, in a cache, or with
 * a mapping of its own; nothing for a block in use or in another bin.
 */
#ifndef PLUMB_RUNTIME_GLIBC_MALLOC_H
#define PLUMB_RUNTIME_GLIBC_MALLOC_H

#include "runtime/glibc_layout.h"
#include "runtime/mapped_image.h"

/* What malloc keeps for all arenas (struct malloc_par). */
struct glibc_settings {
	taddr address;           /* 0: not found, the others are 0 then */
	uint64_t trim_threshold; /* more than that at the top is given back */
	uint64_t mmap_threshold;
	uint64_t arena_max;    /* 0: as the number of processors says */
	uint64_t huge_page;    /* bytes; 0: none are asked for */
	uint64_t mapped_count; /* blocks that have a mapping of their own, */
	uint64_t mapped_bytes; /* and the bytes of these mappings, as glibc counts */
	taddr brk_start;       /* where the main arena begins; 0: it never asked for memory */
	uint64_t cache_count;  /* how many blocks a thread keeps of one size; 0: no caches */
};

struct glibc_arena {
	taddr address; /* malloc_state */
	taddr next;    /* in the ring */
	taddr top;     /* the chunk that borders on memory never used; 0: none yet */
	uint64_t top_bytes;
	uint64_t system_bytes;     /* that it has from the system */
	uint64_t system_bytes_max; /* that it ever had */
	uint64_t attached_threads;
	uint32_t lock;      /* not 0: a thread is inside malloc with it */
	bool is_contiguous; /* the memory of brk in one piece */
};

/* Memory that is cut into chunks without a gap, until top or a fence. */
struct glibc_stretch {
	taddr start;    /* the first chunk */
	taddr end;      /* exclusive */
	uint32_t arena; /* index of arenas */
};

struct glibc_malloc {
	struct window_cache *memory; /* borrowed */
	const struct glibc_layout *layout;
	struct glibc_settings settings;
	struct glibc_arena *arenas; /* the main one first, then around the ring */
	size_t arena_count;
	size_t arena_capacity;
	struct glibc_stretch *stretches; /* by address, never overlapping */
	size_t stretch_count;
	size_t stretch_capacity;
	uint64_t stretch_bytes; /* of all of them */
	taddr *held;            /* chunks, ascending, | enum glibc_holder in the low bits */
	size_t held_count;
	size_t held_capacity;
	size_t cache_count; /* threads whose cache was found */
	taddr *mapped;      /* chunks with a mapping of their own, ascending */
	size_t mapped_count;
	size_t mapped_capacity;
	uint64_t mapped_bytes; /* of their mappings */
	uint64_t torn;         /* contradictions met while finding all this */
};

/* Why a chunk is not free for glibc, but nobody's either. */
enum glibc_holder {
	GLIBC_HOLDER_FAST_BIN = 1,
	GLIBC_HOLDER_CACHE,
	GLIBC_HOLDER_ITSELF, /* it is a thread's cache */
	GLIBC_HOLDER_MASK = 15,
};

/*
 * images: of the target (mapped_images_list). Errors: ERROR_NOT_FOUND, there is
 * no glibc, or its malloc was never used; ERROR_MEMORY.
 */
struct error *glibc_malloc_find(struct window_cache *memory, const struct mapped_image *images,
                                size_t count, struct glibc_malloc *ret);
/*
 * Only the arenas and their stretches: without a pass over the memory, for who
 * wants to know whether an arena is locked.
 */
struct error *glibc_malloc_find_arenas(struct window_cache *memory,
                                       const struct mapped_image *images, size_t count,
                                       struct glibc_malloc *ret);
void glibc_malloc_deinit(struct glibc_malloc *glibc);

static inline void cleanup_glibc_malloc(struct glibc_malloc *glibc)
{
	glibc_malloc_deinit(glibc);
}

/*
 * Does what the arena at address says of its top chunk hold just now? Not while
 * a thread moves it, which one that is alone does without a lock. A top chunk
 * that cannot be read, in memory that is newer than the target's list, is right.
 */
bool glibc_arena_is_sound(struct window_cache *memory, const struct glibc_layout *layout,
                          taddr address);

/* The stretch that holds address, or NULL. Logarithmic. */
const struct glibc_stretch *glibc_stretch_at(const struct glibc_malloc *glibc, taddr address);

#endif
