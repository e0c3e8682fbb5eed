/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a query: aligned, cut to a terminal but never for a pipe, and as JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/rows_report.h"

static const char *const names[] = {"address", "objects", "value"};

static const struct rows_cell first[] = {
	{.kind = ROWS_ADDRESS, .integer = 0x7f00},
	{.kind = ROWS_INTEGER, .integer = 12},
	{.kind = ROWS_TEXT, .text = "a rather long value that does not fit"},
};
static const struct rows_cell second[] = {
	{.kind = ROWS_NULL},
	{.kind = ROWS_REAL, .real = 0.5},
	{.kind = ROWS_TEXT, .text = "short\n"},
};

/* Both rows; the caller frees what comes back. */
static char *print_rows(const struct layout *layout, bool is_json)
{
	struct rows_report report;
	struct text text;

	text_init(&text);
	rows_report_init(&report, layout, is_json, &text);
	rows_report_begin(&report, names, 3);
	rows_report_row(&report, first);
	rows_report_row(&report, second);
	rows_report_end(&report);
	rows_report_finish(&report);
	assert_false(report.is_broken);
	rows_report_deinit(&report);
	return text_take(&text);
}

static void numbers_stand_at_the_right_and_a_pipe_gets_all(void **state)
{
	static const struct layout pipe = {.width = 30};
	char *text = print_rows(&pipe, false);

	(void)state;
	assert_string_equal(text, "address  objects  value\n"
	                          "0x7f00        12  a rather long value that does not fit\n"
	                          "-            0.5  short?\n");
	free(text);
}

static void a_terminal_gets_what_fits(void **state)
{
	static const struct layout terminal = {.width = 30, .breaks_lines = true};
	char *text = print_rows(&terminal, false);

	(void)state;
	assert_string_equal(text, "address  objects  value\n"
	                          "0x7f00        12  a rather ...\n"
	                          "-            0.5  short?\n");
	free(text);
}

static void json_has_every_value(void **state)
{
	static const struct layout pipe = {.width = 80};
	char *text = print_rows(&pipe, true);

	(void)state;
	assert_non_null(strstr(text, "\"schema\":\"plumb.sql/1\""));
	assert_non_null(strstr(text, "\"columns\":[\"address\",\"objects\",\"value\"]"));
	assert_non_null(strstr(text, "[\"0x7f00\",12,\"a rather long value that does not fit\"]"));
	assert_non_null(strstr(text, "[null,0.500,\"short\\u000a\"]"));
	free(text);
}

static void rows_beyond_the_first_flow_through(void **state)
{
	static const struct layout pipe = {.width = 80};
	static const char *const one[] = {"n"};
	struct rows_report report;
	struct text text;
	size_t lines = 0;

	(void)state;
	text_init(&text);
	rows_report_init(&report, &pipe, false, &text);
	rows_report_begin(&report, one, 1);
	for (int64_t i = 0; i < 2000; i++) {
		struct rows_cell cell = {.kind = ROWS_INTEGER, .integer = i};

		rows_report_row(&report, &cell);
		assert_true(report.waiting_count <= 500);
	}
	rows_report_end(&report);
	for (const char *at = text_string(&text); (at = strchr(at, '\n')); at++)
		lines++;
	assert_int_equal(lines, 2001);
	rows_report_deinit(&report);
	text_deinit(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_stand_at_the_right_and_a_pipe_gets_all),
		cmocka_unit_test(a_terminal_gets_what_fits),
		cmocka_unit_test(json_has_every_value),
		cmocka_unit_test(rows_beyond_the_first_flow_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
