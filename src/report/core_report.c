/* SPDX-License-Identifier: Apache-2.0 */
/* Doubts are mentioned when there are some, as in every report. */
#include "report/core_report.h"

#include "report/json.h"
#include "report/units.h"

#include <string.h>

static void append_pause(const struct core_report *report, struct text *text)
{
	if (strcmp(report->pause, "none") == 0) {
		text_append(text, "never stopped");
		return;
	}
	text_append(text, "stopped for ");
	units_milliseconds(text, report->pause_ms);
	if (strcmp(report->pause, "copy") == 0)
		text_append(text, " (copied)");
}

static void append_doubts(const struct core_report *report, struct text *text)
{
	if (report->unreadable) {
		text_append(text, "not read, and zeros in the core: ");
		units_bytes(text, report->unreadable);
		text_append_char(text, '\n');
	}
	if (report->partial_threads) {
		units_plural(text, report->partial_threads, "thread");
		text_append(text, strcmp(report->pause, "none") == 0
		                          ? " not stopped: only where each waits is known\n"
		                          : " asleep too deeply to be asked for all registers\n");
	}
	if (strcmp(report->pause, "none") == 0)
		text_append(text, "It was running meanwhile: the memory is not of one moment.\n");
}

void core_report_text(const struct layout *layout, const struct core_report *report,
                      struct text *text)
{
	struct text answer;

	text_init(&answer);
	text_append(&answer, report->file);
	text_append(&answer, " holds ");
	units_bytes(&answer, report->memory);
	text_append(&answer, " of memory and ");
	units_plural(&answer, report->threads, "thread");
	text_append(&answer, " in ");
	units_bytes(&answer, report->room);
	text_append(&answer, report->is_compressed ? " (zstd), " : ", ");
	append_pause(report, &answer);
	layout_bold(layout, text, text_string(&answer));
	text_deinit(&answer);
	text_printf(text, "\nprocess %d, RSS ", report->pid);
	units_bytes(text, report->resident_bytes);
	text_append(text, ", ");
	units_plural(text, report->segments, "segment");
	text_append(text, "\n  ");
	layout_cut(text, report->command_line, layout_room(layout, 4, 0));
	text_append_char(text, '\n');
	append_doubts(report, text);
}

void core_report_json(const struct core_report *report, struct text *text)
{
	struct json json;

	json_init(&json, text);
	json_begin_object(&json, NULL);
	json_string(&json, "schema", "plumb.core/1");
	json_begin_object(&json, "target");
	json_signed(&json, "pid", report->pid);
	json_string(&json, "cmdline", report->command_line);
	json_unsigned(&json, "rss", report->resident_bytes);
	json_unsigned(&json, "threads", report->threads);
	json_end_object(&json);
	json_double(&json, "pause_ms", report->pause_ms);
	json_string(&json, "pause", report->pause);
	json_string(&json, "file", report->file);
	json_string(&json, "compression", report->is_compressed ? "zstd" : NULL);
	json_unsigned(&json, "size", report->size);
	json_unsigned(&json, "room", report->room);
	json_unsigned(&json, "memory", report->memory);
	json_unsigned(&json, "segments", report->segments);
	json_unsigned(&json, "unreadable", report->unreadable);
	json_unsigned(&json, "partial_threads", report->partial_threads);
	json_end_object(&json);
	text_append_char(text, '\n');
}
