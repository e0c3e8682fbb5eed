/* SPDX-License-Identifier: Apache-2.0 */
/* The largest groups in a sentence, then all rows. A share is of the RSS. */
#include "report/rss_report.h"

#include "report/units.h"

enum {
	BYTES_WIDTH = 12,
	EXACT_WIDTH = 18,
	SHARE_WIDTH = 9,
	FIGURES_WIDTH = BYTES_WIDTH + EXACT_WIDTH + SHARE_WIDTH,
	NAME_WIDTH_MIN = 12,
	NAMED_IN_ANSWER = 3,
	TRIM_WORTH = 1 << 20, /* bytes */
};

static const struct row_words {
	const char *kind;
	const char *label; /* fits beside the figures on a line of 80 columns */
} row_words[ACCOUNT_ROWS_MAX] = {
	[SNAP_OWNER_OBJECTS] = {"python-objects", "live Python objects"},
	[SNAP_OWNER_BUFFERS] = {"python-buffers", "buffers of Python objects"},
	[SNAP_OWNER_POOL_OTHER] = {"pymalloc-other", "pymalloc, in use, no live object"},
	[SNAP_OWNER_POOL_BLOCKS] = {"free-pymalloc", "pymalloc, free in used pools"},
	[SNAP_OWNER_POOL_FREE] = {"free-pymalloc", "pymalloc, free pools"},
	[SNAP_OWNER_POOL_HEADS] = {"pymalloc-own", "pymalloc's headers and rounding"},
	[SNAP_OWNER_NATIVE] = {"native", "blocks of malloc in use by C"},
	[SNAP_OWNER_MALLOC_OWN] = {"malloc-own", "malloc's own tables"},
	[SNAP_OWNER_MAIN_TOP] = {"free-glibc", "free in glibc, main arena: top"},
	[SNAP_OWNER_MAIN_BINS] = {"free-glibc", "free in glibc, main arena: holes"},
	[SNAP_OWNER_MAIN_CACHES] = {"free-glibc", "free in glibc, main arena: caches"},
	[SNAP_OWNER_THREAD_TOP] = {"free-glibc", "free in glibc, thread arenas: tops"},
	[SNAP_OWNER_THREAD_BINS] = {"free-glibc", "free in glibc, thread arenas: holes"},
	[SNAP_OWNER_THREAD_CACHES] = {"free-glibc", "free in glibc, thread arenas: caches"},
	[SNAP_OWNER_OTHER_MALLOC] = {"other-malloc", "the rest of another malloc's memory"},
	[SNAP_OWNER_FILES] = {"mapped-files", "mapped files"},
	[SNAP_OWNER_STACKS] = {"stacks", "stacks of threads"},
	[SNAP_OWNER_SHARED] = {"shared", "shared memory"},
	[SNAP_OWNER_GPU] = {"gpu", "memory of graphics devices"},
	[ACCOUNT_NOBODY] = {"unexplained", "unexplained"},
};

static const char *const group_words[ACCOUNT_GROUP_COUNT] = {
	[ACCOUNT_OBJECTS] = "live Python objects", [ACCOUNT_POOLS_USED] = "pymalloc in use besides",
	[ACCOUNT_POOLS_FREE] = "free in pymalloc", [ACCOUNT_NATIVE] = "C's blocks of malloc",
	[ACCOUNT_MALLOC_FREE] = "free in glibc",   [ACCOUNT_OTHER_MALLOC] = "another malloc's",
	[ACCOUNT_FILES] = "mapped files",          [ACCOUNT_STACKS] = "stacks",
	[ACCOUNT_SHARED] = "shared memory",        [ACCOUNT_GPU] = "graphics devices",
	[ACCOUNT_UNEXPLAINED] = "unexplained",
};

static void append_answer(const struct layout *layout, const struct account *account,
                          struct text *text)
{
	struct text answer;
	struct text item;

	text_init(&answer);
	text_init(&item);
	units_bytes(&answer, account->resident);
	text_append(&answer, " resident");
	for (size_t i = 0; i < NAMED_IN_ANSWER && account->groups[i].bytes; i++) {
		units_share(&item, account->groups[i].bytes, account->resident);
		text_printf(&item, " %s", group_words[account->groups[i].group]);
		if (!layout_add_item(layout, &answer, &item, i == 0))
			break;
	}
	layout_bold(layout, text, text_string(&answer));
	text_append_char(text, '\n');
	text_deinit(&answer);
	text_deinit(&item);
}

static size_t name_width(const struct layout *layout)
{
	return layout_room(layout, FIGURES_WIDTH + 1, NAME_WIDTH_MIN);
}

static void append_head(const struct layout *layout, struct text *text)
{
	struct text head;

	text_init(&head);
	layout_left(&head, "whose", name_width(layout));
	layout_right(&head, "memory", BYTES_WIDTH);
	layout_right(&head, "bytes", EXACT_WIDTH);
	layout_right(&head, "share", SHARE_WIDTH);
	layout_dim(layout, text, text_string(&head));
	text_append_char(text, '\n');
	text_deinit(&head);
}

static void append_row(const struct layout *layout, const char *label, uint64_t bytes,
                       uint64_t whole, struct text *text)
{
	struct text cell;

	text_init(&cell);
	layout_left(text, label, name_width(layout));
	units_bytes(&cell, bytes);
	layout_cell(text, &cell, BYTES_WIDTH);
	units_count(&cell, bytes);
	layout_cell(text, &cell, EXACT_WIDTH);
	units_share(&cell, bytes, whole);
	layout_cell(text, &cell, SHARE_WIDTH);
	text_append_char(text, '\n');
	text_deinit(&cell);
}

/* What is worth a call. */
static void append_advice(const struct account *account, struct text *text)
{
	uint64_t trimmable = account->malloc->trimmable;

	if (trimmable < TRIM_WORTH || trimmable < account->resident / 100)
		return;
	text_append(text, "\nmalloc_trim(0) would give back ");
	units_bytes(text, trimmable);
	text_append(text, " of what is free in glibc\n");
}

static void append_doubts(const struct snap_malloc *malloc, struct text *text)
{
	if (*malloc->other) {
		text_append(text, "malloc is ");
		text_append(text, malloc->other);
		text_append(text, ": what of its memory is free is not known\n");
	} else if (malloc->is_missing) {
		text_append(
			text,
			"glibc's malloc was not found: a thread stood inside of it, or wrote over "
			"it;\nits memory is unexplained\n");
	}
	if (malloc->torn) {
		text_append(text, "of malloc's memory ");
		units_bytes(text, malloc->torn);
		text_append(text,
		            " contradict themselves; what is resident of them is unexplained\n");
	} else if (malloc->contradictions) {
		text_append(text, "malloc's lists contradicted themselves ");
		units_plural(text, malloc->contradictions, "time");
		text_append(text, "; its rows are not exact\n");
	}
}

void rss_report_text(const struct layout *layout, const struct snapshot *snapshot,
                     const struct account *account, struct text *text)
{
	append_answer(layout, account, text);
	target_report_text(layout, text, &snapshot->facts);
	text_append_char(text, '\n');
	append_head(layout, text);
	for (size_t i = 0; i < account->row_count; i++)
		append_row(layout, row_words[account->rows[i].owner].label, account->rows[i].bytes,
		           account->resident, text);
	append_row(layout, "all: the RSS", account->resident, account->resident, text);
	if (account->page_tables) {
		text_append(text, "\nbeside the RSS the kernel keeps ");
		units_bytes(text, account->page_tables);
		text_append(text, " of page tables\n");
	}
	append_advice(account, text);
	append_doubts(account->malloc, text);
	target_report_doubts(text, snapshot);
}

void rss_report_json(const struct snapshot *snapshot, const struct account *account,
                     struct text *text)
{
	const struct snap_malloc *malloc = account->malloc;
	struct json json;

	target_report_begin_json(&json, text, "plumb.rss/1", &snapshot->facts);
	json_unsigned(&json, "rss", account->resident);
	json_begin_array(&json, "rows");
	for (size_t i = 0; i < account->row_count; i++) {
		const struct row_words *words = &row_words[account->rows[i].owner];

		json_begin_object(&json, NULL);
		json_string(&json, "kind", words->kind);
		json_string(&json, "label", words->label);
		json_unsigned(&json, "bytes", account->rows[i].bytes);
		json_end_object(&json);
	}
	json_end_array(&json);
	json_unsigned(&json, "page_tables", account->page_tables);
	json_unsigned(&json, "trimmable", malloc->trimmable);
	json_unsigned(&json, "malloc_torn", malloc->torn);
	json_unsigned(&json, "malloc_contradictions", malloc->contradictions);
	json_bool(&json, "malloc_missing", malloc->is_missing);
	json_string(&json, "other_malloc", *malloc->other ? malloc->other : NULL);
	target_report_end_json(&json, snapshot);
}
