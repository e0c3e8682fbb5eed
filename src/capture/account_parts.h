/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of what owners have, while they are gathered: of types by their
 * number, since there are many objects to a type, and of all else by name.
 *
 * Running out of memory is remembered, and told by account_parts_seal.
 */
#ifndef PLUMB_CAPTURE_ACCOUNT_PARTS_H
#define PLUMB_CAPTURE_ACCOUNT_PARTS_H

#include "base/error.h"
#include "base/number_map.h"
#include "snapshot/snapshot.h"

struct type_parts {
	uint64_t objects; /* bytes of blocks that hold objects, */
	uint64_t buffers; /* and of blocks that belong to them */
	uint64_t pins;    /* count of objects in sparse arenas, */
	uint64_t pinned;  /* and their bytes */
};

struct account_parts {
	struct snap_part *all;
	size_t count;
	size_t capacity;
	struct number_map places; /* owner and name -> index of all */
	struct type_parts *types; /* by type_id */
	size_t type_capacity;
	struct type_parts nobody; /* what there was no memory for */
	bool is_broken;
};

void account_parts_init(struct account_parts *parts);
void account_parts_deinit(struct account_parts *parts);

/* owner: see struct snap_part. */
void account_parts_add(struct account_parts *parts, unsigned int owner, str_id name, uint64_t count,
                       uint64_t bytes);

/* The sums of a type, to be added to; valid until the next call. Never NULL. */
struct type_parts *account_parts_type(struct account_parts *parts, type_id type);

/* The sums of types that other has are added. */
void account_parts_add_types(struct account_parts *parts, const struct account_parts *other);

/* Names the types as the snapshot does, and hands all of it over; parts is empty then. */
struct error *account_parts_seal(struct account_parts *parts, const struct snapshot *snapshot,
                                 struct snap_part **ret, size_t *ret_count);

#endif
