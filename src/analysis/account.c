/* SPDX-License-Identifier: Apache-2.0 */
/* Sorting by size, and the one subtraction: the whole without what has an owner. */
#include "analysis/account.h"

#include <assert.h>
#include <stdlib.h>

static enum account_group group_of(unsigned int owner)
{
	static const enum account_group groups[ACCOUNT_ROWS_MAX] = {
		[SNAP_OWNER_OBJECTS] = ACCOUNT_OBJECTS,
		[SNAP_OWNER_BUFFERS] = ACCOUNT_OBJECTS,
		[SNAP_OWNER_POOL_OTHER] = ACCOUNT_POOLS_USED,
		[SNAP_OWNER_POOL_BLOCKS] = ACCOUNT_POOLS_FREE,
		[SNAP_OWNER_POOL_FREE] = ACCOUNT_POOLS_FREE,
		[SNAP_OWNER_POOL_HEADS] = ACCOUNT_POOLS_USED,
		[SNAP_OWNER_NATIVE] = ACCOUNT_NATIVE,
		[SNAP_OWNER_MALLOC_OWN] = ACCOUNT_NATIVE,
		[SNAP_OWNER_MAIN_TOP] = ACCOUNT_MALLOC_FREE,
		[SNAP_OWNER_MAIN_BINS] = ACCOUNT_MALLOC_FREE,
		[SNAP_OWNER_MAIN_CACHES] = ACCOUNT_MALLOC_FREE,
		[SNAP_OWNER_THREAD_TOP] = ACCOUNT_MALLOC_FREE,
		[SNAP_OWNER_THREAD_BINS] = ACCOUNT_MALLOC_FREE,
		[SNAP_OWNER_THREAD_CACHES] = ACCOUNT_MALLOC_FREE,
		[SNAP_OWNER_OTHER_MALLOC] = ACCOUNT_OTHER_MALLOC,
		[SNAP_OWNER_FILES] = ACCOUNT_FILES,
		[SNAP_OWNER_STACKS] = ACCOUNT_STACKS,
		[SNAP_OWNER_SHARED] = ACCOUNT_SHARED,
		[SNAP_OWNER_GPU] = ACCOUNT_GPU,
		[ACCOUNT_NOBODY] = ACCOUNT_UNEXPLAINED,
	};

	return groups[owner];
}

static int compare_rows(const void *left, const void *right)
{
	const struct account_row *a = left;
	const struct account_row *b = right;

	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? 1 : -1;
	return (a->owner > b->owner) - (a->owner < b->owner);
}

static int compare_sums(const void *left, const void *right)
{
	const struct account_sum *a = left;
	const struct account_sum *b = right;

	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? 1 : -1;
	return (a->group > b->group) - (a->group < b->group);
}

static void sum_up_groups(struct account *account)
{
	for (size_t i = 0; i < ACCOUNT_GROUP_COUNT; i++)
		account->groups[i].group = (enum account_group)i;
	for (size_t i = 0; i < account->row_count; i++)
		account->groups[group_of(account->rows[i].owner)].bytes += account->rows[i].bytes;
	qsort(account->groups, ACCOUNT_GROUP_COUNT, sizeof(*account->groups), compare_sums);
}

void account_make(const struct snap_account *of, struct account *ret)
{
	struct account account = {
		.resident = of->resident,
		.page_tables = of->page_tables,
		.malloc = &of->malloc,
	};
	uint64_t owned = 0;

	assert(of->is_known);
	for (unsigned int owner = 0; owner < SNAP_OWNER_COUNT; owner++) {
		owned += of->owned[owner];
		if (of->owned[owner])
			account.rows[account.row_count++] =
				(struct account_row){owner, of->owned[owner]};
	}
	assert(owned <= of->resident);
	qsort(account.rows, account.row_count, sizeof(*account.rows), compare_rows);
	account.rows[account.row_count++] =
		(struct account_row){ACCOUNT_NOBODY, of->resident - owned};
	sum_up_groups(&account);
	*ret = account;
}
