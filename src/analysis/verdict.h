/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why memory grows, as one word with its evidence: the tree that whoever hunts a
 * leak goes down.
 *
 *	do live, reachable objects grow?     VERDICT_OBJECTS    growth.h: which, held by what
 *	do lost objects grow?                VERDICT_LOST       of which type, for which cause
 *	do blocks of C in use grow?          VERDICT_NATIVE     whose they are, or nobody's
 *	does free memory grow that is kept?  VERDICT_ALLOCATOR
 *	does other memory grow?              VERDICT_OTHER      files, stacks, shared ...
 *	none of these                        VERDICT_NONE
 *
 * Where several grow the largest is the verdict, and the others are told as well.
 *
 * The first three are counted one by one, so steady growth of a few is one. The
 * others are known by the resident memory alone, which goes up and down, so they
 * are spoken of only when the RSS lastingly grows by a fair amount, and they make
 * up half of that. A false alarm is worse than silence.
 */
#ifndef PLUMB_ANALYSIS_VERDICT_H
#define PLUMB_ANALYSIS_VERDICT_H

#include "analysis/growth.h"
#include "analysis/piles.h"

enum verdict_kind {
	VERDICT_OBJECTS,
	VERDICT_LOST,
	VERDICT_NATIVE,
	VERDICT_ALLOCATOR,
	VERDICT_OTHER,
	VERDICT_NONE,
	VERDICT_KIND_COUNT
};

struct finding {
	enum verdict_kind kind;
	uint64_t bytes; /* by which it grew from the first look to the last */
	enum account_group
		group; /* of VERDICT_ALLOCATOR and VERDICT_OTHER: the one that grew most */
};

/* Of a finding of VERDICT_NATIVE there may be no pile: who holds the blocks is not known then. */
struct growing_pile {
	const struct pile *pile;   /* borrowed from the piles */
	const struct pile *mostly; /* blocks of this size are half of its growth or more; or NULL */
	enum verdict_kind kind;    /* whose evidence it is */
	uint64_t heads;            /* by which it grew, islands or blocks */
	uint64_t objects;
	uint64_t bytes;
};

struct verdict {
	enum verdict_kind kind;                /* of the first finding, or VERDICT_NONE */
	struct finding findings[VERDICT_NONE]; /* the largest first */
	size_t finding_count;
	struct growing_pile *piles; /* the largest first */
	size_t pile_count;
	double minutes;
};

struct verdict_facts {
	const struct looks *looks;
	const struct growth *growth;
	const struct piles *piles;
	bool is_collector_off; /* at the last look */
};

/* What the facts are of outlives the verdict. There were at least three looks. */
struct error *verdict_make(const struct verdict_facts *facts, struct verdict **ret);
void verdict_free(struct verdict *verdict);

static inline void cleanup_verdict(struct verdict **verdict)
{
	verdict_free(*verdict);
}

/* "python-objects", "python-lost", "native", "allocator", "other" or "none". Static. */
const char *verdict_name(enum verdict_kind kind);

#endif
