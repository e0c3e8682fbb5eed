/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The graph has the innermost frame first, as the target does. Of a deep trace
 * the innermost lines are shown: they tell more than where the program began.
 */
#include "report/trace_report.h"

#include "report/units.h"

#include <inttypes.h>

enum { LINES_SHOWN = 25 };

static void append_indent(struct text *text, size_t indent)
{
	for (size_t i = 0; i < indent; i++)
		text_append_char(text, ' ');
}

static void append_older(struct text *text, const struct snap_trace *trace, uint32_t shown,
                         size_t indent)
{
	if (trace->total <= shown)
		return;
	append_indent(text, indent);
	text_append(text, "(");
	units_plural(text, trace->total - shown, "older frame");
	text_append(text, trace->count > shown ? ")\n" : ": not recorded)\n");
}

static void append_frames(struct text *text, const struct snapshot *snapshot,
                          const struct snap_trace *trace, size_t indent)
{
	const struct snap_frame *frames = &snapshot->frames[trace->first];
	uint32_t shown = trace->count < LINES_SHOWN ? trace->count : LINES_SHOWN;

	append_older(text, trace, shown, indent);
	for (uint32_t i = shown; i--;) {
		append_indent(text, indent);
		layout_plain(text, snapshot_string(snapshot, frames[i].file));
		text_printf(text, ":%" PRIu32 "\n", frames[i].line);
	}
}

void trace_report_text(const struct layout *layout, const struct snapshot *snapshot, node_id node,
                       size_t indent, struct text *text)
{
	const struct snap_trace *trace;

	if (!snapshot_has_traces(snapshot) || node == NODE_NONE)
		return;
	trace = snapshot_trace(snapshot, node);
	append_indent(text, indent);
	layout_dim(layout, text,
	           trace && trace->total > 1 ? "allocated at (most recent line last)"
	                                     : "allocated at");
	text_append_char(text, '\n');
	if (trace) {
		append_frames(text, snapshot, trace, indent + 2);
		return;
	}
	append_indent(text, indent + 2);
	text_append(text, "(not recorded: before tracemalloc was on, or static)\n");
}

void trace_report_json(struct json *json, const struct snapshot *snapshot, node_id node)
{
	const struct snap_trace *trace;

	if (!snapshot_has_traces(snapshot) || node == NODE_NONE)
		return;
	trace = snapshot_trace(snapshot, node);
	if (!trace) {
		json_null(json, "allocated_at");
		return;
	}
	json_begin_object(json, "allocated_at");
	json_begin_array(json, "frames");
	for (uint32_t i = trace->count; i--;) {
		const struct snap_frame *frame = &snapshot->frames[trace->first + i];

		json_begin_object(json, NULL);
		json_string(json, "file", snapshot_string(snapshot, frame->file));
		json_unsigned(json, "line", frame->line);
		json_end_object(json);
	}
	json_end_array(json);
	json_unsigned(json, "total_frames", trace->total);
	json_end_object(json);
}
