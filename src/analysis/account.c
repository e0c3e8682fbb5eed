/* SPDX-License-Identifier: Apache-2.0 */
/* Sorting by size, and the one subtraction: the whole without what has an owner. */
#include "analysis/account.h"

#include <assert.h>
#include <stdlib.h>

enum { DOMINANT_SHARE = 5 };

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
		[ACCOUNT_NATIVE_OWNED] = ACCOUNT_NATIVE,
		[ACCOUNT_NATIVE_MODULE] = ACCOUNT_NATIVE,
		[ACCOUNT_NATIVE_LOST] = ACCOUNT_NATIVE,
	};

	return groups[owner];
}

const char *account_group_name(enum account_group group)
{
	static const char *const names[ACCOUNT_GROUP_COUNT] = {
		[ACCOUNT_OBJECTS] = "objects",
		[ACCOUNT_POOLS_USED] = "pymalloc-used",
		[ACCOUNT_POOLS_FREE] = "pymalloc-free",
		[ACCOUNT_NATIVE] = "native",
		[ACCOUNT_MALLOC_FREE] = "malloc-free",
		[ACCOUNT_OTHER_MALLOC] = "other-malloc",
		[ACCOUNT_FILES] = "files",
		[ACCOUNT_STACKS] = "stacks",
		[ACCOUNT_SHARED] = "shared",
		[ACCOUNT_GPU] = "gpu",
		[ACCOUNT_UNEXPLAINED] = "unexplained",
	};

	return names[group];
}

static int compare_rows(const void *left, const void *right)
{
	const struct account_row *a = left;
	const struct account_row *b = right;

	if ((a->owner == ACCOUNT_NOBODY) != (b->owner == ACCOUNT_NOBODY))
		return a->owner == ACCOUNT_NOBODY ? 1 : -1;
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
	account.rows[account.row_count++] =
		(struct account_row){ACCOUNT_NOBODY, of->resident - owned};
	qsort(account.rows, account.row_count, sizeof(*account.rows), compare_rows);
	sum_up_groups(&account);
	*ret = account;
}

static struct account_row *find_row(struct account *account, unsigned int owner)
{
	for (size_t i = 0; i < account->row_count; i++)
		if (account->rows[i].owner == owner)
			return &account->rows[i];
	return NULL;
}

/* The shares of so many bytes; together they are these. */
static void share_out(const struct native_shares *shares, uint64_t bytes, uint64_t *ret_parts)
{
	uint64_t sum = 0;
	uint64_t left = bytes;

	for (size_t kind = 0; kind < NATIVE_SHARE_KINDS; kind++)
		sum += shares->sums[kind];
	for (size_t kind = 0; kind < NATIVE_SHARE_KINDS; kind++) {
		ret_parts[kind] = shares->sums[kind];
		if (sum > bytes)
			ret_parts[kind] = account_in_proportion(shares->sums[kind], bytes, sum);
		left -= ret_parts[kind];
	}
	ret_parts[NATIVE_SHARE_MODULE] += left;
}

void account_split_native(struct account *account, const struct native_shares *shares)
{
	struct account_row *native = find_row(account, SNAP_OWNER_NATIVE);
	uint64_t parts[NATIVE_SHARE_KINDS];

	if (!native)
		return;
	share_out(shares, native->bytes, parts);
	*native = account->rows[--account->row_count];
	for (unsigned int kind = 0; kind < NATIVE_SHARE_KINDS; kind++)
		if (parts[kind])
			account->rows[account->row_count++] =
				(struct account_row){ACCOUNT_NATIVE_OWNED + kind, parts[kind]};
	qsort(account->rows, account->row_count, sizeof(*account->rows), compare_rows);
}

uint64_t account_row_bytes(const struct account *account, unsigned int owner)
{
	for (size_t i = 0; i < account->row_count; i++)
		if (account->rows[i].owner == owner)
			return account->rows[i].bytes;
	return 0;
}

uint64_t account_group_bytes(const struct account *account, enum account_group group)
{
	for (size_t i = 0; i < ACCOUNT_GROUP_COUNT; i++)
		if (account->groups[i].group == group)
			return account->groups[i].bytes;
	return 0;
}

uint64_t account_kept_bytes(const struct account *account)
{
	return account_group_bytes(account, ACCOUNT_POOLS_FREE) +
	       account_group_bytes(account, ACCOUNT_MALLOC_FREE);
}

bool account_is_mostly_kept(const struct account *account)
{
	uint64_t kept = account_kept_bytes(account);

	for (size_t i = 0; i < ACCOUNT_GROUP_COUNT; i++)
		if (account->groups[i].group != ACCOUNT_POOLS_FREE &&
		    account->groups[i].group != ACCOUNT_MALLOC_FREE &&
		    account->groups[i].bytes >= kept)
			return false;
	return kept >= account->resident / DOMINANT_SHARE;
}
