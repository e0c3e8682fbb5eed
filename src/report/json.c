/* SPDX-License-Identifier: Apache-2.0 */
/*
 * needs_comma is all the state there is: it is set behind every value and
 * cleared behind every opening bracket. Numbers beyond 2^53 are written in
 * full; a reader with doubles only loses digits there, not the document.
 */
#include "report/json.h"

#include "report/letter.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* By its number, as a pair of surrogates beyond 16 bits. */
static void append_escape(struct text *text, uint32_t code)
{
	if (code > 0xffff)
		text_printf(text, "\\u%04x\\u%04x", 0xd800 + ((code - 0x10000) >> 10),
		            0xdc00 + (code & 0x3ff));
	else
		text_printf(text, "\\u%04x", code);
}

static void append_quoted(struct text *text, const char *string)
{
	text_append_char(text, '"');
	while (*string) {
		struct letter letter = letter_at(string);

		if (!letter.well_formed)
			text_append(text, "\xef\xbf\xbd");
		else if (!letter.is_plain)
			append_escape(text, letter.code);
		else if (letter.code == '"' || letter.code == '\\')
			text_printf(text, "\\%c", (char)letter.code);
		else
			text_append_bytes(text, string, letter.length);
		string += letter.length;
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

void json_numbers(struct json *json, const char *key, const uint64_t *values, size_t count)
{
	json_begin_array(json, key);
	for (size_t i = 0; i < count; i++)
		json_unsigned(json, NULL, values[i]);
	json_end_array(json);
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
