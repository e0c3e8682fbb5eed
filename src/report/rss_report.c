/* SPDX-License-Identifier: Apache-2.0 */
/* The largest groups in a sentence, then all rows. A share is of the RSS. */
#include "report/rss_report.h"

#include "report/account_words.h"
#include "report/units.h"

enum {
	BYTES_WIDTH = 12,
	EXACT_WIDTH = 18,
	SHARE_WIDTH = 9,
	FIGURES_WIDTH = BYTES_WIDTH + EXACT_WIDTH + SHARE_WIDTH,
	NAME_WIDTH_MIN = 12,
	NAMED_IN_ANSWER = 3,
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
	[ACCOUNT_NATIVE_OWNED] = {"native-owned", "C's blocks held by Python objects"},
	[ACCOUNT_NATIVE_MODULE] = {"native-module", "C's blocks held by C alone"},
	[ACCOUNT_NATIVE_LOST] = {"native-lost", "C's blocks that nothing points at"},
};

static void append_groups(const struct layout *layout, const struct account *account,
                          struct text *answer)
{
	struct text item;

	text_init(&item);
	for (size_t i = 0; i < NAMED_IN_ANSWER && account->groups[i].bytes; i++) {
		units_share(&item, account->groups[i].bytes, account->resident);
		text_printf(&item, " %s", account_group_words(account->groups[i].group));
		if (!layout_add_item(layout, answer, &item, i == 0))
			break;
	}
	text_deinit(&item);
}

/* Nobody's objects are to blame then: that comes first. */
static void append_kept(const struct account *account, struct text *answer)
{
	uint64_t pools = account_group_bytes(account, ACCOUNT_POOLS_FREE);
	uint64_t malloc = account_group_bytes(account, ACCOUNT_MALLOC_FREE);

	text_append(answer, ": ");
	units_share(answer, pools + malloc, account->resident);
	text_append(answer, " free, but kept (");
	units_share(answer, pools, account->resident);
	text_append(answer, " by pymalloc, ");
	units_share(answer, malloc, account->resident);
	text_append(answer, " by glibc)");
}

static void append_answer(const struct layout *layout, const struct rss_report *report,
                          struct text *text)
{
	const struct account *account = report->account;
	struct text answer;

	text_init(&answer);
	units_bytes(&answer, account->resident);
	text_append(&answer, report->snapshot->account.is_of_core ? " in the core" : " resident");
	if (account_is_mostly_kept(account))
		append_kept(account, &answer);
	else
		append_groups(layout, account, &answer);
	layout_bold(layout, text, text_string(&answer));
	text_append_char(text, '\n');
	text_deinit(&answer);
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

void rss_report_owner(struct text *text, const struct account_owner *owner)
{
	if (owner->name) {
		text_append(text, owner->name);
		return;
	}
	switch (owner->row) {
	case SNAP_OWNER_THREAD_TOP:
	case SNAP_OWNER_THREAD_BINS:
	case SNAP_OWNER_THREAD_CACHES:
		text_printf(text, "arena %llu", (unsigned long long)owner->number);
		return;
	case ACCOUNT_NATIVE_OWNED: text_append(text, "objects of several types"); return;
	case ACCOUNT_NATIVE_LOST: text_append(text, "blocks of up to "); break;
	default: text_append(text, "blocks of "); break;
	}
	units_count(text, owner->number);
	text_append(text, " bytes");
}

/* The largest owners, a line each below their row. */
static void append_owners(const struct layout *layout, const struct rss_report *report,
                          const struct account_row *row, struct text *text)
{
	size_t count;
	const struct account_owner *owners = account_owners_of(report->owners, row->owner, &count);
	struct text name;

	text_init(&name);
	for (size_t i = 0; i < count && i < report->top; i++) {
		text_append(&name, "  ");
		rss_report_owner(&name, &owners[i]);
		append_row(layout, text_string(&name), owners[i].bytes, report->account->resident,
		           text);
		text_clear(&name);
	}
	text_deinit(&name);
}

static void append_table(const struct layout *layout, const struct rss_report *report,
                         struct text *text)
{
	const struct account *account = report->account;

	append_head(layout, text);
	for (size_t i = 0; i < account->row_count; i++) {
		const struct account_row *row = &account->rows[i];

		append_row(layout, row_words[row->owner].label, row->bytes, account->resident,
		           text);
		append_owners(layout, report, row, text);
	}
	append_row(layout,
	           report->snapshot->account.is_of_core ? "all: what the core holds"
	                                                : "all: the RSS",
	           account->resident, account->resident, text);
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
		            " contradict themselves;\nwhat is resident of them is unexplained\n");
	} else if (malloc->contradictions) {
		text_append(text, "malloc's lists contradicted themselves ");
		units_plural(text, malloc->contradictions, "time");
		text_append(text, "; its rows are not exact\n");
	}
}

void rss_report_text(const struct layout *layout, const struct rss_report *report,
                     struct text *text)
{
	const struct account *account = report->account;

	append_answer(layout, report, text);
	target_report_text(layout, text, &report->snapshot->facts);
	if (report->snapshot->account.is_of_core)
		text_append(text, "a core does not tell what was resident: whose the bytes are "
		                  "that it holds\n");
	text_append_char(text, '\n');
	append_table(layout, report, text);
	if (account->page_tables) {
		text_append(text, "\nbeside the RSS the kernel keeps ");
		units_bytes(text, account->page_tables);
		text_append(text, " of page tables\n");
	}
	rss_allocators_text(layout, report, text);
	append_doubts(account->malloc, text);
	target_report_doubts(text, report->snapshot);
}

static void append_row_json(const struct rss_report *report, const struct account_row *row,
                            struct json *json)
{
	size_t count;
	const struct account_owner *owners = account_owners_of(report->owners, row->owner, &count);
	struct text name;

	text_init(&name);
	json_begin_object(json, NULL);
	json_string(json, "kind", row_words[row->owner].kind);
	json_string(json, "label", row_words[row->owner].label);
	json_unsigned(json, "bytes", row->bytes);
	json_begin_array(json, "owners");
	for (size_t i = 0; i < layout_rows(report->top, count); i++) {
		rss_report_owner(&name, &owners[i]);
		json_begin_object(json, NULL);
		json_string(json, "name", text_string(&name));
		json_unsigned(json, "bytes", owners[i].bytes);
		json_end_object(json);
		text_clear(&name);
	}
	json_end_array(json);
	json_end_object(json);
	text_deinit(&name);
}

void rss_report_json(const struct rss_report *report, struct text *text)
{
	const struct account *account = report->account;
	const struct snap_malloc *malloc = account->malloc;
	struct json json;

	target_report_begin_json(&json, text, "plumb.rss/1", &report->snapshot->facts);
	json_unsigned(&json, "rss", account->resident);
	json_bool(&json, "of_core", report->snapshot->account.is_of_core);
	json_begin_array(&json, "rows");
	for (size_t i = 0; i < account->row_count; i++)
		append_row_json(report, &account->rows[i], &json);
	json_end_array(&json);
	json_unsigned(&json, "page_tables", account->page_tables);
	rss_allocators_json(report, &json);
	json_unsigned(&json, "trimmable", malloc->trimmable);
	json_unsigned(&json, "malloc_torn", malloc->torn);
	json_unsigned(&json, "malloc_contradictions", malloc->contradictions);
	json_bool(&json, "malloc_missing", malloc->is_missing);
	json_string(&json, "other_malloc", *malloc->other ? malloc->other : NULL);
	target_report_end_json(&json, report->snapshot);
}
