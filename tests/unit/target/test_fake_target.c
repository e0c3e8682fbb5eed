/* SPDX-License-Identifier: Apache-2.0 */
/* A target of byte arrays behaves as an address space does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "target/fake_target.h"

/* [0x1000 "abcd"] [0x1004 "efgh"] hole [0x2000 "ijkl"], added out of order. */
static int set_up(void **state)
{
	struct fake_target *fake = fake_target_new();
	struct target *target;

	assert_non_null(fake);
	assert_true(fake_target_add(fake, 0x2000, "ijkl", 4, false, "/proc/self/exe"));
	assert_true(fake_target_add(fake, 0x1000, "abcd", 4, true, ""));
	assert_true(fake_target_add(fake, 0x1004, "efgh", 4, true, "[heap]"));
	assert_null(fake_target_finish(fake, &target));
	*state = target;
	return 0;
}

static int tear_down(void **state)
{
	target_free(*state);
	return 0;
}

static void a_read_crosses_from_region_to_region(void **state)
{
	char bytes[6];

	assert_int_equal(target_read(*state, 0x1002, bytes, 6), DECODE_OK);
	assert_memory_equal(bytes, "cdefgh", 6);
}

static void a_hole_ends_a_read(void **state)
{
	char bytes[16];

	assert_int_equal(target_read(*state, 0x1002, bytes, 7), DECODE_FAULT);
	assert_int_equal(target_read_some(*state, 0x1002, bytes, 7), 6);
	assert_int_equal(target_read_some(*state, 0x1008, bytes, 1), 0);
	assert_int_equal(target_read_some(*state, 0xfff, bytes, 4), 0);
	assert_int_equal(target_read(*state, 0x5000, bytes, 0), DECODE_OK);
}

static void no_read_wraps_around(void **state)
{
	struct fake_target *fake = fake_target_new();
	struct target *target;
	char bytes[64];

	(void)state;
	assert_non_null(fake);
	assert_true(fake_target_add(fake, 0, "low", 3, true, ""));
	assert_true(fake_target_add(fake, UINT64_MAX - 4, "high", 4, true, ""));
	assert_null(fake_target_finish(fake, &target));
	assert_int_equal(target_read_some(target, UINT64_MAX - 4, bytes, sizeof(bytes)), 4);
	assert_int_equal(target_read_some(target, UINT64_MAX, bytes, sizeof(bytes)), 0);
	target_free(target);
}

static void regions_are_sorted_and_found(void **state)
{
	const struct target_region *regions;
	size_t count;

	regions = target_regions(*state, &count);
	assert_int_equal(count, 3);
	assert_int_equal(regions[0].start, 0x1000);
	assert_int_equal(regions[1].start, 0x1004);
	assert_int_equal(regions[2].start, 0x2000);
	assert_ptr_equal(target_region_at(*state, 0x1003), &regions[0]);
	assert_ptr_equal(target_region_at(*state, 0x1004), &regions[1]);
	assert_ptr_equal(target_region_at(*state, 0x2003), &regions[2]);
	assert_null(target_region_at(*state, 0xfff));
	assert_null(target_region_at(*state, 0x1008));
	assert_null(target_region_at(*state, 0x2004));
	assert_null(target_region_at(*state, UINT64_MAX));
	assert_true(regions[0].is_writable);
	assert_false(regions[2].is_writable);
}

static void only_a_file_can_be_opened(void **state)
{
	const struct target_region *regions;
	struct error *error;
	size_t count;
	char magic[4];
	int fd = -1;

	regions = target_regions(*state, &count);
	error = target_open_file(*state, &regions[0], &fd);
	assert_non_null(error);
	assert_int_equal(error_kind(error), ERROR_NOT_FOUND);
	assert_int_equal(fd, -1);
	error_free(error);
	assert_null(target_open_file(*state, &regions[2], &fd));
	assert_int_equal(read(fd, magic, 4), 4);
	assert_memory_equal(magic, "\177ELF", 4);
	close(fd);
}

static void what_is_no_region_is_refused(void **state)
{
	struct fake_target *fake = fake_target_new();

	(void)state;
	assert_non_null(fake);
	assert_true(fake_target_add(fake, 0x1000, "abcd", 4, true, ""));
	assert_false(fake_target_add(fake, 0x1003, "x", 1, true, ""));
	assert_false(fake_target_add(fake, 0xfff, "xy", 2, true, ""));
	assert_false(fake_target_add(fake, 0x3000, "", 0, true, ""));
	assert_false(fake_target_add(fake, UINT64_MAX, "xy", 2, true, ""));
	assert_true(fake_target_add(fake, 0xfff, "x", 1, true, ""));
	fake_target_free(fake);
}

static void a_target_without_memory_faults(void **state)
{
	struct fake_target *fake = fake_target_new();
	struct target *target;
	char byte;

	(void)state;
	assert_non_null(fake);
	assert_null(fake_target_finish(fake, &target));
	assert_int_equal(target_read(target, 0x1000, &byte, 1), DECODE_FAULT);
	assert_null(target_region_at(target, 0x1000));
	target_free(target);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_read_crosses_from_region_to_region),
		cmocka_unit_test(a_hole_ends_a_read),
		cmocka_unit_test(no_read_wraps_around),
		cmocka_unit_test(regions_are_sorted_and_found),
		cmocka_unit_test(only_a_file_can_be_opened),
		cmocka_unit_test(what_is_no_region_is_refused),
		cmocka_unit_test(a_target_without_memory_faults),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
