/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that consists of glibc's malloc: a libc.so.6 with its banner and
 * variables, the memory of brk, and a heap of one thread's arena, in byte
 * arrays. Chunks are laid one behind the other; what is above them is top.
 *
 *	struct fake_malloc *fake = fake_malloc_new(&glibc_layouts[i], minor);
 *	taddr chunk = fake_malloc_chunk(fake, FAKE_MAIN_ARENA, 64);
 *	fake_malloc_free_chunk(fake, FAKE_MAIN_ARENA, chunk);
 *	fake_malloc_end(fake);
 *	fake_malloc_u64(fake, address, ...);          whatever is to be wrong
 *	error = fake_malloc_find(fake, &glibc);
 *	...
 *	glibc_malloc_deinit(&glibc);
 *	fake_malloc_free(fake);
 */
#ifndef PLUMB_TESTS_FAKE_MALLOC_H
#define PLUMB_TESTS_FAKE_MALLOC_H

#include "runtime/glibc_chunks.h"

enum fake_arena { FAKE_MAIN_ARENA, FAKE_THREAD_ARENA, FAKE_ARENA_COUNT };

enum {
	FAKE_PAGES = 16 << 12,        /* of each of the areas, but */
	FAKE_LIBC_SIZE = 4 << 12,     /* of libc's data */
	FAKE_ARENA_OFFSET = 0x1c60,   /* of main_arena in libc's data */
	FAKE_SETTINGS_OFFSET = 0x400, /* of mp_ */
	FAKE_BRK_OFFSET = 0x2a0,      /* where malloc began in its mapping */
};

static const taddr FAKE_LIBC = 0x7f0000000000;
static const taddr FAKE_LIBC_DATA = 0x7f0000100000;
static const taddr FAKE_BRK = 0x550000000000;
static const taddr FAKE_HEAP = 0x7f1000000000; /* aligned to 64 MiB */
static const taddr FAKE_MAPPINGS = 0x7f2000000000;

struct fake_malloc {
	const struct glibc_layout *layout;
	uint8_t text[4096];
	uint8_t data[FAKE_LIBC_SIZE];
	uint8_t brk[FAKE_PAGES];
	uint8_t heap[FAKE_PAGES];
	uint8_t mappings[FAKE_PAGES];
	taddr top[FAKE_ARENA_COUNT];
	uint64_t mapped_count;
	uint64_t mapped_bytes;
	struct target *target;
	struct window_cache memory;
	struct target_region region; /* libc's first page */
	struct mapped_image image;
};

/* NULL: out of memory. minor: what the banner says; 0: there is none. */
struct fake_malloc *fake_malloc_new(const struct glibc_layout *layout, unsigned int minor);
void fake_malloc_free(struct fake_malloc *fake);

/* The address of a malloc_state. */
taddr fake_malloc_arena(const struct fake_malloc *fake, enum fake_arena arena);

/* The next chunk, in use. */
taddr fake_malloc_chunk(struct fake_malloc *fake, enum fake_arena arena, uint64_t size);

/* Gives a chunk back to the unsorted bin, as its only one. */
void fake_malloc_free_chunk(struct fake_malloc *fake, enum fake_arena arena, taddr chunk);

/* Puts count chunks of one size into their fast bin. */
void fake_malloc_fast(struct fake_malloc *fake, enum fake_arena arena, const taddr *chunks,
                      size_t count);

/* The next chunk is a thread's cache, which holds count chunks of one size. */
taddr fake_malloc_cache(struct fake_malloc *fake, enum fake_arena arena, const taddr *chunks,
                        size_t count);

/* A block with a mapping of its own, offset bytes behind its start; returns the chunk. */
taddr fake_malloc_map(struct fake_malloc *fake, taddr base, uint64_t offset, uint64_t bytes);

/* Writes tops, arenas and settings. */
void fake_malloc_end(struct fake_malloc *fake);

/* Reads and writes; what is nowhere is left alone, and 0. */
void fake_malloc_u64(struct fake_malloc *fake, taddr address, uint64_t value);
uint64_t fake_malloc_word(const struct fake_malloc *fake, taddr address);

/* A link as malloc writes it at address. */
void fake_malloc_link(struct fake_malloc *fake, taddr address, taddr to);

/* Makes the target. False: out of memory. */
bool fake_malloc_finish(struct fake_malloc *fake);

/* Looks for malloc in the target, which is made when it was not. */
struct error *fake_malloc_find(struct fake_malloc *fake, struct glibc_malloc *ret);

#endif
