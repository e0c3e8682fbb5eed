/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of which only the query knows how many there are and what they are
 * called: as a table for people, or as one JSON document, plumb.sql/1. The
 * widths of the columns are learnt from the first rows, which wait until there
 * are enough; what comes later goes straight through.
 */
#ifndef PLUMB_REPORT_ROWS_REPORT_H
#define PLUMB_REPORT_ROWS_REPORT_H

#include "report/json.h"
#include "report/layout.h"

enum rows_kind {
	ROWS_NULL,
	ROWS_INTEGER,
	ROWS_ADDRESS,
	ROWS_REAL,
	ROWS_TEXT,
};

struct rows_cell {
	enum rows_kind kind;
	int64_t integer;
	double real;
	const char *text;
};

struct rows_report {
	const struct layout *layout;
	bool is_json;
	struct text *text; /* what is ready to be printed; the caller may take it at any time */
	struct json json;

	size_t column_count;
	char **names;
	size_t *widths;
	bool *is_right; /* numbers stand at the right */

	char **waiting; /* cells of rows that wait, as they will be printed */
	size_t waiting_count, waiting_capacity;
	bool is_flowing; /* widths are settled */
	uint64_t row_count;
	bool is_broken; /* memory ran out */
};

/* text is borrowed. Of JSON, begins the document. */
void rows_report_init(struct rows_report *report, const struct layout *layout, bool is_json,
                      struct text *text);
void rows_report_deinit(struct rows_report *report);

void rows_report_begin(struct rows_report *report, const char *const *names, size_t count);
void rows_report_row(struct rows_report *report, const struct rows_cell *cells);
void rows_report_end(struct rows_report *report);

/* Of JSON, ends the document. */
void rows_report_finish(struct rows_report *report);

#endif
