/* SPDX-License-Identifier: Apache-2.0 */
/*
 * needs_comma is all the state there is: it is set behind every value and
 * cleared behind every opening bracket. Numbers beyond 2^53 are written in
 * full; a reader with doubles only loses digits there, not the document.
 */
#include "report/json.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Length of the well-formed UTF-8 sequence at bytes, 0 if there is none (RFC 3629). */
static size_t sequence_length(const unsigned char *bytes)
{
	size_t length = bytes[0] < 0x80   ? 1
	                : bytes[0] < 0xc2 ? 0
	                : bytes[0] < 0xe0 ? 2
	                : bytes[0] < 0xf0 ? 3
	                : bytes[0] < 0xf5 ? 4
	                                  : 0;

	for (size_t i = 1; i < length; i++)
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
	if ((bytes[0] == 0xe0 && bytes[1] < 0xa0) || (bytes[0] == 0xed && bytes[1] > 0x9f) ||
	    (bytes[0] == 0xf0 && bytes[1] < 0x90) || (bytes[0] == 0xf4 && bytes[1] > 0x8f))
		return 0;
	return length;
}

static void append_ascii(struct text *text, unsigned char letter)
{
	if (letter == '"' || letter == '\\')
		text_append_char(text, '\\');
	if (letter < 0x20 || letter == 0x7f)
		text_printf(text, "\\u%04x", letter);
	else
		text_append_char(text, (char)letter);
}

static void append_quoted(struct text *text, const char *string)
{
	const unsigned char *bytes = (const unsigned char *)string;

	text_append_char(text, '"');
	while (*bytes) {
		size_t length = sequence_length(bytes);

		if (length == 0)
			text_append(text, "\xef\xbf\xbd");
		else if (length == 1)
			append_ascii(text, *bytes);
		else
			text_append_bytes(text, (const char *)bytes, length);
		bytes += length ? length : 1;
	}
	text_append_char(text, '"');
}

static void begin_value(struct json *json, const char *key)
{
	if (json->needs_comma)
		text_append_char(json->text, ',');
	json->needs_comma = true;
	if (key) {
		append_quoted(json->text, key);
		text_append_char(json->text, ':');
	}
}

void json_init(struct json *json, struct text *text)
{
	*json = (struct json){.text = text};
}

static void begin_bracket(struct json *json, const char *key, char bracket)
{
	begin_value(json, key);
	text_append_char(json->text, bracket);
	json->needs_comma = false;
}

static void end_bracket(struct json *json, char bracket)
{
	text_append_char(json->text, bracket);
	json->needs_comma = true;
}

void json_begin_object(struct json *json, const char *key)
{
	begin_bracket(json, key, '{');
}

void json_end_object(struct json *json)
{
	end_bracket(json, '}');
}

void json_begin_array(struct json *json, const char *key)
{
	begin_bracket(json, key, '[');
}

void json_end_array(struct json *json)
{
	end_bracket(json, ']');
}

void json_string(struct json *json, const char *key, const char *value)
{
	if (!value) {
		json_null(json, key);
		return;
	}
	begin_value(json, key);
	append_quoted(json->text, value);
}

void json_unsigned(struct json *json, const char *key, uint64_t value)
{
	begin_value(json, key);
	text_printf(json->text, "%" PRIu64, value);
}

void json_signed(struct json *json, const char *key, int64_t value)
{
	begin_value(json, key);
	text_printf(json->text, "%" PRId64, value);
}

void json_double(struct json *json, const char *key, double value)
{
	begin_value(json, key);
	/* JSON has no word for what is no number. */
	text_printf(json->text, "%.3f", isfinite(value) ? value : 0.0);
}

void json_bool(struct json *json, const char *key, bool value)
{
	begin_value(json, key);
	text_append(json->text, value ? "true" : "false");
}

void json_null(struct json *json, const char *key)
{
	begin_value(json, key);
	text_append(json->text, "null");
}

void json_address(struct json *json, const char *key, uint64_t value)
{
	begin_value(json, key);
	text_printf(json->text, "\"0x%" PRIx64 "\"", value);
}
