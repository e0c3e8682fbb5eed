/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The account of the resident memory: rows that add up to what the kernel
 * counts. What nobody could be found for is a row as well.
 */
#ifndef PLUMB_ANALYSIS_ACCOUNT_H
#define PLUMB_ANALYSIS_ACCOUNT_H

#include "analysis/native_shares.h"

/* What a reader wants to know first; the rows are parts of these. */
enum account_group {
	ACCOUNT_OBJECTS,
	ACCOUNT_POOLS_USED,
	ACCOUNT_POOLS_FREE,
	ACCOUNT_NATIVE,
	ACCOUNT_MALLOC_FREE,
	ACCOUNT_OTHER_MALLOC,
	ACCOUNT_FILES,
	ACCOUNT_STACKS,
	ACCOUNT_SHARED,
	ACCOUNT_GPU,
	ACCOUNT_UNEXPLAINED,
	ACCOUNT_GROUP_COUNT
};

enum {
	/* In the place of an owner: the unexplained rest, */
	ACCOUNT_NOBODY = SNAP_OWNER_COUNT,
	/* and parts of SNAP_OWNER_NATIVE, as enum native_share_kind. */
	ACCOUNT_NATIVE_OWNED,
	ACCOUNT_NATIVE_MODULE,
	ACCOUNT_NATIVE_LOST,
	ACCOUNT_ROWS_MAX,
};

struct account_row {
	unsigned int owner; /* enum snap_owner, or ACCOUNT_* */
	uint64_t bytes;
};

struct account_sum {
	enum account_group group;
	uint64_t bytes;
};

struct account {
	uint64_t resident; /* the sum of the rows, and of the groups */
	uint64_t page_tables;
	const struct snap_malloc *malloc; /* borrowed */
	struct account_row
		rows[ACCOUNT_ROWS_MAX]; /* largest first, none of 0; last the rest, also 0 */
	size_t row_count;
	struct account_sum groups[ACCOUNT_GROUP_COUNT]; /* largest first */
};

/* of: known; it outlives the account. */
void account_make(const struct snap_account *of, struct account *ret);

/*
 * In the place of the one row for malloc's blocks that C uses come up to three.
 * What the shares do not cover counts with those of modules: a header's rounding.
 */
void account_split_native(struct account *account, const struct native_shares *shares);

/* The bytes of a row; 0: there is none. */
uint64_t account_row_bytes(const struct account *account, unsigned int owner);
uint64_t account_group_bytes(const struct account *account, enum account_group group);

/* Freed, and kept by an allocator for the next request. */
uint64_t account_kept_bytes(const struct account *account);

/* Is what is kept more than any other group has, and a fifth of the whole at least? */
bool account_is_mostly_kept(const struct account *account);

/* part * whole / sum, rounded down, of numbers whose product 64 bits may not hold; sum > 0. */
static inline uint64_t account_in_proportion(uint64_t part, uint64_t whole, uint64_t sum)
{
	__extension__ typedef unsigned __int128 wide;

	return (uint64_t)((wide)part * whole / sum);
}

/* "objects", "native", "malloc-free" ...: the word for programs. Static. */
const char *account_group_name(enum account_group group);

#endif
