/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files through a root that is not ours: links stay inside, and what is no
 * regular file is not read. The root is a folder of its own, house:
 *
 *	/secret            outside
 *	/house/inside      "inside"        /house/absolute -> /inside
 *	/house/folder/     one, two        /house/up -> ../secret
 *	/house/pipe                        /house/linked -> /folder
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "target/target_root.h"

static char folder[] = "/tmp/plumb-test-root-XXXXXX";
static const char *const files[] = {"secret", "house/inside", "house/folder/one",
                                    "house/folder/two"};
static const char *const links[][2] = {
	{"/inside", "house/absolute"},
	{"../secret", "house/up"},
	{"/folder", "house/linked"},
};

static void write_file(const char *name)
{
	FILE *file = fopen(name, "we");

	assert_non_null(file);
	assert_true(fputs(strrchr(name, '/') ? strrchr(name, '/') + 1 : name, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
	static struct target_root root;

	if (!mkdtemp(folder) || chdir(folder) < 0 || mkdir("house", 0700) < 0 ||
	    mkdir("house/folder", 0700) < 0 || mkfifo("house/pipe", 0600) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		write_file(files[i]);
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
		if (symlink(links[i][0], links[i][1]) < 0)
			return -1;
	root.fd = open("house", O_PATH | O_DIRECTORY | O_CLOEXEC);
	*state = &root;
	return root.fd < 0;
}

static int tear_down(void **state)
{
	target_root_deinit(*state);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		unlink(files[i]);
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
		unlink(links[i][1]);
	unlink("house/pipe");
	if (rmdir("house/folder") < 0 || rmdir("house") < 0 || chdir("/") < 0)
		return -1;
	return rmdir(folder);
}

static void assert_reads(void **state, const char *path, size_t limit, const char *expected)
{
	size_t size = SIZE_MAX;
	char *text = target_root_read(*state, path, limit, &size);

	if (!expected) {
		assert_null(text);
		assert_int_equal(size, SIZE_MAX);
		return;
	}
	assert_non_null(text);
	assert_string_equal(text, expected);
	assert_int_equal(size, strlen(expected));
	free(text);
}

static void a_file_is_read_below_the_root(void **state)
{
	assert_reads(state, "/inside", 100, "inside");
	assert_reads(state, "/folder/one", 100, "one");
	assert_reads(state, "/missing", 100, NULL);
	assert_reads(state, "inside", 100, NULL); /* of which folder? */
}

static void no_more_is_read_than_was_asked_for(void **state)
{
	assert_reads(state, "/inside", 3, "ins");
	assert_reads(state, "/inside", 0, "");
}

static void links_and_dots_do_not_lead_out(void **state)
{
	assert_reads(state, "/up", 100, NULL);
	assert_reads(state, "/../secret", 100, NULL);
	assert_reads(state, "/folder/../../secret", 100, NULL);
}

static void an_absolute_link_starts_at_the_root(void **state)
{
	assert_reads(state, "/absolute", 100, "inside");
	assert_reads(state, "/linked/two", 100, "two");
}

static void what_is_no_file_is_not_read(void **state)
{
	assert_reads(state, "/pipe", 100, NULL);
	assert_reads(state, "/folder", 100, NULL);
}

static void count_name(void *context, const char *name)
{
	if (name[0] != '.')
		++*(size_t *)context;
}

static void a_folder_is_listed(void **state)
{
	size_t count = 0;

	assert_true(target_root_list(*state, "/linked", 100, count_name, &count));
	assert_int_equal(count, 2);
	count = 0;
	assert_true(target_root_list(*state, "/folder", 0, count_name, &count));
	assert_int_equal(count, 0);
	assert_false(target_root_list(*state, "/inside", 100, count_name, &count));
	assert_false(target_root_list(*state, "/missing", 100, count_name, &count));
}

static void the_root_of_a_process_is_opened(void **state)
{
	struct target_root root = {-1};
	size_t count = 0;

	(void)state;
	assert_null(target_root_open(getpid(), &root));
	assert_true(target_root_list(&root, folder, 100, count_name, &count));
	assert_int_equal(count, 2);
	target_root_deinit(&root);
	assert_int_equal(root.fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_read_below_the_root),
		cmocka_unit_test(no_more_is_read_than_was_asked_for),
		cmocka_unit_test(links_and_dots_do_not_lead_out),
		cmocka_unit_test(an_absolute_link_starts_at_the_root),
		cmocka_unit_test(what_is_no_file_is_not_read),
		cmocka_unit_test(a_folder_is_listed),
		cmocka_unit_test(the_root_of_a_process_is_opened),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
