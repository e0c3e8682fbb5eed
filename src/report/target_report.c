/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Facts and doubts. A doubt is only mentioned when its count is not 0: the
 * normal report is not burdened with what did not happen.
 */
#include "report/target_report.h"

#include "report/units.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *known(const char *text)
{
	return text ? text : "";
}

void target_report_json(struct json *json, const struct snapshot_facts *target)
{
	json_begin_object(json, "target");
	if (target->file)
		json_string(json, "file", target->file);
	json_signed(json, "taken_at", target->taken_at);
	json_signed(json, "pid", target->pid);
	json_string(json, "python", known(target->runtime_version));
	json_string(json, "cmdline", known(target->command_line));
	json_unsigned(json, "rss", target->resident_bytes);
	json_unsigned(json, "threads", target->threads);
	json_unsigned(json, "interpreters", target->interpreters);
	if (target->ending)
		json_string(json, "ending", target->ending);
	json_end_object(json);
}

void target_report_begin_json(struct json *json, struct text *text, const char *schema,
                              const struct snapshot_facts *target)
{
	json_init(json, text);
	json_begin_object(json, NULL);
	json_string(json, "schema", schema);
	target_report_json(json, target);
	json_double(json, "pause_ms", target->pause_ms);
	json_string(json, "pause", snapshot_pause_name(target->pause));
}

const char *target_report_unreached(const struct snapshot *snapshot)
{
	return snapshot_has_native(snapshot) ? "not reached from anywhere, C included"
	                                     : "not reached from Python's own roots";
}

void target_report_word(struct text *text, const struct snapshot_facts *target)
{
	if (target->file)
		text_append(text, target->file);
	else
		text_printf(text, "%d", target->pid);
}

static void append_resident(struct text *text, const struct snapshot_facts *target)
{
	if (!target->resident_bytes)
		return;
	text_append(text, ", RSS ");
	units_bytes(text, target->resident_bytes);
}

static void append_pause(struct text *text, const struct snapshot_facts *target)
{
	if (target->pause == SNAPSHOT_PAUSE_DEAD)
		return;
	if (target->pause == SNAPSHOT_PAUSE_NONE) {
		text_append(text, ", never stopped");
		return;
	}
	text_append(text, ", stopped for ");
	units_milliseconds(text, target->pause_ms);
	if (target->pause == SNAPSHOT_PAUSE_COPY)
		text_append(text, " (copied)");
}

/* Of a file, by the reader's clock. A core knows no time but that of its file. */
static void append_taken(struct text *text, const struct snapshot_facts *target)
{
	time_t seconds = target->taken_at;
	struct tm moment;
	char words[64];

	if (!target->file || target->taken_at <= 0 || !localtime_r(&seconds, &moment) ||
	    !strftime(words, sizeof(words), "%Y-%m-%d %H:%M:%S %z", &moment))
		return;
	text_printf(text, "  %s %s\n",
	            target->pause == SNAPSHOT_PAUSE_DEAD ? "core written" : "taken", words);
}

void target_report_text(const struct layout *layout, struct text *text,
                        const struct snapshot_facts *target)
{
	struct text facts;

	text_init(&facts);
	if (target->is_core)
		text_printf(&facts, "core %s (", target->file);
	else if (target->file)
		text_printf(&facts, "%s: ", target->file);
	text_printf(&facts, "process %d, CPython %s", target->pid, known(target->runtime_version));
	append_resident(&facts, target);
	append_pause(&facts, target);
	if (target->is_core)
		text_append_char(&facts, ')');
	layout_dim(layout, text, text_string(&facts));
	text_append_char(text, '\n');
	text_deinit(&facts);
	text_append(text, "  ");
	layout_cut(text, known(target->command_line), layout_room(layout, 4, 0));
	text_append_char(text, '\n');
	append_taken(text, target);
	if (!target->ending)
		return;
	text_append(text, "  ");
	layout_plain(text, target->ending);
	text_append_char(text, '\n');
}

static void append_doubt(struct text *text, bool *is_first, uint64_t count, const char *words)
{
	if (!count)
		return;
	text_append(text, *is_first ? "\nnot exact: " : ", ");
	*is_first = false;
	units_count(text, count);
	text_printf(text, " %s", words);
}

/* The next of the lines that say what is missing, without its newline; NULL: no more. */
static char *take_line(const char **lines, struct text *text)
{
	size_t length = *lines ? strcspn(*lines, "\n") : 0;
	char *line;

	if (!length)
		return NULL;
	line = strndup(*lines, length);
	text->is_broken |= !line;
	*lines += length + ((*lines)[length] == '\n');
	return line;
}

static void append_missing(struct text *text, const struct snapshot_facts *target)
{
	const char *lines = target->missing;
	char *line;

	if (lines)
		text_append(text, "\nmissing:\n");
	while ((line = take_line(&lines, text))) {
		text_append(text, "  ");
		layout_plain(text, line);
		text_append_char(text, '\n');
		free(line);
	}
}

static void missing_json(struct json *json, const struct snapshot_facts *target)
{
	const char *lines = target->missing;
	char *line;

	if (!lines)
		return;
	json_begin_array(json, "missing");
	while ((line = take_line(&lines, json->text))) {
		json_string(json, NULL, line);
		free(line);
	}
	json_end_array(json);
}

void target_report_doubts(struct text *text, const struct snapshot *snapshot)
{
	const struct snap_totals *totals = &snapshot->totals;
	bool is_first = true;

	append_doubt(text, &is_first, totals->torn, "torn");
	append_doubt(text, &is_first, totals->faults, "unreadable");
	append_doubt(text, &is_first, totals->unknown_types, "of unknown types (<?> is a guess)");
	if (!is_first)
		text_append_char(text, '\n');
	append_missing(text, &snapshot->facts);
	if (!snapshot->facts.is_settled)
		text_printf(text,
		            "\nthe garbage collector%s was running whenever plumb looked;\n"
		            "figures may be off\n",
		            snapshot->account.is_known ? " or malloc" : "");
}

void target_report_end_json(struct json *json, const struct snapshot *snapshot)
{
	json_begin_object(json, "not_exact");
	json_unsigned(json, "torn", snapshot->totals.torn);
	json_unsigned(json, "faults", snapshot->totals.faults);
	json_unsigned(json, "unknown_types", snapshot->totals.unknown_types);
	json_bool(json, "settled", snapshot->facts.is_settled);
	missing_json(json, &snapshot->facts);
	json_end_object(json);
	json_end_object(json);
	text_append_char(json->text, '\n');
}
