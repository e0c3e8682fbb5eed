/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In this order: the sentence, the suspects with what holds them, the
 * evidence, what the suspects do not explain, and what to do next.
 */
#include "report/verdict_report.h"

#include "report/units.h"
#include "report/why_report.h"

#include <inttypes.h>
#include <string.h>

enum {
	SUSPECTS_SHOWN = 5,
	TYPES_SHOWN = 8,
	COMPANIONS_SHOWN = 6,
	LABEL_WIDTH = 15,
	TYPE_WIDTH = 36,
	ANSWER_TYPE_WIDTH = 26,
	CONTAINER_TYPE_MIN = 12,
	UNEXPLAINED_MIN = 1 << 20, /* bytes */
};

static const struct look_figures *first_look(const struct verdict_report *report)
{
	return &report->looks->figures[0];
}

static const struct look_figures *last_look(const struct verdict_report *report)
{
	return &report->looks->figures[report->looks->count - 1];
}

static int64_t difference(uint64_t first, uint64_t last)
{
	return (int64_t)last - (int64_t)first;
}

static void append_seconds(struct text *text, double seconds)
{
	if (seconds < 9.95)
		text_printf(text, "%.1f s", seconds);
	else if (seconds < 120)
		text_printf(text, "%.0f s", seconds);
	else
		text_printf(text, "%.1f min", seconds / 60);
}

static void append_rate(struct text *text, const struct suspect *suspect)
{
	if (suspect->is_one_object)
		units_signed_bytes(text, (int64_t)suspect->bytes_per_minute);
	else
		units_rate(text, suspect->objects_per_minute);
}

static void append_answer(const struct layout *layout, const struct verdict_report *report,
                          struct text *text)
{
	const struct growth *growth = report->growth;
	const char *path = "";
	struct text answer;

	text_init(&answer);
	if (growth->suspect_count) {
		const struct suspect *worst = &growth->suspects[0];

		text_append(&answer, worst->is_one_object ? "one Python object grows: "
		                                          : "Python objects pile up: ");
		layout_cut(&answer, worst->type, ANSWER_TYPE_WIDTH);
		text_append(&answer, ", ");
		append_rate(&answer, worst);
		text_append(&answer, " a minute, held by");
		path = worst->path;
	} else {
		text_append(&answer, "no leak of Python objects seen in ");
		append_seconds(&answer, last_look(report)->seconds);
		if (growth->type_count)
			text_append(&answer, ", though some types grew at every look");
	}
	layout_answer(layout, text, text_string(&answer), path);
	text_deinit(&answer);
}

static void append_looks(const struct layout *layout, const struct verdict_report *report,
                         struct text *text)
{
	double longest = 0;

	for (unsigned int i = 0; i < report->looks->count; i++)
		if (report->looks->figures[i].pause_ms > longest)
			longest = report->looks->figures[i].pause_ms;
	text_printf(text, "process %d, CPython %s, %u looks in ", report->snapshot->facts.pid,
	            report->snapshot->facts.runtime_version, report->looks->count);
	append_seconds(text, last_look(report)->seconds);
	if (report->snapshot->facts.pause != SNAPSHOT_PAUSE_NONE) {
		text_append(text, ", stopped for at most ");
		units_milliseconds(text, longest);
		if (report->snapshot->facts.pause == SNAPSHOT_PAUSE_COPY)
			text_append(text, " (copied)");
	}
	text_append(text, "\n  ");
	layout_cut(text, report->snapshot->facts.command_line, layout_room(layout, 4, 0));
	text_append_char(text, '\n');
}

static void append_label(struct text *text, const char *label)
{
	text_append(text, "   ");
	layout_left(text, label, LABEL_WIDTH - 3);
}

/* ", 40 of them) had 335 elements, have 4,120" */
static void append_lengths(const struct suspect *suspect, struct text *text)
{
	bool is_family = !*suspect->container_type;

	if (suspect->container_count > 1) {
		text_append(text, ", ");
		units_count(text, suspect->container_count);
		text_append(text, " of them");
	}
	text_append(text, is_family ? "were " : ") had ");
	units_count(text, suspect->length_first);
	if (!is_family)
		text_append(text, suspect->length_first == 1 ? " element" : " elements");
	text_append(text, is_family                      ? ", are "
	                  : suspect->container_count > 1 ? ", have "
	                                                 : ", has ");
	units_count(text, suspect->length_last);
	text_append_char(text, '\n');
}

static void append_container(const struct layout *layout, const struct suspect *suspect,
                             struct text *text)
{
	struct text lengths;
	size_t used;

	if (!suspect->container_count) {
		append_label(text, "grows");
		text_append(text, "link by link: no container on the path got longer\n");
		return;
	}
	append_label(text, suspect->container_count > 1 ? "containers" : "container");
	layout_path(layout, text, suspect->container_path, LABEL_WIDTH, LABEL_WIDTH + 2);
	text_printf(text, "\n%*s", LABEL_WIDTH, "");
	text_init(&lengths);
	append_lengths(suspect, &lengths);
	if (*suspect->container_type) {
		used = LABEL_WIDTH + layout_columns(text_string(&lengths)) + 1;
		text_append_char(text, '(');
		layout_cut(text, suspect->container_type,
		           layout_room(layout, used, CONTAINER_TYPE_MIN));
	}
	text_append(text, text_string(&lengths));
	text_deinit(&lengths);
}

/* A list that goes on in the next line, under its beginning. */
static void append_companions(const struct layout *layout, const struct suspect *suspect,
                              struct text *text)
{
	size_t column = LABEL_WIDTH;
	struct text item;

	text_init(&item);
	for (size_t i = 0; i < suspect->companion_count && i < COMPANIONS_SHOWN; i++) {
		const struct growth_companion *companion = &suspect->companions[i];
		size_t letters;

		units_count(&item, companion->objects);
		text_append_char(&item, ' ');
		layout_cut(&item, companion->type, TYPE_WIDTH);
		/* With the comma before it, and perhaps " ..." behind it. */
		letters = layout_columns(text_string(&item)) + (i + 1 == COMPANIONS_SHOWN ? 6 : 2);
		if (i == 0)
			text_append(text, "   with them   ");
		else if (column + letters > layout->width)
			text_append(text, ",\n               ");
		else
			text_append(text, ", ");
		column = i && column + letters > layout->width ? LABEL_WIDTH + letters
		                                               : column + letters;
		layout_plain(text, text_string(&item));
		text_clear(&item);
	}
	if (suspect->companion_count)
		text_append(text, suspect->companion_count > COMPANIONS_SHOWN ? " ...\n" : "\n");
	text_deinit(&item);
}

static void append_one_object(const struct layout *layout, const struct suspect *suspect,
                              struct text *text)
{
	append_label(text, "one object");
	if (suspect->container_count) {
		text_append(text, "got longer, by what was there before (");
	} else {
		text_append(text, "was ");
		units_bytes(text, suspect->size_first);
		text_append(text, ", is ");
		units_bytes(text, suspect->size_last);
		text_append(text, " (");
	}
	units_signed_bytes(text, (int64_t)suspect->bytes_per_minute);
	text_append(text, " a minute)\n");
	if (suspect->container_count) {
		append_container(layout, suspect, text);
		return;
	}
	append_label(text, "held by");
	layout_path(layout, text, suspect->path, LABEL_WIDTH, LABEL_WIDTH + 2);
	text_append_char(text, '\n');
}

static void append_suspect(const struct layout *layout, const struct suspect *suspect,
                           size_t number, struct text *text)
{
	struct text head;

	text_init(&head);
	text_printf(&head, "%zu. %s", number, suspect->type);
	text_append_char(text, '\n');
	layout_bold(layout, text, text_string(&head));
	text_deinit(&head);
	text_append_char(text, '\n');
	if (suspect->is_one_object) {
		append_one_object(layout, suspect, text);
		return;
	}
	append_label(text, "new");
	units_plural(text, suspect->objects, "object");
	text_append(text, " (");
	units_rate(text, suspect->objects_per_minute);
	text_append(text, " a minute)\n");
	append_label(text, "they hold");
	units_bytes(text, suspect->held_bytes);
	text_append(text, " (");
	units_signed_bytes(text, (int64_t)suspect->bytes_per_minute);
	text_append(text, " a minute)\n");
	append_label(text, "held by");
	layout_path(layout, text, suspect->path, LABEL_WIDTH, LABEL_WIDTH + 2);
	text_append_char(text, '\n');
	append_container(layout, suspect, text);
	append_companions(layout, suspect, text);
}

/* The chain of the first suspect, link by link. */
static void append_example(const struct layout *layout, const struct suspect *suspect,
                           struct text *text)
{
	text_append(text, suspect->is_one_object ? "\nthe " : "\none of the new ");
	layout_cut(text, suspect->type, TYPE_WIDTH);
	text_append(text, ", and what holds it\n");
	why_steps_text(layout, &suspect->example, text);
}

static void append_type(const struct layout *layout, const struct verdict_report *report,
                        const struct growth_type *type, struct text *text)
{
	unsigned int last = report->looks->count - 1;
	const struct look_series *series = type->series;
	struct text cell;

	text_init(&cell);
	layout_left(text, type->type, layout_room(layout, 50, 12));
	units_count(&cell, series->objects[0]);
	layout_cell(text, &cell, 12);
	units_count(&cell, series->objects[last]);
	layout_cell(text, &cell, 12);
	units_rate(&cell, report->growth->minutes > 0
	                          ? (double)difference(series->objects[0], series->objects[last]) /
	                                    report->growth->minutes
	                          : 0);
	layout_cell(text, &cell, 12);
	units_signed_bytes(&cell, difference(series->bytes[0], series->bytes[last]));
	layout_cell(text, &cell, 13);
	text_append_char(text, '\n');
	text_deinit(&cell);
}

static void append_types(const struct layout *layout, const struct verdict_report *report,
                         struct text *text)
{
	const struct growth *growth = report->growth;
	struct text head;

	if (!growth->type_count)
		return;
	text_init(&head);
	layout_left(&head, "grew at every look", layout_room(layout, 50, 12));
	layout_right(&head, "first", 12);
	layout_right(&head, "last", 12);
	layout_right(&head, "a minute", 12);
	layout_right(&head, "getsizeof", 13);
	text_append_char(text, '\n');
	layout_dim(layout, text, text_string(&head));
	text_append_char(text, '\n');
	text_deinit(&head);
	for (size_t i = 0; i < growth->type_count && i < TYPES_SHOWN; i++)
		append_type(layout, report, &growth->types[i], text);
	if (growth->type_count > TYPES_SHOWN) {
		text_append(text, "and ");
		units_plural(text, growth->type_count - TYPES_SHOWN, "more type");
		text_append_char(text, '\n');
	}
}

static void append_change(struct text *text, const char *what, uint64_t first, uint64_t last,
                          bool is_bytes)
{
	void (*plain)(struct text *, uint64_t) = is_bytes ? units_bytes : units_count;
	void (*with_sign)(struct text *, int64_t) = is_bytes ? units_signed_bytes
	                                                     : units_signed_count;

	layout_left(text, what, 28);
	plain(text, first);
	text_append(text, " -> ");
	plain(text, last);
	if (first != last) {
		text_append(text, " (");
		with_sign(text, difference(first, last));
		text_append(text, ")");
	}
	text_append_char(text, '\n');
}

/* Bytes by which the RSS grew more than the suspects; 0: it did not, by much. */
static uint64_t unexplained_growth(const struct verdict_report *report)
{
	uint64_t first = first_look(report)->resident_bytes;
	uint64_t last = last_look(report)->resident_bytes;
	uint64_t held = 0;

	for (size_t i = 0; i < report->growth->suspect_count; i++)
		held += report->growth->suspects[i].held_bytes;
	if (last < first || last - first < held || last - first - held <= UNEXPLAINED_MIN)
		return 0;
	return last - first - held;
}

static void append_figures(const struct verdict_report *report, struct text *text)
{
	const struct look_figures *first = first_look(report);
	const struct look_figures *last = last_look(report);
	uint64_t rest = unexplained_growth(report);

	text_append_char(text, '\n');
	append_change(text, "RSS", first->resident_bytes, last->resident_bytes, true);
	append_change(text, "reached objects", first->objects, last->objects, false);
	append_change(text, "their getsizeof", first->bytes, last->bytes, true);
	append_change(text, "not reached objects", first->unreached_objects,
	              last->unreached_objects, false);
	if (rest) {
		text_append(text, "not explained by the above  ");
		units_bytes(text, rest);
		text_append(text, " of RSS growth (native or allocator)\n");
	}
}

/* As a shell takes it for one word: app.make.<locals>.Order wants quotes. */
static void append_word(struct text *text, const char *word)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._";
	bool is_plain = word[strspn(word, plain)] == '\0';
	struct text quoted;

	/* A quote in a name cannot be told in quotes; as '?' it is at least harmless. */
	text_init(&quoted);
	text_append(&quoted, is_plain ? "" : "'");
	for (; *word; word++)
		text_append_char(&quoted, *word == '\'' ? '?' : *word);
	text_append(&quoted, is_plain ? "" : "'");
	layout_plain(text, text_string(&quoted));
	text_deinit(&quoted);
}

/* All of a class by its name; of dict or str there are too many, so one of them. */
static void append_next_command(const struct verdict_report *report, const struct suspect *suspect,
                                struct text *text)
{
	const struct concrete_path *example = &suspect->example;
	bool is_named = strchr(suspect->type, '.') && !suspect->is_one_object;

	text_append(text, is_named || !example->step_count ? "plumb why " : "plumb show ");
	target_report_word(text, &report->snapshot->facts);
	text_append_char(text, ' ');
	if (is_named || !example->step_count)
		append_word(text, suspect->type);
	else
		text_printf(text, "0x%" PRIx64, example->steps[example->step_count - 1].address);
	text_append_char(text, '\n');
}

static void append_next(const struct verdict_report *report, struct text *text)
{
	const struct growth *growth = report->growth;

	text_append(text, "\nnext: ");
	if (growth->suspect_count) {
		append_next_command(report, &growth->suspects[0], text);
	} else if (unexplained_growth(report)) {
		text_printf(text, "see whose memory it is, now and later (plumb rss %d)\n",
		            report->snapshot->facts.pid);
	} else {
		text_printf(text,
		            "watch longer, under load (plumb %d --for 5m), or see what there is\n"
		            "      (plumb heap %d)\n",
		            report->snapshot->facts.pid, report->snapshot->facts.pid);
	}
}

void verdict_report_text(const struct layout *layout, const struct verdict_report *report,
                         struct text *text)
{
	const struct growth *growth = report->growth;

	append_answer(layout, report, text);
	append_looks(layout, report, text);
	for (size_t i = 0; i < growth->suspect_count && i < SUSPECTS_SHOWN; i++)
		append_suspect(layout, &growth->suspects[i], i + 1, text);
	if (growth->suspect_count > SUSPECTS_SHOWN) {
		text_append_char(text, '\n');
		units_plural(text, growth->suspect_count - SUSPECTS_SHOWN, "smaller suspect");
		text_append(text, " (--json lists all)\n");
	}
	if (growth->suspect_count)
		append_example(layout, &growth->suspects[0], text);
	append_types(layout, report, text);
	append_figures(report, text);
	target_report_doubts(text, report->snapshot);
	append_next(report, text);
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

void verdict_report_json(const struct verdict_report *report, struct text *text)
{
	struct json json;

	json_init(&json, text);
	json_begin_object(&json, NULL);
	json_string(&json, "schema", "plumb.verdict/1");
	target_report_json(&json, &report->snapshot->facts);
	json_string(&json, "verdict", report->growth->suspect_count ? "python-objects" : "none");
	json_begin_object(&json, "rss");
	json_unsigned(&json, "first", first_look(report)->resident_bytes);
	json_unsigned(&json, "last", last_look(report)->resident_bytes);
	json_end_object(&json);
	json_double(&json, "seconds", last_look(report)->seconds);
	json_string(&json, "pause", snapshot_pause_name(report->snapshot->facts.pause));
	looks_json(&json, report->looks);
	json_begin_array(&json, "suspects");
	for (size_t i = 0; i < report->growth->suspect_count; i++)
		suspect_json(&json, &report->growth->suspects[i]);
	json_end_array(&json);
	types_json(&json, report);
	target_report_end_json(&json, report->snapshot);
}
