/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How large a block of malloc really is. glibc keeps the size of a chunk in
 * the word before it:
 *
 *   chunk -> | prev_size | size | A M P flags |   block: what malloc returned
 *
 * (malloc/malloc.c, "malloc_chunk details"; the flags are the low 3 bits of
 * size, M: a mapping of its own.) Another allocator, or torn memory, shows
 * by a size that does not fit; then the answer is the request, rounded.
 */
#ifndef PLUMB_CAPTURE_MALLOC_CHUNK_H
#define PLUMB_CAPTURE_MALLOC_CHUNK_H

#include "target/window_cache.h"

/* Bytes of the chunk of block, for which between least and most bytes were requested. */
uint64_t malloc_chunk_size(struct window_cache *memory, taddr block, uint64_t least, uint64_t most);

/* Bytes that can be used of the chunk of block, whoever requested how many; 0: no chunk. */
uint64_t malloc_chunk_capacity(struct window_cache *memory, taddr block);

#endif
