/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both thresholds of glibc begin with 128 KiB. When a block that had a mapping of
 * its own is freed, blocks of its size get none any more, and twice that is left
 * at the top (malloc/malloc.c, munmap_chunk() in free()). Whoever sets one of the
 * two ends that; so it is worth saying only where they have moved.
 */
#include "analysis/account_advice.h"

#include <stdlib.h>

enum {
	WORTH = 1 << 20,     /* bytes */
	TRIM_SHARE = 100,    /* a 100th of the whole: trimming costs a call, */
	CHANGE_SHARE = 20,   /* a 20th: the others a new start of the program */
	THRESHOLD_CLASS = 17 /* of holes: 128 KiB = 2^17 */
};

static uint64_t arenas_keep(const struct snap_account *of)
{
	uint64_t bytes = 0;

	for (size_t i = 1; i < of->arena_count; i++)
		bytes += of->arenas[i].top + of->arenas[i].holes;
	return bytes;
}

static uint64_t tops_keep(const struct snap_account *of)
{
	uint64_t bytes = 0;

	if (of->malloc.trim_threshold <= ADVICE_THRESHOLD)
		return 0;
	for (size_t i = 0; i < of->arena_count; i++)
		if (of->arenas[i].top > ADVICE_THRESHOLD)
			bytes += of->arenas[i].top - ADVICE_THRESHOLD;
	return bytes;
}

static uint64_t large_holes_keep(const struct snap_account *of)
{
	uint64_t bytes = 0;

	if (of->malloc.mmap_threshold <= ADVICE_THRESHOLD)
		return 0;
	for (size_t i = THRESHOLD_CLASS; i < SNAP_HOLE_CLASSES; i++)
		bytes += of->malloc.holes[i].bytes;
	return bytes;
}

/* malloc_trim first, of which the figure is sure; the largest of the others. */
static int compare(const void *left, const void *right)
{
	const struct advice *a = left;
	const struct advice *b = right;

	if ((a->kind == ADVICE_TRIM) != (b->kind == ADVICE_TRIM))
		return a->kind == ADVICE_TRIM ? -1 : 1;
	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? 1 : -1;
	return (a->kind > b->kind) - (a->kind < b->kind);
}

size_t account_advise(const struct snap_account *of, const struct account *account,
                      struct advice ret[ADVICE_COUNT])
{
	const uint64_t bytes[ADVICE_COUNT] = {
		[ADVICE_TRIM] = of->malloc.trimmable,
		[ADVICE_ARENA_MAX] = arenas_keep(of),
		[ADVICE_TRIM_THRESHOLD] = tops_keep(of),
		[ADVICE_MMAP_THRESHOLD] = large_holes_keep(of),
		[ADVICE_OTHER_MALLOC] = account_group_bytes(account, ACCOUNT_MALLOC_FREE),
		[ADVICE_PYTHON_MALLOC] = account_group_bytes(account, ACCOUNT_POOLS_FREE),
	};
	size_t count = 0;

	for (unsigned int kind = 0; kind < ADVICE_COUNT; kind++) {
		uint64_t share = kind == ADVICE_TRIM ? TRIM_SHARE : CHANGE_SHARE;

		if (bytes[kind] >= WORTH && bytes[kind] >= account->resident / share)
			ret[count++] = (struct advice){(enum advice_kind)kind, bytes[kind]};
	}
	if (count)
		qsort(ret, count, sizeof(*ret), compare);
	return count;
}
