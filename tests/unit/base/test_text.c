/* SPDX-License-Identifier: Apache-2.0 */
/* Texts and arrays grow, and say when they cannot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/text.h"

static void a_text_is_what_was_appended(void **state)
{
	struct text text;
	char *taken;

	(void)state;
	text_init(&text);
	assert_string_equal(text_string(&text), "");
	text_append(&text, "list");
	text_append_char(&text, '[');
	text_printf(&text, "%d", 41);
	text_append_bytes(&text, "] and more", 1);
	assert_string_equal(text_string(&text), "list[41]");
	taken = text_take(&text);
	assert_string_equal(taken, "list[41]");
	assert_string_equal(text_string(&text), "");
	free(taken);
}

static void no_bytes_may_be_nowhere(void **state)
{
	struct text text;

	(void)state;
	text_init(&text);
	text_append_bytes(&text, NULL, 0);
	assert_string_equal(text_string(&text), "");
	text_append_bytes(&text, "ab", 1);
	assert_string_equal(text_string(&text), "a");
	text_deinit(&text);
}

static void an_aligned_text_is_filled_up_with_zeros(void **state)
{
	static const char filled[] = "abcde\0\0";
	struct text text;

	(void)state;
	text_init(&text);
	text_align(&text, 4);
	assert_int_equal(text.length, 0);
	text_append(&text, "abcde");
	text_align(&text, 8);
	assert_int_equal(text.length, 8);
	assert_memory_equal(text.bytes, filled, 8);
	text_align(&text, 4);
	assert_int_equal(text.length, 8);
	text_deinit(&text);
}

static void taking_an_empty_text_gives_an_empty_string(void **state)
{
	struct text text;
	char *taken;

	(void)state;
	text_init(&text);
	taken = text_take(&text);
	assert_string_equal(taken, "");
	free(taken);
}

static void a_product_that_overflows_is_refused_and_changes_nothing(void **state)
{
	uint64_t *numbers = NULL;
	size_t capacity = 0;

	(void)state;
	assert_true(array_reserve(&numbers, &capacity, 3, sizeof(*numbers)));
	assert_true(capacity >= 3);
	numbers[2] = 17;
	assert_false(array_reserve(&numbers, &capacity, SIZE_MAX / 4, sizeof(*numbers)));
	assert_false(array_reserve(&numbers, &capacity, SIZE_MAX, sizeof(*numbers)));
	assert_int_equal(numbers[2], 17);
	free(numbers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_is_what_was_appended),
		cmocka_unit_test(no_bytes_may_be_nowhere),
		cmocka_unit_test(an_aligned_text_is_filled_up_with_zeros),
		cmocka_unit_test(taking_an_empty_text_gives_an_empty_string),
		cmocka_unit_test(a_product_that_overflows_is_refused_and_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
