/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every report says of the process it is about. Filled in by the command
 * line; the report layer knows no processes.
 */
#ifndef PLUMB_REPORT_TARGET_REPORT_H
#define PLUMB_REPORT_TARGET_REPORT_H

#include "report/json.h"
#include "report/layout.h"
#include "snapshot/snapshot.h"

struct report_target {
	int pid;
	const char *python; /* "3.12.1" */
	const char *command_line;
	double pause_ms;
	const char *pause_mode; /* "fork", "copy" or "none" */
	bool is_settled;
	uint64_t resident_bytes;
	uint64_t interpreters;
	uint64_t threads;
};

/* "target":{"pid":..,"python":..,"cmdline":..},"pause_ms":.. */
void target_report_json(struct json *json, const struct report_target *target);

/* "process 4242, CPython 3.12.1, RSS 412 MiB, stopped for 3.2 ms", and its arguments below. */
void target_report_text(const struct layout *layout, struct text *text,
                        const struct report_target *target);

/* What could not be read, when there is something: torn, faults, unknown types, unsettled. */
void target_report_doubts(struct text *text, const struct report_target *target,
                          const struct snapshot *snapshot);
void target_report_doubts_json(struct json *json, const struct report_target *target,
                               const struct snapshot *snapshot);

#endif
