/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why are these objects alive? The shortest strong path from a root to each
 * of them, merged where they read the same once keys and indexes are
 * generalised. See analysis/path_map.h for what is generalised.
 */
#ifndef PLUMB_ANALYSIS_PATHS_H
#define PLUMB_ANALYSIS_PATHS_H

#include "analysis/concrete_path.h"
#include "analysis/path_map.h"
#include "analysis/selection.h"

struct merged_path {
	char *text; /* app.cache._sessions[*].user */
	uint64_t objects;
	uint64_t bytes;
	char *root; /* app, thread 4242 (MainThread), threads[*] */
	struct concrete_path example;
};

struct paths {
	struct merged_path *paths; /* most bytes first */
	size_t path_count;
	uint64_t objects; /* all that were asked for */
	uint64_t bytes;
	size_t type_count;          /* of so many types of the one name */
	struct reach_sum unreached; /* of these: no root leads to them */
	struct reach_sum others;    /* of these: on paths beyond the limit */
	size_t other_count;         /* paths beyond the limit */
};

/* At most limit paths. */
struct error *paths_make(const struct snapshot *snapshot, const struct reach *reach,
                         const struct selection *selection, size_t limit, struct paths **ret);
void paths_free(struct paths *paths);

static inline void cleanup_paths(struct paths **paths)
{
	paths_free(*paths);
}

#endif
