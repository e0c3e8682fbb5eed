/* SPDX-License-Identifier: Apache-2.0 */
/* A pointer finds the block of malloc that it leads into, whatever the blocks are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "capture/native_blocks.h"

#include <stdlib.h>

enum { MANY = 20000 };

static const taddr heap = 0x555500001000;
static const taddr mapping = 0x7f0000000010;

static void seal(struct native_blocks *blocks)
{
	assert_null(native_blocks_seal(blocks));
}

static void every_byte_of_a_block_leads_to_it_and_none_beside(void **state)
{
	struct native_blocks blocks = {0};

	(void)state;
	for (uint32_t i = 0; i < MANY; i++)
		assert_true(native_blocks_add(&blocks, heap + (taddr)i * 48, 40, false));
	seal(&blocks);
	assert_int_equal(blocks.count, MANY);
	for (uint32_t i = 0; i < MANY; i++) {
		taddr start = heap + (taddr)i * 48;

		assert_int_equal(native_blocks_at(&blocks, start), i);
		assert_int_equal(native_blocks_at(&blocks, start + 39), i);
		assert_int_equal(native_blocks_at(&blocks, start + 40), NATIVE_NONE);
	}
	assert_int_equal(native_blocks_at(&blocks, heap - 1), NATIVE_NONE);
	assert_int_equal(native_blocks_at(&blocks, heap + (taddr)MANY * 48), NATIVE_NONE);
	assert_int_equal(native_blocks_at(&blocks, 0), NATIVE_NONE);
	assert_int_equal(native_blocks_at(&blocks, UINT64_MAX), NATIVE_NONE);
	native_blocks_deinit(&blocks);
}

/* It fills windows that have no pages then; others begin in its last page. */
static void a_block_may_be_larger_than_windows(void **state)
{
	const uint64_t large = (UINT64_C(5) << NATIVE_WINDOW_SHIFT) + 24;
	struct native_blocks blocks = {0};

	(void)state;
	assert_true(native_blocks_add(&blocks, heap, 24, false));
	assert_true(native_blocks_add(&blocks, mapping, large, true));
	assert_true(native_blocks_add(&blocks, mapping + large + 8, 24, false));
	seal(&blocks);
	assert_int_equal(native_blocks_at(&blocks, mapping), 1);
	for (unsigned int i = 1; i <= 5; i++)
		assert_int_equal(
			native_blocks_at(&blocks, mapping + ((taddr)i << NATIVE_WINDOW_SHIFT)), 1);
	assert_int_equal(native_blocks_at(&blocks, mapping + large - 1), 1);
	assert_int_equal(native_blocks_at(&blocks, mapping + large), NATIVE_NONE);
	assert_int_equal(native_blocks_at(&blocks, mapping + large + 8), 2);
	assert_int_equal(native_blocks_usable(&blocks, 1), large);
	native_blocks_deinit(&blocks);
}

/* The next block begins where a window that one block fills ends. */
static void a_block_may_begin_in_the_last_page_of_a_full_window(void **state)
{
	const taddr window = UINT64_C(1) << NATIVE_WINDOW_SHIFT;
	const taddr start = 64 * window;
	struct native_blocks blocks = {0};

	(void)state;
	assert_true(native_blocks_add(&blocks, start, window - 64, true));
	assert_true(native_blocks_add(&blocks, start + window - 48, 40, false));
	seal(&blocks);
	assert_int_equal(native_blocks_at(&blocks, start + window - 65), 0);
	assert_int_equal(native_blocks_at(&blocks, start + window - 64), NATIVE_NONE);
	assert_int_equal(native_blocks_at(&blocks, start + window - 48), 1);
	native_blocks_deinit(&blocks);
}

static void blocks_may_come_in_any_order_and_lie(void **state)
{
	struct native_blocks blocks = {0};

	(void)state;
	assert_true(native_blocks_add(&blocks, heap + 4096, 24, false));
	assert_true(native_blocks_add(&blocks, mapping, 5000, true));
	assert_true(native_blocks_add(&blocks, mapping + 8192, 24, true));
	assert_true(native_blocks_add(&blocks, heap, 24, false));
	assert_true(native_blocks_add(&blocks, mapping + 4096, 24, false)); /* in another */
	assert_true(native_blocks_add(&blocks, heap + 64, 0, false));       /* of no bytes */
	assert_true(native_blocks_add(&blocks, UINT64_MAX - 64, 24, false));
	seal(&blocks);
	assert_int_equal(blocks.count, 4);
	assert_int_equal(native_blocks_at(&blocks, heap), 0);
	assert_int_equal(native_blocks_at(&blocks, heap + 4096), 1);
	assert_int_equal(native_blocks_at(&blocks, mapping + 4097), 2);
	assert_int_equal(native_blocks_at(&blocks, mapping + 8192), 3);
	assert_int_equal(native_blocks_memory(&blocks, 1), 32);
	assert_int_equal(native_blocks_memory(&blocks, 2), 8192);
	native_blocks_deinit(&blocks);
}

static void a_malloc_without_a_block_has_none(void **state)
{
	struct native_blocks blocks = {0};

	(void)state;
	seal(&blocks);
	assert_int_equal(native_blocks_at(&blocks, heap), NATIVE_NONE);
	assert_int_equal(native_blocks_number(&blocks, 7), 0);
	native_blocks_deinit(&blocks);
}

static void only_blocks_that_nobody_claims_have_nodes(void **state)
{
	struct native_blocks blocks = {.debug_header = 16};

	(void)state;
	for (unsigned int i = 0; i < 5; i++)
		assert_true(native_blocks_add(&blocks, heap + i * 64, 56, false));
	seal(&blocks);
	assert_true(native_blocks_claim(&blocks, heap + 64, NATIVE_IS_OBJECT));
	assert_false(native_blocks_claim(&blocks, heap + 64, NATIVE_IS_STORAGE));
	assert_true(native_blocks_claim(&blocks, heap + 2 * 64 + 16, NATIVE_IS_STORAGE));
	assert_false(native_blocks_claim(&blocks, heap + 3 * 64 + 8, NATIVE_IS_STORAGE));
	assert_false(native_blocks_claim(&blocks, heap - 64, NATIVE_IS_OBJECT));
	assert_int_equal(native_blocks_number(&blocks, 100), 3);
	assert_int_equal(blocks.nodes[0], 100);
	assert_int_equal(blocks.nodes[1], NODE_NONE);
	assert_int_equal(blocks.nodes[2], NODE_NONE);
	assert_int_equal(blocks.nodes[3], 101);
	assert_int_equal(blocks.nodes[4], 102);
	assert_true(native_blocks_is_start(&blocks, 0, heap));
	assert_true(native_blocks_is_start(&blocks, 0, heap + 16));
	assert_false(native_blocks_is_start(&blocks, 0, heap + 8));
	native_blocks_deinit(&blocks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_byte_of_a_block_leads_to_it_and_none_beside),
		cmocka_unit_test(a_block_may_be_larger_than_windows),
		cmocka_unit_test(a_block_may_begin_in_the_last_page_of_a_full_window),
		cmocka_unit_test(blocks_may_come_in_any_order_and_lie),
		cmocka_unit_test(a_malloc_without_a_block_has_none),
		cmocka_unit_test(only_blocks_that_nobody_claims_have_nodes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
