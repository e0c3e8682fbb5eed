/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What piles up besides reached objects (looks.h), at each look:
 *   - islands of lost objects, by the cause and the type of their heads;
 *   - blocks of C, by who holds them; and again by this and their size.
 *
 * A pile is known again by names, never by addresses: neither an island nor a
 * block has one that lasts. Blocks that nobody holds are told apart by the
 * module that they point into.
 */
#ifndef PLUMB_ANALYSIS_PILES_H
#define PLUMB_ANALYSIS_PILES_H

#include "analysis/looks.h"
#include "analysis/lost.h"
#include "analysis/native_owners.h"

enum pile_kind { PILE_ISLANDS, PILE_BLOCKS };

/* By what a pile is known again. */
struct pile_key {
	enum pile_kind kind;
	enum lost_cause cause;        /* of islands */
	enum native_owner_kind owner; /* of blocks; NATIVE_OWNER_TYPE also of one object */
	uint64_t size_class;          /* of blocks: none is larger; 0: of all sizes */
	const char *name;             /* type of the heads or holders, root that holds, or "" */
	const char *module;           /* that blocks of nobody point into, or "" */
};

struct pile {
	struct pile_key key; /* its strings are words */
	char *words;
	uint64_t heads[LOOKS_LIMIT];   /* at each look: islands, or blocks */
	uint64_t objects[LOOKS_LIMIT]; /* of the islands */
	uint64_t bytes[LOOKS_LIMIT];   /* of memory */
	node_id example;         /* one of them in the snapshot of the last look that had some */
	uint32_t counted, found; /* references to the example, when it is the head of an island */
};

struct piles {
	unsigned int look_count;
	struct pile *list;
	size_t count, capacity;
	struct number_map numbers; /* hash of what makes it known again -> pile */
};

void piles_init(struct piles *piles);
void piles_deinit(struct piles *piles);

/* Adds a look, which has edges and refcounts. At most LOOKS_LIMIT of them. */
struct error *piles_add(struct piles *piles, const struct snapshot *snapshot);

/* Forgets the figures of the last look. */
void piles_drop_last(struct piles *piles);

/* By how much it grew from the first look to the last; 0: it did not. */
uint64_t piles_growth(const struct piles *piles, const uint64_t *values);

/* Does it hold blocks of the same holder, of one size? */
bool pile_is_part_of(const struct pile *pile, const struct pile *whole);

#endif
