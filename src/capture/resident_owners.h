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

#include "snapshot/snap_account.h"
#include "target/resident_map.h"

struct owned_block { /* of an object, in no pool */
	taddr address;
	uint64_t size; /* with what malloc adds */
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
	uint64_t steps_left;       /* claims that lie one upon the other would cost without end */
};

struct error *resident_owners_init(struct resident_owners *owners, const struct resident_map *map);
void resident_owners_deinit(struct resident_owners *owners);

/* [start, start + size) belongs to owner. Cheapest in ascending order. */
void resident_owners_add(struct resident_owners *owners, taddr start, uint64_t size,
                         enum snap_owner owner);

/* Is all of it resident? */
bool resident_owners_has_all(struct resident_owners *owners, taddr start, uint64_t size);

/* How many bytes of it are resident. */
uint64_t resident_owners_count(struct resident_owners *owners, taddr start, uint64_t size);

/* Notes a block of an object. False: memory ran out. */
bool resident_owners_note(struct resident_owners *owners, taddr address, uint64_t size,
                          bool is_object);

/* After the last note, before the first search. */
void resident_owners_sort(struct resident_owners *owners);

/*
 * The blocks noted in [start, start + size) are credited with it. False: there
 * are none; *ret: whose it is.
 */
bool resident_owners_search(struct resident_owners *owners, taddr start, uint64_t size,
                            enum snap_owner *ret);

/* What every mapping's owners sum up to. */
void resident_owners_finish(const struct resident_owners *owners, struct snap_account *ret);

#endif
