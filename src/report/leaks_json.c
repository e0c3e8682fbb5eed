/* SPDX-License-Identifier: Apache-2.0 */
/* plumb.leaks/1, as doc/json.md has it: sums first, then the rows of both tables. */
#include "report/leaks_report.h"

static void append_islands_json(const struct leaks_report *report, struct json *json)
{
	const struct lost *lost = report->lost;

	json_begin_array(json, "islands");
	for (size_t i = 0; i < layout_rows(report->top, lost->group_count); i++) {
		const struct lost_group *group = &lost->groups[i];

		json_begin_object(json, NULL);
		json_string(json, "type", snapshot_type_name(report->snapshot, group->type));
		json_string(json, "cause", lost_cause_name(group->cause));
		json_unsigned(json, "islands", group->islands);
		json_unsigned(json, "objects", group->objects);
		json_unsigned(json, "blocks", group->blocks);
		json_unsigned(json, "bytes", group->bytes);
		json_address(json, "example", report->snapshot->address[group->example]);
		json_unsigned(json, "example_counted", group->counted);
		json_unsigned(json, "example_found", group->found);
		json_end_object(json);
	}
	json_end_array(json);
}

static void append_native_json(const struct leaks_report *report, struct json *json)
{
	const struct snapshot *snapshot = report->snapshot;
	const struct lost *lost = report->lost;

	if (!lost->knows_memory) {
		json_null(json, "native");
		return;
	}
	json_begin_array(json, "native");
	for (size_t i = 0; i < layout_rows(report->top, lost->block_count); i++) {
		const struct lost_blocks *row = &lost->blocks[i];
		const char *module = snapshot_string(snapshot, snapshot->types[row->sort].module);

		json_begin_object(json, NULL);
		json_string(json, "kind", lost_kind_name(row->kind));
		json_unsigned(json, "size_class", row->size_class);
		json_unsigned(json, "blocks", row->blocks);
		json_unsigned(json, "bytes", row->bytes);
		json_string(json, "module", *module ? module : NULL);
		json_string(json, "looks_like", snapshot_native_look(snapshot, row->sort));
		json_string(json, "preview", row->preview);
		json_address(json, "example", snapshot->address[row->example]);
		json_end_object(json);
	}
	json_end_array(json);
}

static void append_causes_json(const struct lost *lost, struct json *json)
{
	json_begin_array(json, "causes");
	for (unsigned int cause = 0; cause < LOST_CAUSE_COUNT; cause++) {
		json_begin_object(json, NULL);
		json_string(json, "cause", lost_cause_name((enum lost_cause)cause));
		json_unsigned(json, "islands", lost->causes[cause].count);
		json_unsigned(json, "objects", lost->causes[cause].objects);
		json_unsigned(json, "bytes", lost->causes[cause].bytes);
		json_end_object(json);
	}
	json_end_array(json);
	json_begin_object(json, "dying");
	json_unsigned(json, "objects", lost->dying.objects);
	json_unsigned(json, "bytes", lost->dying.bytes);
	json_end_object(json);
}

static void append_kinds_json(const struct lost *lost, struct json *json)
{
	if (!lost->knows_memory) {
		json_null(json, "kinds");
		return;
	}
	json_begin_array(json, "kinds");
	for (unsigned int kind = 0; kind < LOST_KIND_COUNT; kind++) {
		json_begin_object(json, NULL);
		json_string(json, "kind", lost_kind_name((enum lost_kind)kind));
		json_unsigned(json, "blocks", lost->kinds[kind].count);
		json_unsigned(json, "bytes", lost->kinds[kind].bytes);
		json_end_object(json);
	}
	json_end_array(json);
}

static void append_numbers(struct json *json, const char *key, const struct snap_numbers *numbers)
{
	if (!numbers->count) {
		json_null(json, key);
		return;
	}
	json_begin_array(json, key);
	for (size_t i = 0; i < numbers->count; i++)
		json_signed(json, NULL, numbers->all[i]);
	json_end_array(json);
}

static void append_collector_json(const struct snap_collector *collector, struct json *json)
{
	if (collector->is_enabled == SNAP_UNKNOWN) {
		json_null(json, "collector");
		return;
	}
	json_begin_object(json, "collector");
	json_bool(json, "is_enabled", collector->is_enabled == SNAP_YES);
	append_numbers(json, "counts", &collector->counts);
	append_numbers(json, "thresholds", &collector->thresholds);
	if (collector->frozen.count)
		json_signed(json, "frozen", collector->frozen.all[0]);
	else
		json_null(json, "frozen");
	json_end_object(json);
}

void leaks_report_json(const struct leaks_report *report, struct text *text)
{
	struct json json;

	target_report_begin_json(&json, text, "plumb.leaks/1", &report->snapshot->facts);
	json_bool(&json, "leaking", lost_is_leaking(report->lost));
	append_causes_json(report->lost, &json);
	append_islands_json(report, &json);
	append_collector_json(&report->snapshot->facts.collector, &json);
	append_kinds_json(report->lost, &json);
	append_native_json(report, &json);
	target_report_end_json(&json, report->snapshot);
}
