/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer counts what differs; below it each difference in its section, as
 * in a diff: '-' is only in the first, '+' only in the second, and what has
 * another value in each is told as "then -> now" where that fits into a line, else
 * in a line for each.
 *
 * Nothing is cut: whoever hunts a difference wants to see it. A long value goes
 * on in the next line.
 */
#include "report/env_report.h"

#include "report/letter.h"
#include "report/units.h"

#include <string.h>

enum {
	NAME_WIDTH_MAX = 28,
	MARK_WIDTH = 2,
	GAP = 2,
	BUILD_ID_SHOWN = 12, /* digits: as many as tell builds apart */
};

/* What one and several of a section are called in the answer, and its heading. */
static const struct {
	const char *one;  /* NULL: the section is one thing, whatever differs in it */
	const char *many; /* or that thing */
	const char *heading;
} section_words[SECTION_COUNT] = {
	[SECTION_PYTHON] = {NULL, "Python", "Python"},
	[SECTION_MALLOC] = {NULL, "malloc", "malloc"},
	[SECTION_DISTRIBUTION] = {"distribution", "distributions", "distributions"},
	[SECTION_MODULE] = {"module", "modules", "modules, by their __version__"},
	[SECTION_LIBRARY] = {"library", "libraries", "libraries, by build-id"},
	[SECTION_VARIABLE] = {"variable", "variables", "environment"},
	[SECTION_PROGRAM] = {NULL, "the command line", "program"},
};

/* The answer */

static void append_part(struct text *text, enum snap_section section, size_t count)
{
	if (!section_words[section].one) {
		text_append(text, section_words[section].many);
		return;
	}
	units_count(text, count);
	text_append_char(text, ' ');
	text_append(text, count == 1 ? section_words[section].one : section_words[section].many);
}

/* "Python, 3 distributions and 1 library differ" */
static void append_answer(struct text *text, const struct settings_diff *diff)
{
	size_t parts = 0;
	size_t told = 0;
	bool is_one = true;

	for (int i = 0; i < SECTION_COUNT; i++) {
		parts += diff->of[i] > 0;
		if (section_words[i].one && diff->of[i] > 1)
			is_one = false;
	}
	for (int i = 0; i < SECTION_COUNT; i++) {
		if (!diff->of[i])
			continue;
		if (told)
			text_append(text, told + 1 == parts ? " and " : ", ");
		append_part(text, (enum snap_section)i, diff->of[i]);
		told++;
	}
	text_append(text, is_one && parts == 1 ? " differs" : " differ");
}

/* "Python, 12 distributions, 40 libraries ...": what was found to be the same. */
static void append_same(struct text *text, const struct settings_diff *diff)
{
	text_append(text, "no difference: the same ");
	for (int i = 0, told = 0; i < SECTION_COUNT; i++) {
		if (!diff->compared[i])
			continue;
		text_append(text, told++ ? ", " : "");
		append_part(text, (enum snap_section)i, diff->compared[i]);
	}
}

static void append_head(const struct layout *layout, const struct env_report *report,
                        struct text *text)
{
	struct text answer;

	text_init(&answer);
	if (report->diff->count)
		append_answer(&answer, report->diff);
	else
		append_same(&answer, report->diff);
	layout_bold(layout, text, text_string(&answer));
	text_append_char(text, '\n');
	text_deinit(&answer);
}

static void append_target(const struct layout *layout, char mark,
                          const struct snapshot_facts *facts, struct text *text)
{
	struct text line;

	text_init(&line);
	text_printf(&line, "%c ", mark);
	if (facts->file)
		text_printf(&line, "%s: ", facts->file);
	text_printf(&line, "process %d, CPython %s", facts->pid,
	            facts->runtime_version ? facts->runtime_version : "");
	layout_dim(layout, text, text_string(&line));
	text_append_char(text, '\n');
	text_deinit(&line);
}

/* The differences */

/* A value as it is shown; the caller empties it. */
static void show_value(enum snap_section section, const char *value, struct text *ret)
{
	size_t digits = strspn(value, "0123456789abcdef");

	text_init(ret);
	if (section == SECTION_LIBRARY && digits > BUILD_ID_SHOWN && !value[digits])
		text_append_bytes(ret, value, BUILD_ID_SHOWN);
	else
		text_append(ret, *value ? value : "(empty)");
}

/* value from this column on; what does not fit goes on below itself, broken anywhere. */
static void append_wrapped(const struct layout *layout, struct text *text, const char *value,
                           size_t column)
{
	size_t at = column;

	while (*value) {
		struct letter letter = letter_at(value);

		if (at + letter.columns > layout->width && at > column) {
			text_printf(text, "\n%*s", (int)column, "");
			at = column;
		}
		if (letter.is_plain)
			text_append_bytes(text, value, letter.length);
		else
			text_append_char(text, '?');
		at += letter.columns;
		value += letter.length;
	}
	text_append_char(text, '\n');
}

/* "- NAME  VALUE" */
static void append_row(const struct layout *layout, struct text *text, char mark, const char *name,
                       size_t width, const char *value)
{
	size_t column = MARK_WIDTH + width + GAP;

	text_printf(text, "%c ", mark);
	if (layout_columns(name) > width) {
		append_wrapped(layout, text, name, MARK_WIDTH);
		text_printf(text, "%*s", (int)column, "");
	} else {
		layout_left(text, name, width);
		text_printf(text, "%*s", GAP, "");
	}
	append_wrapped(layout, text, value, column);
}

static void append_both(const struct layout *layout, struct text *text, const char *name,
                        size_t width, const struct text *then, const struct text *now)
{
	size_t needed = MARK_WIDTH + width + GAP + layout_columns(text_string(then)) + 4 +
	                layout_columns(text_string(now));
	struct text both;

	if (needed > layout->width) {
		append_row(layout, text, '-', name, width, text_string(then));
		append_row(layout, text, '+', name, width, text_string(now));
		return;
	}
	text_init(&both);
	text_printf(&both, "%s -> %s", text_string(then), text_string(now));
	append_row(layout, text, ' ', name, width, text_string(&both));
	text_deinit(&both);
}

static void append_change(const struct layout *layout, struct text *text,
                          const struct settings_change *change, size_t width)
{
	struct text then;
	struct text now;

	show_value(change->section, change->then ? change->then : "", &then);
	show_value(change->section, change->now ? change->now : "", &now);
	if (change->then && change->now)
		append_both(layout, text, change->name, width, &then, &now);
	else
		append_row(layout, text, change->then ? '-' : '+', change->name, width,
		           text_string(change->then ? &then : &now));
	text_deinit(&then);
	text_deinit(&now);
}

/* Of the names in a section, as wide as the widest that is not too wide. */
static size_t name_width(const struct settings_diff *diff, enum snap_section section)
{
	size_t width = 1;

	for (size_t i = 0; i < diff->count; i++) {
		size_t columns = layout_columns(diff->all[i].name);

		if (diff->all[i].section == section && columns > width)
			width = columns;
	}
	return width < NAME_WIDTH_MAX ? width : NAME_WIDTH_MAX;
}

static void append_section(const struct layout *layout, const struct settings_diff *diff,
                           enum snap_section section, struct text *text)
{
	size_t width = name_width(diff, section);

	text_append_char(text, '\n');
	text_append(text, section_words[section].heading);
	text_append_char(text, '\n');
	for (size_t i = 0; i < diff->count; i++)
		if (diff->all[i].section == section)
			append_change(layout, text, &diff->all[i], width);
}

void env_report_text(const struct layout *layout, const struct env_report *report,
                     struct text *text)
{
	append_head(layout, report, text);
	append_target(layout, '-', report->then, text);
	append_target(layout, '+', report->now, text);
	for (int i = 0; i < SECTION_COUNT; i++)
		if (report->diff->of[i])
			append_section(layout, report->diff, (enum snap_section)i, text);
	if (report->diff->by_modules)
		text_append(text, "\nnot of both could the files of distributions be read: modules "
		                  "are compared\nby their __version__ instead\n");
}

/* JSON */

static void settings_json(struct json *json, const struct snap_settings *settings)
{
	json_begin_array(json, "settings");
	for (size_t i = 0; i < settings->count; i++) {
		json_begin_object(json, NULL);
		json_string(json, "section", snap_section_name(settings->all[i].section));
		json_string(json, "name", settings->all[i].name);
		json_string(json, "value", settings->all[i].value);
		json_end_object(json);
	}
	json_end_array(json);
}

static void side_json(struct json *json, const struct snapshot_facts *facts)
{
	json_begin_object(json, NULL);
	target_report_json(json, facts);
	settings_json(json, &facts->settings);
	json_end_object(json);
}

void env_report_json(const struct env_report *report, struct text *text)
{
	struct json json;

	json_init(&json, text);
	json_begin_object(&json, NULL);
	json_string(&json, "schema", "plumb.env/1");
	json_begin_array(&json, "targets");
	side_json(&json, report->then);
	side_json(&json, report->now);
	json_end_array(&json);
	json_bool(&json, "same", !report->diff->count);
	json_bool(&json, "by_modules", report->diff->by_modules);
	json_begin_array(&json, "differences");
	for (size_t i = 0; i < report->diff->count; i++) {
		const struct settings_change *change = &report->diff->all[i];

		json_begin_object(&json, NULL);
		json_string(&json, "section", snap_section_name(change->section));
		json_string(&json, "name", change->name);
		json_string(&json, "then", change->then);
		json_string(&json, "now", change->now);
		json_end_object(&json);
	}
	json_end_array(&json);
	json_end_object(&json);
	text_append_char(text, '\n');
}
