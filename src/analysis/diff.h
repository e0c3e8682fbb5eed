/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What changed from one graph to the next: by type, by the path that holds
 * what is new, and by container.
 *
 * Graphs are added one after the other and not kept; only the last one must
 * still be there at diff_finish. All objects count, reached or not, so the
 * figures are those of `plumb heap`.
 *
 * An object is new when its address held no object of that type in the first
 * graph. An address that was freed and taken again by the same type looks old,
 * so "new" is never too much, only too little; addresses that another type has
 * taken are counted (reused).
 *
 * With three graphs or more only what grew at every step is told: such types
 * and containers, and the new objects of such types.
 *
 * Graphs of two processes share no addresses: types are then the same when
 * their names are, and nothing is said of objects and containers.
 */
#ifndef PLUMB_ANALYSIS_DIFF_H
#define PLUMB_ANALYSIS_DIFF_H

#include "analysis/looks.h"
#include "analysis/paths.h"

enum { DIFF_CONTAINERS_MAX = 1000, DIFF_PATHS_MAX = 1000 };

struct diff_type {
	const struct look_series *series; /* count and bytes in each graph */
	bool is_ambiguous;                /* another type has the same name */
	int64_t objects;                  /* now - then */
	int64_t bytes;
};

struct diff_container {
	char *path; /* "app.cache['k']", or "" when no root leads to it */
	const char *type;
	uint64_t address;
	uint64_t length_then;
	uint64_t length_now;
};

/* Where one of the graphs came from. */
struct diff_side {
	char *name; /* "4242", or the file */
	int64_t taken_at;
	uint64_t resident_bytes;
};

struct diff {
	struct looks looks;
	struct diff_side sides[LOOKS_LIMIT];
	bool is_one_process;
	struct snapshot_origin_mark {
		int pid;
		uint64_t landmark; /* address of the type `type`: another in each process */
	} first;

	/* After diff_finish: */
	struct diff_type *types; /* most bytes more first */
	size_t type_count;
	struct paths *paths; /* of the new objects; NULL: not one process, or no edges */
	uint64_t new_objects, new_bytes;   /* all of them, whatever their type */
	struct diff_container *containers; /* those that grew most first */
	size_t container_count;
	size_t other_containers; /* beyond DIFF_CONTAINERS_MAX */
};

void diff_init(struct diff *diff);
void diff_deinit(struct diff *diff);

static inline void cleanup_diff(struct diff *diff)
{
	diff_deinit(diff);
}

/* Adds the next graph, oldest first. At most LOOKS_LIMIT. */
struct error *diff_add(struct diff *diff, const struct snapshot *snapshot);

/*
 * Compares. snapshot is the one added last; reach is its own, or NULL when it
 * has no edges: then nothing is said of paths. At least two were added.
 */
struct error *diff_finish(struct diff *diff, const struct snapshot *snapshot,
                          const struct reach *reach);

#endif
