/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over the blocks; what is absent of them is sorted as they are. */
#include "analysis/native_shares.h"

#include "base/array.h"

#include <stdlib.h>

enum { SIZE_MIN = 16 };

/* The strings of a snapshot are all different: the address of one is its number. */
static uint64_t key_of(const struct native_share *share)
{
	uint64_t what = share->name ? (uint64_t)(uintptr_t)share->name : share->size;

	return what * NATIVE_SHARE_KINDS + share->kind + 1;
}

static uint64_t round_up(uint64_t size)
{
	uint64_t power = SIZE_MIN;

	while (power < size && power << 1)
		power <<= 1;
	return power;
}

/* Who that is of whom the block is a share; its bytes are not said. */
static struct native_share share_of(const struct snapshot *snapshot, struct native_owner owner,
                                    uint64_t size)
{
	struct native_share share = {.blocks = 1};

	switch (owner.kind) {
	case NATIVE_OWNER_OBJECT:
	case NATIVE_OWNER_TYPE:
		share.name = snapshot_type_name(snapshot, snapshot->type[owner.node]);
		break;
	case NATIVE_OWNER_OBJECTS: break;
	case NATIVE_OWNER_MEMORY:
		share.kind = NATIVE_SHARE_MODULE;
		share.name = snapshot_node_name(snapshot, owner.node);
		break;
	case NATIVE_OWNER_NOBODY:
		share.kind = NATIVE_SHARE_LOST;
		share.size = round_up(size);
		break;
	}
	return share;
}

static bool add_share(struct native_shares *shares, const struct native_share *share)
{
	uint64_t key = key_of(share);
	uint32_t place;

	shares->sums[share->kind] += share->bytes;
	if (number_map_get(&shares->places, key, &place)) {
		shares->all[place].blocks += share->blocks;
		shares->all[place].bytes += share->bytes;
		return true;
	}
	if (!array_reserve(&shares->all, &shares->capacity, shares->count + 1,
	                   sizeof(*shares->all)) ||
	    !number_map_put(&shares->places, key, (uint32_t)shares->count))
		return false;
	shares->all[shares->count++] = *share;
	return true;
}

static bool add_blocks(struct native_shares *shares, const struct snapshot *snapshot,
                       const struct native_owners *owners)
{
	const struct snap_account *account = &snapshot->account;
	size_t absent = 0;

	for (node_id node = 0; node < snapshot->node_count; node++) {
		uint64_t memory, missing = 0;
		struct native_share share;

		if (!native_owners_is_block(owners, node))
			continue;
		while (absent < account->absent_count && account->absent[absent].node < node)
			absent++;
		if (absent < account->absent_count && account->absent[absent].node == node)
			missing = account->absent[absent].bytes;
		memory = snapshot_memory(snapshot, node);
		share = share_of(snapshot, native_owners_of(owners, node),
		                 snapshot_size(snapshot, node));
		share.bytes = missing < memory ? memory - missing : 0;
		if (!add_share(shares, &share))
			return false;
	}
	return true;
}

struct error *native_shares_init(struct native_shares *shares, const struct snapshot *snapshot)
{
	struct native_owners owners;
	struct error *error = native_owners_init(&owners, snapshot);

	*shares = (struct native_shares){0};
	if (error)
		return error;
	number_map_init(&shares->places);
	if (!add_blocks(shares, snapshot, &owners))
		error = error_no_memory();
	native_owners_deinit(&owners);
	if (error)
		native_shares_deinit(shares);
	return error;
}

void native_shares_deinit(struct native_shares *shares)
{
	number_map_deinit(&shares->places);
	free(shares->all);
	*shares = (struct native_shares){0};
}
