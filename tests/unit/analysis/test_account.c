/* SPDX-License-Identifier: Apache-2.0 */
/* Rows and groups of the account each add up to the whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analysis/account_advice.h"
#include "analysis/account_owners.h"

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
	assert_int_equal(account.row_count, SNAP_OWNER_COUNT + 1);
	assert_int_equal(account.rows[SNAP_OWNER_COUNT].owner, ACCOUNT_NOBODY);
	assert_int_equal(account.rows[SNAP_OWNER_COUNT].bytes, 0);
	assert_adds_up(&account);
}

static struct account split(uint64_t native, uint64_t owned, uint64_t module, uint64_t lost)
{
	const struct snap_account of = {
		.is_known = true,
		.resident = 1000,
		.owned = {[SNAP_OWNER_NATIVE] = native, [SNAP_OWNER_FILES] = 100},
	};
	const struct native_shares shares = {.sums = {owned, module, lost}};
	struct account account;

	account_make(&of, &account);
	account_split_native(&account, &shares);
	assert_adds_up(&account);
	assert_int_equal(account.rows[account.row_count - 1].owner, ACCOUNT_NOBODY);
	assert_int_equal(account_row_bytes(&account, SNAP_OWNER_NATIVE), 0);
	assert_int_equal(account_group_bytes(&account, ACCOUNT_NATIVE), native);
	return account;
}

static void blocks_of_c_are_split_by_who_holds_them(void **state)
{
	struct account account = split(500, 300, 150, 40);

	(void)state;
	assert_int_equal(account.rows[0].owner, ACCOUNT_NATIVE_OWNED);
	assert_int_equal(account_row_bytes(&account, ACCOUNT_NATIVE_OWNED), 300);
	assert_int_equal(account_row_bytes(&account, ACCOUNT_NATIVE_MODULE), 150 + 10);
	assert_int_equal(account_row_bytes(&account, ACCOUNT_NATIVE_LOST), 40);
	account = split(100, 300, 150, 50); /* more than there is: cut in proportion */
	assert_int_equal(account_row_bytes(&account, ACCOUNT_NATIVE_OWNED), 60);
	assert_int_equal(account_row_bytes(&account, ACCOUNT_NATIVE_MODULE), 30);
	assert_int_equal(account_row_bytes(&account, ACCOUNT_NATIVE_LOST), 10);
	account = split(0, 300, 150, 50);
	assert_int_equal(account.row_count, 2);
	account = split(7, 0, 0, 0);
	assert_int_equal(account_row_bytes(&account, ACCOUNT_NATIVE_MODULE), 7);
}

/* More than any other group, and a fifth of all. */
static void what_is_kept_dominates_or_not(void **state)
{
	struct snap_account of = {
		.is_known = true,
		.resident = 1000,
		.owned = {[SNAP_OWNER_POOL_FREE] = 100,
	                  [SNAP_OWNER_MAIN_TOP] = 99,
	                  [SNAP_OWNER_FILES] = 150,
	                  [SNAP_OWNER_STACKS] = 150,
	                  [SNAP_OWNER_SHARED] = 150,
	                  [SNAP_OWNER_NATIVE] = 180,
	                  [SNAP_OWNER_OBJECTS] = 160},
	};
	struct account account;

	(void)state;
	account_make(&of, &account);
	assert_int_equal(account_kept_bytes(&account), 199);
	assert_false(account_is_mostly_kept(&account));
	of.owned[SNAP_OWNER_MAIN_TOP] = 100;
	account_make(&of, &account);
	assert_true(account_is_mostly_kept(&account));
	of.owned[SNAP_OWNER_NATIVE] = 0;
	of.owned[SNAP_OWNER_OBJECTS] = 200;
	account_make(&of, &account);
	assert_false(account_is_mostly_kept(&account));
}

enum { MIB = 1 << 20, KEPT = 40 * MIB };

static size_t advise(const struct snap_account *of, struct advice *ret)
{
	struct account account;

	account_make(of, &account);
	return account_advise(of, &account, ret);
}

static void advice_is_what_the_figures_speak_for(void **state)
{
	struct snap_arena arenas[] = {{.top = 8 * MIB + ADVICE_THRESHOLD, .holes = 3 * MIB},
	                              {.top = 4 * MIB + ADVICE_THRESHOLD, .holes = 20 * MIB},
	                              {.top = ADVICE_THRESHOLD}};
	struct snap_account of = {
		.is_known = true,
		.resident = 100 * MIB,
		.owned = {[SNAP_OWNER_THREAD_BINS] = KEPT, [SNAP_OWNER_POOL_FREE] = 30 * MIB},
		.malloc = {.trimmable = 2 * MIB,
	                   .trim_threshold = ADVICE_THRESHOLD + 1,
	                   .mmap_threshold = ADVICE_THRESHOLD + 1,
	                   .holes = {[16] = {1, 9 * MIB}, [17] = {1, 6 * MIB}, [30] = {1, MIB}}},
		.arenas = arenas,
		.arena_count = 3,
	};
	static const struct advice expected[] = {
		{ADVICE_TRIM, 2 * MIB},
		{ADVICE_OTHER_MALLOC, KEPT},
		{ADVICE_PYTHON_MALLOC, 30 * MIB},
		{ADVICE_ARENA_MAX, 24 * MIB + 2 * ADVICE_THRESHOLD},
		{ADVICE_TRIM_THRESHOLD, 12 * MIB},
		{ADVICE_MMAP_THRESHOLD, 7 * MIB},
	};
	struct advice advice[ADVICE_COUNT];

	(void)state;
	assert_int_equal(advise(&of, advice), 6);
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(advice[i].kind, expected[i].kind);
		assert_int_equal(advice[i].bytes, expected[i].bytes);
	}
	/* Thresholds that nobody moved have nothing to do with it. */
	of.malloc.trim_threshold = of.malloc.mmap_threshold = ADVICE_THRESHOLD;
	assert_int_equal(advise(&of, advice), 4);
	/* Little is not worth it: of a large process, or at all. */
	of.resident = (uint64_t)2000 * MIB;
	assert_int_equal(advise(&of, advice), 0);
	of = (struct snap_account){
		.is_known = true, .resident = MIB, .owned = {[SNAP_OWNER_POOL_FREE] = MIB - 1}};
	assert_int_equal(advise(&of, advice), 0);
}

static void owners_come_row_by_row_and_have_no_more_than_it(void **state)
{
	static const uint64_t string_start[] = {0, 2};
	static struct snap_part parts[] = {{SNAP_OWNER_FILES, 0, 0, 30},
	                                   {SNAP_OWNER_OBJECTS, 0, 0, 10},
	                                   {SNAP_OWNER_OBJECTS, 1, 0, 40},
	                                   {SNAP_PART_PINS, 1, 3, 40}};
	struct snap_arena arenas[] = {{.top = 5}, {.top = 6, .holes = 7}};
	const struct snapshot snapshot = {
		.string_bytes = "a\0b",
		.string_start = string_start,
		.account = {.is_known = true,
	                    .resident = 1000,
	                    .owned = {[SNAP_OWNER_FILES] = 300,
	                              [SNAP_OWNER_OBJECTS] = 25,
	                              [SNAP_OWNER_POOL_BLOCKS] = 100,
	                              [SNAP_OWNER_THREAD_TOP] = 6,
	                              [SNAP_OWNER_THREAD_BINS] = 7,
	                              [SNAP_OWNER_NATIVE] = 9},
	                    .pools = {.classes = {[4] = {.free = 2}}},
	                    .parts = parts,
	                    .part_count = 4,
	                    .arenas = arenas,
	                    .arena_count = 2},
	};
	struct native_share share = {NATIVE_SHARE_LOST, NULL, 32, 1, 9};
	const struct native_shares shares = {.all = &share, .count = 1, .sums = {0, 0, 9}};
	const struct account_owner *found;
	struct account_owners owners;
	struct account account;
	size_t count;

	(void)state;
	account_make(&snapshot.account, &account);
	account_split_native(&account, &shares);
	assert_null(account_owners_init(&owners, &snapshot, &account, &shares));
	found = account_owners_of(&owners, SNAP_OWNER_OBJECTS, &count);
	assert_int_equal(count, 2); /* half of what they claim */
	assert_string_equal(found[0].name, "b");
	assert_int_equal(found[0].bytes, 20);
	assert_int_equal(found[1].bytes, 5);
	found = account_owners_of(&owners, SNAP_OWNER_FILES, &count);
	assert_int_equal(count, 1);
	assert_int_equal(found[0].bytes, 30);
	found = account_owners_of(&owners, SNAP_OWNER_THREAD_TOP, &count);
	assert_int_equal(count, 1);
	assert_int_equal(found[0].number, 1);
	found = account_owners_of(&owners, SNAP_OWNER_POOL_BLOCKS, &count);
	assert_int_equal(count, 1);
	assert_int_equal(found[0].number, 64);
	assert_int_equal(found[0].bytes, 128 * 100 / 128);
	found = account_owners_of(&owners, ACCOUNT_NATIVE_LOST, &count);
	assert_int_equal(count, 1);
	assert_int_equal(found[0].bytes, 9);
	(void)account_owners_of(&owners, SNAP_OWNER_MAIN_TOP, &count);
	assert_int_equal(count, 0);
	account_owners_deinit(&owners);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_come_by_size_and_the_rest_last),
		cmocka_unit_test(the_rest_is_a_row_also_when_nothing_is_left),
		cmocka_unit_test(blocks_of_c_are_split_by_who_holds_them),
		cmocka_unit_test(what_is_kept_dominates_or_not),
		cmocka_unit_test(advice_is_what_the_figures_speak_for),
		cmocka_unit_test(owners_come_row_by_row_and_have_no_more_than_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
