/* SPDX-License-Identifier: Apache-2.0 */
/* A chunk counts only when the header of the next one can be read inside the stretch. */
#include "runtime/glibc_walk.h"

static enum glibc_step end_with_top(struct glibc_walk *walk, uint64_t bytes,
                                    struct glibc_header *ret)
{
	if (bytes != walk->end - walk->at)
		return GLIBC_STEP_TORN;
	*ret = (struct glibc_header){.chunk = walk->at, .bytes = bytes, .is_top = true};
	walk->at = walk->end;
	return GLIBC_STEP_CHUNK;
}

bool glibc_is_writable(const struct glibc_malloc *glibc, taddr address)
{
	const struct target_region *region = target_region_at(glibc->memory->target, address);

	return region && region->is_writable && region->is_readable;
}

enum glibc_step glibc_walk_next(struct glibc_walk *walk, struct glibc_header *ret)
{
	struct glibc_header header = {.chunk = walk->at};
	const uint8_t *next;
	uint64_t word;

	if (walk->at == walk->end)
		return GLIBC_STEP_END;
	if (!window_cache_u64(walk->memory, walk->at + 8, &word))
		return GLIBC_STEP_TORN;
	header.bytes = word & ~(uint64_t)GLIBC_FLAGS;
	if (walk->at == walk->top)
		return end_with_top(walk, header.bytes, ret);
	if (header.bytes == GLIBC_FENCE) {
		walk->at += 2 * GLIBC_FENCE;
		return GLIBC_STEP_END;
	}
	if (word & GLIBC_IS_MAPPED || header.bytes % 16 || header.bytes < GLIBC_CHUNK_MIN ||
	    header.bytes > walk->end - walk->at - GLIBC_CHUNK_HEADER)
		return GLIBC_STEP_TORN;
	next = window_cache_view(walk->memory, walk->at + header.bytes, GLIBC_CHUNK_HEADER);
	if (!next)
		return GLIBC_STEP_TORN;
	if (!(glibc_word(next, 8) & GLIBC_PREVIOUS_IN_USE)) {
		header.is_free = glibc_word(next, 0) == header.bytes;
		header.is_torn = !header.is_free;
	}
	walk->at += header.bytes;
	*ret = header;
	return GLIBC_STEP_CHUNK;
}
