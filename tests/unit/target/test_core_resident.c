/* SPDX-License-Identifier: Apache-2.0 */
/* What a core holds is what has bytes in the file: neither holes nor what was not dumped. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core_place.h"
#include "target/core_resident.h"

static void open_core(struct core_place *place)
{
	const struct core_options options = {0};

	assert_null(core_target_open(place->core, &options, &place->open));
}

static uint64_t resident_at(const struct resident_map *map, taddr address)
{
	const struct process_maps *maps = &map->smaps.maps;

	for (size_t i = 0; i < maps->count; i++)
		if (maps->regions[i].start <= address && address < maps->regions[i].end)
			return map->smaps.figures[i].resident;
	fail_msg("no region");
	return 0;
}

static void only_what_was_dumped_is_held(void **state)
{
	struct core_place *place = *state;
	struct resident_map map;

	open_core(place);
	assert_null(core_resident_take(place->open, &map));
	assert_int_equal(resident_at(&map, BASE), PAGE);
	assert_int_equal(resident_at(&map, HEAP), PAGE);
	assert_int_equal(map.smaps.resident_bytes, 3 * PAGE);
	/* Of the library only the sum is of interest. */
	assert_int_equal(map.run_count, 1);
	assert_int_equal(map.runs[0].start, HEAP);
	assert_int_equal(map.runs[0].end, HEAP + PAGE);
	assert_int_equal(map.smaps.maps.regions[map.runs[0].region].start, HEAP);
	resident_map_deinit(&map);
}

/* The core ends in a hole that is larger than any file system's block. */
static void holes_of_the_file_are_not_held(void **state)
{
	enum { HOLE = 64 << 10, BLOCK = 64 << 10 };
	struct core_writer core;
	uint8_t page[PAGE];
	struct core_place *place = *state;
	struct resident_map map;
	Elf64_Phdr *segment;
	int fd;

	memset(page, CORE_FILLER, sizeof(page));
	core_writer_init(&core);
	core_writer_thread(&core, 4242, 0);
	core_writer_segment(&core, HEAP, PAGE, page, PAGE, PF_R | PF_W);
	segment = &core_writer_headers(&core)[1];
	segment->p_filesz = segment->p_memsz = PAGE + HOLE + 2 * BLOCK;
	fd = open(place->core, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, core.bytes, core.size), core.size);
	assert_int_equal(ftruncate(fd, (off_t)(segment->p_offset + segment->p_filesz)), 0);
	close(fd);
	open_core(place);
	assert_null(core_resident_take(place->open, &map));
	assert_true(resident_at(&map, HEAP) >= PAGE);
	assert_true(resident_at(&map, HEAP) < PAGE + HOLE + BLOCK);
	assert_int_equal(map.run_count, 1);
	assert_int_equal(map.runs[0].start, HEAP);
	assert_int_equal(map.runs[0].end - HEAP, resident_at(&map, HEAP));
	resident_map_deinit(&map);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, core_place_make, core_place_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_what_was_dumped_is_held),
		TEST(holes_of_the_file_are_not_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
