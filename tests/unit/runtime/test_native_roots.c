/* SPDX-License-Identifier: Apache-2.0 */
/* Which memory may hold references: all that can be written to, but for what is known better. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/native_roots.h"
#include "target/fake_target.h"

#include <stdlib.h>
#include <string.h>

enum {
	CACHE = 64 << 10,
	PAGE = 4096,
	DATA = 0x10000, /* two pages of a module, and one behind it that is no part of it */
	STACK = 0x40000,
	STACK_SIZE = 8 * PAGE,
	DESCRIPTOR = STACK + STACK_SIZE - 0x900,
	MAPPED = 0x80000,
	MAPPED_SIZE = 16 * PAGE,
	CONSTANT = 0xa0000,
	FIRST_STACK = 0xb0000,
	/* Two stacks in one mapping, of eight pages each, and lists of their descriptors: */
	MERGED = 0xc0000,
	MERGED_SIZE = 16 * PAGE,
	KEPT = MERGED + 8 * PAGE - 0x900,
	USED = MERGED + 16 * PAGE - 0x900,
	LINK = 0x2c0,
	HEADS = 0x30000,
};

struct fixture {
	struct target *target;
	struct window_cache memory;
	struct mapped_image image;
	struct native_thread threads[3];
	struct mapped_range others[3];
	struct native_memory known;
	struct native_range *ranges;
	size_t count;
};

static void add(struct fake_target *fake, taddr address, const uint8_t *bytes, size_t size,
                bool is_writable)
{
	assert_true(fake_target_add(fake, address, bytes, size, is_writable, ""));
}

/* A stack that begins a page before its mapping, where the guard is, with its descriptor. */
static struct target *make_target(void)
{
	struct fake_target *fake = fake_target_new();
	uint8_t *bytes = calloc(1, MAPPED_SIZE);
	const uint64_t place[] = {STACK - PAGE, STACK_SIZE + PAGE};
	const uint64_t head[] = {DESCRIPTOR, 1, DESCRIPTOR};
	struct target *target;

	assert_non_null(fake);
	assert_non_null(bytes);
	add(fake, DATA, bytes, 3 * PAGE, true);
	add(fake, MAPPED, bytes, MAPPED_SIZE, true);
	add(fake, CONSTANT, bytes, PAGE, false);
	add(fake, FIRST_STACK, bytes, PAGE, true);
	memcpy(bytes + (DESCRIPTOR - STACK) + 0x690, place, sizeof(place));
	memcpy(bytes + (DESCRIPTOR - STACK), head, sizeof(head));
	add(fake, STACK, bytes, STACK_SIZE, true);
	free(bytes);
	assert_null(fake_target_finish(fake, &target));
	return target;
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	fixture->target = make_target();
	assert_null(window_cache_init(&fixture->memory, fixture->target, CACHE));
	fixture->image.data[0] = (struct mapped_range){DATA + 0x20, DATA + 2 * PAGE - 0x100};
	fixture->image.data_count = 1;
	fixture->known = (struct native_memory){
		.memory = &fixture->memory,
		.images = &fixture->image,
		.image_count = 1,
		.threads = fixture->threads,
		.others = fixture->others,
	};
	*state = fixture;
	return 0;
}

static void put(uint8_t *bytes, taddr address, uint64_t first, uint64_t second)
{
	const uint64_t words[] = {first, second};

	memcpy(bytes + (address - MERGED), words, sizeof(words));
}

static void put_descriptor(uint8_t *bytes, taddr descriptor, taddr stack, taddr next)
{
	put(bytes, descriptor, descriptor, 0);
	put(bytes, descriptor + 16, descriptor, 0);
	put(bytes, descriptor + LINK, next, next);
	put(bytes, descriptor + 0x690, stack, 8 * PAGE);
}

/* The lists of stacks in use, of those the program made, and of those that are kept. */
static int set_up_merged(void **state)
{
	const uint64_t heads[] = {USED + LINK, USED + LINK, HEADS + 16,
	                          HEADS + 16,  KEPT + LINK, KEPT + LINK};
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct fake_target *fake = fake_target_new();
	uint8_t *bytes = calloc(1, MERGED_SIZE);

	assert_true(fixture && fake && bytes);
	put_descriptor(bytes, KEPT, MERGED, HEADS + 32);
	put_descriptor(bytes, USED, MERGED + 8 * PAGE, HEADS);
	add(fake, MERGED, bytes, MERGED_SIZE, true);
	memcpy(bytes, heads, sizeof(heads));
	add(fake, HEADS, bytes, PAGE, false);
	free(bytes);
	assert_null(fake_target_finish(fake, &fixture->target));
	assert_null(window_cache_init(&fixture->memory, fixture->target, CACHE));
	fixture->known.memory = &fixture->memory;
	fixture->known.threads = fixture->threads;
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	free(fixture->ranges);
	window_cache_deinit(&fixture->memory);
	target_free(fixture->target);
	free(fixture);
	return 0;
}

static void find(struct fixture *fixture)
{
	assert_null(native_roots_find(&fixture->known, &fixture->ranges, &fixture->count));
}

static void check(const struct fixture *fixture, size_t number, taddr start, taddr end,
                  enum native_range_kind kind)
{
	assert_true(number < fixture->count);
	assert_int_equal(fixture->ranges[number].start, start);
	assert_int_equal(fixture->ranges[number].end, end);
	assert_int_equal(fixture->ranges[number].kind, kind);
}

static void add_thread(struct fixture *fixture, taddr pointer, taddr descriptor)
{
	struct native_thread *thread = &fixture->threads[fixture->known.thread_count++];

	thread->registers[NATIVE_RSP] = pointer;
	thread->registers[NATIVE_FS_BASE] = descriptor;
}

static void all_that_can_be_written_to_counts(void **state)
{
	struct fixture *fixture = *state;

	find(fixture);
	assert_int_equal(fixture->count, 5);
	check(fixture, 0, DATA, DATA + 2 * PAGE, NATIVE_RANGE_DATA);
	check(fixture, 1, DATA + 2 * PAGE, DATA + 3 * PAGE, NATIVE_RANGE_ANONYMOUS);
	check(fixture, 2, STACK, STACK + STACK_SIZE, NATIVE_RANGE_ANONYMOUS);
	check(fixture, 3, MAPPED, MAPPED + MAPPED_SIZE, NATIVE_RANGE_ANONYMOUS);
	check(fixture, 4, FIRST_STACK, FIRST_STACK + PAGE, NATIVE_RANGE_ANONYMOUS);
}

static void what_is_known_better_is_cut_out(void **state)
{
	struct fixture *fixture = *state;

	fixture->others[0] = (struct mapped_range){MAPPED + 8 * PAGE, FIRST_STACK + 64};
	fixture->others[1] = (struct mapped_range){MAPPED + PAGE, MAPPED + 2 * PAGE};
	fixture->others[2] = (struct mapped_range){MAPPED + PAGE + 16, MAPPED + PAGE + 32};
	fixture->known.other_count = 3;
	find(fixture);
	assert_int_equal(fixture->count, 6);
	check(fixture, 3, MAPPED, MAPPED + PAGE, NATIVE_RANGE_ANONYMOUS);
	check(fixture, 4, MAPPED + 2 * PAGE, MAPPED + 8 * PAGE, NATIVE_RANGE_ANONYMOUS);
	check(fixture, 5, FIRST_STACK + 64, FIRST_STACK + PAGE, NATIVE_RANGE_ANONYMOUS);
}

static void a_stack_counts_from_its_pointer_on(void **state)
{
	struct fixture *fixture = *state;
	taddr pointer = STACK + 3 * PAGE;

	add_thread(fixture, pointer, DESCRIPTOR);
	find(fixture);
	assert_int_equal(fixture->count, 5);
	check(fixture, 0, pointer - 128, STACK + STACK_SIZE, NATIVE_RANGE_STACK);
	assert_int_equal(fixture->ranges[0].number, 0);
	check(fixture, 3, MAPPED, MAPPED + MAPPED_SIZE, NATIVE_RANGE_ANONYMOUS);
}

static void the_first_stack_has_no_descriptor(void **state)
{
	struct fixture *fixture = *state;

	fixture->known.first_stack = FIRST_STACK + PAGE - 8;
	add_thread(fixture, FIRST_STACK + 1024, MAPPED);
	find(fixture);
	assert_int_equal(fixture->count, 5);
	check(fixture, 0, FIRST_STACK + 1024 - 128, FIRST_STACK + PAGE, NATIVE_RANGE_STACK);
	check(fixture, 4, MAPPED, MAPPED + MAPPED_SIZE, NATIVE_RANGE_ANONYMOUS);
}

static void the_stack_of_a_thread_that_has_ended_does_not_count(void **state)
{
	struct fixture *fixture = *state;

	fixture->known.first_stack = FIRST_STACK + PAGE - 8;
	add_thread(fixture, FIRST_STACK + 1024, MAPPED);
	find(fixture);
	check(fixture, 3, DESCRIPTOR, STACK + STACK_SIZE, NATIVE_RANGE_ANONYMOUS);
}

static void it_does_not_where_stacks_share_a_mapping(void **state)
{
	struct fixture *fixture = *state;
	taddr pointer = MERGED + 10 * PAGE;

	add_thread(fixture, pointer, USED);
	find(fixture);
	assert_int_equal(fixture->count, 2);
	check(fixture, 0, pointer - 128, MERGED + MERGED_SIZE, NATIVE_RANGE_STACK);
	check(fixture, 1, KEPT, MERGED + 8 * PAGE, NATIVE_RANGE_ANONYMOUS);
}

/* Any thread may have it. */
static void a_stack_counts_when_not_all_threads_are_known(void **state)
{
	struct fixture *fixture = *state;

	fixture->known.first_stack = FIRST_STACK + PAGE - 8;
	add_thread(fixture, FIRST_STACK + 1024, 0);
	find(fixture);
	check(fixture, 3, STACK, STACK + STACK_SIZE, NATIVE_RANGE_ANONYMOUS);
}

/* Below the pointer others may have their memory, and its own stack is in use somewhere. */
static void on_another_stack_all_of_both_counts(void **state)
{
	struct fixture *fixture = *state;

	add_thread(fixture, MAPPED + 4 * PAGE, DESCRIPTOR);
	find(fixture);
	assert_int_equal(fixture->count, 6);
	check(fixture, 0, MAPPED + 4 * PAGE - 128, MAPPED + MAPPED_SIZE, NATIVE_RANGE_STACK);
	check(fixture, 3, STACK, STACK + STACK_SIZE, NATIVE_RANGE_ANONYMOUS);
	check(fixture, 4, MAPPED, MAPPED + 4 * PAGE - 128, NATIVE_RANGE_ANONYMOUS);
}

static void no_memory_counts_twice_for_threads_that_cannot_be(void **state)
{
	struct fixture *fixture = *state;

	add_thread(fixture, MAPPED + 4 * PAGE, 0);
	add_thread(fixture, MAPPED + 2 * PAGE, UINT64_MAX);
	add_thread(fixture, 64, 1);
	find(fixture);
	assert_int_equal(fixture->count, 6);
	check(fixture, 0, MAPPED + 2 * PAGE - 128, MAPPED + MAPPED_SIZE, NATIVE_RANGE_STACK);
	check(fixture, 4, MAPPED, MAPPED + 2 * PAGE - 128, NATIVE_RANGE_ANONYMOUS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_that_can_be_written_to_counts, set_up,
	                                        tear_down),
		cmocka_unit_test_setup_teardown(what_is_known_better_is_cut_out, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_stack_counts_from_its_pointer_on, set_up,
	                                        tear_down),
		cmocka_unit_test_setup_teardown(the_first_stack_has_no_descriptor, set_up,
	                                        tear_down),
		cmocka_unit_test_setup_teardown(the_stack_of_a_thread_that_has_ended_does_not_count,
	                                        set_up, tear_down),
		cmocka_unit_test_setup_teardown(it_does_not_where_stacks_share_a_mapping,
	                                        set_up_merged, tear_down),
		cmocka_unit_test_setup_teardown(a_stack_counts_when_not_all_threads_are_known,
	                                        set_up, tear_down),
		cmocka_unit_test_setup_teardown(on_another_stack_all_of_both_counts, set_up,
	                                        tear_down),
		cmocka_unit_test_setup_teardown(no_memory_counts_twice_for_threads_that_cannot_be,
	                                        set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
