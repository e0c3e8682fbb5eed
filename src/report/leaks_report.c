/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer, then islands by type and cause, then blocks by size and sort, then
 * what to do about each cause that there is. Where the graph does not know the
 * memory of C, that is said before anything is called lost for good.
 */
#include "report/leaks_report.h"

#include "report/units.h"

#include <inttypes.h>
#include <string.h>

enum {
	TYPE_WIDTH_MIN = 12,
	CAUSE_WIDTH = 21,
	ISLANDS_WIDTH = 10,
	OBJECTS_WIDTH = 11,
	MEMORY_WIDTH = 11,
	KIND_WIDTH = 10,
	CLASS_WIDTH = 12,
	BLOCKS_WIDTH = 10,
	SORT_WIDTH_MIN = 24,
	CAUSE_TYPE_WIDTH = 24,
	NAMED_IN_ANSWER = 3,
	SMALL_SHARE = 20, /* a 20th of all is not named */
};

static const struct cause_words {
	const char *one;  /* after "1 app.Node" */
	const char *many; /* after "12 app.Node" */
	const char *next; /* what it means, and what to do: whole lines */
} cause_words[LOST_CAUSE_COUNT] = {
	[LOST_REFCOUNT] =
		{
			"whose reference count is too high",
			"whose reference counts are too high",
			"  C code took a reference and never gave it back: Py_INCREF without\n"
			"  Py_DECREF, or a new reference that was dropped\n",
		},
	[LOST_CYCLE_WITHOUT_GC] =
		{
			"in a cycle that the collector cannot see",
			"in cycles that the collector cannot see",
			"  its C type holds references and has no tp_traverse: give it one\n"
			"  (Py_TPFLAGS_HAVE_GC), or break the cycle by hand\n",
		},
	[LOST_AWAITING] =
		{
			"that waits for the collector",
			"that wait for the collector",
			"  the next gc.collect() frees them\n",
		},
	[LOST_GARBAGE_LIST] =
		{
			"in gc.garbage",
			"in gc.garbage",
			"  gc.garbage.clear() lets go of them; is gc.DEBUG_SAVEALL on\n"
			"  (gc.get_debug())?\n",
		},
};

static bool is_for_good(enum lost_cause cause)
{
	return cause == LOST_REFCOUNT || cause == LOST_CYCLE_WITHOUT_GC;
}

static struct lost_sum sum_for_good(const struct lost *lost)
{
	struct lost_sum sum = {0};

	for (unsigned int cause = 0; cause < LOST_CAUSE_COUNT; cause++) {
		if (!is_for_good((enum lost_cause)cause))
			continue;
		sum.objects += lost->causes[cause].objects;
		sum.bytes += lost->causes[cause].bytes;
	}
	return sum;
}

/* "12 app.Node whose reference counts are too high" */
static void append_heads(struct text *text, const struct leaks_report *report,
                         const struct lost_group *group)
{
	const struct cause_words *words = &cause_words[group->cause];

	units_count(text, group->islands);
	text_append_char(text, ' ');
	layout_plain(text, snapshot_type_name(report->snapshot, group->type));
	text_printf(text, " %s", group->islands == 1 ? words->one : words->many);
}

/* The largest, and what is not much smaller: a sentence is not a table. */
static void append_named(struct text *text, const struct leaks_report *report, uint64_t bytes)
{
	const struct lost *lost = report->lost;
	unsigned int named = 0;

	for (size_t i = 0; i < lost->group_count && named < NAMED_IN_ANSWER; i++) {
		if (!is_for_good(lost->groups[i].cause) ||
		    (named && lost->groups[i].bytes < bytes / SMALL_SHARE))
			continue;
		text_append(text, named ? ", " : ": ");
		append_heads(text, report, &lost->groups[i]);
		named++;
	}
}

static void append_sum(struct text *text, uint64_t count, const char *noun, uint64_t bytes)
{
	units_plural(text, count, noun);
	text_append(text, " (");
	units_bytes(text, bytes);
	text_append_char(text, ')');
}

static const char *module_of(const struct snapshot *snapshot, type_id sort)
{
	return snapshot_string(snapshot, snapshot->types[sort].module);
}

/* The sort that most of what is lost is of, or NULL. */
static const struct lost_blocks *find_main_sort(const struct lost *lost)
{
	uint64_t whole = lost->kinds[LOST_DEFINITE].bytes + lost->kinds[LOST_INDIRECT].bytes;
	uint64_t part = 0;

	for (size_t i = 0; i < lost->block_count; i++)
		if (lost->blocks[i].kind != LOST_POSSIBLE &&
		    lost->blocks[i].sort == lost->blocks[0].sort)
			part += lost->blocks[i].bytes;
	return 2 * part > whole ? &lost->blocks[0] : NULL;
}

/* "array of doubles" of several: "arrays of doubles". */
static void append_looks(struct text *text, const char *look)
{
	static const char *const nouns[] = {"array", "C++ object"};

	for (size_t i = 0; i < sizeof(nouns) / sizeof(*nouns); i++) {
		size_t length = strlen(nouns[i]);

		if (strncmp(look, nouns[i], length) != 0)
			continue;
		text_printf(text, "%ss", nouns[i]);
		look += length;
		break;
	}
	layout_plain(text, look);
}

/* ", most of it arrays of doubles", "... C++ objects of class Session (engine.so)" */
static void append_main_sort(struct text *text, const struct leaks_report *report)
{
	const struct lost_blocks *most = find_main_sort(report->lost);
	const char *look = most ? snapshot_native_look(report->snapshot, most->sort) : NULL;
	const char *module = most ? module_of(report->snapshot, most->sort) : "";

	bool is_data = look && strcmp(look, "data") == 0;

	if (!look || (is_data && !*module))
		return;
	text_append(text, ", most of it ");
	append_looks(text, look);
	if (!*module)
		return;
	text_append(text, is_data ? " with pointers into " : " (");
	layout_plain(text, module);
	text_append(text, is_data ? "" : ")");
}

static void append_lost_blocks(struct text *text, const struct leaks_report *report)
{
	const struct lost *lost = report->lost;
	uint64_t count = lost->kinds[LOST_DEFINITE].count + lost->kinds[LOST_INDIRECT].count;

	append_sum(text, count, "block",
	           lost->kinds[LOST_DEFINITE].bytes + lost->kinds[LOST_INDIRECT].bytes);
	text_append(text, " of malloc that nothing points at");
	append_main_sort(text, report);
}

/* What the program did to have the collector not come by itself, or NULL. */
static const char *why_off(const struct snap_collector *collector)
{
	if (collector->is_enabled == SNAP_NO)
		return "gc.disable()";
	return collector->thresholds.count && !collector->thresholds.all[0] ? "gc.set_threshold(0)"
	                                                                    : NULL;
}

static void append_waiting(struct text *text, const struct leaks_report *report)
{
	const struct lost *lost = report->lost;
	const struct lost_sum *awaiting = &lost->causes[LOST_AWAITING];
	const struct lost_sum *listed = &lost->causes[LOST_GARBAGE_LIST];
	const char *off = why_off(&report->snapshot->facts.collector);

	if (awaiting->objects) {
		text_append(text, "; ");
		append_sum(text, awaiting->objects, "object", awaiting->bytes);
		text_append(text, awaiting->objects == 1 ? " waits for the collector"
		                                         : " wait for the collector");
		if (off)
			text_printf(text, ", which is off (%s)", off);
	}
	if (listed->objects) {
		text_append(text, "; ");
		append_sum(text, listed->objects, "object", listed->bytes);
		text_append(text,
		            listed->objects == 1 ? " is in gc.garbage" : " are in gc.garbage");
	}
}

static void append_answer(const struct layout *layout, const struct leaks_report *report,
                          struct text *text)
{
	const struct lost *lost = report->lost;
	struct lost_sum sum = sum_for_good(lost);
	struct text answer;

	text_init(&answer);
	if (sum.objects) {
		append_sum(&answer, sum.objects, "object", sum.bytes);
		text_append(&answer, sum.objects == 1 ? " is alive that nothing reaches"
		                                      : " are alive that nothing reaches");
		append_named(&answer, report, sum.bytes);
	}
	if (lost->kinds[LOST_DEFINITE].count) {
		text_append(&answer, sum.objects ? "; and " : "lost: ");
		append_lost_blocks(&answer, report);
	}
	if (!lost_is_leaking(lost))
		text_append(&answer, "nothing is lost: everything alive is reached");
	append_waiting(&answer, report);
	layout_bold(layout, text, text_string(&answer));
	text_append_char(text, '\n');
	text_deinit(&answer);
}

/* ------------------------------------------------------------------- tables */

static size_t type_width(const struct layout *layout)
{
	return layout_room(layout, CAUSE_WIDTH + ISLANDS_WIDTH + OBJECTS_WIDTH + MEMORY_WIDTH + 2,
	                   TYPE_WIDTH_MIN);
}

static void append_islands_head(const struct layout *layout, struct text *text)
{
	struct text head;

	text_init(&head);
	layout_left(&head, "island of", type_width(layout));
	text_append(&head, "  ");
	layout_left(&head, "cause", CAUSE_WIDTH);
	layout_right(&head, "islands", ISLANDS_WIDTH);
	layout_right(&head, "objects", OBJECTS_WIDTH);
	layout_right(&head, "memory", MEMORY_WIDTH);
	layout_dim(layout, text, text_string(&head));
	text_append_char(text, '\n');
	text_deinit(&head);
}

static void append_island(const struct layout *layout, const struct leaks_report *report,
                          const struct lost_group *group, struct text *text)
{
	struct text cell;

	text_init(&cell);
	layout_left(text, snapshot_type_name(report->snapshot, group->type), type_width(layout));
	text_append(text, "  ");
	layout_left(text, lost_cause_name(group->cause), CAUSE_WIDTH);
	units_count(&cell, group->islands);
	layout_cell(text, &cell, ISLANDS_WIDTH);
	units_count(&cell, group->objects);
	layout_cell(text, &cell, OBJECTS_WIDTH);
	units_bytes(&cell, group->bytes);
	layout_cell(text, &cell, MEMORY_WIDTH);
	text_append_char(text, '\n');
	text_deinit(&cell);
}

static void append_more(struct text *text, size_t shown, size_t count)
{
	if (shown == count)
		return;
	text_append(text, "... ");
	units_plural(text, count - shown, "more row");
	text_append(text, " (--top 0 shows all)\n");
}

static void append_islands(const struct layout *layout, const struct leaks_report *report,
                           struct text *text)
{
	size_t count = report->lost->group_count;
	size_t shown = layout_rows(report->top, count);

	if (!count)
		return;
	text_append_char(text, '\n');
	append_islands_head(layout, text);
	for (size_t i = 0; i < shown; i++)
		append_island(layout, report, &report->lost->groups[i], text);
	append_more(text, shown, count);
}

static void append_blocks_head(const struct layout *layout, struct text *text)
{
	struct text head;

	text_init(&head);
	layout_left(&head, "lost", KIND_WIDTH);
	layout_right(&head, "size up to", CLASS_WIDTH);
	layout_right(&head, "blocks", BLOCKS_WIDTH);
	layout_right(&head, "memory", MEMORY_WIDTH);
	text_append(&head, "  looks like");
	layout_dim(layout, text, text_string(&head));
	text_append_char(text, '\n');
	text_deinit(&head);
}

/* "text \"GET /items...\"", "C++ object of class Session (engine.so)" */
static void append_sort(struct text *text, const struct leaks_report *report,
                        const struct lost_blocks *row)
{
	const char *look = snapshot_native_look(report->snapshot, row->sort);
	const char *module = module_of(report->snapshot, row->sort);

	text_append(text, look ? look : "");
	if (row->preview)
		text_printf(text, " %s", row->preview);
	if (*module)
		text_printf(text, " (%s)", module);
}

static void append_block_row(const struct layout *layout, const struct leaks_report *report,
                             const struct lost_blocks *row, struct text *text)
{
	size_t used = KIND_WIDTH + CLASS_WIDTH + BLOCKS_WIDTH + MEMORY_WIDTH + 2;
	size_t room = layout_room(layout, used, SORT_WIDTH_MIN);
	struct text cell;

	text_init(&cell);
	layout_left(text, lost_kind_name(row->kind), KIND_WIDTH);
	units_count(&cell, row->size_class);
	layout_cell(text, &cell, CLASS_WIDTH);
	units_count(&cell, row->blocks);
	layout_cell(text, &cell, BLOCKS_WIDTH);
	units_bytes(&cell, row->bytes);
	layout_cell(text, &cell, MEMORY_WIDTH);
	text_append(text, "  ");
	append_sort(&cell, report, row);
	if (row->preview)
		layout_beginning(text, text_string(&cell), room);
	else
		layout_cut(text, text_string(&cell), room);
	text_append_char(text, '\n');
	text_deinit(&cell);
}

/* Rows of what is lost; they stand before those of what is only possibly so. */
static size_t count_lost_rows(const struct lost *lost)
{
	size_t count = 0;

	while (count < lost->block_count && lost->blocks[count].kind != LOST_POSSIBLE)
		count++;
	return count;
}

/* C keeps pointers into the middle of its blocks for good reasons, too: no table of these. */
static void append_possible(const struct lost *lost, struct text *text)
{
	if (!lost->kinds[LOST_POSSIBLE].count)
		return;
	text_append_char(text, '\n');
	append_sum(text, lost->kinds[LOST_POSSIBLE].count, "block",
	           lost->kinds[LOST_POSSIBLE].bytes);
	text_append(text, lost->kinds[LOST_POSSIBLE].count == 1
	                          ? " of malloc is reached by a pointer into its middle only\n"
	                          : " of malloc are reached by pointers into their middle only\n");
}

static void append_blocks(const struct layout *layout, const struct leaks_report *report,
                          struct text *text)
{
	size_t count = count_lost_rows(report->lost);
	size_t shown = layout_rows(report->top, count);

	if (count) {
		text_append_char(text, '\n');
		append_blocks_head(layout, text);
	}
	for (size_t i = 0; i < shown; i++)
		append_block_row(layout, report, &report->lost->blocks[i], text);
	append_more(text, shown, count);
	append_possible(report->lost, text);
}

/* --------------------------------------------------------------------- next */

/* The largest group of a cause, or NULL. */
static const struct lost_group *largest(const struct lost *lost, enum lost_cause cause)
{
	for (size_t i = 0; i < lost->group_count; i++)
		if (lost->groups[i].cause == cause)
			return &lost->groups[i];
	return NULL;
}

/* "700, 10, 10" */
static void append_numbers(struct text *text, const struct snap_numbers *numbers)
{
	for (size_t i = 0; i < numbers->count; i++)
		text_printf(text, "%s%" PRId64, i ? ", " : "", numbers->all[i]);
}

/* Why garbage may wait: what is known of the collector. */
static void append_collector(const struct snap_collector *collector, struct text *text)
{
	const char *off = why_off(collector);

	if (collector->is_enabled == SNAP_UNKNOWN) {
		text_append(text, "  if they pile up, is the collector off (gc.isenabled()), its "
		                  "threshold high,\n  or the heap frozen?\n");
		return;
	}
	if (off) {
		text_printf(text, "  the collector is off (%s): it does not come by itself\n", off);
	} else {
		text_append(text, "  the collector is on; its counts are ");
		append_numbers(text, &collector->counts);
		text_append(text, " (gc.get_count()),\n  its thresholds ");
		append_numbers(text, &collector->thresholds);
		text_append(text, " (gc.get_threshold())\n");
	}
	if (!collector->frozen.count || !collector->frozen.all[0])
		return;
	text_append(text, "  ");
	units_plural(text, (uint64_t)collector->frozen.all[0], "object");
	text_append(text, collector->frozen.all[0] == 1 ? " is" : " are");
	text_append(text, " frozen (gc.freeze()): it never looks at them\n");
}

static void append_cause(const struct leaks_report *report, const struct lost_group *group,
                         struct text *text)
{
	text_printf(text, "\n%s, most of them ", lost_cause_name(group->cause));
	layout_cut(text, snapshot_type_name(report->snapshot, group->type), CAUSE_TYPE_WIDTH);
	if (group->cause == LOST_REFCOUNT) {
		text_append(text, " (one is counted ");
		units_count(text, group->counted);
		text_append(text, ", found ");
		units_count(text, group->found);
		text_append_char(text, ')');
	}
	text_printf(text, "\n%s", cause_words[group->cause].next);
	if (group->cause == LOST_AWAITING)
		append_collector(&report->snapshot->facts.collector, text);
	text_append(text, "  plumb show ");
	target_report_word(text, &report->snapshot->facts);
	text_printf(text, " 0x%" PRIx64 "\n", report->snapshot->address[group->example]);
}

static void append_next(const struct leaks_report *report, struct text *text)
{
	for (unsigned int cause = 0; cause < LOST_CAUSE_COUNT; cause++) {
		const struct lost_group *group = largest(report->lost, (enum lost_cause)cause);

		if (group)
			append_cause(report, group, text);
	}
}

static void append_doubts(const struct leaks_report *report, struct text *text)
{
	const struct lost *lost = report->lost;

	if (!lost->knows_memory)
		text_append(text,
		            "\nstacks, data and malloc's blocks of C are not known here: what "
		            "only C holds on\nto counts as lost, and no block of C is looked "
		            "at\n");
	if (!lost->dying.objects)
		return;
	text_append_char(text, '\n');
	units_plural(text, lost->dying.objects, "object");
	text_append(text,
	            lost->dying.objects == 1
	                    ? " besides has no reference left, or hangs on one that has none: "
	                      "it\nis about to be freed, or was not read well\n"
	                    : " besides have no reference left, or hang on one that has none: "
	                      "they\nare about to be freed, or were not read well\n");
}

void leaks_report_text(const struct layout *layout, const struct leaks_report *report,
                       struct text *text)
{
	append_answer(layout, report, text);
	target_report_text(layout, text, &report->snapshot->facts);
	append_islands(layout, report, text);
	append_blocks(layout, report, text);
	append_next(report, text);
	append_doubts(report, text);
	target_report_doubts(text, report->snapshot);
}
