/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cutting happens between letters, so that no sequence of UTF-8 is torn. What
 * is cut or padded is measured in columns: an ideograph takes two of them.
 */
#include "report/layout.h"

#include "report/letter.h"

#include <string.h>

#define BOLD "\x1b[1m"
#define PLAIN "\x1b[0m"

size_t layout_room(const struct layout *layout, size_t used, size_t least)
{
	return layout->width > used + least ? layout->width - used : least;
}

static size_t columns_between(const char *string, const char *end)
{
	size_t columns = 0;

	while (string < end) {
		struct letter letter = letter_at(string);

		columns += letter.columns;
		string += letter.length;
	}
	return columns;
}

size_t layout_columns(const char *string)
{
	return columns_between(string, string + strlen(string));
}

/* The first letter that does not fit in so many columns; the end if all do. */
static const char *behind_columns(const char *string, size_t columns)
{
	while (*string) {
		struct letter letter = letter_at(string);

		if (letter.columns > columns)
			break;
		columns -= letter.columns;
		string += letter.length;
	}
	return string;
}

/* The first letter from which on the rest fits in so many columns. */
static const char *last_columns(const char *string, size_t columns)
{
	size_t left = layout_columns(string);

	while (*string && left > columns) {
		struct letter letter = letter_at(string);

		left -= letter.columns;
		string += letter.length;
	}
	return string;
}

static void append_plain(struct text *text, const char *string, const char *end)
{
	while (string < end) {
		struct letter letter = letter_at(string);

		if (letter.is_plain)
			text_append_bytes(text, string, letter.length);
		else
			text_append_char(text, '?');
		string += letter.length;
	}
}

void layout_plain(struct text *text, const char *string)
{
	append_plain(text, string, string + strlen(string));
}

static void append_spaces(struct text *text, size_t count)
{
	while (count-- > 0)
		text_append_char(text, ' ');
}

void layout_left(struct text *text, const char *string, size_t width)
{
	size_t columns = layout_columns(string);
	size_t head_width = width < 5 ? width : (width - 3) / 3;
	const char *head, *tail;

	if (columns <= width) {
		layout_plain(text, string);
		append_spaces(text, width - columns);
		return;
	}
	head = behind_columns(string, head_width);
	append_plain(text, string, head);
	columns = columns_between(string, head);
	if (width >= 5) {
		/* The end of a name tells more than its beginning. */
		tail = last_columns(head, width - 3 - head_width);
		text_append(text, "...");
		layout_plain(text, tail);
		columns += 3 + layout_columns(tail);
	}
	/* A letter of two columns may have left one free. */
	append_spaces(text, width - columns);
}

void layout_cut(struct text *text, const char *string, size_t width)
{
	size_t columns = layout_columns(string);

	layout_left(text, string, columns < width ? columns : width);
}

void layout_beginning(struct text *text, const char *string, size_t width)
{
	if (layout_columns(string) <= width) {
		layout_plain(text, string);
		return;
	}
	append_plain(text, string, behind_columns(string, width < 3 ? 0 : width - 3));
	text_append(text, "...");
}

void layout_right(struct text *text, const char *string, size_t width)
{
	size_t letters = layout_columns(string);

	if (letters < width)
		append_spaces(text, width - letters);
	layout_plain(text, string);
}

void layout_cell(struct text *text, struct text *cell, size_t width)
{
	layout_right(text, text_string(cell), width);
	text_clear(cell);
}

/* Where the step that path starts with ends: before the next '.', '[' or blank. */
static const char *end_of_step(const char *path)
{
	path += strspn(path, ".[( >");
	return path + strcspn(path, ".[( ");
}

/* A step that fits in no line loses its middle. */
static void append_cut_step(struct text *text, const char *step, const char *end, size_t width)
{
	struct text whole;

	text_init(&whole);
	text_append_bytes(&whole, step, (size_t)(end - step));
	layout_cut(text, text_string(&whole), width);
	text_deinit(&whole);
}

void layout_path(const struct layout *layout, struct text *text, const char *path, size_t column,
                 size_t indent)
{
	size_t room = layout->width > indent ? layout->width - indent : 1;

	while (*path) {
		const char *end = end_of_step(path);
		size_t columns = columns_between(path, end);

		if (layout->breaks_lines && column > indent && column + columns > layout->width) {
			text_append_char(text, '\n');
			append_spaces(text, indent);
			column = indent;
		}
		if (layout->breaks_lines && columns > room)
			append_cut_step(text, path, end, room);
		else
			append_plain(text, path, end);
		column += columns;
		path = end;
	}
}

static void append_styled(const struct layout *layout, struct text *text, const char *code,
                          const char *string)
{
	if (layout->has_colour)
		text_append(text, code);
	layout_plain(text, string);
	if (layout->has_colour)
		text_append(text, PLAIN);
}

bool layout_add_item(const struct layout *layout, struct text *line, struct text *item,
                     bool is_first)
{
	static const unsigned int separator = 2;
	bool fits =
		layout_columns(text_string(line)) + separator + layout_columns(text_string(item)) <=
		layout->width;

	if (fits) {
		text_append(line, is_first ? ": " : ", ");
		text_append(line, text_string(item));
	}
	text_clear(item);
	return fits;
}

void layout_bold(const struct layout *layout, struct text *text, const char *string)
{
	append_styled(layout, text, BOLD, string);
}

void layout_dim(const struct layout *layout, struct text *text, const char *string)
{
	append_styled(layout, text, "\x1b[2m", string);
}

void layout_bold_path(const struct layout *layout, struct text *text, const char *path,
                      size_t column, size_t indent)
{
	text_append(text, layout->has_colour ? BOLD : "");
	layout_path(layout, text, path, column, indent);
	text_append(text, layout->has_colour ? PLAIN : "");
}

void layout_answer(const struct layout *layout, struct text *text, const char *head,
                   const char *tail)
{
	size_t column = layout_columns(head) + 1;
	bool fits = column + layout_columns(tail) <= layout->width;

	layout_bold(layout, text, head);
	if (*tail) {
		text_append(text, fits ? " " : "\n  ");
		layout_bold_path(layout, text, tail, fits ? column : 2, 4);
	}
	text_append_char(text, '\n');
}
