/* SPDX-License-Identifier: Apache-2.0 */
/* What `plumb PID` says, as text for a terminal and as plumb.verdict/1. */
#ifndef PLUMB_REPORT_VERDICT_REPORT_H
#define PLUMB_REPORT_VERDICT_REPORT_H

#include "analysis/verdict.h"
#include "report/target_report.h"

struct verdict_report {
	const struct snapshot *snapshot;
	const struct looks *looks;
	const struct growth *growth;
	const struct verdict *verdict;
};

void verdict_report_text(const struct layout *layout, const struct verdict_report *report,
                         struct text *text);
void verdict_report_json(const struct verdict_report *report, struct text *text);

#endif
