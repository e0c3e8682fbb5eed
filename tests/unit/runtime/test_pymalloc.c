/* SPDX-License-Identifier: Apache-2.0 */
/* Which blocks of a pool are in use, also when the pool lies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/layouts/layout_tables.h"
#include "runtime/pymalloc.h"

enum { POOL = 4096 };

static const taddr address = 0x7f0000010000;

/* A pool of 64-byte blocks, the first `carved` of them carved and in use. */
struct pool_bytes {
	uint8_t bytes[POOL];
};

static void put_u32(struct pool_bytes *pool, uint32_t offset, uint32_t value)
{
	memcpy(pool->bytes + offset, &value, sizeof(value));
}

static void put_u64(struct pool_bytes *pool, uint32_t offset, uint64_t value)
{
	memcpy(pool->bytes + offset, &value, sizeof(value));
}

static struct python python_with_small_pools(void)
{
	return (struct python){.layout = py_layout_3_8, .pool_size = POOL};
}

static struct pool_bytes make_pool(uint32_t used, uint32_t carved)
{
	struct pool_bytes pool = {{0}};

	put_u32(&pool, 0, used);
	put_u32(&pool, py_layout_3_8.pool.szidx, 3);
	put_u32(&pool, py_layout_3_8.pool.nextoffset, 48 + carved * 64);
	return pool;
}

/* Chains block number to the one that starts at next (0: none). */
static void free_block(struct pool_bytes *pool, uint32_t number, taddr next)
{
	put_u64(pool, 48 + number * 64, next);
}

static taddr block_at(uint32_t number)
{
	return address + 48 + number * 64;
}

static void blocks_on_the_free_chain_are_not_in_use(void **state)
{
	struct python python = python_with_small_pools();
	struct pool_bytes bytes = make_pool(8, 10);
	struct pymalloc_pool pool;

	(void)state;
	put_u64(&bytes, py_layout_3_8.pool.freeblock, block_at(7));
	free_block(&bytes, 7, block_at(2));
	free_block(&bytes, 2, 0);
	assert_int_equal(pymalloc_pool_decode(&python, address, bytes.bytes, &pool), DECODE_OK);
	assert_int_equal(pool.block_size, 64);
	assert_int_equal(pool.blocks, 10);
	assert_int_equal(pool.used, 8);
	assert_int_equal(pool.in_use[0], 0x3ff & ~(1 << 7 | 1 << 2));
}

static void an_empty_pool_has_no_blocks(void **state)
{
	struct python python = python_with_small_pools();
	struct pool_bytes bytes = make_pool(0, 63);
	struct pymalloc_pool pool;

	(void)state;
	assert_int_equal(pymalloc_pool_decode(&python, address, bytes.bytes, &pool), DECODE_OK);
	assert_int_equal(pool.used, 0);
	assert_int_equal(pool.blocks, 0);
}

static void a_chain_that_runs_in_a_circle_ends(void **state)
{
	struct python python = python_with_small_pools();
	struct pool_bytes bytes = make_pool(8, 10);
	struct pymalloc_pool pool;

	(void)state;
	put_u64(&bytes, py_layout_3_8.pool.freeblock, block_at(1));
	free_block(&bytes, 1, block_at(1));
	assert_int_equal(pymalloc_pool_decode(&python, address, bytes.bytes, &pool), DECODE_TORN);
}

static void a_chain_that_leaves_the_pool_is_torn(void **state)
{
	const taddr ends[] = {8, block_at(3) + 8, block_at(10), address, UINT64_MAX};
	struct python python = python_with_small_pools();
	struct pymalloc_pool pool;

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		struct pool_bytes bytes = make_pool(9, 10);

		put_u64(&bytes, py_layout_3_8.pool.freeblock, ends[i]);
		assert_int_equal(pymalloc_pool_decode(&python, address, bytes.bytes, &pool),
		                 DECODE_TORN);
	}
}

static void a_header_that_cannot_be_is_torn(void **state)
{
	struct python python = python_with_small_pools();
	struct pool_bytes bytes = make_pool(9, 10);
	struct pymalloc_pool pool;

	(void)state;
	put_u32(&bytes, py_layout_3_8.pool.szidx, 32);
	assert_int_equal(pymalloc_pool_decode(&python, address, bytes.bytes, &pool), DECODE_TORN);
	bytes = make_pool(9, 10);
	put_u32(&bytes, py_layout_3_8.pool.nextoffset, UINT32_MAX);
	pymalloc_pool_decode(&python, address, bytes.bytes, &pool);
	assert_true(pool.blocks <= (POOL - 48) / 64);
	bytes = make_pool(9, 0);
	put_u32(&bytes, py_layout_3_8.pool.nextoffset, 0);
	assert_int_equal(pymalloc_pool_decode(&python, address, bytes.bytes, &pool), DECODE_TORN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_on_the_free_chain_are_not_in_use),
		cmocka_unit_test(an_empty_pool_has_no_blocks),
		cmocka_unit_test(a_chain_that_runs_in_a_circle_ends),
		cmocka_unit_test(a_chain_that_leaves_the_pool_is_torn),
		cmocka_unit_test(a_header_that_cannot_be_is_torn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
