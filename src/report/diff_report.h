/* SPDX-License-Identifier: Apache-2.0 */
/* What `plumb diff` says, as text for a terminal and as plumb.diff/1. */
#ifndef PLUMB_REPORT_DIFF_REPORT_H
#define PLUMB_REPORT_DIFF_REPORT_H

#include "analysis/diff.h"
#include "analysis/diff_lines.h"
#include "report/target_report.h"

enum diff_by {
	DIFF_BY_ALL, /* the beginning of each table */
	DIFF_BY_TYPE,
	DIFF_BY_PATH,
	DIFF_BY_CONTAINER,
	DIFF_BY_LINE, /* only when it is asked for */
};

struct diff_report {
	const struct snapshot *snapshot; /* the last */
	const struct diff *diff;
	const struct diff_lines *lines; /* NULL unless by is DIFF_BY_LINE */
	enum diff_by by;
	bool has_top;
	size_t top; /* rows of each table; 0: all */
};

void diff_report_text(const struct layout *layout, const struct diff_report *report,
                      struct text *text);
void diff_report_json(const struct diff_report *report, struct text *text);

#endif
