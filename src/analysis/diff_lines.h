/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What changed from one graph to the next by the line that allocated it, of
 * targets that record lines. Lines are the same when their names are, so also
 * two processes can be compared.
 */
#ifndef PLUMB_ANALYSIS_DIFF_LINES_H
#define PLUMB_ANALYSIS_DIFF_LINES_H

#include "analysis/heap_table.h"
#include "analysis/looks.h"

struct diff_line {
	char *name; /* "app.py:31", "(not traced)" */
	char *file; /* NULL: not traced */
	uint32_t line;
	uint64_t objects[LOOKS_LIMIT];
	uint64_t bytes[LOOKS_LIMIT];
};

struct diff_lines {
	struct diff_line *lines; /* by name; after diff_lines_finish most bytes more first */
	size_t count;
	unsigned int graphs;
};

void diff_lines_deinit(struct diff_lines *lines);

static inline void cleanup_diff_lines(struct diff_lines *lines)
{
	diff_lines_deinit(lines);
}

/* Adds the next graph, oldest first. ERROR_NOT_FOUND: it does not record lines. */
struct error *diff_lines_add(struct diff_lines *lines, const struct snapshot *snapshot);

/*
 * Leaves what changed from the first to the last; of three graphs and more,
 * what grew at every step.
 */
void diff_lines_finish(struct diff_lines *lines);

#endif
