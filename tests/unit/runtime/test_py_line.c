/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The three formats of line tables, on tables written by hand after their
 * description, and on bytes that are no table. The tables of real code are
 * held against in tests/test_roots.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/py_line.h"

typedef bool decoder(const uint8_t *table, size_t size, int32_t first_line, int64_t offset,
                     int32_t *ret);

enum { NONE = INT32_MIN };

static int32_t line_at(decoder *decode, const uint8_t *table, size_t size, int64_t offset)
{
	int32_t line = NONE;

	return decode(table, size, 10, offset, &line) ? line : NONE;
}

static void an_lnotab_adds_up_what_begins_at_or_before(void **state)
{
	/* Bytes 0-5: line 10; 6-13: 11; 14, 15: 9; from 16: 9 + 127 + 3. */
	const uint8_t table[] = {6, 1, 8, (uint8_t)-2, 2, 127, 0, 3};

	(void)state;
	assert_int_equal(line_at(py_line_in_lnotab, table, sizeof(table), 0), 10);
	assert_int_equal(line_at(py_line_in_lnotab, table, sizeof(table), 5), 10);
	assert_int_equal(line_at(py_line_in_lnotab, table, sizeof(table), 6), 11);
	assert_int_equal(line_at(py_line_in_lnotab, table, sizeof(table), 13), 11);
	assert_int_equal(line_at(py_line_in_lnotab, table, sizeof(table), 14), 9);
	assert_int_equal(line_at(py_line_in_lnotab, table, sizeof(table), 16), 139);
	assert_int_equal(line_at(py_line_in_lnotab, table, sizeof(table), 5000), 139);
	assert_int_equal(line_at(py_line_in_lnotab, NULL, 0, 4), 10);
}

static void a_line_table_has_ranges_and_gaps(void **state)
{
	/* [0, 2): 10; [2, 6): 11; [6, 8): no line; [8, 8): 21, empty; [8, 10): 19. */
	const uint8_t table[] = {2, 0, 4, 1, 2, 0x80, 0, 10, 2, (uint8_t)-2};

	(void)state;
	assert_int_equal(line_at(py_line_in_line_table, table, sizeof(table), 0), 10);
	assert_int_equal(line_at(py_line_in_line_table, table, sizeof(table), 2), 11);
	assert_int_equal(line_at(py_line_in_line_table, table, sizeof(table), 5), 11);
	assert_int_equal(line_at(py_line_in_line_table, table, sizeof(table), 6), NONE);
	assert_int_equal(line_at(py_line_in_line_table, table, sizeof(table), 8), 19);
	assert_int_equal(line_at(py_line_in_line_table, table, sizeof(table), 10), NONE);
}

static uint8_t head(unsigned int kind, unsigned int units)
{
	return (uint8_t)(0x80 | kind << 3 | (units - 1));
}

static void a_location_table_has_entries_of_every_kind(void **state)
{
	const uint8_t table[] = {
		head(0, 1),  0x12,                /* [0, 2): 10, short */
		head(11, 2), 1,    2,             /* [2, 6): 11, one line */
		head(13, 1), 0x42, 0x01,          /* [6, 8): 11 + 33: 66 = 2 | 1 << 6, so +33 */
		head(15, 8),                      /* [8, 24): no line */
		head(14, 1), 0x07, 0x41, 1, 1, 1, /* [24, 26): 44 - 3, three numbers of columns */
		head(12, 1), 0,    0,             /* [26, 28): 43 */
	};

	(void)state;
	assert_int_equal(line_at(py_line_in_locations, table, sizeof(table), 0), 10);
	assert_int_equal(line_at(py_line_in_locations, table, sizeof(table), 5), 11);
	assert_int_equal(line_at(py_line_in_locations, table, sizeof(table), 6), 44);
	assert_int_equal(line_at(py_line_in_locations, table, sizeof(table), 8), NONE);
	assert_int_equal(line_at(py_line_in_locations, table, sizeof(table), 23), NONE);
	assert_int_equal(line_at(py_line_in_locations, table, sizeof(table), 24), 41);
	assert_int_equal(line_at(py_line_in_locations, table, sizeof(table), 26), 43);
	assert_int_equal(line_at(py_line_in_locations, table, sizeof(table), 28), NONE);
}

/* Reads tables of a size of their own, so that the sanitizers see a byte too far. */
static void any_bytes_are_read_to_their_end_and_no_further(void **state)
{
	decoder *const decoders[] = {py_line_in_lnotab, py_line_in_line_table,
	                             py_line_in_locations};
	uint64_t random = 88172645463325252u;

	(void)state;
	for (size_t size = 0; size < 64; size++) {
		uint8_t *table = test_malloc(size + 1);

		for (int round = 0; round < 200; round++) {
			for (size_t i = 0; i < size; i++) {
				random ^= random << 13;
				random ^= random >> 7;
				random ^= random << 17;
				/* All bits set now and then: numbers that do not end. */
				table[i] = random % 5 ? (uint8_t)(random >> 32) : 0xff;
			}
			for (size_t i = 0; i < 3; i++) {
				(void)line_at(decoders[i], table, size, (int64_t)(random % 400));
				assert_int_not_equal(line_at(py_line_in_lnotab, table, size, -1),
				                     NONE);
			}
		}
		test_free(table);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_lnotab_adds_up_what_begins_at_or_before),
		cmocka_unit_test(a_line_table_has_ranges_and_gaps),
		cmocka_unit_test(a_location_table_has_entries_of_every_kind),
		cmocka_unit_test(any_bytes_are_read_to_their_end_and_no_further),
	};

	return cmocka_run_group_tests_name("py_line", tests, NULL, NULL);
}
