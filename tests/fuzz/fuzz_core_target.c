/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Property: any file is either refused or is a target whose regions are sorted
 * and do not overlap; of each region as many bytes can be read as twice the
 * same, and no more than were asked for; all questions about it are answered.
 * (The names in it are those of files, which are looked for on this machine.)
 */
#include "fuzz_target.h"

#include "base/cleanup.h"
#include "target/core_target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { UNPACKED_MAX = 4 << 20, REGIONS_MAX = 512, READ_SIZE = 5000 };

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_reads(struct target *target, taddr address)
{
	static uint8_t first[READ_SIZE];
	static uint8_t second[READ_SIZE];
	size_t size = target_read_some(target, address, first, sizeof(first));

	check(size <= sizeof(first));
	check(target_read_some(target, address, second, sizeof(second)) == size);
	check(memcmp(first, second, size) == 0);
	if (size)
		check(target_read(target, address, second, size) == DECODE_OK);
}

static void check_regions(struct target *target)
{
	const struct target_region *regions;
	size_t count;

	regions = target_regions(target, &count);
	for (size_t i = 0; i < count; i++) {
		check(regions[i].start < regions[i].end);
		check(!i || regions[i - 1].end <= regions[i].start);
		check(regions[i].path != NULL);
		if (i >= REGIONS_MAX)
			continue;
		check_reads(target, regions[i].start);
		check_reads(target, regions[i].end - 1);
		check_reads(target, regions[i].start + (regions[i].end - regions[i].start) / 2);
	}
}

static void check_files(struct target *target)
{
	const struct target_region *regions;
	size_t count;

	regions = target_regions(target, &count);
	for (size_t i = 0; i < count && i < REGIONS_MAX; i++) {
		_cleanup_close_ int fd = -1;

		error_free(target_open_file(target, &regions[i], &fd));
	}
}

static void check_core(const struct core_target *core)
{
	struct text text;

	check_regions(core->target);
	check_files(core->target);
	text_init(&text);
	core_target_missing(core, &text);
	core_target_ending(core, &text);
	check(!text.is_broken);
	text_deinit(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct core_options options = {.unpack = {.size_limit = UNPACKED_MAX}};
	_cleanup_close_ int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct core_target *core;
	struct error *error;
	char path[64];

	unsetenv("DEBUGINFOD_URLS");
	check(fd >= 0);
	check(write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	error = core_target_open(path, &options, &core);
	if (error) {
		check(error_kind(error) == ERROR_CORRUPT || error_kind(error) == ERROR_UNSUPPORTED);
		error_free(error);
		return 0;
	}
	check_core(core);
	core_target_free(core);
	return 0;
}
