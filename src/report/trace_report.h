/* SPDX-License-Identifier: Apache-2.0 */
/* Where one object was allocated, the way Python prints a traceback: most recent line last. */
#ifndef PLUMB_REPORT_TRACE_REPORT_H
#define PLUMB_REPORT_TRACE_REPORT_H

#include "report/json.h"
#include "report/layout.h"
#include "snapshot/snapshot.h"

/* Lines that start in column indent; nothing of a target that records none. */
void trace_report_text(const struct layout *layout, const struct snapshot *snapshot, node_id node,
                       size_t indent, struct text *text);

/* Key "allocated_at": null where it is not recorded; no key of a target that records none. */
void trace_report_json(struct json *json, const struct snapshot *snapshot, node_id node);

#endif
