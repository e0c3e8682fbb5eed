/* SPDX-License-Identifier: Apache-2.0 */
/* Which pointers into the middle of a block stand for the block. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "capture/native_middles.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE = 4096, REGIONS = 3, BLOCK_SIZE = 200 };

static const taddr heap = 0x7f0000000000;
static const taddr vtables = 0x7f0000100000;
static const taddr functions = 0x7f0000200000;

struct process { /* a page of each */
	uint64_t words[REGIONS][PAGE / 8];
	struct target *target;
	struct window_cache memory;
	struct native_blocks blocks;
	struct native_middles middles;
};

static size_t read_words(void *self, taddr address, void *buffer, size_t size)
{
	const struct process *process = self;
	const taddr starts[REGIONS] = {heap, vtables, functions};

	for (int i = 0; i < REGIONS; i++) {
		taddr end = starts[i] + PAGE;

		if (address < starts[i] || address >= end)
			continue;
		size = end - address < size ? (size_t)(end - address) : size;
		memcpy(buffer, (const char *)process->words[i] + (address - starts[i]), size);
		return size;
	}
	return 0;
}

static struct error *open_nothing(void *self, const struct target_region *region, int *ret_fd)
{
	(void)self;
	(void)region;
	(void)ret_fd;
	return error_new(ERROR_NOT_FOUND, "no files here");
}

static void leave_it(void *self)
{
	(void)self;
}

static const struct target_operations operations = {
	.read = read_words,
	.open_file = open_nothing,
	.free = leave_it,
};

static int set_up(void **state)
{
	const struct target_region regions[REGIONS] = {
		{.start = heap, .end = heap + PAGE, .path = "", .is_readable = true},
		{.start = vtables,
	         .end = vtables + PAGE,
	         .inode = 1,
	         .path = "/a.so",
	         .is_readable = true},
		{.start = functions,
	         .end = functions + PAGE,
	         .inode = 1,
	         .path = "/a.so",
	         .is_readable = true,
	         .is_executable = true},
	};
	struct process *process = calloc(1, sizeof(*process));
	struct target_region *copy = malloc(sizeof(regions));

	assert_true(process && copy);
	memcpy(copy, regions, sizeof(regions));
	assert_null(target_new(&operations, process, copy, REGIONS, NULL, &process->target));
	assert_null(window_cache_init(&process->memory, process->target, WINDOW_SIZE));
	assert_true(native_blocks_add(&process->blocks, heap, BLOCK_SIZE, false));
	assert_null(native_blocks_seal(&process->blocks));
	process->middles.memory = &process->memory;
	*state = process;
	return 0;
}

static int tear_down(void **state)
{
	struct process *process = *state;

	native_blocks_deinit(&process->blocks);
	window_cache_deinit(&process->memory);
	target_free(process->target);
	free(process);
	return 0;
}

/* Does a pointer to that byte of the block, whose first words are given, stand for it? */
static bool stands(struct process *process, uint64_t first, uint64_t second, uint64_t offset)
{
	process->words[0][0] = first;
	process->words[0][1] = second;
	window_cache_forget(&process->memory);
	return native_middles_kind(&process->middles, &process->blocks, 0, heap + offset) ==
	       EDGE_CONSERVATIVE;
}

static void the_start_does_and_any_middle_does_not(void **state)
{
	struct process *process = *state;

	assert_true(stands(process, 0, 0, 0));
	for (uint64_t offset = 1; offset < BLOCK_SIZE; offset++)
		assert_false(stands(process, 0, 0, offset));
}

static void an_array_behind_its_count_does(void **state)
{
	struct process *process = *state;

	assert_true(stands(process, 24, 0, 8));   /* 24 of 8 bytes */
	assert_true(stands(process, 168, 0, 8));  /* of 1 byte; malloc made 24 more of them */
	assert_true(stands(process, 192, 0, 8));  /* their number is the length of the rest */
	assert_false(stands(process, 160, 0, 8)); /* malloc would have made it smaller */
	assert_false(stands(process, 193, 0, 8));
	assert_false(stands(process, UINT64_MAX, 0, 8));
	assert_false(stands(process, 24, 0, 16));
	assert_false(stands(process, 24, 0, 9));
}

static void text_behind_its_length_does(void **state)
{
	struct process *process = *state;

	assert_true(stands(process, 100, 175, 24)); /* 24 + 175 + 1 */
	assert_true(stands(process, 0, 150, 24));
	assert_false(stands(process, 0, 143, 24));
	assert_false(stands(process, 0, 176, 24));
	assert_false(stands(process, 0, UINT64_MAX, 24));
	assert_false(stands(process, 176, 175, 24));
	assert_false(stands(process, 100, 175, 32));
}

static void an_object_of_several_classes_does(void **state)
{
	struct process *process = *state;
	uint64_t *table = process->words[1];

	table[0] = table[1] = functions + 16;
	table[3] = functions + 32; /* behind a 0 */
	table[4] = functions + 64;
	table[6] = heap;
	process->words[0][5] = vtables + 16;
	assert_true(stands(process, vtables, 0, 40));
	assert_false(stands(process, functions, 0, 40)); /* no table */
	assert_false(stands(process, heap + 8, 0, 40));
	assert_false(stands(process, vtables + 4, 0, 40));
	assert_false(stands(process, vtables, 0, 48));
	process->words[0][5] = vtables + 32; /* one function, and then something else */
	assert_false(stands(process, vtables, 0, 40));
	process->words[0][5] = vtables + PAGE - 8; /* the end of what can be read */
	assert_false(stands(process, vtables, 0, 40));
}

static void only_so_many_are_looked_at(void **state)
{
	struct process *process = *state;

	process->middles.looked_at = NATIVE_MIDDLES_MAX - 1;
	assert_true(stands(process, 24, 0, 8));
	assert_false(stands(process, 24, 0, 8));
	assert_true(stands(process, 24, 0, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_start_does_and_any_middle_does_not, set_up,
	                                        tear_down),
		cmocka_unit_test_setup_teardown(an_array_behind_its_count_does, set_up, tear_down),
		cmocka_unit_test_setup_teardown(text_behind_its_length_does, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_object_of_several_classes_does, set_up,
	                                        tear_down),
		cmocka_unit_test_setup_teardown(only_so_many_are_looked_at, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
