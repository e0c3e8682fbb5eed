/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an object holds, in Python's words, put together from the graph: the
 * literals of numbers and strings, containers to a few levels, objects by
 * their attributes. No repr is run, and a value is never longer than a screen.
 *
 *   {'id': 7, 'lines': [app.Line(item='nut', cents=250), ...11 more]}
 */
#ifndef PLUMB_ANALYSIS_VALUE_TEXT_H
#define PLUMB_ANALYSIS_VALUE_TEXT_H

#include "base/text.h"
#include "snapshot/snapshot.h"

struct value_limits {
	unsigned int depth; /* levels of containers that are opened */
	unsigned int items; /* of each container */
	size_t bytes;       /* of the text, about */
};

/* The snapshot has edges. */
void value_text(const struct snapshot *snapshot, node_id node, const struct value_limits *limits,
                struct text *text);

#endif
