/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The account of the resident memory: rows that add up to what the kernel
 * counts. What nobody could be found for is a row as well.
 */
#ifndef PLUMB_ANALYSIS_ACCOUNT_H
#define PLUMB_ANALYSIS_ACCOUNT_H

#include "snapshot/snap_account.h"

#include <stddef.h>

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
	ACCOUNT_NOBODY = SNAP_OWNER_COUNT, /* in the place of an owner: the unexplained rest */
	ACCOUNT_ROWS_MAX = SNAP_OWNER_COUNT + 1,
};

struct account_row {
	unsigned int owner; /* enum snap_owner, or ACCOUNT_NOBODY */
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

#endif
