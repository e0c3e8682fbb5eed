/* SPDX-License-Identifier: Apache-2.0 */
/* An address in a pool finds its block, and a block its node. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "capture/block_index.h"
#include "snapshot/snapshot_builder.h"

enum { POOL = 4096 };

/* Blocks of one size from 16 to 512, in three pools that are not neighbours. */
static void describe(struct block_index *index, size_t number, uint32_t block_size,
                     uint64_t objects)
{
	uint64_t bits[PYMALLOC_BITMAP_WORDS] = {objects};
	struct pymalloc_pool pool = {
		.block_size = block_size,
		.blocks = (POOL - PYMALLOC_POOL_HEADER) / block_size,
	};

	assert_true(block_index_describe(index, number, &pool, bits));
}

static void every_byte_of_a_block_belongs_to_it(void **state)
{
	const taddr pool = 0x7f0000000000;

	(void)state;
	for (uint32_t size = 16; size <= 512; size += 16) {
		struct block_index index;
		struct block_place place = {0};
		uint32_t blocks = (POOL - PYMALLOC_POOL_HEADER) / size;

		assert_null(block_index_init(&index, &pool, 1, POOL));
		describe(&index, 0, size, 0);
		assert_true(block_index_number(&index, SNAPSHOT_NODES_MAX));
		for (uint32_t offset = 0; offset < POOL; offset++) {
			bool is_in_block = offset >= PYMALLOC_POOL_HEADER &&
			                   (offset - PYMALLOC_POOL_HEADER) / size < blocks;

			assert_int_equal(block_index_place(&index, pool + offset, &place),
			                 is_in_block);
			if (!is_in_block)
				continue;
			assert_int_equal(place.word * 64 + place.bit,
			                 (offset - PYMALLOC_POOL_HEADER) / size);
			assert_int_equal(place.offset, (offset - PYMALLOC_POOL_HEADER) % size);
			assert_int_equal(place.block_size, size);
		}
		block_index_deinit(&index);
	}
}

static void nodes_are_dense_in_order_of_address(void **state)
{
	const taddr pools[] = {0x10000, 0x11000, 0x90000};
	struct block_index index;
	struct block_place place = {0};

	(void)state;
	assert_null(block_index_init(&index, pools, 3, POOL));
	describe(&index, 0, 64, 0x5); /* blocks 0 and 2 */
	describe(&index, 1, 512, 0);
	describe(&index, 2, 32, 0x2); /* block 1 */
	assert_true(block_index_number(&index, SNAPSHOT_NODES_MAX));
	assert_int_equal(index.node_count, 3);

	assert_true(block_index_place(&index, 0x10000 + 48 + 128, &place));
	assert_int_equal(block_index_node(&index, &place), 1);
	assert_true(block_index_place(&index, 0x10000 + 48 + 64, &place));
	assert_int_equal(block_index_node(&index, &place), NODE_NONE);
	assert_true(block_index_place(&index, 0x90000 + 48 + 32, &place));
	assert_int_equal(block_index_node(&index, &place), 2);

	assert_false(block_index_place(&index, 0xffff, &place));
	assert_false(block_index_place(&index, 0x12000, &place));
	assert_false(block_index_place(&index, 0x91000, &place));
	assert_false(block_index_place(&index, 0, &place));
	assert_false(block_index_place(&index, UINT64_MAX, &place));
	block_index_deinit(&index);
}

static void pools_at_both_ends_of_the_address_space_are_found(void **state)
{
	const taddr pools[] = {0x1000, 0x7ffffffff000};
	struct block_index index;
	struct block_place place = {0};

	(void)state;
	assert_null(block_index_init(&index, pools, 2, POOL));
	assert_null(index.number_of);
	describe(&index, 0, 16, 1);
	describe(&index, 1, 16, 1);
	assert_true(block_index_number(&index, SNAPSHOT_NODES_MAX));
	assert_true(block_index_place(&index, 0x7ffffffff000 + 48, &place));
	assert_int_equal(block_index_node(&index, &place), 1);
	assert_false(block_index_place(&index, 0x2000 + 48, &place));
	block_index_deinit(&index);
}

static void storage_is_claimed_once(void **state)
{
	const taddr pool = 0x4000;
	struct block_index index;
	struct block_place place = {0};

	(void)state;
	assert_null(block_index_init(&index, &pool, 1, POOL));
	describe(&index, 0, 64, 0);
	assert_true(block_index_number(&index, SNAPSHOT_NODES_MAX));
	assert_true(block_index_place(&index, pool + 48, &place));
	assert_true(block_index_claim(&index, &place));
	assert_false(block_index_claim(&index, &place));
	block_index_deinit(&index);
}

static void without_pools_no_address_is_in_one(void **state)
{
	struct block_index index;
	struct block_place place = {0};

	(void)state;
	assert_null(block_index_init(&index, NULL, 0, 0));
	assert_true(block_index_number(&index, SNAPSHOT_NODES_MAX));
	assert_false(block_index_place(&index, 0x4000, &place));
	assert_int_equal(index.node_count, 0);
	block_index_deinit(&index);
}

/* Aliased memory can show more objects than ids go round. */
static void more_objects_than_there_are_ids_are_refused(void **state)
{
	const taddr pools[] = {0x4000, 0x8000};
	struct block_index index;

	(void)state;
	assert_null(block_index_init(&index, pools, 2, POOL));
	describe(&index, 0, 16, 3);
	describe(&index, 1, 16, 3);
	assert_false(block_index_number(&index, 3));
	assert_int_equal(index.node_count, 0);
	assert_true(block_index_number(&index, 4));
	assert_int_equal(index.node_count, 4);
	block_index_deinit(&index);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_byte_of_a_block_belongs_to_it),
		cmocka_unit_test(nodes_are_dense_in_order_of_address),
		cmocka_unit_test(pools_at_both_ends_of_the_address_space_are_found),
		cmocka_unit_test(storage_is_claimed_once),
		cmocka_unit_test(more_objects_than_there_are_ids_are_refused),
		cmocka_unit_test(without_pools_no_address_is_in_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
