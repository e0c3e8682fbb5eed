/* SPDX-License-Identifier: Apache-2.0 */
/* What bytes look like, and what they are not taken for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <cmocka.h>

#include "capture/block_look.h"

enum { WORDS = 16 };

/* The look of a block of usable bytes that begins with these and goes on with zeros. */
static const char *look(const void *bytes, size_t size, uint64_t usable, uint32_t pointers)
{
	uint8_t whole[1024] = {0};
	struct block_bytes block = {
		.bytes = whole,
		.size = usable < sizeof(whole) ? (size_t)usable : sizeof(whole),
		.usable = usable,
		.pointers = pointers,
	};

	assert_true(size <= block.size);
	memcpy(whole, bytes, size);
	return block_look_name(block_look_of(&block));
}

static const char *look_of_string(const char *string, uint64_t usable)
{
	return look(string, strlen(string) + 1, usable, 0);
}

static void zeros_are_zeros(void **state)
{
	uint8_t last = 0;

	(void)state;
	assert_string_equal(look(&last, 1, 24, 0), "zeros");
	assert_string_equal(look(&last, 1, 1 << 20, 0), "zeros");
	{
		uint8_t bytes[1024] = {0};

		bytes[1023] = 1;
		assert_string_equal(look(bytes, sizeof(bytes), 1024, 0), "data");
	}
}

static void text_fills_its_block_or_is_long(void **state)
{
	(void)state;
	assert_string_equal(look_of_string("abcd", 24), "text");
	assert_string_equal(look_of_string("abc", 24), "data");
	assert_string_equal(look_of_string("tcp://127.0.0.1:5432/", 24), "text");
	assert_string_equal(look_of_string("short", 4096), "data");
	assert_string_equal(look_of_string("GET /items?id=7 HTTP/1.1\r\nHost: a\r\n", 4096),
	                    "text");
	assert_string_equal(look_of_string("na\xc3\xafve caf\xc3\xa9 \xe2\x82\xac 12", 24), "text");
}

static void what_is_no_utf8_is_no_text(void **state)
{
	uint8_t bytes[128];

	(void)state;
	assert_string_equal(look_of_string("na\xefve cafe and so on", 24), "data");
	assert_string_equal(look_of_string("\xc0\xaf\xc0\xaf\xc0\xaf\xc0\xaf\xc0\xaf", 24), "data");
	assert_string_equal(look_of_string("ring\a the bell now", 24), "data");
	assert_string_equal(look_of_string("-+-+-+-+-+-+-+-+-+-+-+", 24), "data");
	memset(bytes, 'x', sizeof(bytes));
	assert_string_equal(look(bytes, 128, 4096, 0), "text");
	bytes[63] = 0xe2; /* cut by the end of what is judged */
	assert_string_equal(look(bytes, 128, 4096, 0), "text");
	bytes[63] = 0xff;
	assert_string_equal(look(bytes, 128, 4096, 0), "data");
}

static void an_address_that_reads_like_text_is_none(void **state)
{
	const uint64_t words[] = {0x5641414141414141, 0, 0};

	(void)state;
	assert_string_equal(look(words, sizeof(words), 24, 0), "text");
	assert_string_equal(look(words, sizeof(words), 24, 1), "data");
}

static void wide_text_has_characters_of_four_bytes(void **state)
{
	(void)state;
	assert_string_equal(look(L"wide enough", sizeof(L"wide enough"), 56, 0), "wide text");
	assert_string_equal(look(L"caf\u00e9 \U0001f600", sizeof(L"caf\u00e9 \U0001f600"), 40, 0),
	                    "wide text");
	assert_string_equal(look(L"wide", sizeof(L"wide"), 4096, 0), "data");
}

static void check_doubles(double first, double step, const char *expected)
{
	double numbers[WORDS];

	for (int i = 0; i < WORDS; i++)
		numbers[i] = first + i * step;
	assert_string_equal(look(numbers, sizeof(numbers), 800, 0), expected);
	assert_string_equal(look(numbers, 4 * sizeof(*numbers), 40, 0), expected);
}

static void doubles_are_of_usual_size(void **state)
{
	const double point[] = {1.5, -2.25, 1e9};

	(void)state;
	check_doubles(0, 1.0 / 3, "array of doubles");
	check_doubles(1, 1, "array of doubles");
	check_doubles(-3e-7, 0.125, "array of doubles");
	check_doubles(1e200, 1e199, "data");
	assert_string_equal(look(point, sizeof(point), 24, 0), "array of doubles");
	assert_string_equal(look(point, 16, 24, 0), "array of doubles"); /* one may be 0 */
	assert_string_equal(look(point, 8, 24, 0), "data");
}

static void floats_are_no_doubles(void **state)
{
	float numbers[2 * WORDS];

	(void)state;
	for (int i = 0; i < 2 * WORDS; i++)
		numbers[i] = (float)i / 7;
	assert_string_equal(look(numbers, sizeof(numbers), 800, 0), "array of floats");
	for (int i = 0; i < 2 * WORDS; i++)
		numbers[i] = 1;
	assert_string_equal(look(numbers, sizeof(numbers), 800, 0), "array of floats");
}

static void integers_are_of_usual_size(void **state)
{
	int64_t longs[WORDS];
	int32_t ints[2 * WORDS];

	(void)state;
	for (int i = 0; i < WORDS; i++)
		longs[i] = 1000 * (int64_t)(i - 3);
	assert_string_equal(look(longs, sizeof(longs), 800, 0), "array of 64-bit integers");
	for (int i = 0; i < 2 * WORDS; i++)
		ints[i] = 1000 * (i - 3);
	assert_string_equal(look(ints, sizeof(ints), 800, 0), "array of 32-bit integers");
	for (int i = 0; i < WORDS; i++)
		longs[i] = INT64_C(0x1234567890abcd) * (i + 3);
	assert_string_equal(look(longs, sizeof(longs), 800, 0), "data");
	assert_string_equal(look("\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0", 16, 24, 0), "data");
}

static void pointers_are_what_is_known_to_be_one(void **state)
{
	uint64_t words[WORDS];

	(void)state;
	for (uint64_t i = 0; i < WORDS; i++)
		words[i] = 0x7f0076541000 + 48 * i;
	assert_string_equal(look(words, sizeof(words), 800, 0xffff), "array of pointers");
	assert_string_equal(look(words, sizeof(words), 800, 0xfffe), "data");
	assert_string_equal(look(words, sizeof(words), 800, 0), "data");
	words[5] = 0;
	assert_string_equal(look(words, sizeof(words), 800, 0xffdf), "array of pointers");
	assert_string_equal(look(words, 2 * sizeof(*words), 24, 3), "data");
}

/* What malloc rounded up may hold anything. */
static void the_last_word_of_a_small_block_is_not_judged(void **state)
{
	double numbers[5] = {1.5, 2.5, 3.5, 4.5, 1e300};

	(void)state;
	assert_string_equal(look(numbers, sizeof(numbers), 40, 0), "array of doubles");
	assert_string_equal(look(numbers, sizeof(numbers), 56, 0), "data");
}

static void check_preview(enum block_look look, const void *bytes, size_t size,
                          const char *expected)
{
	char *preview = block_look_preview(look, bytes, size);

	if (expected)
		assert_string_equal(preview, expected);
	else
		assert_null(preview);
	free(preview);
}

static void text_has_a_preview(void **state)
{
	char many[BLOCK_PREVIEW_BYTES];

	(void)state;
	check_preview(BLOCK_TEXT, "abcd\0rest", 9, "\"abcd\"");
	check_preview(BLOCK_TEXT, "a\t\"b\"\\\r\n", 9, "\"a\\t\\\"b\\\"\\\\\\r\\n\"");
	check_preview(BLOCK_TEXT, "caf\xc3\xa9", 6, "\"caf\xc3\xa9\"");
	check_preview(BLOCK_TEXT, "caf\xc3", 4, "\"caf...\"");
	check_preview(BLOCK_WIDE_TEXT, L"caf\u00e9\u20ac\U0001f600\n", 8 * sizeof(wchar_t),
	              "\"caf\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\\n\"");
	memset(many, 'x', sizeof(many));
	check_preview(BLOCK_TEXT, many, sizeof(many),
	              "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...\"");
	check_preview(BLOCK_DOUBLES, many, sizeof(many), NULL);
}

static void looks_are_found_by_their_names(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < BLOCK_LOOK_COUNT; i++)
		assert_int_equal(block_look_named(block_look_name((enum block_look)i)), i);
	assert_int_equal(block_look_named("C++ object of class text"), BLOCK_DATA);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zeros_are_zeros),
		cmocka_unit_test(text_fills_its_block_or_is_long),
		cmocka_unit_test(what_is_no_utf8_is_no_text),
		cmocka_unit_test(an_address_that_reads_like_text_is_none),
		cmocka_unit_test(wide_text_has_characters_of_four_bytes),
		cmocka_unit_test(doubles_are_of_usual_size),
		cmocka_unit_test(floats_are_no_doubles),
		cmocka_unit_test(integers_are_of_usual_size),
		cmocka_unit_test(pointers_are_what_is_known_to_be_one),
		cmocka_unit_test(the_last_word_of_a_small_block_is_not_judged),
		cmocka_unit_test(text_has_a_preview),
		cmocka_unit_test(looks_are_found_by_their_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
