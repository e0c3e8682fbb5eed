/* SPDX-License-Identifier: Apache-2.0 */
/* What `plumb show` says, as text for a terminal and as plumb.show/1. */
#ifndef PLUMB_REPORT_SHOW_REPORT_H
#define PLUMB_REPORT_SHOW_REPORT_H

#include "analysis/object_view.h"
#include "report/target_report.h"

struct show_report {
	const struct snapshot *snapshot;
	const struct object_view *view;
};

void show_report_text(const struct layout *layout, const struct show_report *report,
                      struct text *text);
void show_report_json(const struct show_report *report, struct text *text);

#endif
