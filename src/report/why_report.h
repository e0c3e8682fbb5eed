/* SPDX-License-Identifier: Apache-2.0 */
/* What `plumb why` says, as text for a terminal, as plumb.why/1 and as a Graphviz picture. */
#ifndef PLUMB_REPORT_WHY_REPORT_H
#define PLUMB_REPORT_WHY_REPORT_H

#include "analysis/paths.h"
#include "report/target_report.h"

struct why_report {
	const struct snapshot *snapshot;
	const struct paths *paths;
	const char *selector; /* as the user wrote it */
	size_t top;           /* paths to show; 0: all */
};

void why_report_text(const struct layout *layout, const struct why_report *report,
                     struct text *text);
void why_report_json(const struct why_report *report, struct text *text);
void why_report_dot(const struct why_report *report, struct text *text);

/* The steps of an example, one on a line, each deeper than the one before. */
void why_steps_text(const struct layout *layout, const struct concrete_path *path,
                    struct text *text);
void why_steps_json(struct json *json, const struct concrete_path *path);

/* What every document says of a merged path: its words, what it holds, an example. */
void why_path_json(struct json *json, const struct merged_path *path);

/* Of the objects that were asked for, those that no root reaches. */
void why_unreached_json(struct json *json, const struct reach_sum *unreached);

#endif
