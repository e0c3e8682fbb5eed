/* SPDX-License-Identifier: Apache-2.0 */
/* What the cache shows is what the target holds, over all borders. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "target/fake_target.h"
#include "target/window_cache.h"

enum { PAGE = 4096, PAGES = 11 };

static const taddr base = 0x7000 + UINT64_C(0x10000000); /* starts inside a window */

struct fixture {
	uint8_t bytes[PAGES * PAGE];
	struct target *target;
	struct window_cache cache;
};

/* A target that holds a copy of the bytes. */
static void make_target(struct fixture *fixture)
{
	struct fake_target *fake = fake_target_new();

	assert_non_null(fake);
	assert_true(fake_target_add(fake, base, fixture->bytes, sizeof(fixture->bytes), true, ""));
	assert_null(fake_target_finish(fake, &fixture->target));
	assert_null(window_cache_init(&fixture->cache, fixture->target, 2 * WINDOW_SIZE));
}

static void free_target(struct fixture *fixture)
{
	window_cache_deinit(&fixture->cache);
	target_free(fixture->target);
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	for (size_t i = 0; i < sizeof(fixture->bytes); i++)
		fixture->bytes[i] = (uint8_t)(i * 7 + i / 251);
	make_target(fixture);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	free_target(fixture);
	free(fixture);
	return 0;
}

static void every_view_shows_the_bytes_there(void **state)
{
	struct fixture *fixture = *state;

	for (size_t offset = 0; offset + 100 <= sizeof(fixture->bytes); offset += 33) {
		const uint8_t *view = window_cache_view(&fixture->cache, base + offset, 100);

		assert_non_null(view);
		assert_memory_equal(view, fixture->bytes + offset, 100);
	}
}

static void what_is_not_there_is_not_shown(void **state)
{
	struct fixture *fixture = *state;
	uint64_t word;

	assert_null(window_cache_view(&fixture->cache, base - 1, 1));
	assert_null(window_cache_view(&fixture->cache, base - 4, 8));
	assert_null(window_cache_view(&fixture->cache, base + PAGES * PAGE - 4, 8));
	assert_null(window_cache_view(&fixture->cache, base + PAGES * PAGE, 1));
	assert_null(window_cache_view(&fixture->cache, UINT64_MAX - 3, 8));
	assert_null(window_cache_view(&fixture->cache, base, WINDOW_SIZE + 1));
	assert_false(window_cache_u64(&fixture->cache, 0, &word));
	assert_true(window_cache_u64(&fixture->cache, base + PAGES * PAGE - 8, &word));
}

static void long_reads_cross_windows(void **state)
{
	struct fixture *fixture = *state;
	uint8_t bytes[PAGES * PAGE];

	assert_true(window_cache_read(&fixture->cache, base, bytes, sizeof(bytes)));
	assert_memory_equal(bytes, fixture->bytes, sizeof(bytes));
	assert_false(window_cache_read(&fixture->cache, base + 1, bytes, sizeof(bytes)));
}

static void strings_end_where_they_end(void **state)
{
	struct fixture *fixture = *state;
	const size_t starts[] = {0, 1, 60, PAGE - 1, 9 * PAGE - 3, 2 * PAGE + 63};
	char text[128];

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		char *there = (char *)fixture->bytes + starts[i];

		memset(there, 'x', 70);
		there[70] = '\0';
		free_target(fixture);
		make_target(fixture);
		assert_true(
			window_cache_string(&fixture->cache, base + starts[i], text, sizeof(text)));
		assert_string_equal(text, there);
		assert_true(window_cache_string(&fixture->cache, base + starts[i] + 70, text,
		                                sizeof(text)));
		assert_string_equal(text, "");
	}
}

static void long_strings_are_cut(void **state)
{
	struct fixture *fixture = *state;
	char text[100];

	memset(fixture->bytes, 'x', sizeof(fixture->bytes));
	free_target(fixture);
	make_target(fixture);
	for (size_t size = 1; size <= sizeof(text); size++) {
		text[size - 1] = '!';
		assert_true(window_cache_string(&fixture->cache, base + 5, text, size));
		assert_int_equal(strlen(text), size - 1);
	}
	assert_false(window_cache_string(&fixture->cache, base + PAGES * PAGE - 20, text, 100));
	assert_true(window_cache_string(&fixture->cache, base + PAGES * PAGE - 20, text, 21));
	assert_false(window_cache_string(&fixture->cache, base - 1, text, 100));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_view_shows_the_bytes_there, set_up,
	                                        tear_down),
		cmocka_unit_test_setup_teardown(what_is_not_there_is_not_shown, set_up, tear_down),
		cmocka_unit_test_setup_teardown(long_reads_cross_windows, set_up, tear_down),
		cmocka_unit_test_setup_teardown(strings_end_where_they_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(long_strings_are_cut, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
