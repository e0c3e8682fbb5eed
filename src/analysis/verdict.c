/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The piles that grow are sorted by whose evidence they are; then each kind says
 * by how many bytes it grew, and the largest is the verdict.
 */
#include "analysis/verdict.h"

#include "base/cleanup.h"

#include <stdlib.h>
#include <string.h>

enum {
	HEADS_MIN = 10,          /* islands, or blocks of nobody */
	LOST_BLOCKS_MIN = 16384, /* bytes, as all below */
	BLOCKS_MIN = 1 << 20,    /* of somebody: they may be a cache's, or a buffer's */
	WAITING_MIN = 16 << 20,  /* garbage of a collector that is on */
	RESIDENT_MIN = 4 << 20,
	RESIDENT_SHARE = 50, /* of the RSS: a 50th */
};

struct judging {
	const struct verdict_facts *facts;
	struct verdict *verdict;
	unsigned int count; /* of looks */
};

static const struct look_figures *first_look(const struct judging *judging)
{
	return &judging->facts->looks->figures[0];
}

static const struct look_figures *last_look(const struct judging *judging)
{
	return &judging->facts->looks->figures[judging->count - 1];
}

static uint64_t more(uint64_t first, uint64_t last)
{
	return last > first ? last - first : 0;
}

/* By how much the group grew; 0 as well when it is not known. */
static uint64_t group_growth(const struct judging *judging, enum account_group group)
{
	const struct look_figures *first = first_look(judging);
	const struct look_figures *last = last_look(judging);

	if (!first->has_groups || !last->has_groups)
		return 0;
	return more(first->groups[group], last->groups[group]);
}

/* -------------------------------------------------------------------- piles */

/*
 * Garbage is not lost while the collector comes by now and then: of one that is
 * on, only much counts.
 */
static bool islands_grow(const struct judging *judging, const struct pile *pile)
{
	uint64_t heads = piles_growth(judging->facts->piles, pile->heads);
	uint64_t bytes = piles_growth(judging->facts->piles, pile->bytes);

	if (heads < HEADS_MIN || !growth_is_steady(pile->heads, judging->count) ||
	    !growth_is_steady(pile->bytes, judging->count))
		return false;
	return pile->key.cause != LOST_AWAITING || judging->facts->is_collector_off ||
	       bytes >= WAITING_MIN;
}

/* What somebody holds may be a buffer that is not full yet: it has to be resident. */
static bool blocks_grow(const struct judging *judging, const struct pile *pile)
{
	uint64_t heads = piles_growth(judging->facts->piles, pile->heads);
	uint64_t bytes = piles_growth(judging->facts->piles, pile->bytes);

	if (pile->key.size_class)
		return false;
	if (pile->key.owner == NATIVE_OWNER_NOBODY)
		return heads >= HEADS_MIN && bytes >= LOST_BLOCKS_MIN &&
		       growth_is_steady(pile->heads, judging->count) &&
		       growth_is_steady(pile->bytes, judging->count);
	return bytes >= BLOCKS_MIN && growth_is_lasting(pile->bytes, judging->count) &&
	       group_growth(judging, ACCOUNT_NATIVE) >= bytes / 2;
}

static bool is_growing_type(const struct growth *growth, const char *name)
{
	for (size_t i = 0; i < growth->type_count; i++)
		if (strcmp(growth->types[i].type, name) == 0)
			return true;
	return false;
}

/* Blocks that belong to objects which pile up, or are lost, are evidence of that. */
static enum verdict_kind kind_of(const struct judging *judging, const struct pile *pile)
{
	const struct verdict *verdict = judging->verdict;

	if (pile->key.kind == PILE_ISLANDS)
		return VERDICT_LOST;
	if (pile->key.owner != NATIVE_OWNER_TYPE)
		return VERDICT_NATIVE;
	if (judging->facts->growth->suspect_count &&
	    is_growing_type(judging->facts->growth, pile->key.name))
		return VERDICT_OBJECTS;
	for (size_t i = 0; i < verdict->pile_count; i++)
		if (verdict->piles[i].kind == VERDICT_LOST &&
		    strcmp(verdict->piles[i].pile->key.name, pile->key.name) == 0)
			return VERDICT_LOST;
	return VERDICT_NATIVE;
}

static void add_pile(struct judging *judging, const struct pile *pile)
{
	const struct piles *piles = judging->facts->piles;
	struct growing_pile *growing = &judging->verdict->piles[judging->verdict->pile_count];

	*growing = (struct growing_pile){
		.pile = pile,
		.kind = kind_of(judging, pile),
		.heads = piles_growth(piles, pile->heads),
		.objects = piles_growth(piles, pile->objects),
		.bytes = piles_growth(piles, pile->bytes),
	};
	judging->verdict->pile_count++;
}

static int compare_piles(const void *left, const void *right)
{
	const struct growing_pile *a = left;
	const struct growing_pile *b = right;

	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? 1 : -1;
	return (a->pile > b->pile) - (a->pile < b->pile);
}

/* The size of which most of the new blocks are. */
static void find_size(const struct piles *piles, struct growing_pile *growing)
{
	for (size_t i = 0; i < piles->count; i++) {
		const struct pile *part = &piles->list[i];

		if (pile_is_part_of(part, growing->pile) &&
		    piles_growth(piles, part->bytes) >= growing->bytes / 2)
			growing->mostly = part;
	}
}

/* Islands first: blocks ask which types are lost. */
static struct error *find_piles(struct judging *judging)
{
	const struct piles *piles = judging->facts->piles;
	struct verdict *verdict = judging->verdict;

	verdict->piles = calloc(piles->count + 1, sizeof(*verdict->piles));
	if (!verdict->piles)
		return error_no_memory();
	for (size_t i = 0; i < piles->count; i++)
		if (piles->list[i].key.kind == PILE_ISLANDS &&
		    islands_grow(judging, &piles->list[i]))
			add_pile(judging, &piles->list[i]);
	for (size_t i = 0; i < piles->count; i++)
		if (piles->list[i].key.kind == PILE_BLOCKS && blocks_grow(judging, &piles->list[i]))
			add_pile(judging, &piles->list[i]);
	if (verdict->pile_count)
		qsort(verdict->piles, verdict->pile_count, sizeof(*verdict->piles), compare_piles);
	for (size_t i = 0; i < verdict->pile_count; i++)
		find_size(piles, &verdict->piles[i]);
	return NULL;
}

/* ----------------------------------------------------------------- findings */

static void add_finding(struct judging *judging, enum verdict_kind kind, uint64_t bytes,
                        enum account_group group)
{
	struct verdict *verdict = judging->verdict;

	verdict->findings[verdict->finding_count++] = (struct finding){kind, bytes, group};
}

static void judge_piles(struct judging *judging, enum verdict_kind kind)
{
	const struct verdict *verdict = judging->verdict;
	uint64_t bytes = 0;

	for (size_t i = 0; i < verdict->pile_count; i++)
		if (verdict->piles[i].kind == kind)
			bytes += verdict->piles[i].bytes;
	if (bytes)
		add_finding(judging, kind, bytes, ACCOUNT_NATIVE);
}

static void judge_objects(struct judging *judging)
{
	const struct growth *growth = judging->facts->growth;
	const struct verdict *verdict = judging->verdict;
	uint64_t bytes = 0;

	if (!growth->suspect_count)
		return;
	for (size_t i = 0; i < growth->suspect_count; i++)
		bytes += growth->suspects[i].held_bytes;
	for (size_t i = 0; i < verdict->pile_count; i++)
		if (verdict->piles[i].kind == VERDICT_OBJECTS)
			bytes += verdict->piles[i].bytes;
	add_finding(judging, VERDICT_OBJECTS, bytes, ACCOUNT_OBJECTS);
}

/* By how much the resident memory grew, when that goes on and is worth a word; else 0. */
static uint64_t resident_growth(const struct judging *judging)
{
	const struct looks *looks = judging->facts->looks;
	uint64_t resident[LOOKS_LIMIT];
	uint64_t grown =
		more(first_look(judging)->resident_bytes, last_look(judging)->resident_bytes);

	for (unsigned int i = 0; i < judging->count; i++)
		resident[i] = looks->figures[i].resident_bytes;
	if (grown < RESIDENT_MIN || grown < resident[0] / RESIDENT_SHARE ||
	    !growth_is_lasting(resident, judging->count))
		return 0;
	return grown;
}

/* Do these groups together make up half of what the RSS grew by? */
static void judge_groups(struct judging *judging, enum verdict_kind kind,
                         const enum account_group *groups, size_t count, uint64_t resident)
{
	enum account_group largest = groups[0];
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t grown = group_growth(judging, groups[i]);

		sum += grown;
		if (grown > group_growth(judging, largest))
			largest = groups[i];
	}
	if (sum && sum >= resident / 2)
		add_finding(judging, kind, sum, largest);
}

static int compare_findings(const void *left, const void *right)
{
	const struct finding *a = left;
	const struct finding *b = right;

	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? 1 : -1;
	return (a->kind > b->kind) - (a->kind < b->kind);
}

static void judge(struct judging *judging)
{
	static const enum account_group kept[] = {ACCOUNT_POOLS_FREE, ACCOUNT_MALLOC_FREE};
	static const enum account_group native[] = {ACCOUNT_NATIVE};
	static const enum account_group other[] = {ACCOUNT_FILES,  ACCOUNT_STACKS,
	                                           ACCOUNT_SHARED, ACCOUNT_OTHER_MALLOC,
	                                           ACCOUNT_GPU,    ACCOUNT_UNEXPLAINED};
	struct verdict *verdict = judging->verdict;
	uint64_t resident = resident_growth(judging);

	judge_objects(judging);
	judge_piles(judging, VERDICT_LOST);
	judge_piles(judging, VERDICT_NATIVE);
	/* Blocks whose holders change, as in a list of C that a stale word leads into. */
	if (resident && !verdict->finding_count)
		judge_groups(judging, VERDICT_NATIVE, native, 1, resident);
	if (resident) {
		judge_groups(judging, VERDICT_ALLOCATOR, kept, sizeof(kept) / sizeof(*kept),
		             resident);
		judge_groups(judging, VERDICT_OTHER, other, sizeof(other) / sizeof(*other),
		             resident);
	}
	qsort(verdict->findings, verdict->finding_count, sizeof(*verdict->findings),
	      compare_findings);
	verdict->kind = verdict->finding_count ? verdict->findings[0].kind : VERDICT_NONE;
}

struct error *verdict_make(const struct verdict_facts *facts, struct verdict **ret)
{
	_cleanup_(cleanup_verdict) struct verdict *verdict = calloc(1, sizeof(*verdict));
	struct judging judging = {facts, verdict, facts->looks->count};
	struct error *error;

	if (!verdict)
		return error_no_memory();
	verdict->minutes = last_look(&judging)->seconds / 60;
	error = find_piles(&judging);
	if (error)
		return error;
	judge(&judging);
	*ret = take_ptr(verdict);
	return NULL;
}

void verdict_free(struct verdict *verdict)
{
	if (!verdict)
		return;
	free(verdict->piles);
	free(verdict);
}

const char *verdict_name(enum verdict_kind kind)
{
	static const char *const names[VERDICT_KIND_COUNT] = {
		[VERDICT_OBJECTS] = "python-objects",
		[VERDICT_LOST] = "python-lost",
		[VERDICT_NATIVE] = "native",
		[VERDICT_ALLOCATOR] = "allocator",
		[VERDICT_OTHER] = "other",
		[VERDICT_NONE] = "none",
	};

	return names[kind];
}
