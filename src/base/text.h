/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing text. Appending never fails visibly: when memory runs out the
 * text remembers it, later appends do nothing, and text_take returns NULL.
 * So a writer checks once, at the end.
 */
#ifndef PLUMB_BASE_TEXT_H
#define PLUMB_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct text {
	char *bytes; /* always terminated once anything was appended */
	size_t length;
	size_t capacity;
	bool is_broken; /* memory ran out */
};

void text_init(struct text *text);
void text_deinit(struct text *text);
void text_clear(struct text *text);

void text_append(struct text *text, const char *string);
void text_append_bytes(struct text *text, const void *bytes, size_t length); /* NULL: of none */
void text_append_char(struct text *text, char character);
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends zeros until alignment divides the length. */
void text_align(struct text *text, size_t alignment);

/* The text so far, "" when empty. Borrowed, valid until the next append. */
const char *text_string(const struct text *text);

/* Hands the text over (the caller frees it) and empties it. NULL: memory ran out. */
char *text_take(struct text *text);

#endif
