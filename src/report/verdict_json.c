/* SPDX-License-Identifier: Apache-2.0 */
/* plumb.verdict/1, as doc/json.md describes it. */
#include "report/verdict_report.h"
#include "report/why_report.h"

static double per_minute(const struct verdict *verdict, uint64_t growth)
{
	return verdict->minutes > 0 ? (double)growth / verdict->minutes : 0;
}

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

static void groups_json(struct json *json, const struct looks *looks)
{
	const struct look_figures *first = &looks->figures[0];
	const struct look_figures *last = &looks->figures[looks->count - 1];

	if (!first->has_groups || !last->has_groups) {
		json_null(json, "groups");
		return;
	}
	json_begin_array(json, "groups");
	for (unsigned int group = 0; group < ACCOUNT_GROUP_COUNT; group++) {
		json_begin_object(json, NULL);
		json_string(json, "group", account_group_name((enum account_group)group));
		json_unsigned(json, "first", first->groups[group]);
		json_unsigned(json, "last", last->groups[group]);
		json_end_object(json);
	}
	json_end_array(json);
}

static void findings_json(struct json *json, const struct verdict *verdict)
{
	json_begin_array(json, "findings");
	for (size_t i = 0; i < verdict->finding_count; i++) {
		const struct finding *finding = &verdict->findings[i];

		json_begin_object(json, NULL);
		json_string(json, "verdict", verdict_name(finding->kind));
		json_string(json, "group", account_group_name(finding->group));
		json_unsigned(json, "bytes", finding->bytes);
		json_double(json, "bytes_per_min", per_minute(verdict, finding->bytes));
		json_end_object(json);
	}
	json_end_array(json);
}

static void lost_json(struct json *json, const struct pile *pile)
{
	json_string(json, "cause", lost_cause_name(pile->key.cause));
	json_string(json, "type", pile->key.name);
	json_unsigned(json, "example_counted", pile->counted);
	json_unsigned(json, "example_found", pile->found);
}

static void blocks_json(struct json *json, const struct growing_pile *growing)
{
	static const char *const owners[] = {
		[NATIVE_OWNER_NOBODY] = "nobody", [NATIVE_OWNER_OBJECT] = "type",
		[NATIVE_OWNER_TYPE] = "type",     [NATIVE_OWNER_OBJECTS] = "objects",
		[NATIVE_OWNER_MEMORY] = "memory",
	};
	const struct pile_key *key = &growing->pile->key;

	json_string(json, "owner", owners[key->owner]);
	json_string(json, "owner_name", *key->name ? key->name : NULL);
	json_string(json, "module", *key->module ? key->module : NULL);
	if (growing->mostly)
		json_unsigned(json, "size_class", growing->mostly->key.size_class);
	else
		json_null(json, "size_class");
}

static void piles_json(struct json *json, const struct verdict_report *report, enum pile_kind kind,
                       const char *name)
{
	const struct verdict *verdict = report->verdict;

	json_begin_array(json, name);
	for (size_t i = 0; i < verdict->pile_count; i++) {
		const struct growing_pile *growing = &verdict->piles[i];
		const struct pile *pile = growing->pile;

		if (pile->key.kind != kind)
			continue;
		json_begin_object(json, NULL);
		json_string(json, "verdict", verdict_name(growing->kind));
		if (kind == PILE_ISLANDS)
			lost_json(json, pile);
		else
			blocks_json(json, growing);
		json_unsigned(json, kind == PILE_ISLANDS ? "islands" : "blocks", growing->heads);
		if (kind == PILE_ISLANDS)
			json_unsigned(json, "objects", growing->objects);
		json_unsigned(json, "bytes", growing->bytes);
		json_double(json, kind == PILE_ISLANDS ? "islands_per_min" : "blocks_per_min",
		            per_minute(verdict, growing->heads));
		json_double(json, "bytes_per_min", per_minute(verdict, growing->bytes));
		json_address(json, "example", report->snapshot->address[pile->example]);
		json_end_object(json);
	}
	json_end_array(json);
}

static void evidence_json(struct json *json, const struct verdict_report *report)
{
	json_begin_object(json, "evidence");
	findings_json(json, report->verdict);
	groups_json(json, report->looks);
	piles_json(json, report, PILE_ISLANDS, "lost");
	piles_json(json, report, PILE_BLOCKS, "native");
	json_bool(json, "collector_off", snap_collector_is_off(&report->snapshot->facts.collector));
	json_end_object(json);
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
	json_string(&json, "verdict", verdict_name(report->verdict->kind));
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
	evidence_json(&json, report);
	target_report_end_json(&json, report->snapshot);
}
