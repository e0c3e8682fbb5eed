/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who has most of each row of an account: types of objects, files, threads,
 * arenas, sizes of blocks. What is not told of a row is the difference.
 */
#ifndef PLUMB_ANALYSIS_ACCOUNT_OWNERS_H
#define PLUMB_ANALYSIS_ACCOUNT_OWNERS_H

#include "analysis/account.h"

struct account_owner {
	unsigned int row; /* as struct account_row has it */
	const char *name; /* borrowed from the snapshot; NULL: */
	uint64_t number;  /* of the arena, from 0; or bytes of each block */
	uint64_t bytes;
};

struct account_owners {
	struct account_owner *all; /* row by row, the largest first */
	size_t count;
	size_t capacity;
};

/*
 * shares: NULL where blocks of C are one row. Owners of a row never have more
 * than it has.
 */
struct error *account_owners_init(struct account_owners *owners, const struct snapshot *snapshot,
                                  const struct account *account,
                                  const struct native_shares *shares);
void account_owners_deinit(struct account_owners *owners);

static inline void cleanup_account_owners(struct account_owners *owners)
{
	account_owners_deinit(owners);
}

/* The owners of one row. Borrowed. */
const struct account_owner *account_owners_of(const struct account_owners *owners, unsigned int row,
                                              size_t *ret_count);

#endif
