/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Property: any text is either refused or gives regions that are not empty,
 * sorted, and do not overlap, with terminated paths no longer in all than the
 * text; and what was read, written again as the kernel writes it, is read the
 * same. (Not a name that holds a real \012: the kernel writes that like a
 * newline.)
 */
#include "fuzz_target.h"

#include "target/process_maps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_regions(const struct process_maps *maps, size_t text_length)
{
	size_t all_paths = 0;

	for (size_t i = 0; i < maps->count; i++) {
		const struct target_region *region = &maps->regions[i];

		check(region->start < region->end);
		check(!i || maps->regions[i - 1].end <= region->start);
		all_paths += strlen(region->path) + 1;
	}
	check(all_paths <= text_length + 1);
}

static void write_path(FILE *file, const struct target_region *region)
{
	for (const char *c = region->path; *c; c++) {
		if (*c == '\n')
			fputs("\\012", file);
		else
			fputc(*c, file);
	}
	if (region->is_deleted)
		fputs(" (deleted)", file);
}

static void write_region(FILE *file, const struct target_region *region)
{
	fprintf(file, "%llx-%llx %c%c%c%c %08llx %02llx:%02llx %llu ",
	        (unsigned long long)region->start, (unsigned long long)region->end,
	        region->is_readable ? 'r' : '-', region->is_writable ? 'w' : '-',
	        region->is_executable ? 'x' : '-', region->is_shared ? 's' : 'p',
	        (unsigned long long)region->file_offset, (unsigned long long)(region->device >> 32),
	        (unsigned long long)(region->device & UINT32_MAX),
	        (unsigned long long)region->inode);
	write_path(file, region);
	fputc('\n', file);
}

static void check_same(const struct target_region *a, const struct target_region *b)
{
	check(a->start == b->start && a->end == b->end && a->file_offset == b->file_offset);
	check(a->device == b->device && a->inode == b->inode);
	check(a->is_readable == b->is_readable && a->is_writable == b->is_writable);
	check(a->is_executable == b->is_executable && a->is_shared == b->is_shared);
	check(a->is_deleted == b->is_deleted);
	check(strstr(a->path, "\\012") || strcmp(a->path, b->path) == 0);
}

static void check_written_again(const struct process_maps *maps)
{
	struct process_maps again;
	char *text = NULL;
	size_t length = 0;
	FILE *file = open_memstream(&text, &length);

	check(file != NULL);
	for (size_t i = 0; i < maps->count; i++)
		write_region(file, &maps->regions[i]);
	fclose(file);
	check(process_maps_parse(text, length, &again) == NULL);
	check(again.count == maps->count);
	for (size_t i = 0; i < maps->count; i++)
		check_same(&maps->regions[i], &again.regions[i]);
	process_maps_deinit(&again);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct process_maps maps;
	struct error *error = process_maps_parse((const char *)data, size, &maps);

	if (error) {
		check(error_kind(error) == ERROR_CORRUPT);
		error_free(error);
		return 0;
	}
	check_regions(&maps, size);
	check_written_again(&maps);
	process_maps_deinit(&maps);
	return 0;
}
