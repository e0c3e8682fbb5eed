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

struct heap_page {
	struct target *target;
	struct window_cache memory;
};

/* A small heap, with the chunk at block whose size word is given. */
static void open_page(struct heap_page *heap, uint64_t word)
{
	uint64_t page[PAGE / 8] = {0, word};
	struct fake_target *fake = fake_target_new();

	assert_non_null(fake);
	assert_true(fake_target_add(fake, 0x10000, page, sizeof(page), true, ""));
	/* Two mappings in a row, and one that may not be written. */
	assert_true(fake_target_add(fake, 0x11000, page, sizeof(page), true, ""));
	assert_true(fake_target_add(fake, 0x12000, page, sizeof(page), false, ""));
	assert_null(fake_target_finish(fake, &heap->target));
	assert_null(window_cache_init(&heap->memory, heap->target, WINDOW_SIZE));
}

static void close_page(struct heap_page *heap)
{
	window_cache_deinit(&heap->memory);
	target_free(heap->target);
}

static uint64_t size_with(uint64_t word, uint64_t least, uint64_t most)
{
	struct heap_page heap;
	uint64_t size;

	open_page(&heap, word);
	size = malloc_chunk_size(&heap.memory, block, least, most);
	close_page(&heap);
	return size;
}

static uint64_t capacity_with(uint64_t word, taddr at)
{
	struct heap_page heap;
	uint64_t capacity;

	open_page(&heap, word);
	capacity = malloc_chunk_capacity(&heap.memory, at);
	close_page(&heap);
	return capacity;
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

static void a_chunk_says_what_can_be_used_of_it(void **state)
{
	(void)state;
	assert_int_equal(capacity_with(0x31, block), 0x28);
	assert_int_equal(capacity_with(0x1002, block), 0xff0);
	assert_int_equal(capacity_with(0x2002, block), 0x1ff0); /* madvise() cut the mapping */
	assert_int_equal(capacity_with(0x2001, block), 0x1ff8); /* up to the end of the memory */
}

static void what_is_no_chunk_has_nothing_to_use(void **state)
{
	(void)state;
	assert_int_equal(capacity_with(0x11, block), 0);
	assert_int_equal(capacity_with(0x38, block), 0); /* odd in more than its flags */
	assert_int_equal(capacity_with(0x2011, block), 0);
	assert_int_equal(capacity_with(UINT64_MAX - 7, block), 0);
	assert_int_equal(capacity_with(0x31, block + 8), 0);
	assert_int_equal(capacity_with(0x31, 0x10000), 0); /* no room for its head */
	assert_int_equal(capacity_with(0x31, 0x90010), 0); /* not mapped */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_size_word_is_the_answer),
		cmocka_unit_test(a_chunk_says_what_can_be_used_of_it),
		cmocka_unit_test(what_is_no_chunk_has_nothing_to_use),
		cmocka_unit_test(a_size_that_cannot_be_is_replaced_by_the_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
