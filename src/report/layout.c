/* SPDX-License-Identifier: Apache-2.0 */
/* Cutting happens between letters, so that no sequence of UTF-8 is torn. */
#include "report/layout.h"

#include <string.h>

static bool starts_letter(char byte)
{
	return ((unsigned char)byte & 0xc0) != 0x80;
}

size_t layout_letters(const char *string)
{
	size_t letters = 0;

	for (; *string; string++)
		letters += starts_letter(*string);
	return letters;
}

/* The byte at which letter number `letter` starts. */
static const char *at_letter(const char *string, size_t letter)
{
	for (; *string; string++) {
		if (!starts_letter(*string))
			continue;
		if (letter-- == 0)
			break;
	}
	return string;
}

static void append_plain_bytes(struct text *text, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)bytes[i];

		text_append_char(text, byte < 0x20 || byte == 0x7f ? '?' : bytes[i]);
	}
}

void layout_plain(struct text *text, const char *string)
{
	append_plain_bytes(text, string, strlen(string));
}

static void append_spaces(struct text *text, size_t count)
{
	while (count-- > 0)
		text_append_char(text, ' ');
}

void layout_left(struct text *text, const char *string, size_t width)
{
	size_t letters = layout_letters(string);
	size_t head, tail;

	if (letters <= width) {
		layout_plain(text, string);
		append_spaces(text, width - letters);
		return;
	}
	if (width < 5) {
		append_plain_bytes(text, string, (size_t)(at_letter(string, width) - string));
		return;
	}
	/* The end of a name tells more than its beginning. */
	head = (width - 3) / 3;
	tail = width - 3 - head;
	append_plain_bytes(text, string, (size_t)(at_letter(string, head) - string));
	text_append(text, "...");
	layout_plain(text, at_letter(string, letters - tail));
}

void layout_right(struct text *text, const char *string, size_t width)
{
	size_t letters = layout_letters(string);

	if (letters < width)
		append_spaces(text, width - letters);
	layout_plain(text, string);
}

static void append_styled(const struct layout *layout, struct text *text, const char *code,
                          const char *string)
{
	if (layout->has_colour)
		text_append(text, code);
	layout_plain(text, string);
	if (layout->has_colour)
		text_append(text, "\x1b[0m");
}

void layout_bold(const struct layout *layout, struct text *text, const char *string)
{
	append_styled(layout, text, "\x1b[1m", string);
}

void layout_dim(const struct layout *layout, struct text *text, const char *string)
{
	append_styled(layout, text, "\x1b[2m", string);
}

void layout_answer(const struct layout *layout, struct text *text, const char *head,
                   const char *tail)
{
	bool fits = layout_letters(head) + 1 + layout_letters(tail) <= layout->width;

	layout_bold(layout, text, head);
	if (*tail) {
		text_append(text, fits ? " " : "\n  ");
		layout_bold(layout, text, tail);
	}
	text_append_char(text, '\n');
}
