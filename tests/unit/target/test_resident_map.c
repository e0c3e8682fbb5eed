/* SPDX-License-Identifier: Apache-2.0 */
/* What of this process is resident: the pages that were written, and only these. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "target/resident_map.h"

enum { PAGE = 4096, PAGES = 100 };

static char *reserve(int flags)
{
	char *bytes = mmap(NULL, (size_t)PAGES * PAGE, PROT_READ | PROT_WRITE,
	                   flags | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(bytes, MAP_FAILED);
	madvise(bytes, (size_t)PAGES * PAGE, MADV_NOHUGEPAGE);
	return bytes;
}

static bool is_resident(const struct resident_map *map, const char *page)
{
	size_t run = resident_map_run(map, (uintptr_t)page);

	return run < map->run_count && map->runs[run].start <= (uintptr_t)page;
}

static void assert_in_order(const struct resident_map *map)
{
	for (size_t i = 0; i < map->run_count; i++) {
		const struct resident_run *run = &map->runs[i];
		const struct target_region *region = &map->smaps.maps.regions[run->region];

		assert_true(run->start < run->end && (!i || map->runs[i - 1].end <= run->start));
		assert_true(region->start <= run->start && run->end <= region->end);
		assert_true(resident_map_has_pages(region));
	}
}

static void written_pages_are_resident_and_others_are_not(void **state)
{
	char *bytes = reserve(MAP_PRIVATE);
	char *shared = reserve(MAP_SHARED);
	struct resident_map map;

	(void)state;
	for (size_t i = 0; i < PAGES; i += 3)
		bytes[i * PAGE] = shared[i * PAGE] = 1;
	assert_null(resident_map_take(getpid(), &map));
	assert_in_order(&map);
	for (size_t i = 0; i < PAGES; i++) {
		assert_int_equal(is_resident(&map, bytes + i * PAGE), i % 3 == 0);
		assert_false(is_resident(&map, shared + i * PAGE));
	}
	assert_true(map.smaps.resident_bytes >= (uint64_t)PAGES / 3 * 2 * PAGE);
	assert_true(map.page_tables > 0);
	resident_map_deinit(&map);
	munmap(bytes, (size_t)PAGES * PAGE);
	munmap(shared, (size_t)PAGES * PAGE);
}

static void a_process_that_is_not_there_is_said(void **state)
{
	struct resident_map map;
	struct error *error = resident_map_take(INT32_MAX, &map);

	(void)state;
	assert_non_null(error);
	assert_int_equal(error_kind(error), ERROR_GONE);
	error_free(error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written_pages_are_resident_and_others_are_not),
		cmocka_unit_test(a_process_that_is_not_there_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
