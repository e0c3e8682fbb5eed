/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sums of the account: who says that a part of memory is his is credited
 * with what of it is resident, byte by byte. Knows nothing of Python or malloc.
 *
 * The target may lie, and two parts may overlap: what owners have of a mapping
 * is never more than the kernel says is resident of it. Where their claims come
 * to more, all of them are cut in proportion.
 *
 * The blocks outside of pools that belong to objects are kept here too, until
 * all are known: only then can malloc's chunks be told apart.
 */
#ifndef PLUMB_CAPTURE_RESIDENT_OWNERS_H
#define PLUMB_CAPTURE_RESIDENT_OWNERS_H

#include "capture/account_parts.h"
#include "target/resident_map.h"

struct owned_block { /* of an object, in no pool */
	taddr address;
	uint64_t size; /* with what malloc adds */
	type_id type;  /* of the object */
	bool is_object;
	bool is_credited;
};

struct resident_owners {
	const struct resident_map *map; /* borrowed */
	uint64_t (*regions)[SNAP_OWNER_COUNT];
	size_t run; /* where the last part began: the next is likely to be near */
	struct owned_block *blocks;
	size_t block_count;
	size_t block_capacity;
	struct snap_malloc malloc; /* one that is another has what is nobody's of plain memory */
	struct snap_pools pools;
	uint64_t gpu_mapped;
	uint64_t huge_zeros;
	struct account_parts parts;
	struct snap_arena *arenas;
	size_t arena_count;
	struct snap_absent *absent; /* ascending */
	size_t absent_count;
	size_t absent_capacity;
	uint64_t steps_left; /* claims that lie one upon the other would cost without end */
};

struct error *resident_owners_init(struct resident_owners *owners, const struct resident_map *map);
void resident_owners_deinit(struct resident_owners *owners);

/*
 * [start, start + size) belongs to owner. Returns how many bytes of it are
 * resident. Cheapest in ascending order.
 */
uint64_t resident_owners_add(struct resident_owners *owners, taddr start, uint64_t size,
                             enum snap_owner owner);

/* Is all of it resident? */
bool resident_owners_has_all(struct resident_owners *owners, taddr start, uint64_t size);

/* How many bytes of it are resident. */
uint64_t resident_owners_count(struct resident_owners *owners, taddr start, uint64_t size);

/* Notes a block of an object of that type. False: memory ran out. */
bool resident_owners_note(struct resident_owners *owners, taddr address, uint64_t size,
                          type_id type, bool is_object);

/* Notes what of a native node is not resident; nodes ascend. False: memory ran out. */
bool resident_owners_note_absent(struct resident_owners *owners, node_id node, uint64_t bytes);

/* After the last note, before the first search. */
void resident_owners_sort(struct resident_owners *owners);

/*
 * The blocks noted in [start, start + size) are credited with it. NULL: there
 * are none; else one of them: that of an object if there is one.
 */
const struct owned_block *resident_owners_search(struct resident_owners *owners, taddr start,
                                                 uint64_t size);

static inline enum snap_owner owned_block_owner(const struct owned_block *block)
{
	return block->is_object ? SNAP_OWNER_OBJECTS : SNAP_OWNER_BUFFERS;
}

/* [start, start + size), or what is resident of it, is such a block's. */
void resident_owners_add_owned(struct resident_owners *owners, taddr start, uint64_t size,
                               const struct owned_block *block);

/* What is resident of a mapping and has no owner, after the last that is one. */
uint64_t resident_owners_rest(const struct resident_owners *owners, size_t region);

/* What every mapping's owners sum up to becomes the snapshot's account. */
struct error *resident_owners_finish(struct resident_owners *owners, struct snapshot *snapshot);

#endif
