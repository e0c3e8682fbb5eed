/* SPDX-License-Identifier: Apache-2.0 */
/* plumb.verdict/1, as doc/json.md describes it. */
#include "report/verdict_report.h"
#include "report/why_report.h"

static void container_json(struct json *json, const struct suspect *suspect)
{
	if (!suspect->container_count) {
		json_null(json, "container");
		return;
	}
	json_begin_object(json, "container");
	json_string(json, "type", *suspect->container_type ? suspect->container_type : "(roots)");
	json_address(json, "address", suspect->container_address);
	json_string(json, "path", suspect->container_path);
	json_unsigned(json, "containers", suspect->container_count);
	json_unsigned(json, "length_first", suspect->length_first);
	json_unsigned(json, "length_last", suspect->length_last);
	json_end_object(json);
}

static void suspect_json(struct json *json, const struct suspect *suspect)
{
	json_begin_object(json, NULL);
	json_string(json, "type", suspect->type);
	json_string(json, "growth", suspect->is_one_object ? "size" : "objects");
	json_unsigned(json, "objects", suspect->objects);
	json_unsigned(json, "bytes", suspect->held_bytes);
	json_unsigned(json, "own_bytes", suspect->own_bytes);
	json_double(json, "objects_per_min", suspect->objects_per_minute);
	json_double(json, "bytes_per_min", suspect->bytes_per_minute);
	json_string(json, "path", suspect->path);
	container_json(json, suspect);
	if (suspect->is_one_object && !suspect->container_count) {
		json_unsigned(json, "size_first", suspect->size_first);
		json_unsigned(json, "size_last", suspect->size_last);
	}
	json_string(json, "example", suspect->example.text);
	json_bool(json, "example_is_python", suspect->example.is_python);
	why_steps_json(json, &suspect->example);
	json_begin_array(json, "with_them");
	for (size_t i = 0; i < suspect->companion_count; i++) {
		json_begin_object(json, NULL);
		json_string(json, "type", suspect->companions[i].type);
		json_unsigned(json, "objects", suspect->companions[i].objects);
		json_unsigned(json, "bytes", suspect->companions[i].bytes);
		json_end_object(json);
	}
	json_end_array(json);
	json_end_object(json);
}

static void types_json(struct json *json, const struct verdict_report *report)
{
	json_begin_array(json, "growing_types");
	for (size_t i = 0; i < report->growth->type_count; i++) {
		const struct growth_type *type = &report->growth->types[i];

		json_begin_object(json, NULL);
		json_string(json, "type", type->type);
		json_numbers(json, "objects", type->series->objects, report->looks->count);
		json_numbers(json, "bytes", type->series->bytes, report->looks->count);
		json_end_object(json);
	}
	json_end_array(json);
}

static void looks_json(struct json *json, const struct looks *looks)
{
	json_begin_array(json, "pause_ms");
	for (unsigned int i = 0; i < looks->count; i++)
		json_double(json, NULL, looks->figures[i].pause_ms);
	json_end_array(json);
	json_begin_array(json, "looks");
	for (unsigned int i = 0; i < looks->count; i++) {
		const struct look_figures *look = &looks->figures[i];

		json_begin_object(json, NULL);
		json_double(json, "seconds", look->seconds);
		json_unsigned(json, "rss", look->resident_bytes);
		json_unsigned(json, "objects", look->objects);
		json_unsigned(json, "bytes", look->bytes);
		json_unsigned(json, "unreached_objects", look->unreached_objects);
		json_unsigned(json, "unreached_bytes", look->unreached_bytes);
		json_end_object(json);
	}
	json_end_array(json);
}

void verdict_report_json(const struct verdict_report *report, struct text *text)
{
	const struct looks *looks = report->looks;
	const struct look_figures *last = &looks->figures[looks->count - 1];
	struct json json;

	json_init(&json, text);
	json_begin_object(&json, NULL);
	json_string(&json, "schema", "plumb.verdict/1");
	target_report_json(&json, &report->snapshot->facts);
	json_string(&json, "verdict", report->growth->suspect_count ? "python-objects" : "none");
	json_begin_object(&json, "rss");
	json_unsigned(&json, "first", looks->figures[0].resident_bytes);
	json_unsigned(&json, "last", last->resident_bytes);
	json_end_object(&json);
	json_double(&json, "seconds", last->seconds);
	json_string(&json, "pause", snapshot_pause_name(report->snapshot->facts.pause));
	looks_json(&json, report->looks);
	json_begin_array(&json, "suspects");
	for (size_t i = 0; i < report->growth->suspect_count; i++)
		suspect_json(&json, &report->growth->suspects[i]);
	json_end_array(&json);
	types_json(&json, report);
	target_report_end_json(&json, report->snapshot);
}
