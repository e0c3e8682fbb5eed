/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In this order: the sentence, the suspects with what holds them, the
 * evidence, what the suspects do not explain, and what to do next.
 */
#include "report/verdict_report.h"

#include "report/account_words.h"
#include "report/units.h"
#include "report/verdict_answer.h"
#include "report/verdict_piles.h"
#include "report/verdict_suspects.h"

#include <inttypes.h>
#include <string.h>

enum {
	SUSPECTS_SHOWN = 5,
	TYPES_SHOWN = 8,
	PILES_SHOWN = 5,
	GROUP_MIN = 64 << 10, /* bytes */
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

static void append_looks(const struct layout *layout, const struct verdict_report *report,
                         struct text *text)
{
	double longest = 0;

	for (unsigned int i = 0; i < report->looks->count; i++)
		if (report->looks->figures[i].pause_ms > longest)
			longest = report->looks->figures[i].pause_ms;
	text_printf(text, "process %d, CPython %s, %u looks in ", report->snapshot->facts.pid,
	            report->snapshot->facts.runtime_version, report->looks->count);
	verdict_answer_seconds(text, last_look(report)->seconds);
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

/* Whose the resident memory was then and is now, as far as that changed. */
static void append_groups(const struct verdict_report *report, struct text *text)
{
	const struct look_figures *first = first_look(report);
	const struct look_figures *last = last_look(report);
	struct text label;

	if (!first->has_groups || !last->has_groups)
		return;
	text_init(&label);
	for (unsigned int group = 0; group < ACCOUNT_GROUP_COUNT; group++) {
		int64_t change = difference(first->groups[group], last->groups[group]);

		if (change < GROUP_MIN && change > -GROUP_MIN)
			continue;
		text_printf(&label, "  %s", account_group_words((enum account_group)group));
		append_change(text, text_string(&label), first->groups[group], last->groups[group],
		              true);
		text_clear(&label);
	}
	text_deinit(&label);
}

static void append_figures(const struct verdict_report *report, struct text *text)
{
	const struct look_figures *first = first_look(report);
	const struct look_figures *last = last_look(report);

	text_append_char(text, '\n');
	append_change(text, "RSS", first->resident_bytes, last->resident_bytes, true);
	append_groups(report, text);
	append_change(text, "reached objects", first->objects, last->objects, false);
	append_change(text, "their getsizeof", first->bytes, last->bytes, true);
	append_change(text, "not reached objects", first->unreached_objects,
	              last->unreached_objects, false);
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
	int pid = report->snapshot->facts.pid;

	text_append(text, "\nnext: ");
	switch (report->verdict->kind) {
	case VERDICT_OBJECTS:
		append_next_command(report, &report->growth->suspects[0], text);
		return;
	case VERDICT_LOST:
	case VERDICT_NATIVE:
		text_printf(text, "see all that nothing reaches, and why (plumb leaks %d)\n", pid);
		return;
	case VERDICT_ALLOCATOR:
		text_printf(text, "see what malloc_trim would give back (plumb rss %d)\n", pid);
		return;
	case VERDICT_OTHER:
		text_printf(text, "see whose memory it is, now and later (plumb rss %d)\n", pid);
		return;
	default:
		text_printf(text,
		            "watch longer, under load (plumb %d --for 5m), or see what there is\n"
		            "      (plumb heap %d)\n",
		            pid, pid);
	}
}

static void append_suspects(const struct layout *layout, const struct verdict_report *report,
                            struct text *text)
{
	const struct growth *growth = report->growth;

	for (size_t i = 0; i < growth->suspect_count && i < SUSPECTS_SHOWN; i++)
		verdict_suspect_text(layout, &growth->suspects[i], i + 1, text);
	if (growth->suspect_count > SUSPECTS_SHOWN) {
		text_append_char(text, '\n');
		units_plural(text, growth->suspect_count - SUSPECTS_SHOWN, "smaller suspect");
		text_append(text, " (--json lists all)\n");
	}
	if (growth->suspect_count)
		verdict_suspect_example(layout, &growth->suspects[0], text);
}

static void append_piles(const struct layout *layout, const struct verdict_report *report,
                         struct text *text)
{
	const struct verdict *verdict = report->verdict;

	for (size_t i = 0; i < verdict->pile_count && i < PILES_SHOWN; i++)
		verdict_pile_text(layout, report->snapshot, &verdict->piles[i], verdict->minutes,
		                  text);
	if (verdict->pile_count > PILES_SHOWN) {
		text_append_char(text, '\n');
		units_plural(text, verdict->pile_count - PILES_SHOWN, "smaller pile");
		text_append(text, " (--json lists all)\n");
	}
}

void verdict_report_text(const struct layout *layout, const struct verdict_report *report,
                         struct text *text)
{
	enum verdict_kind kind = report->verdict->kind;
	bool is_by_piles = kind == VERDICT_LOST || kind == VERDICT_NATIVE;

	verdict_answer_text(layout, report, text);
	append_looks(layout, report, text);
	verdict_answer_besides(layout, report, text);
	if (is_by_piles)
		append_piles(layout, report, text);
	append_suspects(layout, report, text);
	if (!is_by_piles)
		append_piles(layout, report, text);
	append_types(layout, report, text);
	append_figures(report, text);
	target_report_doubts(text, report->snapshot);
	append_next(report, text);
}
