/* SPDX-License-Identifier: Apache-2.0 */
/* What `plumb diff --env` says, as text for a terminal and as plumb.env/1. */
#ifndef PLUMB_REPORT_ENV_REPORT_H
#define PLUMB_REPORT_ENV_REPORT_H

#include "analysis/settings_diff.h"
#include "report/target_report.h"

struct env_report {
	const struct snapshot_facts *then;
	const struct snapshot_facts *now;
	const struct settings_diff *diff;
};

void env_report_text(const struct layout *layout, const struct env_report *report,
                     struct text *text);
void env_report_json(const struct env_report *report, struct text *text);

#endif
