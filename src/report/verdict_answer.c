/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each finding is a head ("Python objects are lost: app.Order, +5,922 a minute")
 * and a tail that says who holds it or is to blame. What grows besides has heads
 * alone.
 */
#include "report/verdict_answer.h"

#include "report/account_words.h"
#include "report/units.h"
#include "report/verdict_piles.h"

enum { ANSWER_TYPE_WIDTH = 26 };

void verdict_answer_seconds(struct text *text, double seconds)
{
	if (seconds < 9.95)
		text_printf(text, "%.1f s", seconds);
	else if (seconds < 120)
		text_printf(text, "%.0f s", seconds);
	else
		text_printf(text, "%.1f min", seconds / 60);
}

static void append_rate(struct text *text, const struct verdict *verdict, uint64_t bytes)
{
	text_append(text, ", ");
	units_signed_bytes(text, verdict->minutes > 0 ? (int64_t)((double)bytes / verdict->minutes)
	                                              : (int64_t)bytes);
	text_append(text, " a minute");
}

static void append_objects(struct text *text, const struct suspect *suspect)
{
	text_append(text, suspect->is_one_object ? "one Python object grows: "
	                                         : "Python objects pile up: ");
	layout_cut(text, suspect->type, ANSWER_TYPE_WIDTH);
	text_append(text, ", ");
	if (suspect->is_one_object)
		units_signed_bytes(text, (int64_t)suspect->bytes_per_minute);
	else
		units_rate(text, suspect->objects_per_minute);
	text_append(text, " a minute");
}

static void append_lost(struct text *text, const struct verdict *verdict,
                        const struct growing_pile *growing)
{
	text_append(text, "Python objects are lost: ");
	layout_cut(text, growing->pile->key.name, ANSWER_TYPE_WIDTH);
	text_append(text, ", ");
	units_rate(text, verdict->minutes > 0 ? (double)growing->heads / verdict->minutes
	                                      : (double)growing->heads);
	text_append(text, " a minute");
}

/* The largest pile of that kind, or NULL. */
static const struct growing_pile *worst_pile(const struct verdict *verdict, enum verdict_kind kind)
{
	for (size_t i = 0; i < verdict->pile_count; i++)
		if (verdict->piles[i].kind == kind)
			return &verdict->piles[i];
	return NULL;
}

static void append_head(struct text *text, const struct verdict_report *report,
                        const struct finding *finding)
{
	const struct verdict *verdict = report->verdict;

	switch (finding->kind) {
	case VERDICT_OBJECTS: append_objects(text, &report->growth->suspects[0]); return;
	case VERDICT_LOST: append_lost(text, verdict, worst_pile(verdict, finding->kind)); return;
	case VERDICT_NATIVE:
		text_append(text, "C memory grows: ");
		if (worst_pile(verdict, finding->kind))
			verdict_pile_blocks(text, worst_pile(verdict, finding->kind));
		else
			text_append(text, "blocks of malloc");
		break;
	case VERDICT_ALLOCATOR: text_append(text, "freed memory is kept"); break;
	default:
		text_append(text, "other memory grows: ");
		text_append(text, account_group_words(finding->group));
	}
	append_rate(text, verdict, finding->bytes);
}

/* What follows the head, and the comma or "held by" between them. */
static void append_tail(struct text *head, struct text *tail, const struct verdict_report *report,
                        const struct finding *finding)
{
	const struct verdict *verdict = report->verdict;

	switch (finding->kind) {
	case VERDICT_OBJECTS:
		text_append(head, ", held by");
		text_append(tail, report->growth->suspects[0].path);
		return;
	case VERDICT_LOST:
		text_append(head, ":");
		text_append(tail,
		            verdict_pile_cause(
				    worst_pile(verdict, finding->kind)->pile->key.cause,
				    snap_collector_is_off(&report->snapshot->facts.collector)));
		return;
	case VERDICT_NATIVE:
		if (!worst_pile(verdict, finding->kind))
			return;
		text_append(head, ",");
		verdict_pile_holder(tail, worst_pile(verdict, finding->kind)->pile);
		return;
	case VERDICT_ALLOCATOR:
		text_append(head, ",");
		text_append(tail, finding->group == ACCOUNT_POOLS_FREE ? "by pymalloc"
		                                                       : "by glibc's malloc");
		return;
	default: return;
	}
}

static void append_nothing(struct text *text, const struct verdict_report *report)
{
	const struct looks *looks = report->looks;

	text_append(text, "no leak seen in ");
	verdict_answer_seconds(text, looks->figures[looks->count - 1].seconds);
	if (report->growth->type_count)
		text_append(text, ", though some types grew at every look");
}

void verdict_answer_text(const struct layout *layout, const struct verdict_report *report,
                         struct text *text)
{
	struct text head;
	struct text tail;

	text_init(&head);
	text_init(&tail);
	if (report->verdict->finding_count) {
		append_head(&head, report, &report->verdict->findings[0]);
		append_tail(&head, &tail, report, &report->verdict->findings[0]);
	} else {
		append_nothing(&head, report);
	}
	layout_answer(layout, text, text_string(&head), text_string(&tail));
	text_deinit(&head);
	text_deinit(&tail);
}

void verdict_answer_besides(const struct layout *layout, const struct verdict_report *report,
                            struct text *text)
{
	struct text head;

	text_init(&head);
	for (size_t i = 1; i < report->verdict->finding_count; i++) {
		append_head(&head, report, &report->verdict->findings[i]);
		text_append(text, i == 1 ? "\nand besides: " : "             ");
		layout_cut(text, text_string(&head), layout_room(layout, 13, 12));
		text_append_char(text, '\n');
		text_clear(&head);
	}
	text_deinit(&head);
}
