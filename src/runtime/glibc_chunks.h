/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All chunks of glibc's malloc, in one pass over the memory and in order of
 * address; then the blocks with a mapping of their own. And what they sum up
 * to, as mallinfo2() and malloc_info() of the process would tell, with what
 * glibc counts as used though a thread's cache holds it told apart.
 */
#ifndef PLUMB_RUNTIME_GLIBC_CHUNKS_H
#define PLUMB_RUNTIME_GLIBC_CHUNKS_H

#include "runtime/glibc_malloc.h"

enum glibc_state {
	GLIBC_USED,   /* malloc returned it, and nobody freed it */
	GLIBC_ITSELF, /* malloc's own: a thread's cache */
	GLIBC_CACHED, /* freed, kept in a thread's cache */
	GLIBC_FAST,   /* freed, in a fast bin */
	GLIBC_FREE,   /* freed, in another bin */
	GLIBC_TOP,    /* not handed out yet: the end of an arena */
	GLIBC_MAPPED, /* used, with a mapping of its own */
	GLIBC_STATES,
};

struct glibc_chunk {
	taddr block;     /* what malloc returned */
	uint64_t usable; /* as malloc_usable_size() tells */
	uint64_t bytes;  /* of memory, with the header and what rounds it up */
	enum glibc_state state;
	uint32_t arena; /* index of glibc->arenas; of a mapped block 0 */
};

/* Returns false to end the walk. */
typedef bool glibc_chunk_visitor(void *context, const struct glibc_chunk *chunk);

struct glibc_visit {
	uint64_t torn;       /* contradictions met */
	uint64_t torn_bytes; /* of stretches that could not be walked to their end */
};

/* Visits all chunks. False: the visitor ended it. */
bool glibc_chunks_visit(const struct glibc_malloc *glibc, glibc_chunk_visitor *visitor,
                        void *context, struct glibc_visit *ret);

struct glibc_usage {
	uint64_t count[GLIBC_STATES];
	uint64_t bytes[GLIBC_STATES];
};

static inline void glibc_usage_add(struct glibc_usage *usage, const struct glibc_chunk *chunk)
{
	usage->count[chunk->state]++;
	usage->bytes[chunk->state] += chunk->bytes;
}

/* The fields of struct mallinfo2, of one arena; those of all arenas are the sum of these. */
struct glibc_mallinfo {
	uint64_t arena;    /* bytes from the system */
	uint64_t ordblks;  /* chunks in bins, and top */
	uint64_t smblks;   /* chunks in fast bins */
	uint64_t hblks;    /* blocks with a mapping of their own: all with the main arena, */
	uint64_t hblkhd;   /* and their bytes */
	uint64_t fsmblks;  /* bytes in fast bins */
	uint64_t uordblks; /* used, with what caches hold and what is lost to headers */
	uint64_t fordblks; /* free: in bins, fast bins, top */
	uint64_t keepcost; /* top of the main arena */
};

/* usage: of the chunks of arena number `arena`. */
void glibc_mallinfo(const struct glibc_malloc *glibc, size_t arena, const struct glibc_usage *usage,
                    struct glibc_mallinfo *ret);

#endif
