/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A row that is too wide for the terminal is made to fit by cutting its widest
 * text columns; into a pipe nothing is cut.
 */
#include "report/rows_report.h"

#include "base/array.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_TO_LEARN_FROM = 500, GAP = 2, WIDTH_MIN = 8 };

void rows_report_init(struct rows_report *report, const struct layout *layout, bool is_json,
                      struct text *text)
{
	*report = (struct rows_report){.layout = layout, .is_json = is_json, .text = text};
	if (!is_json)
		return;
	json_init(&report->json, text);
	json_begin_object(&report->json, NULL);
	json_string(&report->json, "schema", "plumb.sql/1");
	json_begin_array(&report->json, "results");
}

static void forget_result(struct rows_report *report)
{
	for (size_t i = 0; report->names && i < report->column_count; i++)
		free(report->names[i]);
	for (size_t i = 0; i < report->waiting_count; i++)
		free(report->waiting[i]);
	free(report->names);
	free(report->widths);
	free(report->is_right);
	report->names = NULL;
	report->widths = NULL;
	report->is_right = NULL;
	report->waiting_count = report->column_count = 0;
	report->row_count = 0;
	report->is_flowing = false;
}

void rows_report_deinit(struct rows_report *report)
{
	forget_result(report);
	free(report->waiting);
	report->waiting = NULL;
}

static bool copy_names(struct rows_report *report, const char *const *names, size_t count)
{
	report->names = calloc(count + 1, sizeof(*report->names));
	report->widths = calloc(count + 1, sizeof(*report->widths));
	report->is_right = calloc(count + 1, sizeof(*report->is_right));
	report->column_count = count;
	if (!report->names || !report->widths || !report->is_right)
		return false;
	for (size_t i = 0; i < count; i++) {
		report->names[i] = strdup(names[i]);
		if (!report->names[i])
			return false;
		report->widths[i] = layout_columns(names[i]);
	}
	return true;
}

void rows_report_begin(struct rows_report *report, const char *const *names, size_t count)
{
	forget_result(report);
	if (!copy_names(report, names, count)) {
		report->is_broken = true;
		return;
	}
	if (!report->is_json)
		return;
	json_begin_object(&report->json, NULL);
	json_begin_array(&report->json, "columns");
	for (size_t i = 0; i < count; i++)
		json_string(&report->json, NULL, names[i]);
	json_end_array(&report->json);
	json_begin_array(&report->json, "rows");
}

static void cell_json(struct json *json, const struct rows_cell *cell)
{
	switch (cell->kind) {
	case ROWS_NULL: json_null(json, NULL); break;
	case ROWS_INTEGER: json_signed(json, NULL, cell->integer); break;
	case ROWS_ADDRESS: json_address(json, NULL, (uint64_t)cell->integer); break;
	case ROWS_REAL: json_double(json, NULL, cell->real); break;
	case ROWS_TEXT: json_string(json, NULL, cell->text); break;
	}
}

static void row_json(struct rows_report *report, const struct rows_cell *cells)
{
	json_begin_array(&report->json, NULL);
	for (size_t i = 0; i < report->column_count; i++)
		cell_json(&report->json, &cells[i]);
	json_end_array(&report->json);
}

/* As it will be printed, but for its width. NULL: out of memory. */
static char *write_cell(const struct rows_cell *cell)
{
	struct text text;

	text_init(&text);
	switch (cell->kind) {
	case ROWS_NULL: text_append_char(&text, '-'); break;
	case ROWS_INTEGER: text_printf(&text, "%" PRId64, cell->integer); break;
	case ROWS_ADDRESS: text_printf(&text, "0x%" PRIx64, (uint64_t)cell->integer); break;
	case ROWS_REAL: text_printf(&text, "%.6g", cell->real); break;
	case ROWS_TEXT: layout_plain(&text, cell->text); break;
	}
	if (!text.length)
		text_append(&text, "");
	return text_take(&text);
}

/* The widest column that is text and can give something; column_count: none. */
static size_t widest_column(const struct rows_report *report)
{
	size_t widest = report->column_count;

	for (size_t i = 0; i < report->column_count; i++) {
		if (report->is_right[i] || report->widths[i] <= WIDTH_MIN)
			continue;
		if (widest == report->column_count || report->widths[i] > report->widths[widest])
			widest = i;
	}
	return widest;
}

/* Takes columns from the widest texts until a row fits the terminal. */
static void fit_widths(struct rows_report *report)
{
	size_t used = 0;

	if (!report->layout->breaks_lines)
		return;
	for (size_t i = 0; i < report->column_count; i++)
		used += report->widths[i] + (i ? GAP : 0);
	while (used > report->layout->width) {
		size_t widest = widest_column(report);

		if (widest == report->column_count)
			return;
		report->widths[widest]--;
		used--;
	}
}

/* Cut where a person reads it; padded unless it ends the line. */
static void append_words(struct rows_report *report, const char *cell, size_t width, bool is_last)
{
	size_t columns = layout_columns(cell);

	if (report->layout->breaks_lines && columns > width) {
		layout_beginning(report->text, cell, width);
		return;
	}
	text_append(report->text, cell);
	for (; !is_last && columns < width; columns++)
		text_append_char(report->text, ' ');
}

static void append_cell(struct rows_report *report, const char *cell, size_t column)
{
	if (column)
		text_append(report->text, "  ");
	if (report->is_right[column])
		layout_right(report->text, cell, report->widths[column]);
	else
		append_words(report, cell, report->widths[column],
		             column + 1 == report->column_count);
}

static void append_row(struct rows_report *report, char *const *cells)
{
	for (size_t i = 0; i < report->column_count; i++)
		append_cell(report, cells[i], i);
	text_append_char(report->text, '\n');
}

static void append_head(struct rows_report *report)
{
	struct text *out = report->text;
	struct text head;

	text_init(&head);
	report->text = &head;
	append_row(report, report->names);
	report->text = out;
	if (head.length)
		head.bytes[--head.length] = '\0'; /* the dimming ends before the line does */
	layout_dim(report->layout, out, text_string(&head));
	text_append_char(out, '\n');
	text_deinit(&head);
}

static void let_flow(struct rows_report *report)
{
	size_t columns = report->column_count;

	fit_widths(report);
	append_head(report);
	for (size_t row = 0; columns && row < report->waiting_count / columns; row++)
		append_row(report, &report->waiting[row * columns]);
	for (size_t i = 0; i < report->waiting_count; i++)
		free(report->waiting[i]);
	report->waiting_count = 0;
	report->is_flowing = true;
}

/* Adds the cells to those that wait. */
static bool queue_row(struct rows_report *report, const struct rows_cell *cells)
{
	size_t first = report->waiting_count;

	if (!array_reserve(&report->waiting, &report->waiting_capacity,
	                   first + report->column_count, sizeof(*report->waiting)))
		return false;
	for (size_t i = 0; i < report->column_count; i++) {
		char *cell = write_cell(&cells[i]);

		if (!cell)
			return false;
		report->waiting[report->waiting_count++] = cell;
		if (!report->is_flowing) {
			size_t width = layout_columns(cell);

			if (width > report->widths[i])
				report->widths[i] = width;
			report->is_right[i] |= cells[i].kind == ROWS_INTEGER ||
			                       cells[i].kind == ROWS_REAL;
		}
	}
	return true;
}

void rows_report_row(struct rows_report *report, const struct rows_cell *cells)
{
	if (report->is_broken)
		return;
	report->row_count++;
	if (report->is_json) {
		row_json(report, cells);
		return;
	}
	if (!queue_row(report, cells)) {
		report->is_broken = true;
		return;
	}
	if (report->is_flowing) {
		append_row(report, report->waiting);
		for (size_t i = 0; i < report->waiting_count; i++)
			free(report->waiting[i]);
		report->waiting_count = 0;
	} else if (report->row_count == ROWS_TO_LEARN_FROM) {
		let_flow(report);
	}
}

void rows_report_end(struct rows_report *report)
{
	if (report->is_broken)
		return;
	if (report->is_json) {
		json_end_array(&report->json);
		json_end_object(&report->json);
	} else if (report->column_count && !report->is_flowing) {
		let_flow(report);
	}
}

void rows_report_finish(struct rows_report *report)
{
	if (!report->is_json)
		return;
	json_end_array(&report->json);
	json_end_object(&report->json);
	text_append_char(report->text, '\n');
}
