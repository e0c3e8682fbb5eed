/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is remembered of one look at a process until the next: not its
 * snapshot, only
 *   - how many objects of each type were reached, and their bytes;
 *   - a mark of two bytes or so for each reached object, with the look at
 *     which it was first seen (its birth);
 *   - the lengths of containers and the sizes of large blocks, and of those
 *     that got longer their length at each look;
 *   - how many roots there are of each family (threads, modules).
 *
 * Only reached objects count. Garbage that waits for the collector grows and
 * falls like a saw, and would hide what stays.
 *
 * An object is the same from look to look when address and type are. When an
 * address was reused for an object of the same type in between, the new one is
 * taken for the old one: it looks older than it is, so growth is never
 * invented by this, only hidden.
 *
 * A container is the same when it lies at the same address, or when it took the
 * place of another: `seen = seen + (one,)` makes a new tuple each time, and
 * what the name `seen` stands for is what grows.
 */
#ifndef PLUMB_ANALYSIS_LOOKS_H
#define PLUMB_ANALYSIS_LOOKS_H

#include "analysis/account.h"
#include "analysis/look_marks.h"
#include "analysis/reach.h"
#include "base/number_map.h"

enum { LOOKS_LIMIT = 15 };

/* One type over all looks: the same address and name. */
struct look_series {
	uint64_t address;
	char *name;
	uint64_t objects[LOOKS_LIMIT];
	uint64_t bytes[LOOKS_LIMIT];
};

/* Without a history: it has not grown since it was first seen. */
static const uint32_t no_history = UINT32_MAX;

/* What may get longer: a container, or a large block (a str, a bytearray); sorted by address. */
struct look_container {
	uint64_t address;
	uint64_t first_length; /* elements; of a block its size in bytes */
	uint64_t last_length;
	uint32_t type_mark;
	uint32_t slot;     /* a hash of the name that leads to it; 0: none that lasts */
	uint32_t history;  /* its row in looks->histories, or no_history */
	uint8_t last_look; /* when it was last seen */
	uint8_t growths;   /* looks at which it was longer than at the one before */
	bool has_shrunk;
	bool is_block;
};

/* The lengths at each look. */
struct look_history {
	uint64_t lengths[LOOKS_LIMIT];
};

/* How many roots there are of one family, see analysis/root_family.h. */
struct look_family {
	uint32_t first_count;
	uint32_t last_count;
};

struct look_figures {
	double seconds; /* since the first look */
	uint64_t resident_bytes;
	double pause_ms;
	uint64_t objects; /* reached */
	uint64_t bytes;
	uint64_t unreached_objects;
	uint64_t unreached_bytes;
	uint64_t reused; /* addresses that held an object of another type at the look before */
	bool has_groups; /* an account was made: */
	uint64_t groups[ACCOUNT_GROUP_COUNT]; /* resident bytes, see account.h */
};

/* What counts as what. All false: reached objects of one process, as the head says. */
struct look_rules {
	bool counts_all;   /* unreached objects too; looks_add needs no reach then */
	bool keeps_shrunk; /* containers that became shorter are remembered too */
	bool by_name;      /* looks at different processes: types of one name are one type,
	                    * and an address says nothing */
};

struct looks {
	struct look_rules rules; /* to be set before the first look */
	unsigned int count;
	struct look_figures figures[LOOKS_LIMIT];

	struct look_series *series;
	size_t series_count, series_capacity;
	struct number_map series_of; /* hash of address and name -> series */

	struct look_marks marks; /* of the last look */
	uint8_t *births;         /* of each node of its snapshot, after looks_recall */
	struct look_container *containers;
	size_t container_count;
	struct look_history *histories;
	size_t history_count, history_capacity;
	struct look_family *families;
	size_t family_count, family_capacity;
	struct number_map family_of; /* hash of its words -> family */
};

void looks_init(struct looks *looks);
void looks_deinit(struct looks *looks);

/*
 * Adds a look; figures says what the snapshot does not know (the rest is
 * filled in). reach may be NULL when rules.counts_all.
 */
struct error *looks_add(struct looks *looks, const struct snapshot *snapshot,
                        const struct reach *reach, const struct look_figures *figures);

/*
 * From here on looks are at other processes (rules.by_name). What was learnt
 * is kept by the names of types.
 */
void looks_forget_addresses(struct looks *looks);

/* Forgets the figures of the last look, when the next one comes too soon after it. */
void looks_drop_last(struct looks *looks);

/* The series of a type of the snapshot of the last look; NULL: it never had reached objects. */
const struct look_series *looks_series(const struct looks *looks, const struct snapshot *snapshot,
                                       type_id type);

/*
 * After the last look, whose snapshot is given: makes births of marks, which
 * are used up.
 */
struct error *looks_recall(struct looks *looks, const struct snapshot *snapshot);

/* After looks_recall: the look, from 0, at which a node was first seen. */
static inline unsigned int looks_birth(const struct looks *looks, node_id node)
{
	return looks->births[node];
}

/* The container at a node of the last look's snapshot, when it was there before; or NULL. */
const struct look_container *looks_container(const struct looks *looks,
                                             const struct snapshot *snapshot, node_id node);

/* The family of roots with these words ("threads[*]"); NULL: there never was one. */
const struct look_family *looks_family(const struct looks *looks, const char *words);

/* Its lengths at each look, when it grew; or NULL. */
const uint64_t *looks_history(const struct looks *looks, const struct look_container *container);

/* Is it longer than when first seen, and was never shorter than at the look before? */
static inline bool look_container_has_grown(const struct looks *looks,
                                            const struct look_container *container)
{
	return container->last_look + 1u == looks->count && !container->has_shrunk &&
	       container->last_length > container->first_length;
}

#endif
