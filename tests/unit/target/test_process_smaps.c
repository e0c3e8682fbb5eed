/* SPDX-License-Identifier: Apache-2.0 */
/* The text of /proc/PID/smaps: what the kernel writes, and what it never would. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "target/process_smaps.h"

#define FIRST                                                                                      \
	"7f1c2000-7f1c4000 rw-p 00000000 00:00 0 \n"                                               \
	"Size:                  8 kB\n"                                                            \
	"Rss:                   4 kB\n"                                                            \
	"Pss:                   2 kB\n"                                                            \
	"VmFlags: rd wr mr mw me ac sd \n"
#define SECOND                                                                                     \
	"7f1c5000-7f1c8000 r--s 00000000 fe:01 77     /tmp/Rss:\\0128 kB\n"                        \
	"Rss:                  12 kB\n"                                                            \
	"Anonymous:             0 kB\n"

static void refuse(const char *text, const char *message)
{
	struct process_smaps smaps = {.resident_bytes = 77};
	struct error *error = process_smaps_parse(text, strlen(text), &smaps);

	assert_non_null(error);
	assert_int_equal(error_kind(error), ERROR_CORRUPT);
	assert_string_equal(error_message(error), message);
	assert_int_equal(smaps.resident_bytes, 77);
	error_free(error);
}

static void each_mapping_has_its_own_figure(void **state)
{
	struct process_smaps smaps;

	(void)state;
	assert_null(process_smaps_parse(FIRST SECOND, strlen(FIRST SECOND), &smaps));
	assert_int_equal(smaps.maps.count, 2);
	assert_int_equal(smaps.maps.regions[0].start, 0x7f1c2000);
	assert_int_equal(smaps.figures[0].resident, 4096);
	assert_string_equal(smaps.maps.regions[1].path, "/tmp/Rss:\n8 kB");
	assert_int_equal(smaps.figures[1].resident, 12288);
	assert_int_equal(smaps.resident_bytes, 16384);
	process_smaps_deinit(&smaps);
}

/* Never more than is resident. */
static void huge_pages_are_summed_up(void **state)
{
	static const char text[] = FIRST "AnonHugePages:     8 kB\n" SECOND
					 "AnonHugePages:     6 kB\n";
	struct process_smaps smaps;

	(void)state;
	assert_null(process_smaps_parse(text, strlen(text), &smaps));
	assert_int_equal(smaps.figures[0].huge, 4096);
	assert_int_equal(smaps.figures[1].huge, 6144);
	assert_int_equal(smaps.huge_bytes, 4096 + 6144);
	process_smaps_deinit(&smaps);
}

static void flags_bar_devices_and_what_is_not_to_be_dumped(void **state)
{
	static const char text[] = FIRST SECOND "VmFlags: rd sh mr mw me ms dd sd \n"
						"80000000-80001000 rw-s 00000000 00:05 9 /dev/x\n"
						"VmFlags: rd wr sh io de \n";
	struct process_smaps smaps;

	(void)state;
	assert_null(process_smaps_parse(text, strlen(text), &smaps));
	assert_false(process_smaps_bars(&smaps, 0x7f1c2000));
	assert_false(process_smaps_bars(&smaps, 0x7f1c3000));
	assert_true(process_smaps_bars(&smaps, 0x7f1c5000));
	assert_true(process_smaps_bars(&smaps, 0x80000000));
	assert_false(process_smaps_bars(&smaps, 0x90000000));
	process_smaps_deinit(&smaps);
}

static void a_text_that_ends_anywhere_is_read_or_refused(void **state)
{
	const char text[] = FIRST SECOND;

	(void)state;
	for (size_t length = 0; length <= strlen(text); length++) {
		struct process_smaps smaps;
		char *exact = malloc(length + 1); /* a sanitizer sees what is read behind it */
		struct error *error;

		memcpy(exact, text, length);
		exact = realloc(exact, length ? length : 1);
		error = process_smaps_parse(exact, length, &smaps);
		if (error)
			assert_int_equal(error_kind(error), ERROR_CORRUPT);
		else
			assert_true(smaps.resident_bytes <= 16384);
		if (!error)
			process_smaps_deinit(&smaps);
		error_free(error);
		free(exact);
	}
}

static void figures_that_cannot_be_are_refused(void **state)
{
	const char none[] = "the list of mappings has an Rss that is none";
	const char head[] = "1000-3000 rw-p 00000000 00:00 0 \n";
	static const char *const figures[] = {"Rss: kB\n",
	                                      "Rss: 4\n",
	                                      "Rss: 4 MB\n",
	                                      "Rss: -4 kB\n",
	                                      "Rss:\n",
	                                      "Rss: 4 kB \n",
	                                      "Rss: 4 kB\nRss: 4 kB\n",
	                                      "Rss: 99999999999999999 kB\n"};

	(void)state;
	refuse("Rss: 4 kB\n", none);
	for (size_t i = 0; i < sizeof(figures) / sizeof(*figures); i++) {
		char text[128] = "";

		memcpy(text, head, sizeof(head));
		memcpy(text + strlen(head), figures[i], strlen(figures[i]) + 1);
		refuse(text, none);
	}
	refuse("1000-3000 rw-p 00000000 00:00 0 \nRss: 12 kB\n",
	       "more of the mapping at 0x1000 is resident than it has");
	refuse("1000-3000 rw-p\nRss: 4 kB\n", "line 1 of the list of mappings is malformed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_mapping_has_its_own_figure),
		cmocka_unit_test(huge_pages_are_summed_up),
		cmocka_unit_test(flags_bar_devices_and_what_is_not_to_be_dumped),
		cmocka_unit_test(a_text_that_ends_anywhere_is_read_or_refused),
		cmocka_unit_test(figures_that_cannot_be_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
