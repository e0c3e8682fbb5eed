/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process stands still meanwhile, so only pages that are wanted are asked
 * for: none of mappings that have nothing resident, or belong to a file.
 */
#include "target/resident_map.h"

#include "base/array.h"
#include "base/cleanup.h"
#include "target/proc_file.h"
#include "target/process_access.h"
#include "target/process_files.h"
#include "target/resident_pages.h"

enum { KIB = 1024 };

struct collecting {
	struct resident_map *map;
	size_t region;
};

static struct error *add_run(void *context, taddr start, uint64_t size)
{
	struct collecting *collecting = context;
	struct resident_map *map = collecting->map;
	struct resident_run *last = map->run_count ? &map->runs[map->run_count - 1] : NULL;

	if (!size)
		return NULL;
	if (last && last->end == start && last->region == collecting->region) {
		last->end += size;
		return NULL;
	}
	if (!array_reserve(&map->runs, &map->run_capacity, map->run_count + 1, sizeof(*map->runs)))
		return error_no_memory();
	map->runs[map->run_count++] =
		(struct resident_run){start, start + size, collecting->region};
	return NULL;
}

/* What is too large to be looked through (ERROR_UNSUPPORTED) has no runs. */
static struct error *add_region(struct resident_map *map, size_t region,
                                struct resident_pages *pages)
{
	const struct target_region *where = &map->smaps.maps.regions[region];
	struct collecting collecting = {map, region};
	struct error *error;

	if (!map->smaps.figures[region].resident || !resident_map_has_pages(where))
		return NULL;
	error = resident_pages_visit(pages, where->start, where->end, add_run, &collecting);
	if (!error || error_kind(error) != ERROR_UNSUPPORTED)
		return error;
	error_free(error);
	return NULL;
}

static struct error *add_regions(struct resident_map *map, pid_t pid)
{
	_cleanup_(resident_pages_deinit) struct resident_pages pages;
	struct error *error = NULL;

	resident_pages_init(&pages, pid);
	pages.counts_only_resident = true;
	for (size_t i = 0; !error && i < map->smaps.maps.count; i++)
		error = add_region(map, i, &pages);
	return error;
}

static struct error *parse_smaps(const char *text, size_t length, void *ret)
{
	return process_smaps_parse(text, length, ret);
}

static struct error *read_page_tables(pid_t pid, pid_t thread, uint64_t *ret)
{
	_cleanup_free_ char *text = NULL;
	size_t length;
	uint64_t kib;
	struct error *error = process_file_read(pid, thread, "status", &text, &length);

	if (!error && proc_status_number(text, "VmPTE", 10, &kib) && kib <= UINT64_MAX / KIB)
		*ret = kib * KIB;
	return error;
}

struct error *resident_map_take(pid_t pid, struct resident_map *ret)
{
	_cleanup_(cleanup_resident_map) struct resident_map map = {0};
	pid_t thread = process_access_living_thread(pid);
	struct error *error = process_file_parse(pid, thread, "smaps", parse_smaps, &map.smaps);

	if (!error)
		error = read_page_tables(pid, thread, &map.page_tables);
	if (!error)
		error = add_regions(&map, thread);
	if (error)
		return error;
	*ret = map;
	map = (struct resident_map){0};
	return NULL;
}

void resident_map_deinit(struct resident_map *map)
{
	process_smaps_deinit(&map->smaps);
	free(map->runs);
	*map = (struct resident_map){0};
}

size_t resident_map_run(const struct resident_map *map, taddr address)
{
	size_t low = 0;
	size_t high = map->run_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (map->runs[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
