/* SPDX-License-Identifier: Apache-2.0 */
/* The text of /proc/PID/maps: what the kernel writes, and what it never would. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "target/process_maps.h"

static struct process_maps parse(const char *text)
{
	struct process_maps maps;
	struct error *error = process_maps_parse(text, strlen(text), &maps);

	assert_null(error);
	return maps;
}

/* The whole message; the caller frees nothing, the buffer is static. */
static void refuse(const char *text, size_t length, const char *message)
{
	struct process_maps maps = {.count = 77};
	struct error *error = process_maps_parse(text, length, &maps);

	assert_non_null(error);
	assert_int_equal(error_kind(error), ERROR_CORRUPT);
	assert_string_equal(error_message(error), message);
	assert_int_equal(maps.count, 77);
	error_free(error);
}

static void every_field_is_read(void **state)
{
	struct process_maps maps =
		parse("7f1c2000-7f1c4000 r-xs 0001a000 fe:1b 4294967299         /usr/lib/x.so\n");
	const struct target_region *region = maps.regions;

	(void)state;
	assert_int_equal(maps.count, 1);
	assert_int_equal(region->start, 0x7f1c2000);
	assert_int_equal(region->end, 0x7f1c4000);
	assert_int_equal(region->file_offset, 0x1a000);
	assert_true(region->device == ((uint64_t)0xfe << 32 | 0x1b));
	assert_true(region->inode == 4294967299);
	assert_string_equal(region->path, "/usr/lib/x.so");
	assert_true(region->is_readable);
	assert_false(region->is_writable);
	assert_true(region->is_executable);
	assert_true(region->is_shared);
	assert_false(region->is_deleted);
	process_maps_deinit(&maps);
}

static void names_are_the_kernels(void **state)
{
	struct process_maps maps = parse("1000-2000 rw-p 00000000 00:00 0 \n"
	                                 "2000-3000 rw-p 00000000 00:00 0     [heap]\n"
	                                 "3000-4000 rw-p 00000000 00:00 0     [anon: my arena]\n"
	                                 "4000-5000 r--p 00000000 08:01 9     /a b  c\n"
	                                 "ffffffffff600000-ffffffffff601000 --xp 00000000 "
	                                 "00:00 0                  [vsyscall]\n");

	(void)state;
	assert_int_equal(maps.count, 5);
	assert_string_equal(maps.regions[0].path, "");
	assert_string_equal(maps.regions[1].path, "[heap]");
	assert_string_equal(maps.regions[2].path, "[anon: my arena]");
	assert_string_equal(maps.regions[3].path, "/a b  c");
	assert_string_equal(maps.regions[4].path, "[vsyscall]");
	assert_false(maps.regions[4].is_readable);
	process_maps_deinit(&maps);
}

static void a_deleted_file_keeps_its_name(void **state)
{
	struct process_maps maps =
		parse("1000-2000 r--p 00000000 08:01 9 /tmp/x (deleted)\n"
	              "2000-3000 r--p 00000000 08:01 9 /tmp/y (deleted) (deleted)\n"
	              "3000-4000 r--p 00000000 08:01 9  (deleted)\n");

	(void)state;
	assert_string_equal(maps.regions[0].path, "/tmp/x");
	assert_true(maps.regions[0].is_deleted);
	assert_string_equal(maps.regions[1].path, "/tmp/y (deleted)");
	assert_true(maps.regions[1].is_deleted);
	assert_string_equal(maps.regions[2].path, "(deleted)");
	assert_false(maps.regions[2].is_deleted);
	process_maps_deinit(&maps);
}

static void a_newline_in_a_name_is_undone(void **state)
{
	struct process_maps maps = parse("1000-2000 r--p 00000000 08:01 9 /a\\012b\\01\\012\n");

	(void)state;
	assert_string_equal(maps.regions[0].path, "/a\nb\\01\n");
	process_maps_deinit(&maps);
}

static void nothing_is_no_mapping(void **state)
{
	struct process_maps maps = parse("");

	(void)state;
	assert_int_equal(maps.count, 0);
	process_maps_deinit(&maps);
}

static void the_last_newline_may_be_missing(void **state)
{
	/* Not terminated either: a sanitizer sees one byte too far. */
	static const char text[] = "1000-2000 r--p 00000000 08:01 9 /a";
	size_t length = sizeof(text) - 1;
	char *exact = malloc(length);
	struct process_maps maps;

	(void)state;
	assert_non_null(exact);
	memcpy(exact, text, length);
	assert_null(process_maps_parse(exact, length, &maps));
	assert_string_equal(maps.regions[0].path, "/a");
	process_maps_deinit(&maps);
	free(exact);
}

static void what_the_kernel_never_writes_is_refused(void **state)
{
	static const char *const lines[] = {
		"\n",
		"1000\n",
		"1000-\n",
		"1000-2000\n",
		"1000-2000 rwxp\n",
		"-2000 r--p 00000000 08:01 9 /a\n",
		"1000-2000 r--p 00000000 08:01 \n",
		"1000-2000 r--p 00000000 08:01 9/a\n",
		"1000-2000 r--q 00000000 08:01 9 /a\n",
		"1000-2000 w--p 00000000 08:01 9 /a\n",
		"1000-1000 r--p 00000000 08:01 9 /a\n",
		"2000-1000 r--p 00000000 08:01 9 /a\n",
		"1000-10000000000000000 r--p 00000000 08:01 9 /a\n",
		"1000-2000 r--p 00000000 100000000:01 9 /a\n",
		"1000-2000 r--p 00000000 08:01 18446744073709551616 /a\n",
		"1000-2000 r--p 0000000g 08:01 9 /a\n",
		"0X1000-2000 r--p 00000000 08:01 9 /a\n",
		"1000-2000 r--p 00000000 08:01 a /a\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		refuse(lines[i], strlen(lines[i]), "line 1 of the list of mappings is malformed");
}

static void mappings_that_overlap_are_refused(void **state)
{
	static const char text[] = "1000-3000 r--p 00000000 00:00 0\n"
				   "2000-4000 r--p 00000000 00:00 0\n";
	static const char backwards[] = "3000-4000 r--p 00000000 00:00 0\n"
					"1000-2000 r--p 00000000 00:00 0\n";

	(void)state;
	refuse(text, strlen(text), "line 2 of the list of mappings overlaps the one before");
	refuse(backwards, strlen(backwards),
	       "line 2 of the list of mappings overlaps the one before");
}

static void a_zero_byte_is_refused(void **state)
{
	static const char text[] = "1000-2000 r--p 00000000 08:01 9 /a\0b\n";

	(void)state;
	refuse(text, sizeof(text) - 1, "line 1 of the list of mappings is malformed");
}

static void the_list_of_this_process_is_read(void **state)
{
	static char text[1 << 20];
	FILE *file = fopen("/proc/self/maps", "re");
	int on_stack = 0;
	bool is_found = false;
	struct process_maps maps;
	size_t length;

	(void)state;
	assert_non_null(file);
	length = fread(text, 1, sizeof(text), file);
	fclose(file);
	assert_null(process_maps_parse(text, length, &maps));
	for (size_t i = 0; i < maps.count; i++)
		if (maps.regions[i].start <= (uintptr_t)&on_stack &&
		    (uintptr_t)&on_stack < maps.regions[i].end)
			is_found = maps.regions[i].is_writable;
	assert_true(is_found);
	process_maps_deinit(&maps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_is_read),
		cmocka_unit_test(names_are_the_kernels),
		cmocka_unit_test(a_deleted_file_keeps_its_name),
		cmocka_unit_test(a_newline_in_a_name_is_undone),
		cmocka_unit_test(nothing_is_no_mapping),
		cmocka_unit_test(the_last_newline_may_be_missing),
		cmocka_unit_test(what_the_kernel_never_writes_is_refused),
		cmocka_unit_test(mappings_that_overlap_are_refused),
		cmocka_unit_test(a_zero_byte_is_refused),
		cmocka_unit_test(the_list_of_this_process_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
