/* SPDX-License-Identifier: Apache-2.0 */
/* Cells keep their width, in columns; control characters never reach a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/layout.h"

static void assert_left(const char *string, size_t width, const char *expected)
{
	struct text text;

	text_init(&text);
	layout_left(&text, string, width);
	assert_string_equal(text_string(&text), expected);
	text_deinit(&text);
}

static void short_cells_are_padded(void **state)
{
	(void)state;
	assert_left("dict", 6, "dict  ");
	assert_left("größe", 6, "größe ");
	assert_left("", 2, "  ");
}

static void long_cells_lose_their_middle(void **state)
{
	(void)state;
	assert_left("application.models.Order", 15, "appl...ls.Order");
	assert_left("ääääääääääääääääääää", 9, "ää...ääää");
	assert_left("abcdef", 3, "abc");
}

static void control_characters_are_shown_as_question_marks(void **state)
{
	(void)state;
	assert_left("a\x1b[31m\n", 8, "a?[31m? ");
	/* ESC [ in one letter, a line break, a change of direction, a blank without width */
	assert_left("a\xc2\x9b"
	            "31m\xc2\x85",
	            8, "a?31m?  ");
	assert_left("a\u202eb\u200b\u2066", 6, "a?b?? ");
	assert_left("a\x9b\xff", 4, "a?? ");
}

static void ideographs_take_two_columns(void **state)
{
	(void)state;
	assert_left("app.猫", 8, "app.猫  ");
	assert_left("猫猫猫猫", 8, "猫猫猫猫");
	assert_left("猫猫猫猫猫", 9, "猫...猫猫");
	assert_left("猫猫猫猫猫", 8, "...猫猫 ");
	assert_left("e\u0301", 3, "e\u0301  ");
	assert_int_equal(layout_columns("猫é\u0301x"), 4);
}

static void answers_break_before_they_wrap(void **state)
{
	struct layout layout = {20, false, true};
	struct text text;

	(void)state;
	text_init(&text);
	layout_answer(&layout, &text, "held by", "app.cache[*]");
	layout_answer(&layout, &text, "held by", "app.cache.sessions[*]");
	layout_answer(&layout, &text, "nothing", "");
	assert_string_equal(text_string(&text), "held by app.cache[*]\n"
	                                        "held by\n  app.cache.sessions\n    [*]\n"
	                                        "nothing\n");
	text_deinit(&text);
}

static void a_path_goes_on_before_a_step_that_does_not_fit(void **state)
{
	struct layout terminal = {20, false, true};
	struct layout file = {20, false, false};
	struct text text;

	(void)state;
	text_init(&text);
	layout_path(&terminal, &text, "app.cache._sessions['key'].user.name", 4, 6);
	text_append_char(&text, '|');
	layout_path(&file, &text, "app.cache._sessions['key'].user.name", 4, 6);
	assert_string_equal(text_string(&text), "app.cache\n"
	                                        "      ._sessions\n"
	                                        "      ['key'].user\n"
	                                        "      .name"
	                                        "|app.cache._sessions['key'].user.name");
	text_deinit(&text);
}

static void colour_is_used_only_when_there_is_some(void **state)
{
	struct layout plain = {80, false, true};
	struct layout colourful = {80, true, true};
	struct text text;

	(void)state;
	text_init(&text);
	layout_bold(&plain, &text, "x");
	layout_bold(&colourful, &text, "y");
	assert_string_equal(text_string(&text), "x\x1b[1my\x1b[0m");
	text_deinit(&text);
}

static void the_room_of_a_line_is_never_less_than_the_least(void **state)
{
	struct layout layout = {80, false, true};

	(void)state;
	assert_int_equal(layout_room(&layout, 4, 0), 76);
	assert_int_equal(layout_room(&layout, 68, 12), 12);
	assert_int_equal(layout_room(&layout, 69, 12), 12);
	assert_int_equal(layout_room(&layout, 200, 0), 0);
}

static void a_cell_is_empty_once_it_is_written(void **state)
{
	struct text text, cell;

	(void)state;
	text_init(&text);
	text_init(&cell);
	text_append(&cell, "12");
	layout_cell(&text, &cell, 5);
	text_append(&cell, "3");
	layout_cell(&text, &cell, 2);
	assert_string_equal(text_string(&text), "   12 3");
	assert_string_equal(text_string(&cell), "");
	text_deinit(&text);
	text_deinit(&cell);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_cells_are_padded),
		cmocka_unit_test(long_cells_lose_their_middle),
		cmocka_unit_test(control_characters_are_shown_as_question_marks),
		cmocka_unit_test(ideographs_take_two_columns),
		cmocka_unit_test(answers_break_before_they_wrap),
		cmocka_unit_test(a_path_goes_on_before_a_step_that_does_not_fit),
		cmocka_unit_test(colour_is_used_only_when_there_is_some),
		cmocka_unit_test(the_room_of_a_line_is_never_less_than_the_least),
		cmocka_unit_test(a_cell_is_empty_once_it_is_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
