/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In this order: the sentence, the suspects with what holds them, the
 * evidence, what the suspects do not explain, and what to do next.
 */
#include "report/verdict_report.h"

#include "report/units.h"
#include "report/verdict_suspects.h"

#include <inttypes.h>
#include <string.h>

enum {
	SUSPECTS_SHOWN = 5,
	TYPES_SHOWN = 8,
	ANSWER_TYPE_WIDTH = 26,
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
		verdict_suspect_text(layout, &growth->suspects[i], i + 1, text);
	if (growth->suspect_count > SUSPECTS_SHOWN) {
		text_append_char(text, '\n');
		units_plural(text, growth->suspect_count - SUSPECTS_SHOWN, "smaller suspect");
		text_append(text, " (--json lists all)\n");
	}
	if (growth->suspect_count)
		verdict_suspect_example(layout, &growth->suspects[0], text);
	append_types(layout, report, text);
	append_figures(report, text);
	target_report_doubts(text, report->snapshot);
	append_next(report, text);
}
