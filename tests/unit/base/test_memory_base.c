/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What everything else is made of, with each allocation failing in turn: a
 * text and a map are whole or say that they are not, and an error is always
 * something to return.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/number_map.h"
#include "base/text.h"
#include "failing_allocator.h"

enum { COUNT = 200 };

static bool write_text(void *context)
{
	struct text text;
	char *taken;

	(void)context;
	text_init(&text);
	allocator_arm();
	for (int i = 0; i < COUNT; i++)
		text_printf(&text, "%d", i % 10);
	text_append(&text, "end");
	taken = text_take(&text);
	allocator_disarm();
	text_deinit(&text);
	if (!taken)
		return true;
	assert_int_equal(strlen(taken), COUNT + 3);
	assert_string_equal(taken + COUNT - 3, "789end");
	free(taken);
	return false;
}

/* What was put in before the one that failed is still there. */
static bool fill_map(void *context)
{
	struct number_map map;
	uint32_t put = 0;
	uint32_t value;

	(void)context;
	number_map_init(&map);
	allocator_arm();
	while (put < COUNT && number_map_put(&map, 0x1000 + put * 16ULL, put))
		put++;
	allocator_disarm();
	for (uint32_t i = 0; i < put; i++) {
		assert_true(number_map_get(&map, 0x1000 + i * 16ULL, &value));
		assert_int_equal(value, i);
	}
	assert_int_equal(map.count, put);
	number_map_deinit(&map);
	return put < COUNT;
}

static bool make_errors(void *context)
{
	struct error *error;
	bool has_run_out;

	(void)context;
	allocator_arm();
	error = error_errno(ERROR_PERMISSION, 1, "cannot read %d", 4242);
	error = error_wrap(error, "process %s", "x");
	allocator_disarm();
	assert_non_null(error);
	has_run_out = error_kind(error) == ERROR_MEMORY;
	if (!has_run_out) {
		assert_int_equal(error_kind(error), ERROR_PERMISSION);
		assert_non_null(strstr(error_message(error), "cannot read 4242"));
	}
	error_free(error);
	return has_run_out;
}

static void a_text_is_whole_or_says_that_it_is_not(void **state)
{
	(void)state;
	assert_true(allocator_exhaust(write_text, NULL) > COUNT / 2);
}

static void a_map_keeps_what_it_has(void **state)
{
	(void)state;
	assert_true(allocator_exhaust(fill_map, NULL) > 3);
}

static void an_error_is_never_lost(void **state)
{
	(void)state;
	assert_true(allocator_exhaust(make_errors, NULL) > 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_is_whole_or_says_that_it_is_not),
		cmocka_unit_test(a_map_keeps_what_it_has),
		cmocka_unit_test(an_error_is_never_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
