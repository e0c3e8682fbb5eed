/* SPDX-License-Identifier: Apache-2.0 */
/* What is lost, as text for people or one JSON document, plumb.leaks/1. */
#ifndef PLUMB_REPORT_LEAKS_REPORT_H
#define PLUMB_REPORT_LEAKS_REPORT_H

#include "analysis/lost.h"
#include "report/target_report.h"

struct leaks_report {
	const struct snapshot *snapshot;
	const struct lost *lost;
	size_t top; /* rows of each table; 0: all */
};

void leaks_report_text(const struct layout *layout, const struct leaks_report *report,
                       struct text *text);
void leaks_report_json(const struct leaks_report *report, struct text *text);

#endif
