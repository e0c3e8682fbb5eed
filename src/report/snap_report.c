/* SPDX-License-Identifier: Apache-2.0 */
/* Both say what is in the file; they differ in how it came about. */
#include "report/snap_report.h"

#include "report/units.h"

static uint64_t reference_count(const struct snapshot *snapshot)
{
	return snapshot_has_edges(snapshot) ? snapshot->edge_start[snapshot->node_count] : 0;
}

static double bytes_per_object(const struct snap_report *report)
{
	uint64_t objects = report->snapshot->totals.objects;

	return objects ? (double)report->info.size / (double)objects : 0;
}

static void append_head(const struct layout *layout, struct text *answer, struct text *text)
{
	layout_bold(layout, text, text_string(answer));
	text_append_char(text, '\n');
	text_deinit(answer);
}

static void append_contents(const struct snap_report *report, struct text *text)
{
	const struct snapshot *snapshot = report->snapshot;

	units_plural(text, snapshot->totals.objects, "object");
	text_append(text, " of ");
	units_plural(text, snapshot->type_count, "type");
	text_append(text, ", ");
	units_plural(text, reference_count(snapshot), "reference");
	if (report->info.has_values)
		text_append(text, ", with the values of numbers and strings\n");
	else
		text_append(text, ", without values\n");
}

void snap_report_text(const struct layout *layout, const struct snap_report *report,
                      struct text *text)
{
	struct text answer;

	text_init(&answer);
	text_append(&answer, report->file);
	text_append(&answer, " holds ");
	units_plural(&answer, report->snapshot->totals.objects, "object");
	text_append(&answer, " in ");
	units_bytes(&answer, report->info.size);
	text_printf(&answer, ", %.1f bytes each", bytes_per_object(report));
	append_head(layout, &answer, text);
	target_report_text(layout, text, &report->snapshot->facts);
	text_append_char(text, '\n');
	append_contents(report, text);
	target_report_doubts(text, report->snapshot);
}

/* What both documents have. */
static void contents_json(struct json *json, const struct snap_report *report)
{
	const struct snapshot *snapshot = report->snapshot;

	json_string(json, "file", report->file);
	json_unsigned(json, "size", report->info.size);
	json_unsigned(json, "objects", snapshot->totals.objects);
	json_unsigned(json, "nodes", snapshot->node_count);
	json_unsigned(json, "references", reference_count(snapshot));
	json_unsigned(json, "types", snapshot->type_count);
	json_bool(json, "values", report->info.has_values);
	json_double(json, "bytes_per_object", bytes_per_object(report));
}

static void written_json(struct json *json, const struct snap_report *report)
{
	json_begin_array(json, "snapshots");
	for (size_t i = 0; i < report->written_count; i++) {
		const struct snap_written *written = &report->written[i];

		json_begin_object(json, NULL);
		json_string(json, "file", written->file);
		json_unsigned(json, "size", written->size);
		json_unsigned(json, "objects", written->objects);
		json_signed(json, "taken_at", written->taken_at);
		json_double(json, "pause_ms", written->pause_ms);
		json_end_object(json);
	}
	json_end_array(json);
}

void snap_report_json(const struct snap_report *report, struct text *text)
{
	struct json json;

	target_report_begin_json(&json, text, "plumb.snap/1", &report->snapshot->facts);
	contents_json(&json, report);
	written_json(&json, report);
	target_report_end_json(&json, report->snapshot);
}

void check_report_text(const struct layout *layout, const struct snap_report *report,
                       struct text *text)
{
	struct text answer;

	text_init(&answer);
	text_printf(&answer, "%s is sound: a snapshot of format %u.%u, ", report->file,
	            report->info.major, report->info.minor);
	units_bytes(&answer, report->info.size);
	text_append(&answer, " in ");
	units_plural(&answer, report->info.chunks, "chunk");
	append_head(layout, &answer, text);
	target_report_text(layout, text, &report->snapshot->facts);
	text_append_char(text, '\n');
	append_contents(report, text);
	target_report_doubts(text, report->snapshot);
}

void check_report_json(const struct snap_report *report, struct text *text)
{
	struct json json;

	target_report_begin_json(&json, text, "plumb.check/1", &report->snapshot->facts);
	json_bool(&json, "sound", true);
	json_begin_object(&json, "format");
	json_unsigned(&json, "major", report->info.major);
	json_unsigned(&json, "minor", report->info.minor);
	json_end_object(&json);
	json_unsigned(&json, "chunks", report->info.chunks);
	contents_json(&json, report);
	target_report_end_json(&json, report->snapshot);
}
