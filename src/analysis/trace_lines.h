/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines that allocated what is on the heap: the innermost frame of each
 * trace, every line once. Line 0 stands for what has no trace.
 */
#ifndef PLUMB_ANALYSIS_TRACE_LINES_H
#define PLUMB_ANALYSIS_TRACE_LINES_H

#include "snapshot/snapshot.h"

struct trace_line {
	char *name;       /* "app.py:31", "(not traced)" */
	const char *file; /* borrowed from the snapshot; NULL of what is not traced */
	uint32_t line;
};

struct trace_lines {
	struct trace_line *lines;
	uint32_t count;
	uint32_t *of_trace; /* by what the snapshot's column trace says */
};

/* ERROR_NOT_FOUND: the target did not trace; the message says how to make it. */
struct error *trace_lines_check(const struct snapshot *snapshot);

struct error *trace_lines_make(const struct snapshot *snapshot, struct trace_lines **ret);
void trace_lines_free(struct trace_lines *lines);

static inline void cleanup_trace_lines(struct trace_lines **lines)
{
	trace_lines_free(*lines);
}

/* The line that allocated the node. */
static inline uint32_t trace_lines_of(const struct trace_lines *lines,
                                      const struct snapshot *snapshot, node_id node)
{
	return snapshot->trace ? lines->of_trace[snapshot->trace[node]] : 0;
}

#endif
