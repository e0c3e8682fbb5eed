/* SPDX-License-Identifier: Apache-2.0 */
/* Each byte of a core's process is read from where it is, and from nowhere else. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core_place.h"

static struct target *open_core(struct core_place *place)
{
	const struct core_options options = {0};

	assert_null(core_target_open(place->core, &options, &place->open));
	return place->open->target;
}

static void check_bytes(struct target *target, taddr address, const void *expected, size_t size)
{
	uint8_t bytes[2 * PAGE];

	assert_int_equal(target_read(target, address, bytes, size), DECODE_OK);
	assert_memory_equal(bytes, expected, size);
}

static void check_fault(struct target *target, taddr address)
{
	uint8_t byte;

	assert_int_equal(target_read(target, address, &byte, 1), DECODE_FAULT);
}

static const char *missing(struct core_place *place)
{
	text_clear(&place->text);
	core_target_missing(place->open, &place->text);
	return text_string(&place->text);
}

static void memory_comes_from_the_core_and_constants_from_the_file(void **state)
{
	struct core_place *place = *state;
	struct target *target = open_core(place);
	uint8_t filler[PAGE];

	memset(filler, CORE_FILLER, sizeof(filler));
	check_bytes(target, BASE, place->bytes, 2 * PAGE);
	check_bytes(target, BASE + 2 * PAGE, place->bytes + 2 * PAGE, PAGE);
	check_bytes(target, BASE + 3 * PAGE, filler, PAGE);
	check_bytes(target, HEAP + 100, filler, PAGE - 100);
	assert_string_equal(missing(place), "");
}

static void what_is_nowhere_is_a_fault_and_never_zero(void **state)
{
	struct core_place *place = *state;
	struct target *target = open_core(place);
	uint8_t bytes[2 * PAGE];

	/* The file has bytes for these variables, but who knows what they had become. */
	check_fault(target, BASE + 4 * PAGE);
	check_fault(target, HEAP + PAGE);
	check_fault(target, HEAP - 1);
	check_fault(target, 0);
	check_fault(target, UINT64_MAX);
	assert_int_equal(target_read_some(target, HEAP + 10, bytes, sizeof(bytes)), PAGE - 10);
	assert_int_equal(target_read_some(target, BASE, bytes, sizeof(bytes)), 2 * PAGE);
}

static void the_last_page_of_a_file_is_filled_up_with_zeros(void **state)
{
	struct core_place *place = *state;
	struct target *target;
	uint8_t zeros[PAGE - 0x80] = {0};

	assert_int_equal(truncate(place->library, 2 * PAGE + 0x80), 0);
	target = open_core(place);
	check_bytes(target, BASE + 2 * PAGE, place->bytes + 2 * PAGE, 0x80);
	check_bytes(target, BASE + 2 * PAGE + 0x80, zeros, sizeof(zeros));
}

static void pages_beyond_the_end_of_the_file_are_not_there(void **state)
{
	struct core_place *place = *state;
	struct target *target;

	assert_int_equal(truncate(place->library, PAGE + 1), 0);
	target = open_core(place);
	check_bytes(target, BASE + PAGE, place->bytes + PAGE, 1);
	check_fault(target, BASE + 2 * PAGE);
}

static void mappings_are_told_as_those_of_a_living_process(void **state)
{
	struct core_place *place = *state;
	struct target *target = open_core(place);
	const struct target_region *regions;
	size_t count;
	int fd = -1;

	regions = target_regions(target, &count);
	assert_int_equal(count, 5);
	assert_string_equal(regions[0].path, place->library);
	assert_int_equal(regions[0].file_offset, 0);
	assert_int_equal(regions[3].file_offset, 2 * PAGE);
	assert_true(regions[3].is_writable);
	assert_false(regions[1].is_writable);
	assert_true(regions[1].is_executable);
	assert_true(regions[0].inode != 0 && regions[0].inode == regions[3].inode);
	assert_int_equal(regions[4].inode, 0);
	assert_string_equal(regions[4].path, "");
	assert_null(target_open_file(target, &regions[1], &fd));
	assert_int_equal(lseek(fd, 0, SEEK_END), LIBRARY_SIZE);
	close(fd);
}

/* gdb leaves out what nobody wrote to, and others put all of a file into one segment. */
static void mappings_without_a_segment_and_several_in_one_are_cut_apart(void **state)
{
	struct core_place *place = *state;
	Elf64_Phdr *headers = core_writer_headers(&place->written);
	const struct target_region *regions;
	struct target *target;
	size_t count;

	headers[2].p_type = PT_NULL;
	headers[3].p_type = PT_NULL;
	headers[4].p_vaddr = BASE + 3 * PAGE;
	headers[4].p_memsz = HEAP + 2 * PAGE - headers[4].p_vaddr;
	headers[5].p_type = PT_NULL;
	core_place_write(place->core, place->written.bytes, place->written.size);
	target = open_core(place);
	regions = target_regions(target, &count);
	assert_int_equal(count, 5);
	assert_int_equal(regions[1].start, BASE + PAGE);
	assert_true(regions[1].is_readable);
	assert_int_equal(regions[3].end, BASE + 5 * PAGE);
	assert_int_equal(regions[4].start, BASE + 5 * PAGE);
	assert_int_equal(regions[4].end, HEAP + 2 * PAGE);
	assert_int_equal(regions[4].inode, 0);
	check_bytes(target, BASE, place->bytes, 2 * PAGE);
}

static void a_file_of_another_build_is_refused_with_both_ids(void **state)
{
	struct core_place *place = *state;
	struct target *target;
	char words[512];

	place->bytes[0x200 + 16] = 0xee;
	core_place_write(place->library, place->bytes, LIBRARY_SIZE);
	target = open_core(place);
	check_fault(target, BASE + PAGE);
	snprintf(words, sizeof(words), "%s with build-id %s was not found: %s has build-id ee%s\n",
	         place->library, CORE_PLACE_ID, place->library, CORE_PLACE_ID + 2);
	assert_string_equal(missing(place), words);
}

static void a_file_that_was_changed_since_is_refused(void **state)
{
	struct core_place *place = *state;

	place->bytes[sizeof(Elf64_Ehdr) + 100] ^= 1;
	core_place_write(place->library, place->bytes, LIBRARY_SIZE);
	check_fault(open_core(place), BASE + PAGE);
	assert_non_null(strstr(missing(place), "was changed since it was built"));
}

static void a_pipe_or_a_folder_of_that_name_is_not_opened(void **state)
{
	struct core_place *place = *state;

	unlink(place->library);
	assert_int_equal(mkfifo(place->library, 0600), 0);
	check_fault(open_core(place), BASE + PAGE);
	assert_null(strstr(missing(place), ":"));
}

static void a_sysroot_comes_before_the_path_itself(void **state)
{
	struct core_place *place = *state;
	struct core_options options = {.search = {.sysroot = place->folder}};
	struct core_writer *core = &place->written;
	const struct written_mapping file = {BASE, BASE + 2 * PAGE, 0, "/usr/libx.so"};
	char path[64];

	core_writer_init(core);
	core_writer_files(core, &file, 1, PAGE);
	core_writer_segment(core, BASE, 2 * PAGE, place->bytes, PAGE, PF_R);
	core_place_write(place->core, core->bytes, core->size);
	snprintf(path, sizeof(path), "%s/usr", place->folder);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/usr/libx.so", place->folder);
	core_place_write(path, place->bytes, LIBRARY_SIZE);
	assert_null(core_target_open(place->core, &options, &place->open));
	assert_string_equal(place->open->binaries.all[0].found_at, path);
	check_bytes(place->open->target, BASE, place->bytes, 2 * PAGE);
}

static void what_was_cut_off_is_counted(void **state)
{
	struct core_place *place = *state;
	struct target *target;

	assert_int_equal(truncate(place->core, (off_t)place->written.size - 100), 0);
	target = open_core(place);
	assert_true(place->open->is_cut);
	assert_string_equal(missing(place),
	                    "100 bytes of its memory were cut off: the file is incomplete\n");
	check_fault(target, HEAP + PAGE - 1);
	check_fault(target, HEAP + PAGE - 100);
	check_bytes(target, HEAP + PAGE - 101, "\xcc", 1);
}

static void the_end_is_told(void **state)
{
	struct core_place *place = *state;

	open_core(place);
	core_target_ending(place->open, &place->text);
	assert_string_equal(text_string(&place->text), "died of SIGSEGV in thread 4243");
}

static void a_core_that_is_not_there_is_no_target(void **state)
{
	const struct core_options options = {0};
	struct core_target *core = NULL;
	struct error *error;

	(void)state;
	error = core_target_open("/nonexistent/core", &options, &core);
	assert_int_equal(error_kind(error), ERROR_NO_TARGET);
	error_free(error);
	assert_false(core_target_is_core("/nonexistent/core"));
	assert_false(core_target_is_core("/tmp"));
	assert_false(core_target_is_core("/dev/null"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, core_place_make, core_place_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(memory_comes_from_the_core_and_constants_from_the_file),
		TEST(what_is_nowhere_is_a_fault_and_never_zero),
		TEST(the_last_page_of_a_file_is_filled_up_with_zeros),
		TEST(pages_beyond_the_end_of_the_file_are_not_there),
		TEST(mappings_are_told_as_those_of_a_living_process),
		TEST(mappings_without_a_segment_and_several_in_one_are_cut_apart),
		TEST(a_file_of_another_build_is_refused_with_both_ids),
		TEST(a_file_that_was_changed_since_is_refused),
		TEST(a_pipe_or_a_folder_of_that_name_is_not_opened),
		TEST(a_sysroot_comes_before_the_path_itself),
		TEST(what_was_cut_off_is_counted),
		TEST(the_end_is_told),
		TEST(a_core_that_is_not_there_is_no_target),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
