/* SPDX-License-Identifier: Apache-2.0 */
/* A file appears whole, or not at all, and only its owner can read it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/new_file.h"

static char folder[] = "/tmp/plumb-test-new-XXXXXX";
static char path[sizeof(folder) + 16];

/* Whether this filesystem has files without names; where it has none, they get one. */
static bool has_nameless = true;

int openat(int place, const char *name, int flags, ...)
{
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = va_arg(arguments, mode_t);
	va_end(arguments);
	if (!has_nameless && (flags & O_TMPFILE) == O_TMPFILE) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return (int)syscall(SYS_openat, place, name, flags, mode);
}

static size_t count_files(void)
{
	DIR *entries = opendir(folder);
	const struct dirent *entry;
	size_t count = 0;

	assert_non_null(entries);
	while ((entry = readdir(entries)))
		count += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
	closedir(entries);
	return count;
}

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/new", folder);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return rmdir(folder); /* fails when something was left there */
}

static void put(const char *words)
{
	FILE *stream = fopen(path, "w");

	assert_non_null(stream);
	fputs(words, stream);
	assert_int_equal(fclose(stream), 0);
}

static void assert_holds(const char *expected)
{
	char bytes[64] = {0};
	FILE *stream = fopen(path, "r");

	assert_non_null(stream);
	assert_true(fread(bytes, 1, sizeof(bytes) - 1, stream) < sizeof(bytes) - 1);
	fclose(stream);
	assert_string_equal(bytes, expected);
}

static void write_words(struct new_file *file, const char *words)
{
	assert_null(new_file_open(path, file));
	assert_null(new_file_write(file, words, strlen(words)));
}

static void test_it_appears_when_it_is_finished(void **state)
{
	struct new_file file;
	struct stat status;
	mode_t before = umask(0);

	(void)state;
	write_words(&file, "all of it");
	assert_int_not_equal(access(path, F_OK), 0);
	assert_null(new_file_finish(&file));
	new_file_deinit(&file);
	umask(before);
	assert_holds("all of it");
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	unlink(path);
}

static void test_it_replaces_what_was_there(void **state)
{
	struct new_file file;

	(void)state;
	put("old");
	write_words(&file, "new");
	assert_holds("old");
	assert_null(new_file_finish(&file));
	new_file_deinit(&file);
	assert_holds("new");
	unlink(path);
}

static void test_given_up_it_leaves_nothing(void **state)
{
	struct new_file file;

	(void)state;
	put("old");
	write_words(&file, "half");
	new_file_deinit(&file);
	new_file_deinit(&file);
	assert_holds("old");
	unlink(path);
}

static void test_without_nameless_files_it_is_the_same(void **state)
{
	struct new_file file;
	struct stat status;

	has_nameless = false;
	write_words(&file, "half");
	assert_int_equal(count_files(), 1);
	assert_int_not_equal(access(path, F_OK), 0);
	new_file_deinit(&file);
	assert_int_equal(count_files(), 0);
	test_it_appears_when_it_is_finished(state);
	test_it_replaces_what_was_there(state);
	test_given_up_it_leaves_nothing(state);
	put("old");
	write_words(&file, "new");
	assert_null(new_file_finish(&file));
	new_file_deinit(&file);
	assert_int_equal(count_files(), 1);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	unlink(path);
	has_nameless = true;
}

static void test_a_place_that_is_none_is_refused(void **state)
{
	static const char *const places[] = {"/nowhere/at/all", "/tmp/", "", "/dev/null"};
	struct new_file file;

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		_cleanup_(cleanup_error) struct error *error = new_file_open(places[i], &file);

		assert_non_null(error);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_appears_when_it_is_finished),
		cmocka_unit_test(test_it_replaces_what_was_there),
		cmocka_unit_test(test_given_up_it_leaves_nothing),
		cmocka_unit_test(test_without_nameless_files_it_is_the_same),
		cmocka_unit_test(test_a_place_that_is_none_is_refused),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
