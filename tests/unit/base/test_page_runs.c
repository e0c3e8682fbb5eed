/* SPDX-License-Identifier: Apache-2.0 */
/* Which pages of a buffer are runs of what is no zero. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/page_runs.h"

enum { PAGE = 4096, SIZE = 6 * PAGE };

static uint8_t bytes[SIZE];

/* One byte in each of these pages is not 0, the last of the page. */
static void fill(const char *pages)
{
	memset(bytes, 0, sizeof(bytes));
	for (; *pages; pages++)
		bytes[(size_t)(*pages - '0' + 1) * PAGE - 1] = 1;
}

static void next_is(size_t size, size_t *place, size_t start, size_t run)
{
	size_t found = SIZE + 1;

	assert_true(page_runs_next(bytes, size, place, &found));
	assert_int_equal(*place, start);
	assert_int_equal(found, run);
	*place += found;
}

static void none_is_left(size_t size, size_t place)
{
	size_t found = 17;

	assert_false(page_runs_next(bytes, size, &place, &found));
	assert_int_equal(found, 17);
}

static void neighbours_are_one_run(void **state)
{
	size_t place = 0;

	(void)state;
	fill("124");
	next_is(SIZE, &place, PAGE, 2 * PAGE);
	next_is(SIZE, &place, 4 * PAGE, PAGE);
	none_is_left(SIZE, place);
}

static void a_run_may_begin_and_end_with_the_buffer(void **state)
{
	size_t place = 0;

	(void)state;
	fill("05");
	next_is(SIZE, &place, 0, PAGE);
	next_is(SIZE, &place, 5 * PAGE, PAGE);
	none_is_left(SIZE, place);
}

static void the_last_page_may_be_short(void **state)
{
	size_t place = 0;

	(void)state;
	fill("1");
	none_is_left(2 * PAGE - 1, 0);
	bytes[PAGE] = 1;
	next_is(PAGE + 1, &place, PAGE, 1);
	none_is_left(PAGE + 1, place);
}

static void of_zeros_there_is_no_run(void **state)
{
	(void)state;
	fill("");
	none_is_left(SIZE, 0);
	none_is_left(0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(neighbours_are_one_run),
		cmocka_unit_test(a_run_may_begin_and_end_with_the_buffer),
		cmocka_unit_test(the_last_page_may_be_short),
		cmocka_unit_test(of_zeros_there_is_no_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
