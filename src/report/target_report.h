/* SPDX-License-Identifier: Apache-2.0 */
/* What every report says of the process that the graph is of, and what is doubtful in it. */
#ifndef PLUMB_REPORT_TARGET_REPORT_H
#define PLUMB_REPORT_TARGET_REPORT_H

#include "report/json.h"
#include "report/layout.h"
#include "snapshot/snapshot.h"

/* "target":{"taken_at":..,"pid":..,"python":..,"cmdline":..} */
void target_report_json(struct json *json, const struct snapshot_facts *target);

/* Begins a document about one target: its schema, the target, and how it was held still. */
void target_report_begin_json(struct json *json, struct text *text, const char *schema,
                              const struct snapshot_facts *target);

/* Ends a document that has begun, with what is doubtful. */
void target_report_end_json(struct json *json, const struct snapshot *snapshot);

/*
 * "process 4242, CPython 3.12.1, RSS 412 MiB, stopped for 3.2 ms", and its
 * arguments below. Of a file: "app.plumb: process 4242, ...", and when it was
 * taken.
 */
void target_report_text(const struct layout *layout, struct text *text,
                        const struct snapshot_facts *target);

/* The word that names the target on a command line: "4242", or the file. */
void target_report_word(struct text *text, const struct snapshot_facts *target);

/* What to say of objects that no root leads to: of those that the graph has. Static. */
const char *target_report_unreached(const struct snapshot *snapshot);

/* What could not be read, when there is something: torn, faults, unknown types, unsettled. */
void target_report_doubts(struct text *text, const struct snapshot *snapshot);

#endif
