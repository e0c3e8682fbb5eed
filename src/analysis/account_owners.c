/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of the account and the shares of native memory become one list,
 * which is sorted. Figures that were not cut where mappings overlap, or count
 * what is not resident (free blocks by their size), are cut to their row here.
 */
#include "analysis/account_owners.h"

#include "base/array.h"
#include "base/cleanup.h"

#include <stdlib.h>

static bool add(struct account_owners *owners, struct account_owner owner)
{
	if (!owner.bytes)
		return true;
	if (!array_reserve(&owners->all, &owners->capacity, owners->count + 1,
	                   sizeof(*owners->all)))
		return false;
	owners->all[owners->count++] = owner;
	return true;
}

static bool add_parts(struct account_owners *owners, const struct snapshot *snapshot)
{
	const struct snap_account *account = &snapshot->account;

	for (size_t i = 0; i < account->part_count; i++) {
		const struct snap_part *part = &account->parts[i];

		if (part->owner <= SNAP_PART_NOBODY &&
		    !add(owners,
		         (struct account_owner){part->owner, snapshot_string(snapshot, part->name),
		                                0, part->bytes}))
			return false;
	}
	return true;
}

/* Of threads: the first is the main one, and has rows of its own. */
static bool add_arenas(struct account_owners *owners, const struct snap_account *account)
{
	for (size_t i = 1; i < account->arena_count; i++) {
		const struct snap_arena *arena = &account->arenas[i];

		if (!add(owners,
		         (struct account_owner){SNAP_OWNER_THREAD_TOP, NULL, i, arena->top}) ||
		    !add(owners,
		         (struct account_owner){SNAP_OWNER_THREAD_BINS, NULL, i, arena->holes}) ||
		    !add(owners,
		         (struct account_owner){SNAP_OWNER_THREAD_CACHES, NULL, i, arena->caches}))
			return false;
	}
	return true;
}

static bool add_classes(struct account_owners *owners, const struct snap_pools *pools)
{
	for (uint64_t i = 0; i < SNAP_POOL_CLASSES; i++) {
		const struct snap_pool_class *class = &pools->classes[i];
		uint64_t size = i * SNAP_POOL_UNIT;

		if (!add(owners, (struct account_owner){SNAP_OWNER_POOL_BLOCKS, NULL, size,
		                                        class->free * size}) ||
		    !add(owners, (struct account_owner){SNAP_OWNER_POOL_OTHER, NULL, size,
		                                        class->others * size}))
			return false;
	}
	return true;
}

static bool add_shares(struct account_owners *owners, const struct native_shares *shares)
{
	for (size_t i = 0; i < shares->count; i++) {
		const struct native_share *share = &shares->all[i];

		if (!add(owners, (struct account_owner){ACCOUNT_NATIVE_OWNED + share->kind,
		                                        share->name, share->size, share->bytes}))
			return false;
	}
	return true;
}

static int compare(const void *left, const void *right)
{
	const struct account_owner *a = left;
	const struct account_owner *b = right;

	if (a->row != b->row)
		return a->row > b->row ? 1 : -1;
	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? 1 : -1;
	if (a->number != b->number)
		return a->number > b->number ? 1 : -1;
	return (a->name > b->name) - (a->name < b->name);
}

/* The owners of one row, which begin at first. Returns where those of the next do. */
static size_t cut_row(struct account_owners *owners, size_t first, const struct account *account)
{
	unsigned int row = owners->all[first].row;
	uint64_t whole = account_row_bytes(account, row);
	uint64_t sum = 0;
	size_t end;

	for (end = first; end < owners->count && owners->all[end].row == row; end++)
		sum += owners->all[end].bytes;
	for (size_t i = first; sum > whole && i < end; i++)
		owners->all[i].bytes = account_in_proportion(owners->all[i].bytes, whole, sum);
	return end;
}

struct error *account_owners_init(struct account_owners *owners, const struct snapshot *snapshot,
                                  const struct account *account, const struct native_shares *shares)
{
	_cleanup_(cleanup_account_owners) struct account_owners made = {0};

	if (!add_parts(&made, snapshot) || !add_arenas(&made, &snapshot->account) ||
	    !add_classes(&made, &snapshot->account.pools) || (shares && !add_shares(&made, shares)))
		return error_no_memory();
	if (made.count)
		qsort(made.all, made.count, sizeof(*made.all), compare);
	for (size_t i = 0; i < made.count;)
		i = cut_row(&made, i, account);
	*owners = made;
	made = (struct account_owners){0};
	return NULL;
}

void account_owners_deinit(struct account_owners *owners)
{
	free(owners->all);
	*owners = (struct account_owners){0};
}

const struct account_owner *account_owners_of(const struct account_owners *owners, unsigned int row,
                                              size_t *ret_count)
{
	size_t first = 0;
	size_t end;

	while (first < owners->count && owners->all[first].row != row)
		first++;
	for (end = first; end < owners->count && owners->all[end].row == row; end++)
		;
	*ret_count = end - first;
	return owners->all + first;
}
