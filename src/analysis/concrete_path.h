/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way from a root to one node, step by step, as it is in the heap: what
 * each step is called and where it leads. Steps through the __dict__ of an
 * object are joined with the one before, as obj.x in Python.
 *
 * A way longer than CONCRETE_STEPS_MAX loses its middle; a step that says how
 * many are missing stands there instead (address 0).
 */
#ifndef PLUMB_ANALYSIS_CONCRETE_PATH_H
#define PLUMB_ANALYSIS_CONCRETE_PATH_H

#include "analysis/labels.h"
#include "analysis/reach.h"

enum { CONCRETE_STEPS_MAX = 512 };

struct concrete_step {
	const char *edge; /* "root", "attribute", "index", "value" ...; static */
	char *label;      /* ".cache", "['k']"; of a root its name */
	const char *type; /* borrowed from the snapshot */
	node_id node;     /* NODE_NONE: missing steps */
	uint64_t address;
	uint64_t size;
	bool has_length;
	uint64_t length;
};

struct concrete_path {
	struct concrete_step *steps;
	size_t step_count;
	char *text;     /* sys.modules['app'].cache['k'].user */
	bool is_python; /* text can be evaluated in the process */
};

/* node is reached. */
struct error *concrete_path_make(struct labels *labels, const struct reach *reach, node_id node,
                                 struct concrete_path *ret);
void concrete_path_deinit(struct concrete_path *path);

/* Its words, as in a merged path: app.cache._sessions. The caller frees them; NULL: no memory. */
char *concrete_path_words(const struct concrete_path *path);

#endif
