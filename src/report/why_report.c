/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First the sentence, then each path: its words, what it holds, and one
 * example as a chain. In a long chain what repeats (the links of a list) is
 * shown once and counted; of what is still long the two ends are shown.
 */
#include "report/why_report.h"

#include "report/trace_report.h"
#include "report/units.h"

#include <inttypes.h>
#include <stdint.h>
#include <string.h>

enum {
	INDENT_MAX = 20,
	STEPS_HEAD = 12, /* of a chain longer than both together ... */
	STEPS_TAIL = 8,  /* ... these are shown */
	PERIOD_MAX = 3,  /* steps that repeat together: node.next, tb_next, tb_frame.f_back ... */
	REPEATS_MIN = 3, /* from so many on they are folded */
};

/* "20,000 app.User (938 KiB), all held by" and the path, or what else there is to say. */
static void append_answer(const struct layout *layout, const struct why_report *report,
                          struct text *text)
{
	const struct paths *paths = report->paths;
	const char *path = paths->path_count ? paths->paths[0].text : "";
	struct text answer;

	text_init(&answer);
	if (paths->objects == 0) {
		text_printf(&answer, "no %s is alive", report->selector);
	} else if (paths->path_count == 0) {
		units_count(&answer, paths->objects);
		text_printf(&answer, " %s, ", report->selector);
		text_append(&answer, target_report_unreached(report->snapshot));
	} else if (paths->objects == 1) {
		text_printf(&answer, "%s is held by", report->selector);
	} else {
		units_count(&answer, paths->objects);
		text_printf(&answer, " %s (", report->selector);
		units_bytes(&answer, paths->bytes);
		text_append(&answer, "), ");
		if (paths->paths[0].objects == paths->objects) {
			text_append(&answer, "all held by");
		} else {
			units_share(&answer, paths->paths[0].objects, paths->objects);
			text_append(&answer, " of them held by");
		}
	}
	layout_answer(layout, text, text_string(&answer), path);
	text_deinit(&answer);
}

/* ", 24,140, 208 KiB 0x7fc70a156440": what is said behind the type. */
static void append_facts(const struct concrete_step *step, struct text *text)
{
	if (step->has_length) {
		text_append(text, ", ");
		units_count(text, step->length);
	}
	if (step->size) {
		text_append(text, ", ");
		units_bytes(text, step->size);
	}
	if (step->address && step->type[0] != '(')
		text_printf(text, " 0x%" PRIx64, step->address);
}

/* The columns before a step of this depth. */
static size_t append_indent(struct text *text, size_t depth)
{
	size_t indent = 2 + (depth < INDENT_MAX / 2 ? depth * 2 : INDENT_MAX);

	for (size_t i = 0; i < indent; i++)
		text_append_char(text, ' ');
	return indent;
}

static void append_step(const struct layout *layout, const struct concrete_step *step, size_t depth,
                        struct text *text)
{
	size_t indent = append_indent(text, depth);
	size_t label_width = layout->width / 2 - 1 > indent ? layout->width / 2 - 1 - indent : 8;
	size_t type_width = layout_columns(step->type);
	size_t left = layout->width / 2;
	struct text facts;

	if (step->node == NODE_NONE) {
		layout_plain(text, step->label);
		text_append_char(text, '\n');
		return;
	}
	text_init(&facts);
	append_facts(step, &facts);
	left -= layout_columns(text_string(&facts)) < left ? layout_columns(text_string(&facts))
	                                                   : left;
	layout_left(text, step->label, label_width);
	text_append_char(text, ' ');
	layout_left(text, step->type, type_width < left ? type_width : left);
	text_append(text, text_string(&facts));
	text_append_char(text, '\n');
	text_deinit(&facts);
}

static bool is_same_step(const struct concrete_step *one, const struct concrete_step *other)
{
	return !strcmp(one->label, other->label) && !strcmp(one->type, other->type);
}

/* How many steps from `from` on repeat the first `period` of them, these included. */
static size_t run_length(const struct concrete_path *path, size_t from, size_t period)
{
	size_t end = from + period;

	while (end < path->step_count &&
	       is_same_step(&path->steps[end], &path->steps[end - period]))
		end++;
	return (end - from) / period * period;
}

/* Steps from `from` on that are one run; *ret_period of them repeat. 0: nothing repeats. */
static size_t find_run(const struct concrete_path *path, size_t from, size_t *ret_period)
{
	for (size_t period = 1; period <= PERIOD_MAX && from + period < path->step_count;
	     period++) {
		size_t run = run_length(path, from, period);

		if (run / period >= REPEATS_MIN) {
			*ret_period = period;
			return run;
		}
	}
	return 0;
}

static void append_folded(struct text *text, size_t depth, size_t times)
{
	append_indent(text, depth);
	text_append(text, "... and ");
	units_count(text, times);
	text_append(text, " times more the same\n");
}

/* Prints the chain but for lines [skip_from, skip_to); returns how many lines it has. */
static size_t walk_chain(const struct layout *layout, const struct concrete_path *path,
                         size_t skip_from, size_t skip_to, struct text *text)
{
	size_t line = 0;
	size_t depth = 0;
	size_t period = 0;

	for (size_t i = 0; i < path->step_count;) {
		size_t run = find_run(path, i, &period);
		size_t shown = run ? period : 1;

		for (size_t k = 0; k < shown; k++, line++, depth++)
			if (line < skip_from || line >= skip_to)
				append_step(layout, &path->steps[i + k], depth, text);
		if (run && (line < skip_from || line >= skip_to))
			append_folded(text, depth, run / period - 1);
		line += run ? 1 : 0;
		i += run ? run : 1;
	}
	return line;
}

void why_steps_text(const struct layout *layout, const struct concrete_path *path,
                    struct text *text)
{
	struct text chain;
	size_t lines;

	text_init(&chain);
	lines = walk_chain(layout, path, SIZE_MAX, SIZE_MAX, &chain);
	if (lines <= STEPS_HEAD + STEPS_TAIL) {
		text_append(text, text_string(&chain));
	} else {
		walk_chain(layout, path, STEPS_HEAD, SIZE_MAX, text);
		text_append(text, "      ... ");
		units_count(text, lines - STEPS_HEAD - STEPS_TAIL);
		text_append(text, " steps ...\n");
		walk_chain(layout, path, 0, lines - STEPS_TAIL, text);
	}
	text_deinit(&chain);
}

/* The object that the example leads to. */
static node_id end_of(const struct concrete_path *path)
{
	return path->step_count ? path->steps[path->step_count - 1].node : NODE_NONE;
}

static void append_path(const struct layout *layout, const struct why_report *report,
                        const struct merged_path *path, struct text *text)
{
	text_append_char(text, '\n');
	layout_bold_path(layout, text, path->text, 0, 4);
	text_append(text, "\n  holds ");
	units_plural(text, path->objects, "object");
	text_append(text, ", ");
	units_bytes(text, path->bytes);
	text_append(text, path->objects == 1 ? "\n" : "; for example\n");
	why_steps_text(layout, &path->example, text);
	trace_report_text(layout, report->snapshot, end_of(&path->example), 2, text);
}

static void append_rest(const struct why_report *report, size_t shown, struct text *text)
{
	const struct paths *paths = report->paths;
	struct reach_sum rest = paths->others;
	size_t count = paths->other_count;

	for (size_t i = shown; i < paths->path_count; i++, count++) {
		rest.objects += paths->paths[i].objects;
		rest.bytes += paths->paths[i].bytes;
	}
	if (count) {
		text_append_char(text, '\n');
		units_plural(text, count, "more path");
		text_append(text, count == 1 ? " holds " : " hold ");
		units_plural(text, rest.objects, "object");
		text_append(text, ", ");
		units_bytes(text, rest.bytes);
		text_append(text, " (--top 0 shows all)\n");
	}
	if (paths->unreached.objects) {
		text_append_char(text, '\n');
		units_plural(text, paths->unreached.objects, "object");
		text_append(text, ", ");
		units_bytes(text, paths->unreached.bytes);
		text_printf(text, ": %s\n", target_report_unreached(report->snapshot));
		if (!snapshot_has_native(report->snapshot))
			text_append(
				text,
				"what C holds: why --native; what nothing holds: plumb leaks\n");
	}
}

void why_report_text(const struct layout *layout, const struct why_report *report,
                     struct text *text)
{
	size_t shown = layout_rows(report->top, report->paths->path_count);

	append_answer(layout, report, text);
	if (report->paths->type_count > 1) {
		text_append(text, "these are objects of ");
		units_count(text, report->paths->type_count);
		text_append(text, " types of that name ('plumb heap' shows which)\n");
	}
	target_report_text(layout, text, &report->snapshot->facts);
	for (size_t i = 0; i < shown; i++)
		append_path(layout, report, &report->paths->paths[i], text);
	append_rest(report, shown, text);
	target_report_doubts(text, report->snapshot);
}

void why_steps_json(struct json *json, const struct concrete_path *path)
{
	json_begin_array(json, "steps");
	for (size_t i = 0; i < path->step_count; i++) {
		const struct concrete_step *step = &path->steps[i];

		json_begin_object(json, NULL);
		json_string(json, "edge", step->edge);
		json_string(json, "label", step->label);
		json_string(json, "type", step->type);
		json_address(json, "address", step->address);
		json_unsigned(json, "size", step->size);
		if (step->has_length)
			json_unsigned(json, "length", step->length);
		json_end_object(json);
	}
	json_end_array(json);
}

void why_path_json(struct json *json, const struct merged_path *path)
{
	json_string(json, "text", path->text);
	json_unsigned(json, "objects", path->objects);
	json_unsigned(json, "bytes", path->bytes);
	json_string(json, "root", path->root);
	json_string(json, "example", path->example.text);
}

void why_unreached_json(struct json *json, const struct reach_sum *unreached)
{
	json_begin_object(json, "unreached");
	json_unsigned(json, "objects", unreached->objects);
	json_unsigned(json, "bytes", unreached->bytes);
	json_end_object(json);
}

static void path_json(struct json *json, const struct snapshot *snapshot,
                      const struct merged_path *path)
{
	json_begin_object(json, NULL);
	why_path_json(json, path);
	json_bool(json, "example_is_python", path->example.is_python);
	why_steps_json(json, &path->example);
	trace_report_json(json, snapshot, end_of(&path->example));
	json_end_object(json);
}

void why_report_json(const struct why_report *report, struct text *text)
{
	const struct paths *paths = report->paths;
	size_t shown = layout_rows(report->top, paths->path_count);
	struct json json;

	target_report_begin_json(&json, text, "plumb.why/1", &report->snapshot->facts);
	json_string(&json, "selector", report->selector);
	json_unsigned(&json, "types", paths->type_count);
	json_unsigned(&json, "objects", paths->objects);
	json_unsigned(&json, "bytes", paths->bytes);
	json_begin_array(&json, "paths");
	for (size_t i = 0; i < shown; i++)
		path_json(&json, report->snapshot, &paths->paths[i]);
	json_end_array(&json);
	why_unreached_json(&json, &paths->unreached);
	target_report_end_json(&json, report->snapshot);
}
