/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is resident of malloc's blocks in use, by who holds them: Python
 * objects, by their types; memory of C, by its name; or nobody, by size.
 */
#ifndef PLUMB_ANALYSIS_NATIVE_SHARES_H
#define PLUMB_ANALYSIS_NATIVE_SHARES_H

#include "analysis/native_owners.h"
#include "base/number_map.h"

enum native_share_kind {
	NATIVE_SHARE_OWNED,
	NATIVE_SHARE_MODULE,
	NATIVE_SHARE_LOST,
	NATIVE_SHARE_KINDS
};

struct native_share {
	enum native_share_kind kind;
	const char *name; /* borrowed from the snapshot; NULL: objects of several types, or: */
	uint64_t size;    /* of lost ones: a power of two, and none is larger */
	uint64_t blocks;
	uint64_t bytes;
};

struct native_shares {
	struct native_share *all; /* in no order */
	size_t count;
	size_t capacity;
	struct number_map places;
	uint64_t sums[NATIVE_SHARE_KINDS]; /* bytes */
};

/* The snapshot has an account and edges, and memory of C in it. */
struct error *native_shares_init(struct native_shares *shares, const struct snapshot *snapshot);
void native_shares_deinit(struct native_shares *shares);

static inline void cleanup_native_shares(struct native_shares *shares)
{
	native_shares_deinit(shares);
}

#endif
