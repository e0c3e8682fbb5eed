/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each byte of a core's process is read from where it is, and from nowhere else.
 * The process had one library mapped, at 0x100000:
 *
 *	0x100000  its first page, dumped     0x103000  variables, dumped
 *	0x101000  code, not dumped           0x104000  variables, not dumped
 *	0x102000  constants, not dumped, whose page is also the first of the variables
 *
 * and at 0x200000 two pages of memory of its own, one dumped.
 */
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

#include "core_writer.h"
#include "target/core_target.h"

enum {
	PAGE = 4096,
	BASE = 0x100000,
	HEAP = 0x200000,
	/* The file: a page of headers, a page of code, and a page and a half of the rest. */
	LIBRARY_SIZE = 3 * PAGE + 0x800,
	CORE_FILLER = 0xcc,
};

static const char identity[] = "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3";

struct place {
	char folder[32];
	char core[64];
	char library[64];
	uint8_t bytes[LIBRARY_SIZE];
	struct core_writer written;
	struct text text;
	struct core_target *open;
};

static void write_file(const char *path, const void *bytes, size_t size)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static void make_library(struct place *place)
{
	const Elf64_Ehdr header = {
		.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_DYN,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(header),
		.e_ehsize = sizeof(header),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 5,
	};
	const Elf64_Phdr segments[] = {
		{PT_LOAD, PF_R, 0, 0, 0, PAGE, PAGE, PAGE},
		{PT_LOAD, PF_R | PF_X, PAGE, PAGE, 0, PAGE, PAGE, PAGE},
		{PT_LOAD, PF_R, 2 * PAGE, 2 * PAGE, 0, 0x100, 0x100, PAGE},
		{PT_LOAD, PF_R | PF_W, 2 * PAGE + 0x100, 3 * PAGE + 0x100, 0, PAGE, 2 * PAGE, PAGE},
		{PT_NOTE, PF_R, 0x200, 0x200, 0, 36, 36, 4},
	};
	const Elf64_Nhdr note = {.n_namesz = 4, .n_descsz = 20, .n_type = NT_GNU_BUILD_ID};

	for (size_t i = 0; i < LIBRARY_SIZE; i++)
		place->bytes[i] = (uint8_t)(i / 7 + i);
	memcpy(place->bytes, &header, sizeof(header));
	memcpy(place->bytes + sizeof(header), segments, sizeof(segments));
	memcpy(place->bytes + 0x200, &note, sizeof(note));
	memcpy(place->bytes + 0x200 + sizeof(note), "GNU", 4);
	for (uint8_t i = 0; i < 20; i++)
		place->bytes[0x200 + sizeof(note) + 4 + i] = (uint8_t)(0xa0 + i);
	write_file(place->library, place->bytes, LIBRARY_SIZE);
}

static void write_core(struct place *place)
{
	const struct written_mapping files[] = {
		{BASE, BASE + PAGE, 0, place->library},
		{BASE + PAGE, BASE + 2 * PAGE, 1, place->library},
		{BASE + 2 * PAGE, BASE + 3 * PAGE, 2, place->library},
		{BASE + 3 * PAGE, BASE + 5 * PAGE, 2, place->library},
	};
	struct core_writer *core = &place->written;
	uint8_t filler[PAGE];

	memset(filler, CORE_FILLER, sizeof(filler));
	core_writer_init(core);
	core_writer_thread(core, 4243, SIGSEGV);
	core_writer_process(core, 4242, "python3 app.py");
	core_writer_files(core, files, 4, PAGE);
	core_writer_segment(core, BASE, PAGE, place->bytes, PAGE, PF_R);
	core_writer_segment(core, BASE + PAGE, PAGE, NULL, 0, PF_R | PF_X);
	core_writer_segment(core, BASE + 2 * PAGE, PAGE, NULL, 0, PF_R);
	core_writer_segment(core, BASE + 3 * PAGE, 2 * PAGE, filler, PAGE, PF_R | PF_W);
	core_writer_segment(core, HEAP, 2 * PAGE, filler, PAGE, PF_R | PF_W);
	write_file(place->core, core->bytes, core->size);
}

static int make_place(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	unsetenv("DEBUGINFOD_URLS");
	snprintf(place->folder, sizeof(place->folder), "/tmp/plumb-core-XXXXXX");
	assert_non_null(mkdtemp(place->folder));
	snprintf(place->core, sizeof(place->core), "%s/core", place->folder);
	snprintf(place->library, sizeof(place->library), "%s/libx.so", place->folder);
	make_library(place);
	write_core(place);
	*state = place;
	return 0;
}

static int remove_place(void **state)
{
	struct place *place = *state;
	char path[64];

	core_target_free(place->open);
	text_deinit(&place->text);
	unlink(place->core);
	unlink(place->library);
	snprintf(path, sizeof(path), "%s/usr/libx.so", place->folder);
	unlink(path);
	snprintf(path, sizeof(path), "%s/usr", place->folder);
	rmdir(path);
	assert_int_equal(rmdir(place->folder), 0);
	free(place);
	return 0;
}

static struct target *open_core(struct place *place)
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

static const char *missing(struct place *place)
{
	text_clear(&place->text);
	core_target_missing(place->open, &place->text);
	return text_string(&place->text);
}

static void memory_comes_from_the_core_and_constants_from_the_file(void **state)
{
	struct place *place = *state;
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
	struct place *place = *state;
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
	struct place *place = *state;
	struct target *target;
	uint8_t zeros[PAGE - 0x80] = {0};

	assert_int_equal(truncate(place->library, 2 * PAGE + 0x80), 0);
	target = open_core(place);
	check_bytes(target, BASE + 2 * PAGE, place->bytes + 2 * PAGE, 0x80);
	check_bytes(target, BASE + 2 * PAGE + 0x80, zeros, sizeof(zeros));
}

static void pages_beyond_the_end_of_the_file_are_not_there(void **state)
{
	struct place *place = *state;
	struct target *target;

	assert_int_equal(truncate(place->library, PAGE + 1), 0);
	target = open_core(place);
	check_bytes(target, BASE + PAGE, place->bytes + PAGE, 1);
	check_fault(target, BASE + 2 * PAGE);
}

static void mappings_are_told_as_those_of_a_living_process(void **state)
{
	struct place *place = *state;
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
	struct place *place = *state;
	Elf64_Phdr *headers = core_writer_headers(&place->written);
	const struct target_region *regions;
	struct target *target;
	size_t count;

	headers[2].p_type = PT_NULL;
	headers[3].p_type = PT_NULL;
	headers[4].p_vaddr = BASE + 3 * PAGE;
	headers[4].p_memsz = HEAP + 2 * PAGE - headers[4].p_vaddr;
	headers[5].p_type = PT_NULL;
	write_file(place->core, place->written.bytes, place->written.size);
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
	struct place *place = *state;
	struct target *target;
	char words[512];

	place->bytes[0x200 + 16] = 0xee;
	write_file(place->library, place->bytes, LIBRARY_SIZE);
	target = open_core(place);
	check_fault(target, BASE + PAGE);
	snprintf(words, sizeof(words), "%s with build-id %s was not found: %s has build-id ee%s\n",
	         place->library, identity, place->library, identity + 2);
	assert_string_equal(missing(place), words);
}

static void a_file_that_was_changed_since_is_refused(void **state)
{
	struct place *place = *state;

	place->bytes[sizeof(Elf64_Ehdr) + 100] ^= 1;
	write_file(place->library, place->bytes, LIBRARY_SIZE);
	check_fault(open_core(place), BASE + PAGE);
	assert_non_null(strstr(missing(place), "was changed since it was built"));
}

static void a_pipe_or_a_folder_of_that_name_is_not_opened(void **state)
{
	struct place *place = *state;

	unlink(place->library);
	assert_int_equal(mkfifo(place->library, 0600), 0);
	check_fault(open_core(place), BASE + PAGE);
	assert_null(strstr(missing(place), ":"));
}

static void a_sysroot_comes_before_the_path_itself(void **state)
{
	struct place *place = *state;
	struct core_options options = {.search = {.sysroot = place->folder}};
	struct core_writer *core = &place->written;
	const struct written_mapping file = {BASE, BASE + 2 * PAGE, 0, "/usr/libx.so"};
	char path[64];

	core_writer_init(core);
	core_writer_files(core, &file, 1, PAGE);
	core_writer_segment(core, BASE, 2 * PAGE, place->bytes, PAGE, PF_R);
	write_file(place->core, core->bytes, core->size);
	snprintf(path, sizeof(path), "%s/usr", place->folder);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/usr/libx.so", place->folder);
	write_file(path, place->bytes, LIBRARY_SIZE);
	assert_null(core_target_open(place->core, &options, &place->open));
	assert_string_equal(place->open->binaries.all[0].found_at, path);
	check_bytes(place->open->target, BASE, place->bytes, 2 * PAGE);
}

static void what_was_cut_off_is_counted(void **state)
{
	struct place *place = *state;
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
	struct place *place = *state;

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

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_place, remove_place)

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
