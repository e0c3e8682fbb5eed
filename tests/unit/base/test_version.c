/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The version is three numbers with dots between them; formats that name
 * their writer rely on it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/version.h"

static void version_is_three_numbers(void **state)
{
	int major = -1, minor = -1, patch = -1, end = 0;

	(void)state;
	int matched = sscanf(plumb_version(), "%d.%d.%d%n", &major, &minor, &patch, &end);
	assert_int_equal(matched, 3);
	assert_int_equal(plumb_version()[end], '\0');
	assert_true(major >= 0 && minor >= 0 && patch >= 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_is_three_numbers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
