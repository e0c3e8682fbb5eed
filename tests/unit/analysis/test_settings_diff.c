/* SPDX-License-Identifier: Apache-2.0 */
/* What differs between two tables of settings, and what is not held against each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/settings_diff.h"

static const char metadata[] = "metadata";
static const char modules[] = "modules";

/* Two programs that were read the same way, or not. */
struct two {
	struct snap_settings then;
	struct snap_settings now;
	struct settings_diff diff;
};

static struct two two_of(const char *then, const char *now)
{
	struct two two = {0};

	assert_true(snap_settings_add(&two.then, SECTION_SOURCE, "distributions", then));
	assert_true(snap_settings_add(&two.now, SECTION_SOURCE, "distributions", now));
	return two;
}

static void compare(struct two *two)
{
	assert_true(snap_settings_seal(&two->then));
	assert_true(snap_settings_seal(&two->now));
	assert_null(settings_diff_make(&two->then, &two->now, &two->diff));
}

static void end(struct two *two)
{
	settings_diff_deinit(&two->diff);
	snap_settings_deinit(&two->then);
	snap_settings_deinit(&two->now);
}

static void assert_change(const struct two *two, size_t index, enum snap_section section,
                          const char *name, const char *then, const char *now)
{
	const struct settings_change *change = &two->diff.all[index];

	assert_true(index < two->diff.count);
	assert_int_equal(change->section, section);
	assert_string_equal(change->name, name);
	assert_true((change->then != NULL) == (then != NULL));
	assert_true((change->now != NULL) == (now != NULL));
	if (then)
		assert_string_equal(change->then, then);
	if (now)
		assert_string_equal(change->now, now);
}

static void what_is_equal_is_no_difference(void **state)
{
	struct two two = two_of(metadata, metadata);

	(void)state;
	snap_settings_add(&two.then, SECTION_LIBRARY, "libc.so.6", "12ab");
	snap_settings_add(&two.then, SECTION_LIBRARY, "libz.so.1", "34cd");
	snap_settings_add(&two.now, SECTION_LIBRARY, "libz.so.1", "34cd");
	snap_settings_add(&two.now, SECTION_LIBRARY, "libc.so.6", "12ab");
	compare(&two);
	assert_int_equal(two.diff.count, 0);
	assert_int_equal(two.diff.compared[SECTION_LIBRARY], 2);
	assert_false(two.diff.by_modules);
	end(&two);
}

static void added_removed_and_changed_are_told_by_section_and_name(void **state)
{
	struct two two = two_of(metadata, metadata);

	(void)state;
	snap_settings_add(&two.then, SECTION_VARIABLE, "PYTHONPATH", "/a");
	snap_settings_add(&two.then, SECTION_DISTRIBUTION, "idna", "3.4");
	snap_settings_add(&two.then, SECTION_DISTRIBUTION, "old", "1");
	snap_settings_add(&two.now, SECTION_DISTRIBUTION, "new", "2");
	snap_settings_add(&two.now, SECTION_DISTRIBUTION, "idna", "3.7");
	snap_settings_add(&two.now, SECTION_VARIABLE, "PYTHONPATH", "/a");
	compare(&two);
	assert_int_equal(two.diff.count, 3);
	assert_change(&two, 0, SECTION_DISTRIBUTION, "idna", "3.4", "3.7");
	assert_change(&two, 1, SECTION_DISTRIBUTION, "new", NULL, "2");
	assert_change(&two, 2, SECTION_DISTRIBUTION, "old", "1", NULL);
	assert_int_equal(two.diff.of[SECTION_DISTRIBUTION], 3);
	assert_int_equal(two.diff.compared[SECTION_DISTRIBUTION], 3);
	assert_int_equal(two.diff.of[SECTION_VARIABLE], 0);
	end(&two);
}

static void one_name_in_two_sections_is_two_settings(void **state)
{
	struct two two = two_of(metadata, metadata);

	(void)state;
	snap_settings_add(&two.then, SECTION_PYTHON, "version", "3.12.1");
	snap_settings_add(&two.now, SECTION_PROGRAM, "version", "3.12.1");
	compare(&two);
	assert_int_equal(two.diff.count, 2);
	assert_change(&two, 0, SECTION_PYTHON, "version", "3.12.1", NULL);
	assert_change(&two, 1, SECTION_PROGRAM, "version", NULL, "3.12.1");
	end(&two);
}

static void modules_of_known_distributions_are_left_to_these(void **state)
{
	struct two two = two_of(metadata, metadata);

	(void)state;
	snap_settings_add(&two.then, SECTION_DISTRIBUTION, "pyyaml", "6.0");
	snap_settings_add(&two.then, SECTION_MODULE_OF, "yaml", "6.0");
	snap_settings_add(&two.now, SECTION_DISTRIBUTION, "pyyaml", "6.1");
	snap_settings_add(&two.now, SECTION_MODULE_OF, "yaml", "6.1");
	compare(&two);
	assert_int_equal(two.diff.count, 1);
	assert_change(&two, 0, SECTION_DISTRIBUTION, "pyyaml", "6.0", "6.1");
	end(&two);
}

static void a_core_is_compared_by_modules(void **state)
{
	struct two two = two_of(metadata, modules);

	(void)state;
	snap_settings_add(&two.then, SECTION_DISTRIBUTION, "pyyaml", "6.0");
	snap_settings_add(&two.then, SECTION_MODULE_OF, "yaml", "6.0");
	snap_settings_add(&two.then, SECTION_MODULE, "app", "1");
	snap_settings_add(&two.now, SECTION_MODULE, "app", "1");
	snap_settings_add(&two.now, SECTION_MODULE, "yaml", "6.1");
	compare(&two);
	assert_true(two.diff.by_modules);
	assert_int_equal(two.diff.count, 1);
	assert_change(&two, 0, SECTION_MODULE, "yaml", "6.0", "6.1");
	assert_int_equal(two.diff.compared[SECTION_MODULE], 2);
	assert_int_equal(two.diff.compared[SECTION_DISTRIBUTION], 0);
	end(&two);
}

static void values_of_one_name_are_joined(void **state)
{
	struct two two = two_of(metadata, metadata);

	(void)state;
	snap_settings_add(&two.then, SECTION_LIBRARY, "libx.so", "b");
	snap_settings_add(&two.then, SECTION_LIBRARY, "libx.so", "a");
	snap_settings_add(&two.then, SECTION_LIBRARY, "libx.so", "b");
	snap_settings_add(&two.now, SECTION_LIBRARY, "libx.so", "a");
	compare(&two);
	assert_int_equal(two.diff.count, 1);
	assert_change(&two, 0, SECTION_LIBRARY, "libx.so", "a, b", "a");
	assert_string_equal(snap_settings_find(&two.then, SECTION_LIBRARY, "libx.so"), "a, b");
	assert_null(snap_settings_find(&two.then, SECTION_LIBRARY, "liby.so"));
	end(&two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_equal_is_no_difference),
		cmocka_unit_test(added_removed_and_changed_are_told_by_section_and_name),
		cmocka_unit_test(one_name_in_two_sections_is_two_settings),
		cmocka_unit_test(modules_of_known_distributions_are_left_to_these),
		cmocka_unit_test(a_core_is_compared_by_modules),
		cmocka_unit_test(values_of_one_name_are_joined),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
