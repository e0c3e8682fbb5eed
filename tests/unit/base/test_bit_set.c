/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Against a plain array of bools: what is in, what is not, and how many are
 * below, also at both ends of a word.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bit_set.h"

enum { BOUND = 1000 };

static bool is_member(size_t number)
{
	return number % 64 == 0 || number % 64 == 63 || number % 7 == 3;
}

static void what_was_added_is_there_and_nothing_else(void **state)
{
	struct bit_set set;

	(void)state;
	assert_true(bit_set_init(&set, BOUND));
	for (size_t i = BOUND; i-- > 0;)
		if (is_member(i))
			bit_set_add(&set, i);
	for (size_t i = 0; i < BOUND; i++)
		assert_int_equal(bit_set_has(&set, i), is_member(i));
	bit_set_deinit(&set);
}

static void a_member_is_new_once(void **state)
{
	struct bit_set set;

	(void)state;
	assert_true(bit_set_init(&set, BOUND));
	for (size_t i = 0; i < BOUND; i += 3) {
		assert_true(bit_set_add_new(&set, i));
		assert_false(bit_set_add_new(&set, i));
	}
	assert_false(bit_set_has(&set, 1));
	bit_set_deinit(&set);
}

static void ranks_count_the_members_below(void **state)
{
	struct bit_set set;
	size_t below = 0;
	size_t count;

	(void)state;
	assert_true(bit_set_init(&set, BOUND));
	for (size_t i = 0; i < BOUND; i++)
		if (is_member(i))
			bit_set_add(&set, i);
	assert_true(bit_set_rank_all(&set, &count));
	for (size_t i = 0; i < BOUND; i++) {
		assert_int_equal(bit_set_rank(&set, i), below);
		below += is_member(i);
	}
	assert_int_equal(count, below);
	bit_set_deinit(&set);
}

static void a_set_of_nothing_is_empty(void **state)
{
	struct bit_set set;
	size_t count = 1;

	(void)state;
	assert_true(bit_set_init(&set, 0));
	assert_true(bit_set_rank_all(&set, &count));
	assert_int_equal(count, 0);
	bit_set_deinit(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_added_is_there_and_nothing_else),
		cmocka_unit_test(a_member_is_new_once),
		cmocka_unit_test(ranks_count_the_members_below),
		cmocka_unit_test(a_set_of_nothing_is_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
