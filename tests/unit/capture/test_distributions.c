/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metadata of distributions as installers write it, and as nobody should. And
 * which variables of the environment may be told.
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

#include "capture/distributions.h"
#include "capture/known_variables.h"

enum { WRITTEN_MAX = 16, NAME_MAX_HERE = 128 };

/* A root with the folders of a path in it, and the modules that are imported. */
struct site {
	char folder[32];
	char written[WRITTEN_MAX][NAME_MAX_HERE]; /* in the order they were made */
	size_t written_count;
	struct target_root root;
	struct snap_settings settings;
	struct top_level modules[4];
	struct distribution_search search;
};

static int set_up(void **state)
{
	struct site *site = calloc(1, sizeof(*site));

	strncpy(site->folder, "/tmp/plumb-test-site-XXXXXX", sizeof(site->folder) - 1);
	if (!mkdtemp(site->folder))
		return -1;
	site->root.fd = open(site->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	site->modules[0].name = "alpha";
	site->modules[1].name = "beta_tools";
	site->modules[2].name = "gamma";
	site->modules[3].name = "zeta";
	site->search = (struct distribution_search){
		.root = &site->root,
		.modules = site->modules,
		.module_count = 4,
		.settings = &site->settings,
	};
	*state = site;
	return site->root.fd < 0;
}

static int tear_down(void **state)
{
	struct site *site = *state;
	int status;

	while (site->written_count)
		(void)remove(site->written[--site->written_count]);
	status = rmdir(site->folder);
	snap_settings_deinit(&site->settings);
	target_root_deinit(&site->root);
	free(site);
	return status;
}

static const char *note(struct site *site, const char *name)
{
	char path[NAME_MAX_HERE];

	assert_true(site->written_count < WRITTEN_MAX);
	snprintf(path, sizeof(path), "%s/%s", site->folder, name);
	memcpy(site->written[site->written_count], path, sizeof(path));
	return site->written[site->written_count++];
}

static void make_folder(struct site *site, const char *name)
{
	assert_int_equal(mkdir(note(site, name), 0700), 0);
}

static void write_file(struct site *site, const char *name, const char *text)
{
	FILE *file = fopen(note(site, name), "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static const char *version_of(const struct site *site, const char *name)
{
	return snap_settings_find(&site->settings, SECTION_DISTRIBUTION, name);
}

static void a_wheel_says_its_files(void **state)
{
	struct site *site = *state;

	make_folder(site, "Alpha_X.Y-1.5.dist-info");
	write_file(
		site, "Alpha_X.Y-1.5.dist-info/METADATA",
		"Metadata-Version: 2.1\r\nname:  Alpha_X.Y\r\nVersion: 1.5\r\n\r\nVersion: 9\r\n");
	write_file(site, "Alpha_X.Y-1.5.dist-info/RECORD",
	           "../../bin/alpha,,\nalpha/__init__.py,sha256=x,12\n");
	distributions_search(&site->search, "/");
	assert_string_equal(version_of(site, "alpha-x-y"), "1.5");
	assert_true(site->modules[0].is_covered);
	assert_false(site->modules[2].is_covered);
	assert_true(site->search.can_read);
}

static void single_files_and_extensions_are_modules(void **state)
{
	struct site *site = *state;

	make_folder(site, "pair-2.dist-info");
	write_file(site, "pair-2.dist-info/METADATA", "Name: pair\nVersion: 2\n");
	write_file(site, "pair-2.dist-info/RECORD",
	           "gamma.cpython-312-x86_64-linux-gnu.so,,\nzeta.py,,\nalpha.txt,,\nbeta_tools");
	distributions_search(&site->search, "/");
	assert_string_equal(version_of(site, "pair"), "2");
	assert_true(site->modules[2].is_covered);
	assert_true(site->modules[3].is_covered);
	assert_false(site->modules[0].is_covered);
}

static void an_egg_says_its_top_level_or_its_name(void **state)
{
	struct site *site = *state;

	make_folder(site, "PyZeta.egg-info");
	write_file(site, "PyZeta.egg-info/PKG-INFO", "Name: PyZeta\nVersion: 6.0\n");
	write_file(site, "PyZeta.egg-info/top_level.txt", "_zeta\nzeta\n");
	write_file(site, "beta_tools-3.egg-info", "Name: beta-tools\nVersion: 3\n");
	distributions_search(&site->search, "/");
	assert_string_equal(version_of(site, "pyzeta"), "6.0");
	assert_string_equal(version_of(site, "beta-tools"), "3");
	assert_true(site->modules[1].is_covered);
}

static void what_is_not_imported_is_not_told(void **state)
{
	struct site *site = *state;

	make_folder(site, "other-1.dist-info");
	write_file(site, "other-1.dist-info/METADATA", "Name: other\nVersion: 1\n");
	write_file(site, "other-1.dist-info/RECORD", "other/alpha.py,,\n");
	distributions_search(&site->search, "/");
	assert_int_equal(site->settings.count, 0);
}

static void the_first_in_the_path_counts(void **state)
{
	struct site *site = *state;

	make_folder(site, "a");
	make_folder(site, "a/alpha-2.dist-info");
	write_file(site, "a/alpha-2.dist-info/METADATA", "Name: alpha\nVersion: 2\n");
	make_folder(site, "alpha-1.dist-info");
	write_file(site, "alpha-1.dist-info/METADATA", "Name: Alpha\nVersion: 1\n");
	distributions_search(&site->search, "/a");
	distributions_search(&site->search, "/");
	assert_string_equal(version_of(site, "alpha"), "2");
	assert_int_equal(site->settings.count, 1);
}

static void broken_metadata_is_passed_over(void **state)
{
	struct site *site = *state;
	char long_name[3000];

	make_folder(site, "empty-1.dist-info");
	write_file(site, "gamma-1.egg-info", "");
	write_file(site, "zeta-1.egg-info", "Name: zeta\nVersion:\n");
	write_file(site, "alpha-1.egg-info", "\nName: alpha\nVersion: 1\n");
	memset(long_name, 'x', sizeof(long_name) - 1);
	memcpy(long_name, "Version: 1\nName: ", 17);
	long_name[sizeof(long_name) - 1] = '\0';
	write_file(site, "beta_tools-1.egg-info", long_name);
	distributions_search(&site->search, "/");
	distributions_search(&site->search, "/missing");
	distributions_search(&site->search, "/gamma-1.egg-info");
	assert_int_equal(site->settings.count, 0);
	assert_false(site->search.is_broken);
}

static void a_search_ends(void **state)
{
	struct site *site = *state;

	write_file(site, "alpha-1.egg-info", "Name: alpha\nVersion: 1\n");
	site->search.bytes = (size_t)DISTRIBUTION_BYTES_MAX + 1;
	distributions_search(&site->search, "/");
	assert_int_equal(site->settings.count, 0);
	site->search.bytes = 0;
	site->search.folders = DISTRIBUTION_FOLDERS_MAX;
	distributions_search(&site->search, "/");
	assert_int_equal(site->settings.count, 0);
	site->search.folders = 0;
	distributions_search(&site->search, "/");
	assert_int_equal(site->settings.count, 1);
	assert_true(site->search.bytes > 0);
}

static void only_variables_of_the_list_are_told(void **state)
{
	static const char *const told[] = {
		"MALLOC_ARENA_MAX", "GLIBC_TUNABLES",       "LD_PRELOAD",      "PYTHONMALLOC",
		"OMP_NUM_THREADS",  "OPENBLAS_NUM_THREADS", "WEB_CONCURRENCY", "MIMALLOC_VERBOSE",
	};
	static const char *const kept[] = {
		"SECRET_KEY",
		"DATABASE_URL",
		"AWS_SECRET_ACCESS_KEY",
		"UVICORN_SSL_KEYFILE_PASSWORD",
		"MALLOC",
		"XLD_PRELOAD",
		"LD_PRELOAD2",
		"",
		"HOME",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(told) / sizeof(*told); i++)
		assert_true(known_variable(told[i]));
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		assert_false(known_variable(kept[i]));
}

#define SITE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SITE_TEST(a_wheel_says_its_files),
		SITE_TEST(single_files_and_extensions_are_modules),
		SITE_TEST(an_egg_says_its_top_level_or_its_name),
		SITE_TEST(what_is_not_imported_is_not_told),
		SITE_TEST(the_first_in_the_path_counts),
		SITE_TEST(broken_metadata_is_passed_over),
		SITE_TEST(a_search_ends),
		cmocka_unit_test(only_variables_of_the_list_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
