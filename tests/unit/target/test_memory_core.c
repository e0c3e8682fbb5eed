/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening a core and looking for its binaries, with each allocation failing in
 * turn: lack of memory is an error and nothing else. Never a library that was
 * only not found because memory ran out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core_place.h"
#include "failing_allocator.h"

struct trial {
	struct core_place *place;
	const char *missing; /* what is said of a core that was opened with memory enough */
};

static void check_whole(const struct trial *trial, struct core_target *core)
{
	struct text text;

	text_init(&text);
	core_target_missing(core, &text);
	assert_string_equal(text_string(&text), trial->missing);
	text_deinit(&text);
	core_target_ending(core, &text);
	assert_string_equal(text_string(&text), "died of SIGSEGV in thread 4243");
	text_deinit(&text);
}

static bool open_core(void *context)
{
	const struct trial *trial = context;
	const char *folders[] = {trial->place->folder};
	const struct core_options options = {.search = {NULL, folders, 1, NULL}};
	struct core_target *core = NULL;
	struct error *error;
	bool has_run_out;

	allocator_arm();
	error = core_target_open(trial->place->core, &options, &core);
	allocator_disarm();
	has_run_out = error != NULL;
	if (has_run_out) {
		assert_int_equal(error_kind(error), ERROR_MEMORY);
		assert_null(core);
	} else {
		check_whole(trial, core);
	}
	error_free(error);
	core_target_free(core);
	return has_run_out;
}

static void opening_a_core_without_memory_is_an_error(void **state)
{
	struct trial trial = {.place = *state, .missing = ""};

	assert_true(allocator_exhaust(open_core, &trial) > 20);
}

static void refusing_a_binary_without_memory_is_an_error(void **state)
{
	struct core_place *place = *state;
	struct trial trial = {.place = place};
	char words[512];

	place->bytes[0x200 + 16] = 0xee;
	core_place_write(place->library, place->bytes, LIBRARY_SIZE);
	snprintf(words, sizeof(words), "%s with build-id %s was not found: %s has build-id ee%s\n",
	         place->library, CORE_PLACE_ID, place->library, CORE_PLACE_ID + 2);
	trial.missing = words;
	assert_true(allocator_exhaust(open_core, &trial) > 20);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, core_place_make, core_place_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(opening_a_core_without_memory_is_an_error),
		TEST(refusing_a_binary_without_memory_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
