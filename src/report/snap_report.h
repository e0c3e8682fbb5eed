/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `plumb snap` says of the file it has written, and `plumb check` of one
 * that is sound: as text, as plumb.snap/1 and as plumb.check/1.
 */
#ifndef PLUMB_REPORT_SNAP_REPORT_H
#define PLUMB_REPORT_SNAP_REPORT_H

#include "report/target_report.h"
#include "snapshot/snapshot_file.h"

/* One of the files that were written. */
struct snap_written {
	char *file;
	uint64_t size;
	uint64_t objects;
	int64_t taken_at;
	double pause_ms;
};

struct snap_report {
	const struct snapshot *snapshot; /* the last one */
	const char *file;
	struct snapshot_file_info info;
	const struct snap_written *written; /* all of them; none of plumb check */
	size_t written_count;
};

void snap_report_text(const struct layout *layout, const struct snap_report *report,
                      struct text *text);
void snap_report_json(const struct snap_report *report, struct text *text);

void check_report_text(const struct layout *layout, const struct snap_report *report,
                       struct text *text);
void check_report_json(const struct snap_report *report, struct text *text);

#endif
