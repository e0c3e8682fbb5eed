/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Facts and doubts. A doubt is only mentioned when its count is not 0: the
 * normal report is not burdened with what did not happen.
 */
#include "report/target_report.h"

#include "report/units.h"

void target_report_json(struct json *json, const struct report_target *target)
{
	json_begin_object(json, "target");
	json_signed(json, "pid", target->pid);
	json_string(json, "python", target->python);
	json_string(json, "cmdline", target->command_line);
	json_unsigned(json, "rss", target->resident_bytes);
	json_unsigned(json, "threads", target->threads);
	json_unsigned(json, "interpreters", target->interpreters);
	json_end_object(json);
}

void target_report_text(const struct layout *layout, struct text *text,
                        const struct report_target *target)
{
	struct text facts;

	text_init(&facts);
	text_printf(&facts, "process %d, CPython %s, RSS ", target->pid, target->python);
	units_bytes(&facts, target->resident_bytes);
	if (target->pause_mode[0] == 'n') {
		text_append(&facts, ", never stopped");
	} else {
		text_append(&facts, ", stopped for ");
		units_milliseconds(&facts, target->pause_ms);
	}
	layout_dim(layout, text, text_string(&facts));
	text_append_char(text, '\n');
	text_deinit(&facts);
	text_append(text, "  ");
	layout_cut(text, target->command_line, layout->width > 4 ? layout->width - 4 : 0);
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

void target_report_doubts(struct text *text, const struct report_target *target,
                          const struct snapshot *snapshot)
{
	const struct snap_totals *totals = &snapshot->totals;
	bool is_first = true;

	append_doubt(text, &is_first, totals->torn, "torn");
	append_doubt(text, &is_first, totals->faults, "unreadable");
	append_doubt(text, &is_first, totals->unknown_types,
	             "of unknown types (<?> in a path is a guess)");
	if (!is_first)
		text_append_char(text, '\n');
	if (!target->is_settled)
		text_append(text,
		            "\nthe garbage collector was running whenever plumb looked; figures "
		            "may be off\n");
}

void target_report_doubts_json(struct json *json, const struct report_target *target,
                               const struct snapshot *snapshot)
{
	json_begin_object(json, "not_exact");
	json_unsigned(json, "torn", snapshot->totals.torn);
	json_unsigned(json, "faults", snapshot->totals.faults);
	json_unsigned(json, "unknown_types", snapshot->totals.unknown_types);
	json_bool(json, "settled", target->is_settled);
	json_end_object(json);
}
