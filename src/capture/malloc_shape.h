/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How full glibc's malloc is: what each arena has in use and free, how large
 * its holes are, which pages one small block keeps, and what malloc_trim(0)
 * would give back. Chunk by chunk, in order of address.
 */
#ifndef PLUMB_CAPTURE_MALLOC_SHAPE_H
#define PLUMB_CAPTURE_MALLOC_SHAPE_H

#include "capture/resident_owners.h"
#include "runtime/glibc_chunks.h"

struct malloc_shape {
	struct resident_owners *owners;
	taddr page;         /* that the last chunk in use touched; 0: none yet */
	unsigned int small; /* small chunks in use that touch it */
	bool has_large;     /* a large one does */
	uint32_t arena;     /* whose it is */
};

/* Makes room in owners for the arenas. */
struct error *malloc_shape_init(struct malloc_shape *shape, struct resident_owners *owners,
                                const struct glibc_malloc *glibc);
void malloc_shape_add(struct malloc_shape *shape, const struct glibc_chunk *chunk);
/* After the last chunk. */
void malloc_shape_finish(struct malloc_shape *shape);

#endif
