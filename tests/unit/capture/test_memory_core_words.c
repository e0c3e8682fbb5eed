/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a core lacks is part of every answer from it: when memory runs out while
 * it is put into words, that is an error, and not a core that lacks nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/core_words.h"
#include "core_place.h"
#include "failing_allocator.h"

static void assert_whole(const struct snapshot_facts *facts)
{
	assert_non_null(facts->missing);
	assert_non_null(strstr(facts->missing, "libx.so with build-id "));
	assert_string_equal(facts->ending, "died of SIGSEGV in thread 4243");
	assert_string_equal(facts->command_line, "python3 app.py");
	assert_string_equal(facts->file, "the core");
	assert_int_equal(facts->pid, 4242);
}

static bool fill(void *context)
{
	const struct core_place *place = context;
	struct snapshot_facts facts = {0};
	struct error *error;
	bool has_run_out;

	allocator_arm();
	error = core_words_fill(place->open, "the core", &facts);
	allocator_disarm();
	has_run_out = error != NULL;
	if (has_run_out)
		assert_int_equal(error_kind(error), ERROR_MEMORY);
	else
		assert_whole(&facts);
	error_free(error);
	snapshot_facts_deinit(&facts);
	return has_run_out;
}

static void what_a_core_lacks_is_told_or_memory_is(void **state)
{
	struct core_place *place = *state;
	const struct core_options options = {0};

	assert_int_equal(unlink(place->library), 0);
	assert_null(core_target_open(place->core, &options, &place->open));
	assert_true(allocator_exhaust(fill, place) > 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_a_core_lacks_is_told_or_memory_is,
	                                        core_place_make, core_place_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
