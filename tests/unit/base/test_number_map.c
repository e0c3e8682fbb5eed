/* SPDX-License-Identifier: Apache-2.0 */
/* The map holds what was put into it, whatever the keys look like. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/number_map.h"

static void an_empty_map_finds_nothing(void **state)
{
	struct number_map map;
	uint32_t value = 7;

	(void)state;
	number_map_init(&map);
	assert_false(number_map_get(&map, 1, &value));
	assert_false(number_map_get(&map, 0, &value));
	assert_int_equal(value, 7);
	number_map_deinit(&map);
}

static void addresses_that_differ_in_high_bits_only_stay_apart(void **state)
{
	struct number_map map;
	uint32_t value;

	(void)state;
	number_map_init(&map);
	for (uint32_t i = 1; i <= 100000; i++)
		assert_true(number_map_put(&map, (uint64_t)i << 32, i));
	assert_int_equal(map.count, 100000);
	for (uint32_t i = 1; i <= 100000; i++) {
		assert_true(number_map_get(&map, (uint64_t)i << 32, &value));
		assert_int_equal(value, i);
	}
	assert_false(number_map_get(&map, UINT64_C(100001) << 32, &value));
	number_map_deinit(&map);
}

static void putting_a_key_again_replaces_its_value(void **state)
{
	struct number_map map;
	uint32_t value;

	(void)state;
	number_map_init(&map);
	assert_true(number_map_put(&map, 42, 1));
	assert_true(number_map_put(&map, 42, 2));
	assert_int_equal(map.count, 1);
	assert_true(number_map_get(&map, 42, &value));
	assert_int_equal(value, 2);
	number_map_clear(&map);
	assert_false(number_map_get(&map, 42, &value));
	number_map_deinit(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_map_finds_nothing),
		cmocka_unit_test(addresses_that_differ_in_high_bits_only_stay_apart),
		cmocka_unit_test(putting_a_key_again_replaces_its_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
