/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What grows, and what holds it: from several looks, the suspects.
 *
 * A type grows when its reached objects became more, in count and in bytes,
 * from each look to the next, the growth did not die away (a warm-up), and of
 * the objects born between any two looks some are still there (not a churn
 * that happens to go up).
 *
 * Its new objects are grouped by path and type. A group that hangs from
 * another one (the strings of a session) is told with it, and what is left
 * are the suspects: the outermost objects that pile up, each with its path and
 * with the container on that path that grew, if there is one. Single objects that
 * grow themselves are suspects too (swellings.h).
 */
#ifndef PLUMB_ANALYSIS_GROWTH_H
#define PLUMB_ANALYSIS_GROWTH_H

#include "analysis/looks.h"
#include "analysis/paths.h"

enum { GROWTH_COMPANIONS_MAX = 10, GROWTH_SUSPECTS_MAX = 40 };

/* A type of which new objects hang from a suspect's. */
struct growth_companion {
	const char *type;
	uint64_t objects;
	uint64_t bytes;
};

struct suspect {
	const char *type; /* borrowed from the snapshot */
	uint64_t type_address;
	uint64_t objects;    /* new ones that are still held */
	uint64_t own_bytes;  /* of these */
	uint64_t held_bytes; /* of these and of what is new and hangs from them */
	double objects_per_minute;
	double bytes_per_minute; /* of held_bytes */
	char *path;              /* where the new ones are: app.cache[*] */
	struct concrete_path example;

	uint64_t container_count;   /* so many grew together; 0: none did */
	const char *container_type; /* of the first of them; "": a family of roots (threads) */
	uint64_t container_address; /* of the first of them */
	char *container_path;
	uint64_t length_first; /* elements of all of them */
	uint64_t length_last;

	bool is_one_object;  /* no new objects, but this one gets larger (swellings.h) */
	uint64_t size_first; /* of it in bytes, when it is no container */
	uint64_t size_last;

	struct growth_companion companions[GROWTH_COMPANIONS_MAX];
	size_t companion_count;
};

/* A type that grows, whether or not a path was found. */
struct growth_type {
	const char *type;
	const struct look_series *series;
};

struct growth {
	struct suspect *suspects; /* most held bytes first */
	size_t suspect_count;
	struct growth_type *types; /* most bytes first */
	size_t type_count;
	double minutes;
};

/*
 * snapshot and reach are those of the last look; there were at least three. No
 * look comes after it. Takes reach: when types grow, it is made again with the
 * order that is needed then.
 */
struct error *growth_find(struct looks *looks, const struct snapshot *snapshot, struct reach *reach,
                          struct growth **ret);
void growth_free(struct growth *growth);

static inline void cleanup_growth(struct growth **growth)
{
	growth_free(*growth);
}

/* Strictly more each time, however much. */
bool growth_is_at_every_step(const uint64_t *values, unsigned int count);

/* Is it growth, by the counts alone? For types and for the tests. */
bool growth_is_steady(const uint64_t *values, unsigned int count);

/* The same of what goes a little up and down on its way, as memory does. */
bool growth_is_lasting(const uint64_t *values, unsigned int count);

#endif
