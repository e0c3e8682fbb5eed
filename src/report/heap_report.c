/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table has its figures in columns of fixed width; the name takes the
 * rest of the line. Shares are of the column that the rows are sorted by.
 */
#include "report/heap_report.h"

#include "report/units.h"

#include <inttypes.h>

enum {
	COUNT_WIDTH = 14,
	BYTES_WIDTH = 10,
	SHARE_WIDTH = 8,
	NAME_WIDTH_MIN = 12,
	NAMED_IN_ANSWER = 3,
};

static size_t name_width(const struct layout *layout, const struct heap_report *report)
{
	size_t figures = COUNT_WIDTH + 2 * BYTES_WIDTH + SHARE_WIDTH;

	figures += report->table->has_native ? BYTES_WIDTH : SHARE_WIDTH;
	return layout_room(layout, figures + 1, NAME_WIDTH_MIN);
}

static uint64_t sorted_figure(const struct heap_report *report, const struct heap_row *row)
{
	switch (report->sort) {
	case HEAP_SORT_BYTES: return row->bytes;
	case HEAP_SORT_OBJECTS: return row->objects;
	case HEAP_SORT_MEMORY:
	case HEAP_SORT_NAME: break;
	}
	return row->memory + row->native;
}

static uint64_t sorted_whole(const struct heap_report *report)
{
	const struct heap_table *table = report->table;

	switch (report->sort) {
	case HEAP_SORT_BYTES: return table->bytes;
	case HEAP_SORT_OBJECTS: return table->objects;
	case HEAP_SORT_MEMORY:
	case HEAP_SORT_NAME: break;
	}
	return table->memory + table->native.owned;
}

static void append_answer(const struct layout *layout, const struct heap_report *report,
                          struct text *text)
{
	const struct heap_table *table = report->table;
	size_t named = report->sort == HEAP_SORT_NAME ? 0 : NAMED_IN_ANSWER;
	struct text answer;
	struct text item;

	text_init(&answer);
	text_init(&item);
	units_plural(&answer, table->objects, "object");
	text_append(&answer, " take ");
	units_bytes(&answer, table->memory);
	if (table->has_native) {
		text_append(&answer, " + ");
		units_bytes(&answer, table->native.owned);
		text_append(&answer, " of C");
	}
	for (size_t i = 0; i < named && i < table->row_count; i++) {
		const struct heap_row *row = &table->rows[i];

		text_append(&item, row->name);
		text_append_char(&item, ' ');
		units_share(&item, sorted_figure(report, row), sorted_whole(report));
		if (!layout_add_item(layout, &answer, &item, i == 0))
			break;
	}
	layout_bold(layout, text, text_string(&answer));
	text_append_char(text, '\n');
	text_deinit(&answer);
	text_deinit(&item);
}

/* With what is C's there is no room for the sum of the shares. */
static void append_figures(const struct heap_report *report, const struct heap_row *row,
                           uint64_t so_far, struct text *text)
{
	uint64_t whole = sorted_whole(report);
	struct text cell;

	text_init(&cell);
	units_count(&cell, row->objects);
	layout_cell(text, &cell, COUNT_WIDTH);
	units_bytes(&cell, row->bytes);
	layout_cell(text, &cell, BYTES_WIDTH);
	units_bytes(&cell, row->memory);
	layout_cell(text, &cell, BYTES_WIDTH);
	if (report->table->has_native) {
		units_bytes(&cell, row->native);
		layout_cell(text, &cell, BYTES_WIDTH);
	}
	units_share(&cell, sorted_figure(report, row), whole);
	layout_cell(text, &cell, SHARE_WIDTH);
	if (!report->table->has_native) {
		units_share(&cell, so_far, whole);
		layout_cell(text, &cell, SHARE_WIDTH);
	}
	text_append_char(text, '\n');
	text_deinit(&cell);
}

static void append_head(const struct layout *layout, const struct heap_report *report,
                        struct text *text)
{
	static const char *const titles[] = {
		[HEAP_BY_TYPE] = "type",
		[HEAP_BY_MODULE] = "module of the type",
		[HEAP_BY_SIZE] = "size",
		[HEAP_BY_LINE] = "allocated at",
	};
	struct text head;

	text_init(&head);
	layout_left(&head, titles[report->by], name_width(layout, report));
	layout_right(&head, "objects", COUNT_WIDTH);
	layout_right(&head, "getsizeof", BYTES_WIDTH);
	layout_right(&head, "memory", BYTES_WIDTH);
	if (report->table->has_native)
		layout_right(&head, "of C", BYTES_WIDTH);
	layout_right(&head, "share", SHARE_WIDTH);
	if (!report->table->has_native)
		layout_right(&head, "so far", SHARE_WIDTH);
	layout_dim(layout, text, text_string(&head));
	text_append_char(text, '\n');
	text_deinit(&head);
}

static void append_name(const struct layout *layout, const struct heap_report *report,
                        const struct heap_row *row, struct text *text)
{
	struct text name;

	text_init(&name);
	text_append(&name, row->name);
	if (row->is_ambiguous)
		text_printf(&name, " @%" PRIx64, row->address);
	layout_left(text, text_string(&name), name_width(layout, report));
	text_deinit(&name);
}

/* All rows beyond the top, in one. */
static void append_others(const struct layout *layout, const struct heap_report *report,
                          size_t shown, uint64_t so_far, struct text *text)
{
	const struct heap_table *table = report->table;
	struct heap_row others = {0};
	struct text name;

	if (shown >= table->row_count)
		return;
	for (size_t i = shown; i < table->row_count; i++) {
		others.objects += table->rows[i].objects;
		others.bytes += table->rows[i].bytes;
		others.memory += table->rows[i].memory;
		others.native += table->rows[i].native;
	}
	text_init(&name);
	text_append_char(&name, '(');
	units_count(&name, table->row_count - shown);
	text_append(&name, " more)");
	layout_left(text, text_string(&name), name_width(layout, report));
	text_deinit(&name);
	append_figures(report, &others, so_far + sorted_figure(report, &others), text);
}

static void append_rows(const struct layout *layout, const struct heap_report *report,
                        struct text *text)
{
	const struct heap_table *table = report->table;
	size_t shown = layout_rows(report->top, table->row_count);
	uint64_t so_far = 0;

	for (size_t i = 0; i < shown; i++) {
		const struct heap_row *row = &table->rows[i];

		so_far += sorted_figure(report, row);
		append_name(layout, report, row, text);
		append_figures(report, row, so_far, text);
	}
	append_others(layout, report, shown, so_far, text);
}

/* Of what the objects occupy: what lies in no pool of pymalloc. */
static uint64_t outside_of_pools(const struct heap_report *report)
{
	uint64_t in_pools = report->snapshot->totals.pool_objects;

	return report->table->memory > in_pools ? report->table->memory - in_pools : 0;
}

/* What pymalloc has in use and no object claims: the table's last row. */
static void append_not_objects(const struct layout *layout, const struct heap_report *report,
                               struct text *text)
{
	const struct snap_totals *totals = &report->snapshot->totals;
	struct text cell;

	if (!totals->pool_in_use)
		return;
	text_init(&cell);
	layout_left(text, "(not objects)", name_width(layout, report));
	layout_right(text, "", COUNT_WIDTH + BYTES_WIDTH);
	units_bytes(&cell, totals->pool_not_objects);
	layout_cell(text, &cell, BYTES_WIDTH);
	text_deinit(&cell);
	text_append(text, "\n\npymalloc has ");
	units_bytes(text, totals->pool_in_use);
	text_append(text, " in use: the objects' part and what is not an object's;\n");
	units_bytes(text, outside_of_pools(report));
	text_append(text, " of the objects lie outside of it\n");
}

static void append_part(struct text *text, uint64_t bytes, const char *words)
{
	text_append(text, "  ");
	units_bytes(text, bytes);
	text_printf(text, " %s\n", words);
}

/* What of C's blocks is in no row. */
static void append_native(const struct heap_report *report, struct text *text)
{
	const struct heap_native *native = &report->table->native;

	if (!report->table->has_native)
		return;
	text_append(text,
	            "of malloc's blocks in use that are no object's own, besides those above:\n");
	append_part(text, native->shared, "belong to objects of several rows");
	append_part(text, native->memory, "to memory of C alone: data of modules, stacks");
	append_part(text, native->nobody, "to nobody (plumb leaks)");
}

void heap_report_text(const struct layout *layout, const struct heap_report *report,
                      struct text *text)
{
	append_answer(layout, report, text);
	target_report_text(layout, text, &report->snapshot->facts);
	text_append_char(text, '\n');
	append_head(layout, report, text);
	append_rows(layout, report, text);
	append_not_objects(layout, report, text);
	append_native(report, text);
	target_report_doubts(text, report->snapshot);
}

static void row_json(struct json *json, const struct heap_report *report,
                     const struct heap_row *row)
{
	static const char *const keys[] = {
		[HEAP_BY_TYPE] = "type",
		[HEAP_BY_MODULE] = "module",
		[HEAP_BY_SIZE] = "size_class",
		[HEAP_BY_LINE] = "file",
	};

	json_begin_object(json, NULL);
	json_string(json, keys[report->by], report->by == HEAP_BY_LINE ? row->file : row->name);
	if (report->by == HEAP_BY_LINE)
		json_unsigned(json, "line", row->line);
	if (report->by == HEAP_BY_TYPE)
		json_address(json, "address", row->address);
	json_unsigned(json, "objects", row->objects);
	json_unsigned(json, "bytes", row->bytes);
	json_unsigned(json, "memory", row->memory);
	if (report->table->has_native)
		json_unsigned(json, "native", row->native);
	json_end_object(json);
}

static void allocator_json(struct json *json, const struct heap_report *report)
{
	const struct snap_totals *totals = &report->snapshot->totals;

	json_unsigned(json, "not_objects", totals->pool_not_objects);
	json_begin_object(json, "allocator");
	json_unsigned(json, "pymalloc_in_use", totals->pool_in_use);
	json_unsigned(json, "pymalloc_objects", totals->pool_objects);
	json_unsigned(json, "pymalloc_not_objects", totals->pool_not_objects);
	json_unsigned(json, "pymalloc_blocks", totals->pool_blocks);
	json_unsigned(json, "outside", outside_of_pools(report));
	json_end_object(json);
}

static void native_json(struct json *json, const struct heap_table *table)
{
	if (!table->has_native)
		return;
	json_begin_object(json, "native");
	json_unsigned(json, "owned", table->native.owned);
	json_unsigned(json, "shared", table->native.shared);
	json_unsigned(json, "memory", table->native.memory);
	json_unsigned(json, "nobody", table->native.nobody);
	json_end_object(json);
}

void heap_report_json(const struct heap_report *report, struct text *text)
{
	const struct heap_table *table = report->table;
	size_t shown = layout_rows(report->top, table->row_count);
	struct json json;

	target_report_begin_json(&json, text, "plumb.heap/1", &report->snapshot->facts);
	json_unsigned(&json, "objects", table->objects);
	json_unsigned(&json, "bytes", table->bytes);
	json_unsigned(&json, "memory", table->memory);
	json_begin_array(&json, "rows");
	for (size_t i = 0; i < shown; i++)
		row_json(&json, report, &table->rows[i]);
	json_end_array(&json);
	allocator_json(&json, report);
	native_json(&json, table);
	target_report_end_json(&json, report->snapshot);
}
