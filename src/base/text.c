/* SPDX-License-Identifier: Apache-2.0 */
/* One buffer that doubles; the terminator is kept after every append. */
#include "base/text.h"

#include "base/array.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_init(struct text *text)
{
	*text = (struct text){0};
}

void text_deinit(struct text *text)
{
	free(text->bytes);
	text_init(text);
}

void text_clear(struct text *text)
{
	text->length = 0;
	if (text->bytes)
		text->bytes[0] = '\0';
}

void text_append_bytes(struct text *text, const void *bytes, size_t length)
{
	if (text->is_broken)
		return;
	if (!array_reserve(&text->bytes, &text->capacity, text->length + length + 1, 1)) {
		text->is_broken = true;
		return;
	}
	if (length)
		memcpy(text->bytes + text->length, bytes, length);
	text->length += length;
	text->bytes[text->length] = '\0';
}

void text_append(struct text *text, const char *string)
{
	text_append_bytes(text, string, strlen(string));
}

void text_append_char(struct text *text, char character)
{
	text_append_bytes(text, &character, 1);
}

void text_printf(struct text *text, const char *format, ...)
{
	va_list arguments;
	char *piece;
	int length;

	va_start(arguments, format);
	length = vasprintf(&piece, format, arguments);
	va_end(arguments);
	if (length < 0) {
		text->is_broken = true;
		return;
	}
	text_append_bytes(text, piece, (size_t)length);
	free(piece);
}

void text_align(struct text *text, size_t alignment)
{
	while (!text->is_broken && text->length % alignment)
		text_append_char(text, '\0');
}

const char *text_string(const struct text *text)
{
	return text->bytes ? text->bytes : "";
}

char *text_take(struct text *text)
{
	char *taken;

	if (text->is_broken) {
		text_deinit(text);
		return NULL;
	}
	if (!text->bytes)
		text_append_bytes(text, "", 0);
	taken = text->bytes;
	text_init(text);
	return taken;
}
