/* SPDX-License-Identifier: Apache-2.0 */
/* Rows and groups of the account each add up to the whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analysis/account.h"

static void assert_adds_up(const struct account *account)
{
	uint64_t rows = 0;
	uint64_t groups = 0;

	for (size_t i = 0; i < account->row_count; i++)
		rows += account->rows[i].bytes;
	for (size_t i = 0; i < ACCOUNT_GROUP_COUNT; i++)
		groups += account->groups[i].bytes;
	assert_int_equal(rows, account->resident);
	assert_int_equal(groups, account->resident);
}

static void rows_come_by_size_and_the_rest_last(void **state)
{
	const struct snap_account of = {
		.is_known = true,
		.resident = 1000,
		.page_tables = 7,
		.owned = {[SNAP_OWNER_BUFFERS] = 50,
	                  [SNAP_OWNER_OBJECTS] = 100,
	                  [SNAP_OWNER_FILES] = 120,
	                  [SNAP_OWNER_MAIN_TOP] = 50},
	};
	static const struct account_row rows[] = {{SNAP_OWNER_FILES, 120},
	                                          {SNAP_OWNER_OBJECTS, 100},
	                                          {SNAP_OWNER_BUFFERS, 50},
	                                          {SNAP_OWNER_MAIN_TOP, 50},
	                                          {ACCOUNT_NOBODY, 680}};
	struct account account;

	(void)state;
	account_make(&of, &account);
	assert_int_equal(account.row_count, 5);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(account.rows[i].owner, rows[i].owner);
		assert_int_equal(account.rows[i].bytes, rows[i].bytes);
	}
	assert_int_equal(account.groups[0].group, ACCOUNT_UNEXPLAINED);
	assert_int_equal(account.groups[1].group, ACCOUNT_OBJECTS);
	assert_int_equal(account.groups[1].bytes, 150);
	assert_int_equal(account.page_tables, 7);
	assert_adds_up(&account);
}

static void the_rest_is_a_row_also_when_nothing_is_left(void **state)
{
	struct snap_account of = {.is_known = true};
	struct account account;

	(void)state;
	for (unsigned int i = 0; i < SNAP_OWNER_COUNT; i++)
		of.resident += of.owned[i] = (uint64_t)1 << i;
	account_make(&of, &account);
	assert_int_equal(account.row_count, ACCOUNT_ROWS_MAX);
	assert_int_equal(account.rows[SNAP_OWNER_COUNT].owner, ACCOUNT_NOBODY);
	assert_int_equal(account.rows[SNAP_OWNER_COUNT].bytes, 0);
	assert_adds_up(&account);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_come_by_size_and_the_rest_last),
		cmocka_unit_test(the_rest_is_a_row_also_when_nothing_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
