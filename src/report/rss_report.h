/* SPDX-License-Identifier: Apache-2.0 */
/* What `plumb rss` says, as text for a terminal and as plumb.rss/1. */
#ifndef PLUMB_REPORT_RSS_REPORT_H
#define PLUMB_REPORT_RSS_REPORT_H

#include "analysis/account.h"
#include "report/target_report.h"

void rss_report_text(const struct layout *layout, const struct snapshot *snapshot,
                     const struct account *account, struct text *text);
void rss_report_json(const struct snapshot *snapshot, const struct account *account,
                     struct text *text);

#endif
