/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of memory and what of them is resident, also when owners claim more than there is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "capture/resident_owners.h"

enum { REGIONS = 2, RUNS = 3 };

/* Two mappings; of the first, pages 1 to 3 and 5 are resident, of the second all 4. */
static struct target_region regions[REGIONS] = {
	{.start = 0x10000, .end = 0x20000, .path = ""},
	{.start = 0x20000, .end = 0x24000, .path = ""},
};
static struct smaps_figures figures[REGIONS] = {{.resident = 0x4000}, {.resident = 0x4000}};
static struct resident_run runs[RUNS] = {
	{0x11000, 0x14000, 0},
	{0x15000, 0x16000, 0},
	{0x20000, 0x24000, 1},
};
static const struct resident_map map = {
	.smaps = {.maps = {.regions = regions, .count = REGIONS},
                  .figures = figures,
                  .resident_bytes = 0x8000},
	.page_tables = 0x3000,
	.runs = runs,
	.run_count = RUNS,
};

static struct resident_owners begin(void)
{
	struct resident_owners owners;

	assert_null(resident_owners_init(&owners, &map));
	return owners;
}

static struct snap_account finish(struct resident_owners *owners)
{
	struct snapshot snapshot = {0};
	struct snap_account account;
	uint64_t sum = 0;

	assert_null(resident_owners_finish(owners, &snapshot));
	account = snapshot.account;
	for (size_t i = 0; i < SNAP_OWNER_COUNT; i++)
		sum += account.owned[i];
	assert_true(account.is_known);
	assert_int_equal(account.resident, 0x8000);
	assert_int_equal(account.page_tables, 0x3000);
	assert_true(sum <= account.resident);
	resident_owners_deinit(owners);
	snap_account_deinit(&snapshot.account);
	return account;
}

static void only_what_is_resident_is_credited(void **state)
{
	struct resident_owners owners = begin();
	struct snap_account account;

	(void)state;
	resident_owners_add(&owners, 0x10000, 0x1010, SNAP_OWNER_NATIVE);    /* 0x10 */
	resident_owners_add(&owners, 0x11010, 0x4ff0, SNAP_OWNER_MAIN_BINS); /* 0x2ff0 + 0x1000 */
	resident_owners_add(&owners, 0x16000, 0xa000, SNAP_OWNER_MAIN_TOP);  /* none */
	resident_owners_add(&owners, 0x1ff00, 0x200, SNAP_OWNER_STACKS);     /* 0x100 */
	resident_owners_add(&owners, 0x30000, 0x1000, SNAP_OWNER_SHARED);    /* none */
	resident_owners_add(&owners, UINT64_MAX - 8, 64, SNAP_OWNER_SHARED); /* none */
	resident_owners_add(&owners, 0x12000, 0, SNAP_OWNER_SHARED);         /* none */
	account = finish(&owners);
	assert_int_equal(account.owned[SNAP_OWNER_NATIVE], 0x10);
	assert_int_equal(account.owned[SNAP_OWNER_MAIN_BINS], 0x3ff0);
	assert_int_equal(account.owned[SNAP_OWNER_MAIN_TOP], 0);
	assert_int_equal(account.owned[SNAP_OWNER_STACKS], 0x100);
	assert_int_equal(account.owned[SNAP_OWNER_SHARED], 0);
}

static void the_order_makes_no_difference(void **state)
{
	static const taddr starts[] = {0x23ff0, 0x11000, 0x15ff0, 0x13000, 0x10000, 0x20000};
	struct resident_owners owners = begin();
	struct snap_account account;

	(void)state;
	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		resident_owners_add(&owners, starts[i], 16, SNAP_OWNER_OBJECTS);
	assert_true(resident_owners_has_all(&owners, 0x11000, 0x3000));
	assert_false(resident_owners_has_all(&owners, 0x11000, 0x3001));
	assert_false(resident_owners_has_all(&owners, 0x10000, 0x1000));
	assert_false(resident_owners_has_all(&owners, 0x24000, 1));
	account = finish(&owners);
	assert_int_equal(account.owned[SNAP_OWNER_OBJECTS], 5 * 16);
}

static void a_lie_about_one_mapping_is_cut_there(void **state)
{
	struct resident_owners owners = begin();
	struct snap_account account;

	(void)state;
	for (int i = 0; i < 3; i++)
		resident_owners_add(&owners, 0x10000, 0x10000, SNAP_OWNER_OBJECTS);
	resident_owners_add(&owners, 0x10000, 0x10000, SNAP_OWNER_NATIVE);
	resident_owners_add(&owners, 0x20000, 0x1000, SNAP_OWNER_NATIVE);
	account = finish(&owners);
	assert_int_equal(account.owned[SNAP_OWNER_OBJECTS], 0x3000);
	assert_int_equal(account.owned[SNAP_OWNER_NATIVE], 0x1000 + 0x1000);
}

static void claims_without_end_come_to_an_end(void **state)
{
	struct resident_owners owners = begin();

	(void)state;
	owners.steps_left = 5;
	for (int i = 0; i < 100; i++)
		resident_owners_add(&owners, 0, UINT64_MAX, SNAP_OWNER_OBJECTS);
	assert_int_equal(owners.steps_left, 0);
	(void)finish(&owners);
}

static void a_chunk_belongs_to_the_object_in_it(void **state)
{
	struct resident_owners owners = begin();
	const struct owned_block *block;

	(void)state;
	assert_true(resident_owners_note(&owners, 0x2100, 16, 7, false));
	assert_true(resident_owners_note(&owners, 0x1100, 16, 7, true));
	assert_true(resident_owners_note(&owners, 0x2180, 16, 8, true));
	assert_true(resident_owners_note(&owners, 0x3000, 16, 7, false));
	resident_owners_sort(&owners);
	assert_null(resident_owners_search(&owners, 0x1101, 0xfff));
	assert_null(resident_owners_search(&owners, 0x1000, 0x100));
	block = resident_owners_search(&owners, 0x2100, 0x100);
	assert_int_equal(owned_block_owner(block), SNAP_OWNER_OBJECTS);
	assert_int_equal(block->type, 8);
	block = resident_owners_search(&owners, 0x3000, 1);
	assert_int_equal(owned_block_owner(block), SNAP_OWNER_BUFFERS);
	assert_int_equal(block->type, 7);
	assert_false(owners.blocks[0].is_credited);
	for (size_t i = 1; i < 4; i++)
		assert_true(owners.blocks[i].is_credited);
	(void)finish(&owners);
}

/* Two types of one name are one part; of what is not resident nobody has a part. */
static void parts_go_by_name(void **state)
{
	static const struct snap_type types[] = {{.name = 3}, {.name = 4}, {.name = 3}};
	struct snapshot snapshot = {.types = types, .type_count = 3};
	struct resident_owners owners = begin();
	const struct owned_block object = {.type = 0, .is_object = true};
	const struct owned_block same_name = {.type = 2, .is_object = true};
	const struct owned_block buffer = {.type = 1};
	static const struct snap_part expected[] = {{SNAP_OWNER_FILES, 9, 0, 77},
	                                            {SNAP_OWNER_OBJECTS, 3, 0, 0x1100},
	                                            {SNAP_OWNER_BUFFERS, 4, 0, 0x200}};

	(void)state;
	resident_owners_add_owned(&owners, 0x11000, 0x1000, &object);
	resident_owners_add_owned(&owners, 0x12f00, 0x100, &same_name);
	resident_owners_add_owned(&owners, 0x20000, 0x200, &buffer);
	resident_owners_add_owned(&owners, 0x10000, 0x200, &buffer);
	account_parts_add(&owners.parts, SNAP_OWNER_FILES, 9, 0, 70);
	account_parts_add(&owners.parts, SNAP_OWNER_FILES, 9, 0, 7);
	account_parts_add(&owners.parts, SNAP_OWNER_FILES, 8, 0, 0);
	assert_true(resident_owners_note_absent(&owners, 5, 0x300));
	assert_true(resident_owners_note_absent(&owners, 9, 0x400));
	assert_null(resident_owners_finish(&owners, &snapshot));
	resident_owners_deinit(&owners);
	assert_int_equal(snapshot.account.owned[SNAP_OWNER_OBJECTS], 0x1100);
	assert_int_equal(snapshot.account.part_count, 3);
	assert_memory_equal(snapshot.account.parts, expected, sizeof(expected));
	assert_int_equal(snapshot.account.absent_count, 2);
	assert_int_equal(snapshot.account.absent[1].bytes, 0x400);
	snap_account_deinit(&snapshot.account);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_is_resident_is_credited),
		cmocka_unit_test(the_order_makes_no_difference),
		cmocka_unit_test(a_lie_about_one_mapping_is_cut_there),
		cmocka_unit_test(claims_without_end_come_to_an_end),
		cmocka_unit_test(a_chunk_belongs_to_the_object_in_it),
		cmocka_unit_test(parts_go_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
