/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where chosen nodes are, in words: each node, and each node on the shortest
 * path to it, is given a place in a trie of generalised paths.
 *
 * What is generalised, and what is not:
 *   - an index or a key of data is [*] where it varies, and stays where all
 *     chosen nodes go through the same one, or nearly all (DOMINANT_PERCENT);
 *   - where many containers of one kind share their few keys (records, as JSON
 *     gives them, and short tuples), the key is a name and stays;
 *   - a dict that is the __dict__ of something is no step: obj.x;
 *   - threads are named while they are few, or one of them holds nearly all;
 *   - a running frame is named by its function, and the frames between it
 *     and its thread are left out.
 */
#ifndef PLUMB_ANALYSIS_PATH_MAP_H
#define PLUMB_ANALYSIS_PATH_MAP_H

#include "analysis/path_trie.h"
#include "analysis/reach.h"
#include "base/text.h"

struct path_map {
	const struct snapshot *snapshot;
	const struct reach *reach;
	struct labels labels;
	struct path_trie trie;
	uint32_t *weight; /* chosen nodes at and below each node; 0: on no path */
	place_id *place;  /* of each node with a weight */
	bool merges_threads;
};

/* The operand of STEP_ROOT that stands for every thread. */
static const uint32_t ANY_THREAD = UINT32_MAX;

/* Borrows snapshot and reach, which must outlive it. is_chosen: a byte for each node. */
struct error *path_map_make(const struct snapshot *snapshot, const struct reach *reach,
                            const uint8_t *is_chosen, struct path_map **ret);
void path_map_free(struct path_map *map);

static inline void cleanup_path_map(struct path_map **map)
{
	path_map_free(*map);
}

/* Appends the words for a place: app.cache._sessions[*].user */
void path_map_text(struct path_map *map, place_id place, struct text *text);

/* The root that a place starts from: "app", "thread 4242 (MainThread)", "threads[*]". Borrowed. */
const char *path_map_root(struct path_map *map, place_id place);

#endif
