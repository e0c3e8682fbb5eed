/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever the strings are, the document is one that any reader takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/json.h"

static void brackets_and_commas_are_in_their_places(void **state)
{
	struct text text;
	struct json json;

	(void)state;
	text_init(&text);
	json_init(&json, &text);
	json_begin_object(&json, NULL);
	json_string(&json, "a", "x");
	json_begin_array(&json, "b");
	json_unsigned(&json, NULL, UINT64_MAX);
	json_signed(&json, NULL, -7);
	json_begin_object(&json, NULL);
	json_end_object(&json);
	json_end_array(&json);
	json_bool(&json, "c", true);
	json_null(&json, "d");
	json_double(&json, "e", 1.5);
	json_double(&json, "f", __builtin_nan(""));
	json_address(&json, "g", 0x7f10);
	json_string(&json, "h", NULL);
	json_numbers(&json, "i", (const uint64_t[]){0, 8}, 2);
	json_end_object(&json);
	assert_string_equal(text_string(&text),
	                    "{\"a\":\"x\",\"b\":[18446744073709551615,-7,{}],\"c\":true,"
	                    "\"d\":null,\"e\":1.500,\"f\":0.000,\"g\":\"0x7f10\",\"h\":null,"
	                    "\"i\":[0,8]}");
	text_deinit(&text);
}

static void assert_string_written(const char *value, const char *expected)
{
	struct text text;
	struct json json;

	text_init(&text);
	json_init(&json, &text);
	json_string(&json, NULL, value);
	assert_string_equal(text_string(&text), expected);
	text_deinit(&text);
}

static void special_letters_are_escaped(void **state)
{
	(void)state;
	assert_string_written("a\"b\\c", "\"a\\\"b\\\\c\"");
	assert_string_written("\n\x01\x7f", "\"\\u000a\\u0001\\u007f\"");
	assert_string_written("größe 猫 🐍", "\"größe 猫 🐍\"");
	/* A document on a terminal does no harm either. */
	assert_string_written("\xc2\x9b\u202e\U000e0041", "\"\\u009b\\u202e\\udb40\\udc41\"");
}

static void what_is_no_utf8_is_replaced(void **state)
{
	(void)state;
	assert_string_written("a\xff\x62", "\"a\xef\xbf\xbd\x62\"");
	assert_string_written("\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\"");
	assert_string_written("\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
	assert_string_written("\xe7\x8c", "\"\xef\xbf\xbd\xef\xbf\xbd\"");
	assert_string_written("\xf4\x90\x80\x80",
	                      "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(brackets_and_commas_are_in_their_places),
		cmocka_unit_test(special_letters_are_escaped),
		cmocka_unit_test(what_is_no_utf8_is_replaced),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
