/* SPDX-License-Identifier: Apache-2.0 */
/* A chunk's own size is believed where it fits the request, and only there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "capture/malloc_chunk.h"
#include "target/fake_target.h"

enum { PAGE = 4096 };

static const taddr block = 0x10010;

/* The size of the chunk at block, whose size word is given. */
static uint64_t size_with(uint64_t word, uint64_t least, uint64_t most)
{
	uint64_t page[PAGE / 8] = {0, word};
	struct fake_target *fake = fake_target_new();
	struct target *target;
	struct window_cache memory;
	uint64_t size;

	assert_non_null(fake);
	assert_true(fake_target_add(fake, 0x10000, page, sizeof(page), true, ""));
	assert_null(fake_target_finish(fake, &target));
	assert_null(window_cache_init(&memory, target, WINDOW_SIZE));
	size = malloc_chunk_size(&memory, block, least, most);
	window_cache_deinit(&memory);
	target_free(target);
	return size;
}

static void the_size_word_is_the_answer(void **state)
{
	(void)state;
	assert_int_equal(size_with(0x411, 1024, 1024), 0x410);
	assert_int_equal(size_with(0x421, 1024, 1024), 0x420); /* kept a small remainder */
	assert_int_equal(size_with(0x101002, 1 << 20, 1 << 20), 0x101000);
}

static void a_size_that_cannot_be_is_replaced_by_the_request(void **state)
{
	(void)state;
	assert_int_equal(size_with(0, 1024, 1024), 0x410);
	assert_int_equal(size_with(0x21, 1024, 1024), 0x410);
	assert_int_equal(size_with(UINT64_MAX, 1024, 1024), 0x410);
	assert_int_equal(size_with(0x1000001, 1024, 1024), 0x410);
	assert_int_equal(size_with(0, 1, 1), 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_size_word_is_the_answer),
		cmocka_unit_test(a_size_that_cannot_be_is_replaced_by_the_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
