/* SPDX-License-Identifier: Apache-2.0 */
/* Errors keep their kind and tell the whole story in one line. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"

static void wrapping_keeps_the_kind_and_puts_the_context_first(void **state)
{
	struct error *error = error_new(ERROR_PERMISSION, "cannot attach to %d", 7);

	(void)state;
	error = error_wrap(error, "cannot read memory of %s", "4711");
	assert_int_equal(error_kind(error), ERROR_PERMISSION);
	assert_string_equal(error_message(error), "cannot read memory of 4711: cannot attach to 7");
	error_free(error);
}

static void an_errno_is_said_in_words(void **state)
{
	struct error *error = error_errno(ERROR_IO, ENOENT, "cannot open %s", "/nowhere");

	(void)state;
	assert_string_equal(error_message(error),
	                    "cannot open /nowhere: No such file or directory");
	error_free(error);
}

static void lack_of_memory_needs_no_memory_and_no_free(void **state)
{
	(void)state;
	assert_ptr_equal(error_no_memory(), error_no_memory());
	assert_int_equal(error_kind(error_no_memory()), ERROR_MEMORY);
	error_free(error_no_memory());
	error_free(NULL);
	assert_string_equal(error_message(error_no_memory()), "out of memory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrapping_keeps_the_kind_and_puts_the_context_first),
		cmocka_unit_test(an_errno_is_said_in_words),
		cmocka_unit_test(lack_of_memory_needs_no_memory_and_no_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
