/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a step reads. What has a name in Python is written as Python, so that it
 * can be typed into the program: `.name`, `['key']`, `[7]`, `.__class__`,
 * `.f_locals['x']`. What has none stands in angle brackets: `.<key>`.
 */
#ifndef PLUMB_ANALYSIS_STEP_TEXT_H
#define PLUMB_ANALYSIS_STEP_TEXT_H

#include "analysis/labels.h"
#include "analysis/path_trie.h"
#include "base/text.h"

/* A step as it was made: from owner by one edge. Keys and indexes are not generalised. */
struct step step_of_edge(struct labels *labels, struct snap_edge edge);

/* Does an object have its __dict__ by that edge? Its attributes are then the dict's values. */
bool edge_is_own_dict(const struct snapshot *snapshot, struct snap_edge edge);

/*
 * Appends the words of a step that is not a root. owner: the node it was made
 * from, or NODE_NONE; before: the kind of the step that led there.
 * Returns whether the words are Python.
 */
bool step_text(const struct labels *labels, struct step step, node_id owner, enum step_kind before,
               struct text *text);

#endif
