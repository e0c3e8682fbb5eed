/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of the search for suspects, shared by its three files: suspects.c
 * groups the new objects, suspect_fold.c decides which groups are told together,
 * suspect_write.c makes the result. Nobody else uses it.
 */
#ifndef PLUMB_ANALYSIS_SUSPECT_SEARCH_H
#define PLUMB_ANALYSIS_SUSPECT_SEARCH_H

#include "analysis/growth.h"

static const uint32_t no_group = UINT32_MAX;
static const place_id no_place = UINT32_MAX;

/* The candidate of a majority vote, and its lead. */
struct vote {
	uint32_t candidate; /* UINT32_MAX: none */
	uint64_t lead;
};

/* New objects of one type at one place. */
struct group {
	place_id place;
	type_id type;
	uint64_t objects;
	uint64_t bytes;
	uint64_t births[LOOKS_LIMIT];
	node_id first; /* the one nearest to its root */
	bool has_stayed;
	uint64_t from_outside; /* nodes that hang from no other group */
	uint64_t owned;        /* nodes that hang from an earlier group */
	bool is_top;
	uint64_t held_bytes;
	struct vote container; /* the place of the containers that grew */
	struct vote referent;  /* the group that its nodes refer to weakly */
	uint32_t told_with;    /* the group that this one is told with, or itself */
};

struct held_type {
	uint32_t group;
	type_id type;
	uint64_t objects;
	uint64_t bytes;
};

/* The containers that grew at one place, together. */
struct container_sum {
	uint64_t count;
	uint64_t length_first;
	uint64_t length_last;
	node_id first; /* NODE_NONE: it is a family of roots */
	bool is_told;  /* a suspect names it */
};

struct search {
	const struct looks *looks;
	const struct snapshot *snapshot;
	const struct reach *reach;
	uint8_t *births;       /* borrowed */
	struct bit_set chosen; /* new, and of a growing type */
	struct path_map *map;
	struct group *groups;
	size_t group_count, group_capacity;
	struct number_map group_of; /* place and type -> group */
	uint32_t *group;            /* of each chosen node */
	uint32_t *above;            /* what each node was handed down */
	struct held_type *held;
	size_t held_count, held_capacity;
	struct number_map held_of;          /* group and type -> held */
	struct container_sum *container_at; /* of each place */
};

/* The containers that grew by what hangs from this group; NULL: none did. */
struct container_sum *search_container(const struct search *search, const struct group *group);

/* Fills told_with of the tops in order (most held bytes first). False: no memory. */
bool suspect_fold(struct search *search, const uint32_t *tops, size_t count);

/* Makes growth->suspects of the tops in order. */
struct error *suspect_write(struct search *search, const uint32_t *tops, size_t count,
                            struct growth *growth);

#endif
