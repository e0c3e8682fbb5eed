/* SPDX-License-Identifier: Apache-2.0 */
/* Both ways of asking the kernel give the pages of this process that were touched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "target/resident_pages.h"

enum { PAGE = 4096, PAGES = 3000 };

static const size_t TERABYTES = (size_t)4 << 40;

struct found {
	taddr base;
	uint8_t pages[PAGES];
	uint64_t bytes;
	size_t visits;
};

static struct error *note(void *context, taddr start, uint64_t size)
{
	struct found *found = context;

	found->visits++;
	found->bytes += size;
	assert_int_equal(start % PAGE + size % PAGE, 0);
	for (uint64_t i = 0; i < size / PAGE && (start - found->base) / PAGE + i < PAGES; i++)
		found->pages[(start - found->base) / PAGE + i]++;
	return NULL;
}

static char *reserve(size_t size)
{
	char *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE,
	                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert_ptr_not_equal(bytes, MAP_FAILED);
	madvise(bytes, size, MADV_NOHUGEPAGE);
	return bytes;
}

static struct error *look(bool can_scan, const char *bytes, size_t size, struct found *ret)
{
	struct resident_pages pages;
	struct error *error;
	taddr start = (uintptr_t)bytes;

	*ret = (struct found){.base = start};
	resident_pages_init(&pages, getpid());
	assert_true(pages.fd >= 0);
	pages.can_scan = pages.can_scan && can_scan;
	error = resident_pages_visit(&pages, start, start + size, note, ret);
	resident_pages_deinit(&pages);
	return error;
}

static void touched_pages_are_found(void **state)
{
	char *bytes = reserve((size_t)PAGES * PAGE);

	(void)state;
	for (size_t i = 0; i < PAGES; i++)
		if (i % 7 < 3 || i > 2500)
			bytes[i * PAGE + 5] = 1;
	for (int can_scan = 0; can_scan < 2; can_scan++) {
		struct found found;

		assert_null(look(can_scan, bytes, (size_t)PAGES * PAGE, &found));
		for (size_t i = 0; i < PAGES; i++)
			assert_int_equal(found.pages[i], i % 7 < 3 || i > 2500);
	}
	munmap(bytes, (size_t)PAGES * PAGE);
}

static bool kernel_can_scan(const char *bytes)
{
	struct resident_pages pages;
	struct found found = {.base = (uintptr_t)bytes};

	resident_pages_init(&pages, getpid());
	assert_null(resident_pages_visit(&pages, found.base, found.base + PAGE, note, &found));
	resident_pages_deinit(&pages);
	return pages.can_scan;
}

static void terabytes_are_looked_through_at_once(void **state)
{
	char *bytes = reserve(TERABYTES);
	struct found found;

	(void)state;
	if (!kernel_can_scan(bytes)) {
		munmap(bytes, TERABYTES);
		skip();
	}
	bytes[0] = 1;
	bytes[TERABYTES / 2] = 1;
	bytes[TERABYTES - 1] = 1;
	assert_null(look(true, bytes, TERABYTES, &found));
	assert_int_equal(found.bytes, 3 * PAGE);
	munmap(bytes, TERABYTES);
}

static void terabytes_are_too_much_for_an_old_kernel(void **state)
{
	char *bytes = reserve(TERABYTES);
	struct found found;
	struct error *error = look(false, bytes, TERABYTES, &found);

	(void)state;
	assert_non_null(error);
	assert_int_equal(error_kind(error), ERROR_UNSUPPORTED);
	assert_non_null(strstr(error_message(error), "--pause=fork"));
	assert_true(found.visits > 100); /* signs of life */
	assert_int_equal(found.bytes, 0);
	error_free(error);
	munmap(bytes, TERABYTES);
}

static void without_the_right_to_ask_all_pages_count(void **state)
{
	struct resident_pages pages = {.pid = getpid(), .fd = -1, .can_scan = true};
	struct found found = {.base = PAGE};

	(void)state;
	assert_null(resident_pages_visit(&pages, PAGE, (taddr)5 * PAGE, note, &found));
	assert_int_equal(found.bytes, 4 * PAGE);
	assert_int_equal(found.visits, 1);
}

static struct error *refuse(void *context, taddr start, uint64_t size)
{
	(void)context;
	(void)start;
	(void)size;
	return error_new(ERROR_IO, "enough");
}

static void an_error_ends_the_search(void **state)
{
	char *bytes = reserve(64 * PAGE);

	(void)state;
	memset(bytes, 1, 64 * PAGE);
	for (int can_scan = 0; can_scan < 2; can_scan++) {
		struct resident_pages pages;
		struct error *error;

		resident_pages_init(&pages, getpid());
		pages.can_scan = can_scan;
		error = resident_pages_visit(&pages, (uintptr_t)bytes, (uintptr_t)bytes + 64 * PAGE,
		                             refuse, NULL);
		assert_non_null(error);
		assert_string_equal(error_message(error), "enough");
		error_free(error);
		resident_pages_deinit(&pages);
	}
	munmap(bytes, 64 * PAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(touched_pages_are_found),
		cmocka_unit_test(terabytes_are_looked_through_at_once),
		cmocka_unit_test(terabytes_are_too_much_for_an_old_kernel),
		cmocka_unit_test(without_the_right_to_ask_all_pages_count),
		cmocka_unit_test(an_error_ends_the_search),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
