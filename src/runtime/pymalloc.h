/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pymalloc, CPython's small-object allocator: which blocks of its pools are
 * in use.
 *
 *   arena (256 KiB or 1 MiB; 2 MiB with huge pages)
 *   +--------+--------+--------+-- ... --+----------------+
 *   | pool   | pool   | pool   |         | never used yet |
 *   +--------+--------+--------+-- ... --+----------------+
 *   pool (4 or 16 KiB, aligned to its size), all blocks of one size
 *   +-----------+-------+-------+------+-------+------------------+
 *   | header 48 | block | block | free | block | not carved yet   |
 *   +-----------+-------+-------+------+-------+------------------+
 *
 * Free blocks of a pool are chained through their first words. A block in
 * use is an object or a buffer: this module does not know which.
 *
 * Source: Objects/obmalloc.c; Include/internal/pycore_obmalloc.h from 3.12.
 * The structs are the same from 3.8 to 3.15.
 */
#ifndef PLUMB_RUNTIME_PYMALLOC_H
#define PLUMB_RUNTIME_PYMALLOC_H

#include "runtime/python.h"

enum {
	PYMALLOC_POOL_HEADER = 48,
	PYMALLOC_ALIGNMENT = 16,
	PYMALLOC_SIZE_CLASSES = 32,
	PYMALLOC_BLOCKS_MAX =
		(WINDOW_SIZE - PYMALLOC_POOL_HEADER) / PYMALLOC_ALIGNMENT, /* of a pool */
	PYMALLOC_BITMAP_WORDS = (PYMALLOC_BLOCKS_MAX + 63) / 64,
};

/*
 * The addresses of all pools that were ever used, ascending (the caller frees
 * *ret_pools). Arenas that contradict themselves are left out and counted in
 * *ret_torn.
 */
struct error *pymalloc_pools(struct python *python, taddr **ret_pools, size_t *ret_count,
                             uint64_t *ret_torn);

struct pymalloc_arena {
	taddr start;
	taddr used_end; /* behind its last pool that was ever used */
	taddr end;
};

/*
 * All arenas that there are, ascending, never overlapping (the caller frees
 * *ret_arenas). What is no arena is left out.
 */
struct error *pymalloc_arenas(struct python *python, struct pymalloc_arena **ret_arenas,
                              size_t *ret_count);

/* One pool, decoded. */
struct pymalloc_pool {
	uint32_t block_size; /* bytes: 16 ... 512; 0: the pool is empty */
	uint32_t blocks;     /* carved so far: block i is at header + i * block_size */
	uint32_t used;       /* how many of them are in use */
	uint64_t in_use[PYMALLOC_BITMAP_WORDS]; /* bit i: block i is in use */
};

/*
 * Decodes the pool whose bytes (python->pool_size of them) are given.
 * DECODE_TORN: the header or the chain of free blocks is not sound; what
 * could be told is in *ret (blocks of an unsound chain count as in use).
 */
enum decode pymalloc_pool_decode(const struct python *python, taddr address, const uint8_t *bytes,
                                 struct pymalloc_pool *ret);

#endif
