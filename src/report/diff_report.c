/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Then, now, and the difference with its sign, as users of objgraph and
 * pympler know it; after it where the new objects hang, and what grew.
 */
#include "report/diff_report.h"

#include "report/units.h"
#include "report/why_report.h"

#include <inttypes.h>

enum {
	COUNT_WIDTH = 13,
	DELTA_WIDTH = 12,
	FIGURES_WIDTH = 2 * COUNT_WIDTH + 2 * DELTA_WIDTH,
	NAME_WIDTH_MIN = 12,
	LENGTHS_WIDTH = 26,
	TYPES_DEFAULT = 20,
	OTHERS_DEFAULT = 5, /* of paths and containers, beside the types */
	ALONE_DEFAULT = 20, /* of a table that was asked for by name */
	NAMED_IN_ANSWER = 3,
	STEPS_SHOWN = 4, /* of more graphs, the counts in between are left out */
};

static unsigned int last_look(const struct diff_report *report)
{
	return report->diff->looks.count - 1;
}

static size_t rows_shown(const struct diff_report *report, enum diff_by table, size_t count)
{
	size_t top = table == DIFF_BY_TYPE ? TYPES_DEFAULT : OTHERS_DEFAULT;

	if (report->by == table)
		top = ALONE_DEFAULT;
	return layout_rows(report->has_top ? report->top : top, count);
}

static bool shows(const struct diff_report *report, enum diff_by table)
{
	return report->by == DIFF_BY_ALL || report->by == table;
}

/* The answer */

static void sum_up(const struct diff_report *report, int64_t *ret_objects, int64_t *ret_bytes)
{
	const struct look_figures *figures = report->diff->looks.figures;
	unsigned int last = last_look(report);

	*ret_objects = (int64_t)(figures[last].objects - figures[0].objects);
	*ret_bytes = (int64_t)(figures[last].bytes - figures[0].bytes);
}

/* As many types as fit the line. */
static void append_leaders(const struct layout *layout, const struct diff_report *report,
                           struct text *answer)
{
	struct text item;

	text_init(&item);
	for (size_t i = 0; i < NAMED_IN_ANSWER && i < report->diff->type_count; i++) {
		const struct diff_type *type = &report->diff->types[i];

		if (type->bytes <= 0 && type->objects <= 0)
			break;
		text_printf(&item, "%s ", type->series->name);
		if (type->objects)
			units_signed_count(&item, type->objects);
		else
			units_signed_bytes(&item, type->bytes);
		if (!layout_add_item(layout, answer, &item, i == 0))
			break;
	}
	text_deinit(&item);
}

static void append_answer(const struct layout *layout, const struct diff_report *report,
                          struct text *text)
{
	int64_t objects;
	int64_t bytes;
	struct text answer;

	text_init(&answer);
	sum_up(report, &objects, &bytes);
	if (!report->diff->type_count && report->diff->looks.count > 2) {
		text_append(&answer, "no type grew at every step");
	} else if (!report->diff->type_count) {
		text_append(&answer, "no type changed");
	} else {
		units_signed_count(&answer, objects);
		text_append(&answer, objects == 1 || objects == -1 ? " object, " : " objects, ");
		units_signed_bytes(&answer, bytes);
		append_leaders(layout, report, &answer);
	}
	layout_bold(layout, text, text_string(&answer));
	text_append_char(text, '\n');
	text_deinit(&answer);
}

static void append_elapsed(struct text *text, int64_t seconds)
{
	if (seconds < 0)
		text_append(text, ", taken before it");
	else if (seconds < 120)
		text_printf(text, ", %" PRId64 " s later", seconds);
	else if (seconds < 7200)
		text_printf(text, ", %" PRId64 " min later", seconds / 60);
	else if (seconds < 2 * 86400)
		text_printf(text, ", %" PRId64 " h later", seconds / 3600);
	else
		text_printf(text, ", %" PRId64 " days later", seconds / 86400);
}

static void append_sides(const struct layout *layout, const struct diff_report *report,
                         struct text *text)
{
	for (unsigned int i = 0; i < report->diff->looks.count; i++) {
		const struct diff_side *side = &report->diff->sides[i];
		struct text line;

		text_init(&line);
		text_printf(&line, "%s  %s",
		            i == 0                  ? "then"
		            : i < last_look(report) ? "    "
		                                    : "now ",
		            side->name);
		if (side->resident_bytes) {
			text_append(&line, ", RSS ");
			units_bytes(&line, side->resident_bytes);
		}
		if (i && side->taken_at && report->diff->sides[0].taken_at)
			append_elapsed(&line, side->taken_at - report->diff->sides[0].taken_at);
		layout_dim(layout, text, text_string(&line));
		text_append_char(text, '\n');
		text_deinit(&line);
	}
	if (!report->diff->is_one_process)
		text_append(text, "these are two processes: types are compared by their names, and "
		                  "objects not at all\n");
	if (report->diff->looks.count > 2)
		text_append(text, "only what grew at every step is shown\n");
}

/* Types */

static size_t name_width(const struct layout *layout)
{
	return layout_room(layout, FIGURES_WIDTH + 1, NAME_WIDTH_MIN);
}

static void append_row(const struct layout *layout, const struct diff_report *report,
                       const char *name, const uint64_t *objects, const uint64_t *bytes,
                       struct text *text)
{
	unsigned int last = last_look(report);
	struct text cell;

	text_init(&cell);
	layout_left(text, name, name_width(layout));
	units_count(&cell, objects[0]);
	layout_cell(text, &cell, COUNT_WIDTH);
	units_count(&cell, objects[last]);
	layout_cell(text, &cell, COUNT_WIDTH);
	units_signed_count(&cell, (int64_t)(objects[last] - objects[0]));
	layout_cell(text, &cell, DELTA_WIDTH);
	units_signed_bytes(&cell, (int64_t)(bytes[last] - bytes[0]));
	layout_cell(text, &cell, DELTA_WIDTH);
	text_append_char(text, '\n');
	text_deinit(&cell);
}

static void append_type(const struct layout *layout, const struct diff_report *report,
                        const struct diff_type *type, struct text *text)
{
	struct text name;

	text_init(&name);
	text_append(&name, type->series->name);
	if (type->is_ambiguous)
		text_printf(&name, " @%" PRIx64, type->series->address);
	append_row(layout, report, text_string(&name), type->series->objects, type->series->bytes,
	           text);
	text_deinit(&name);
}

static void append_more(struct text *text, size_t count)
{
	if (!count)
		return;
	text_append_char(text, '(');
	units_count(text, count);
	text_append(text, " more; --top 0 shows all)\n");
}

static void append_head(const struct layout *layout, const char *title, struct text *text)
{
	struct text head;

	text_init(&head);
	layout_left(&head, title, name_width(layout));
	layout_right(&head, "then", COUNT_WIDTH);
	layout_right(&head, "now", COUNT_WIDTH);
	layout_right(&head, "objects", DELTA_WIDTH);
	layout_right(&head, "getsizeof", DELTA_WIDTH);
	text_append_char(text, '\n');
	layout_dim(layout, text, text_string(&head));
	text_append_char(text, '\n');
	text_deinit(&head);
}

static void append_types(const struct layout *layout, const struct diff_report *report,
                         struct text *text)
{
	size_t shown = rows_shown(report, DIFF_BY_TYPE, report->diff->type_count);

	if (!report->diff->type_count)
		return;
	append_head(layout, "type", text);
	for (size_t i = 0; i < shown; i++)
		append_type(layout, report, &report->diff->types[i], text);
	append_more(text, report->diff->type_count - shown);
}

/* Lines */

static void append_lines(const struct layout *layout, const struct diff_report *report,
                         struct text *text)
{
	const struct diff_lines *lines = report->lines;
	size_t shown = rows_shown(report, DIFF_BY_LINE, lines->count);

	if (!lines->count) {
		text_append(text, "\nno line has more or fewer objects\n");
		return;
	}
	append_head(layout, "allocated at", text);
	for (size_t i = 0; i < shown; i++)
		append_row(layout, report, lines->lines[i].name, lines->lines[i].objects,
		           lines->lines[i].bytes, text);
	append_more(text, lines->count - shown);
}

/* Paths */

static void append_path(const struct layout *layout, uint64_t objects, uint64_t bytes,
                        const char *path, struct text *text)
{
	struct text cell;

	text_init(&cell);
	units_signed_count(&cell, (int64_t)objects);
	layout_cell(text, &cell, DELTA_WIDTH);
	units_signed_bytes(&cell, (int64_t)bytes);
	layout_cell(text, &cell, DELTA_WIDTH);
	text_append(text, "  ");
	layout_path(layout, text, path, 2 * DELTA_WIDTH + 2, 2 * DELTA_WIDTH + 4);
	text_append_char(text, '\n');
	text_deinit(&cell);
}

static void append_paths(const struct layout *layout, const struct diff_report *report,
                         struct text *text)
{
	const struct paths *paths = report->diff->paths;
	size_t shown;

	if (!paths || !paths->objects) {
		if (report->by == DIFF_BY_PATH)
			text_append(text, "\nno new objects\n");
		return;
	}
	text_append_char(text, '\n');
	layout_dim(layout, text, "new objects, by the path that holds them");
	text_append_char(text, '\n');
	shown = rows_shown(report, DIFF_BY_PATH, paths->path_count);
	for (size_t i = 0; i < shown; i++)
		append_path(layout, paths->paths[i].objects, paths->paths[i].bytes,
		            paths->paths[i].text, text);
	if (paths->unreached.objects)
		append_path(layout, paths->unreached.objects, paths->unreached.bytes,
		            "(not reached from Python's own roots)", text);
	append_more(text, paths->path_count - shown + paths->other_count);
}

/* Containers */

static void append_container(const struct layout *layout, const struct diff_container *container,
                             struct text *text)
{
	struct text lengths;

	text_init(&lengths);
	units_count(&lengths, container->length_then);
	text_append(&lengths, " -> ");
	units_count(&lengths, container->length_now);
	layout_cell(text, &lengths, LENGTHS_WIDTH - 2);
	text_append(text, "  ");
	layout_plain(text, container->type);
	text_append_char(text, ' ');
	if (container->path[0])
		layout_path(layout, text, container->path,
		            LENGTHS_WIDTH + layout_columns(container->type) + 1, LENGTHS_WIDTH + 2);
	else
		text_printf(text, "0x%" PRIx64, container->address);
	text_append_char(text, '\n');
	text_deinit(&lengths);
}

static void append_containers(const struct layout *layout, const struct diff_report *report,
                              struct text *text)
{
	const struct diff *diff = report->diff;
	size_t shown = rows_shown(report, DIFF_BY_CONTAINER, diff->container_count);

	if (!diff->container_count) {
		if (report->by == DIFF_BY_CONTAINER)
			text_append(text,
			            "\nno container that was there then has another length now\n");
		return;
	}
	text_append_char(text, '\n');
	layout_dim(layout, text, "containers, length then and now");
	text_append_char(text, '\n');
	for (size_t i = 0; i < shown; i++)
		append_container(layout, &diff->containers[i], text);
	append_more(text, diff->container_count - shown + diff->other_containers);
}

static void append_what_is_new(const struct diff_report *report, struct text *text)
{
	uint64_t reused = 0;

	if (!report->diff->is_one_process)
		return;
	for (unsigned int i = 1; i <= last_look(report); i++)
		reused += report->diff->looks.figures[i].reused;
	text_append(text, "\nnew: at an address that held no object of that type then; ");
	units_count(text, reused);
	text_append(text, reused == 1 ? " address was\nreused by another type\n"
	                              : " addresses were\nreused by another type\n");
}

void diff_report_text(const struct layout *layout, const struct diff_report *report,
                      struct text *text)
{
	append_answer(layout, report, text);
	append_sides(layout, report, text);
	if (shows(report, DIFF_BY_TYPE))
		append_types(layout, report, text);
	if (shows(report, DIFF_BY_PATH))
		append_paths(layout, report, text);
	if (shows(report, DIFF_BY_CONTAINER))
		append_containers(layout, report, text);
	if (report->by == DIFF_BY_LINE)
		append_lines(layout, report, text);
	else
		append_what_is_new(report, text);
	target_report_doubts(text, report->snapshot);
}

/* JSON */

static void sides_json(struct json *json, const struct diff_report *report)
{
	json_begin_array(json, "targets");
	for (unsigned int i = 0; i < report->diff->looks.count; i++) {
		const struct diff_side *side = &report->diff->sides[i];
		const struct look_figures *figures = &report->diff->looks.figures[i];

		json_begin_object(json, NULL);
		json_string(json, "name", side->name);
		json_signed(json, "taken_at", side->taken_at);
		json_unsigned(json, "rss", side->resident_bytes);
		json_unsigned(json, "objects", figures->objects);
		json_unsigned(json, "bytes", figures->bytes);
		json_unsigned(json, "reused", figures->reused);
		json_end_object(json);
	}
	json_end_array(json);
}

static void types_json(struct json *json, const struct diff_report *report)
{
	size_t shown = layout_rows(report->top, report->diff->type_count);

	json_begin_array(json, "types");
	for (size_t i = 0; i < shown; i++) {
		const struct diff_type *type = &report->diff->types[i];

		json_begin_object(json, NULL);
		json_string(json, "type", type->series->name);
		json_address(json, "address", type->series->address);
		json_numbers(json, "objects", type->series->objects, report->diff->looks.count);
		json_numbers(json, "bytes", type->series->bytes, report->diff->looks.count);
		json_signed(json, "objects_delta", type->objects);
		json_signed(json, "bytes_delta", type->bytes);
		json_end_object(json);
	}
	json_end_array(json);
}

static void lines_json(struct json *json, const struct diff_report *report)
{
	size_t shown = layout_rows(report->top, report->lines->count);
	unsigned int last = last_look(report);

	json_begin_array(json, "lines");
	for (size_t i = 0; i < shown; i++) {
		const struct diff_line *line = &report->lines->lines[i];

		json_begin_object(json, NULL);
		json_string(json, "file", line->file);
		json_unsigned(json, "line", line->line);
		json_numbers(json, "objects", line->objects, report->diff->looks.count);
		json_numbers(json, "bytes", line->bytes, report->diff->looks.count);
		json_signed(json, "objects_delta",
		            (int64_t)(line->objects[last] - line->objects[0]));
		json_signed(json, "bytes_delta", (int64_t)(line->bytes[last] - line->bytes[0]));
		json_end_object(json);
	}
	json_end_array(json);
}

static void paths_json(struct json *json, const struct diff_report *report)
{
	const struct paths *paths = report->diff->paths;
	size_t shown = paths ? layout_rows(report->top, paths->path_count) : 0;

	json_begin_array(json, "paths");
	for (size_t i = 0; i < shown; i++) {
		json_begin_object(json, NULL);
		why_path_json(json, &paths->paths[i]);
		json_end_object(json);
	}
	json_end_array(json);
	why_unreached_json(json, paths ? &paths->unreached : &(struct reach_sum){0});
}

static void containers_json(struct json *json, const struct diff_report *report)
{
	size_t shown = layout_rows(report->top, report->diff->container_count);

	json_begin_array(json, "containers");
	for (size_t i = 0; i < shown; i++) {
		const struct diff_container *container = &report->diff->containers[i];

		json_begin_object(json, NULL);
		json_string(json, "type", container->type);
		json_address(json, "address", container->address);
		json_string(json, "path", container->path);
		json_unsigned(json, "length_then", container->length_then);
		json_unsigned(json, "length_now", container->length_now);
		json_end_object(json);
	}
	json_end_array(json);
}

void diff_report_json(const struct diff_report *report, struct text *text)
{
	struct json json;

	json_init(&json, text);
	json_begin_object(&json, NULL);
	json_string(&json, "schema", "plumb.diff/1");
	sides_json(&json, report);
	json_bool(&json, "one_process", report->diff->is_one_process);
	json_unsigned(&json, "new_objects", report->diff->new_objects);
	json_unsigned(&json, "new_bytes", report->diff->new_bytes);
	types_json(&json, report);
	paths_json(&json, report);
	containers_json(&json, report);
	if (report->lines)
		lines_json(&json, report);
	target_report_end_json(&json, report->snapshot);
}
