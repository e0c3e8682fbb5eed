/* SPDX-License-Identifier: Apache-2.0 */
/* Facts of the collector as words, and words that make no sense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "snapshot/file_facts.h"

/* One fact, a name and a value, is understood. */
static struct error *understand(const char *name, const char *value, struct snapshot_facts *facts)
{
	const uint64_t start[] = {0, strlen(name) + 1, strlen(name) + strlen(value) + 2};
	char words[128];

	assert_true(start[2] <= sizeof(words));
	memcpy(words, name, strlen(name) + 1);
	memcpy(words + start[1], value, strlen(value) + 1);
	return file_facts_understand((struct string_rows){words, start}, 2, facts);
}

static void numbers_are_told_and_understood(void **state)
{
	const struct snapshot_facts facts = {
		.collector = {.is_enabled = SNAP_NO,
	                      .counts = {3, {700, -1, INT64_MAX}},
	                      .frozen = {1, {0}}},
	};
	_cleanup_(snapshot_facts_deinit) struct snapshot_facts read = {0};
	_cleanup_(file_facts_deinit) struct file_facts told = {0};

	(void)state;
	assert_true(file_facts_tell(&facts, &told));
	assert_null(file_facts_understand(file_facts_rows(&told), told.count, &read));
	assert_int_equal(read.collector.is_enabled, SNAP_NO);
	assert_int_equal(read.collector.counts.count, 3);
	assert_int_equal(read.collector.counts.all[1], -1);
	assert_true(read.collector.counts.all[2] == INT64_MAX);
	assert_int_equal(read.collector.thresholds.count, 0);
	assert_int_equal(read.collector.frozen.count, 1);
}

static void what_is_missing_is_not_known(void **state)
{
	_cleanup_(snapshot_facts_deinit) struct snapshot_facts facts = {0};

	(void)state;
	assert_null(understand("threads", "7", &facts));
	assert_int_equal(facts.collector.is_enabled, SNAP_UNKNOWN);
	assert_int_equal(facts.collector.frozen.count, 0);
	assert_null(understand("collector", "yes", &facts));
	assert_int_equal(facts.collector.is_enabled, SNAP_YES);
}

static void a_value_that_makes_no_sense_is_refused(void **state)
{
	static const char *const values[] = {
		"", " ", "many", "1 2 3 4", "1,2", "1  2 x", "9223372036854775808", "7x",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		_cleanup_(snapshot_facts_deinit) struct snapshot_facts facts = {0};
		_cleanup_(cleanup_error) struct error *error =
			understand("collector_counts", values[i], &facts);

		assert_non_null(error);
		assert_int_equal(error_kind(error), ERROR_CORRUPT);
		assert_int_equal(facts.collector.counts.count, 0);
	}
	{
		_cleanup_(snapshot_facts_deinit) struct snapshot_facts facts = {0};
		_cleanup_(cleanup_error) struct error *error =
			understand("collector", "maybe", &facts);

		assert_non_null(error);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_told_and_understood),
		cmocka_unit_test(what_is_missing_is_not_known),
		cmocka_unit_test(a_value_that_makes_no_sense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
