/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From chunk to chunk through one stretch of glibc's memory (malloc/malloc.c,
 * "malloc_chunk details"):
 *
 *   chunk -> | prev_size | size | A M P |   block: what malloc returned
 *   next  -> | prev_size | size | A M P |
 *
 * P of the next chunk says whether this one is in use, as far as the arena
 * knows: what lies in a fast bin or in a thread's cache counts as used. When it
 * is free, prev_size of the next one repeats its size. A stretch ends with the
 * top chunk, or with a fence: a chunk of 16 bytes, too small to be one.
 */
#ifndef PLUMB_RUNTIME_GLIBC_WALK_H
#define PLUMB_RUNTIME_GLIBC_WALK_H

#include "runtime/glibc_malloc.h"

enum {
	GLIBC_CHUNK_MIN = 32,
	GLIBC_CHUNK_HEADER = 16,
	GLIBC_FENCE = 16,
	GLIBC_PREVIOUS_IN_USE = 1,
	GLIBC_IS_MAPPED = 2,
	GLIBC_NOT_MAIN = 4,
	GLIBC_FLAGS = 7,
};

struct glibc_walk {
	struct window_cache *memory; /* borrowed */
	taddr at;                    /* the chunk that comes next */
	taddr end;                   /* of the stretch */
	taddr top;                   /* of its arena, wherever it lies */
};

struct glibc_header {
	taddr chunk;
	uint64_t bytes; /* with the header */
	bool is_free;
	bool is_top;
	bool is_torn; /* free, but the next chunk says another size: counts as used */
};

enum glibc_step {
	GLIBC_STEP_CHUNK,
	GLIBC_STEP_END,  /* walk->at is where the stretch ended */
	GLIBC_STEP_TORN, /* walk->at is the chunk that cannot be one */
};

static inline struct glibc_walk glibc_walk_start(const struct glibc_malloc *glibc,
                                                 const struct glibc_stretch *stretch)
{
	return (struct glibc_walk){.memory = glibc->memory,
	                           .at = stretch->start,
	                           .end = stretch->end,
	                           .top = glibc->arenas[stretch->arena].top};
}

/* Every step moves on by at least 16 bytes, or ends the walk. */
enum glibc_step glibc_walk_next(struct glibc_walk *walk, struct glibc_header *ret);

/*
 * The parts of glibc_malloc_find, in this order. false: plumb's own memory ran
 * out; contradictions of the target are counted in glibc->torn.
 */

/* Finds the main arena and the settings in [start, end), libc's data. */
bool glibc_search(struct glibc_malloc *glibc, taddr start, taddr end, bool *ret_found);
/* Follows the ring from glibc->arenas[0], and notes the stretches of each arena. */
bool glibc_arenas_add(struct glibc_malloc *glibc);
/* Notes the stretches of a main arena that is not in one piece; those noted before are sorted. */
bool glibc_scattered_add(struct glibc_malloc *glibc);
/* Notes what fast bins and threads' caches hold. */
bool glibc_held_add(struct glibc_malloc *glibc);
/* Notes the chunks that have a mapping of their own. */
bool glibc_mapped_add(struct glibc_malloc *glibc);

/* Notes one stretch, behind the others; they are sorted later. */
bool glibc_stretch_add(struct glibc_malloc *glibc, taddr start, taddr end, size_t arena);

/*
 * The next anonymous memory from region *index on, without a gap: madvise() and
 * mprotect() cut mappings in pieces. False: there is no more.
 */
bool glibc_next_memory(const struct glibc_malloc *glibc, size_t *index, struct mapped_range *ret);

/* Does address lie where malloc could write to? */
bool glibc_is_writable(const struct glibc_malloc *glibc, taddr address);

/* Reads the arena at address. False: there is none, or not now. */
bool glibc_arena_read(const struct glibc_malloc *glibc, taddr address, struct glibc_arena *ret);

/* How many of the bins of an arena (the bytes of its state) are no rings. */
unsigned int glibc_arena_bad_bins(const struct glibc_malloc *glibc, taddr address,
                                  const uint8_t *state);

static inline uint64_t glibc_word(const uint8_t *bytes, size_t offset)
{
	uint64_t word;

	memcpy(&word, bytes + offset, sizeof(word));
	return word;
}

#endif
