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
 *     many new modules, and several entries of one list of the interpreter's,
 *     are one root: sys.modules[*], interpreter.atexit[*].func;
 *   - a running frame is named by its function, and the frames between it
 *     and its thread are left out.
 */
#ifndef PLUMB_ANALYSIS_PATH_MAP_H
#define PLUMB_ANALYSIS_PATH_MAP_H

#include "analysis/path_trie.h"
#include "analysis/reach.h"
#include "base/bit_set.h"
#include "base/text.h"

struct path_map {
	const struct snapshot *snapshot;
	const struct reach *reach;
	struct labels labels;
	struct path_trie trie;
	struct bit_set on_path;  /* the chosen, and what lies on the paths to them */
	struct path_node *nodes; /* of each of these, by rank */
	uint32_t *root_step;     /* of each root, the operand of its STEP_ROOT */
};

struct path_node {
	uint32_t weight; /* chosen nodes at and below it */
	place_id place;
};

/* In the operand of STEP_ROOT: with it, the label of the words for a family of roots. */
static const uint32_t MANY_ROOTS = UINT32_C(1) << 31;

/*
 * Borrows snapshot and reach, which must outlive it. chosen: a set of nodes.
 * births: of each node the look at which it was first seen, where it is known
 * that some are newer than others; else NULL.
 */
struct error *path_map_make(const struct snapshot *snapshot, const struct reach *reach,
                            const struct bit_set *chosen, const uint8_t *births,
                            struct path_map **ret);
void path_map_free(struct path_map *map);

static inline void cleanup_path_map(struct path_map **map)
{
	path_map_free(*map);
}

static inline bool path_map_has(const struct path_map *map, node_id node)
{
	return bit_set_has(&map->on_path, node);
}

/* What is known of a node that the map has. */
static inline struct path_node *path_map_node(const struct path_map *map, node_id node)
{
	return &map->nodes[bit_set_rank(&map->on_path, node)];
}

/* Appends the words for a place: app.cache._sessions[*].user */
void path_map_text(struct path_map *map, place_id place, struct text *text);

/* The root that a place starts from: "app", "thread 4242 (MainThread)", "threads[*]". Borrowed. */
const char *path_map_root(struct path_map *map, place_id place);

#endif
