/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text for a terminal: how wide it is, whether it has colours, and cells of a
 * table that are padded and cut to fit. What comes from the target is made
 * printable on the way: no control character of a type's name reaches the
 * terminal.
 */
#ifndef PLUMB_REPORT_LAYOUT_H
#define PLUMB_REPORT_LAYOUT_H

#include "base/text.h"

enum { LAYOUT_WIDTH_DEFAULT = 80 };

struct layout {
	unsigned int width; /* columns of the terminal */
	bool has_colour;
	bool breaks_lines; /* a person reads it: a long path goes on in the next line */
};

/* How many of count rows --top lets through; 0: all of them. */
static inline size_t layout_rows(size_t top, size_t count)
{
	return top && top < count ? top : count;
}

/* The columns that are left of a line of which some are used; at least least. */
size_t layout_room(const struct layout *layout, size_t used, size_t least);

/* What the string takes on a terminal; what is no UTF-8 counts by byte. */
size_t layout_columns(const char *string);

/* Left-aligned in width columns; too long, it loses its middle: "app.very...Order". */
void layout_left(struct text *text, const char *string, size_t width);

/* The same without padding: at most width columns. */
void layout_cut(struct text *text, const char *string, size_t width);

/* At most width columns (3 at least); too long, it loses its end: "{'id': 7, 'li...". */
void layout_beginning(struct text *text, const char *string, size_t width);

/* Right-aligned in width columns; never cut. */
void layout_right(struct text *text, const char *string, size_t width);

/* The same of a cell, which is empty afterwards and can take the next figure. */
void layout_cell(struct text *text, struct text *cell, size_t width);

/* The string with '?' for what is not safe to show, see report/letter.h. */
void layout_plain(struct text *text, const char *string);

/*
 * A path that starts in this column of its line, whole. On a terminal it goes
 * on in the next line, from column indent, before a step that does not fit.
 */
void layout_path(const struct layout *layout, struct text *text, const char *path, size_t column,
                 size_t indent);

void layout_bold_path(const struct layout *layout, struct text *text, const char *path,
                      size_t column, size_t indent);

/* Both in bold: on one line when they fit, else the second on a line of its own. */
void layout_answer(const struct layout *layout, struct text *text, const char *head,
                   const char *tail);

/*
 * One more item of a list behind the words of a line: "words: item, item". False:
 * it does not fit on the line any more, and is left out. Empties item.
 */
bool layout_add_item(const struct layout *layout, struct text *line, struct text *item,
                     bool is_first);

/* A string in bold, when there are colours. */
void layout_bold(const struct layout *layout, struct text *text, const char *string);
void layout_dim(const struct layout *layout, struct text *text, const char *string);

#endif
