/* SPDX-License-Identifier: Apache-2.0 */
/* What `plumb heap` says, as text for a terminal and as plumb.heap/1. */
#ifndef PLUMB_REPORT_HEAP_REPORT_H
#define PLUMB_REPORT_HEAP_REPORT_H

#include "analysis/heap_table.h"
#include "report/target_report.h"

struct heap_report {
	const struct snapshot *snapshot;
	const struct heap_table *table;
	enum heap_by by;
	enum heap_sort sort;
	size_t top; /* rows to show; 0: all */
};

void heap_report_text(const struct layout *layout, const struct heap_report *report,
                      struct text *text);
void heap_report_json(const struct heap_report *report, struct text *text);

#endif
