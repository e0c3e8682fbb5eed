/* SPDX-License-Identifier: Apache-2.0 */
/* Figures as people read them: three digits, separators, signs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/units.h"

#define ASSERT_WRITES(expected, call)                                                              \
	do {                                                                                       \
		struct text text;                                                                  \
		text_init(&text);                                                                  \
		call;                                                                              \
		assert_string_equal(text_string(&text), expected);                                 \
		text_deinit(&text);                                                                \
	} while (0)

static void bytes_have_three_digits_and_binary_units(void **state)
{
	(void)state;
	ASSERT_WRITES("0 B", units_bytes(&text, 0));
	ASSERT_WRITES("999 B", units_bytes(&text, 999));
	ASSERT_WRITES("0.98 KiB", units_bytes(&text, 1000));
	ASSERT_WRITES("1.00 KiB", units_bytes(&text, 1024));
	ASSERT_WRITES("9.99 KiB", units_bytes(&text, 10230));
	ASSERT_WRITES("10.0 KiB", units_bytes(&text, 10239));
	ASSERT_WRITES("412 MiB", units_bytes(&text, 412ULL << 20));
	ASSERT_WRITES("1.00 MiB", units_bytes(&text, 1024 * 1024 - 1));
	ASSERT_WRITES("16.0 EiB", units_bytes(&text, UINT64_MAX));
}

static void counts_have_separators(void **state)
{
	(void)state;
	ASSERT_WRITES("0", units_count(&text, 0));
	ASSERT_WRITES("999", units_count(&text, 999));
	ASSERT_WRITES("1,000", units_count(&text, 1000));
	ASSERT_WRITES("1,234,567", units_count(&text, 1234567));
	ASSERT_WRITES("18,446,744,073,709,551,615", units_count(&text, UINT64_MAX));
	ASSERT_WRITES("1 object", units_plural(&text, 1, "object"));
	ASSERT_WRITES("2,000 objects", units_plural(&text, 2000, "object"));
}

static void differences_have_a_sign(void **state)
{
	(void)state;
	ASSERT_WRITES("0", units_signed_count(&text, 0));
	ASSERT_WRITES("+1,000", units_signed_count(&text, 1000));
	ASSERT_WRITES("-1,000", units_signed_count(&text, -1000));
	ASSERT_WRITES("-9,223,372,036,854,775,808", units_signed_count(&text, INT64_MIN));
	ASSERT_WRITES("+1.00 KiB", units_signed_bytes(&text, 1024));
	ASSERT_WRITES("-1.00 MiB", units_signed_bytes(&text, -(1 << 20)));
}

static void shares_times_and_rates(void **state)
{
	(void)state;
	ASSERT_WRITES("34.2 %", units_share(&text, 342, 1000));
	ASSERT_WRITES("0.0 %", units_share(&text, 1, 0));
	ASSERT_WRITES("100.0 %", units_share(&text, 5, 5));
	ASSERT_WRITES("2.3 ms", units_milliseconds(&text, 2.34));
	ASSERT_WRITES("18 ms", units_milliseconds(&text, 18.4));
	ASSERT_WRITES("1.2 s", units_milliseconds(&text, 1234));
	ASSERT_WRITES("+0.4", units_rate(&text, 0.42));
	ASSERT_WRITES("+3,120", units_rate(&text, 3119.6));
	ASSERT_WRITES("-20", units_rate(&text, -20.1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_have_three_digits_and_binary_units),
		cmocka_unit_test(counts_have_separators),
		cmocka_unit_test(differences_have_a_sign),
		cmocka_unit_test(shares_times_and_rates),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
