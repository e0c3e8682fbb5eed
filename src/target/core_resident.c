/* SPDX-License-Identifier: Apache-2.0 */
/* Regions are those of the target; for each, the file says where it has data (lseek(2)). */
#include "target/core_resident.h"

#include "base/array.h"
#include "base/cleanup.h"
#include "image/core_file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct taking {
	struct resident_map *map;
	const struct core_file *core;
	size_t region;
};

static struct error *add_run(struct taking *taking, taddr start, taddr end)
{
	struct resident_map *map = taking->map;

	map->smaps.figures[taking->region].resident += end - start;
	if (!resident_map_has_pages(&map->smaps.maps.regions[taking->region]))
		return NULL;
	if (!array_reserve(&map->runs, &map->run_capacity, map->run_count + 1, sizeof(*map->runs)))
		return error_no_memory();
	map->runs[map->run_count++] = (struct resident_run){start, end, taking->region};
	return NULL;
}

/* Where the file has data in [from, end). Where it cannot tell, all of it is. */
static bool next_data(int fd, uint64_t from, uint64_t end, uint64_t *ret_from, uint64_t *ret_end)
{
	off_t data = lseek(fd, (off_t)from, SEEK_DATA);
	off_t hole = data >= 0 ? lseek(fd, data, SEEK_HOLE) : -1;

	if (data < 0 || (uint64_t)data >= end)
		return false;
	*ret_from = (uint64_t)data;
	*ret_end = hole > data && (uint64_t)hole < end ? (uint64_t)hole : end;
	return true;
}

/* The part of a segment that the file holds and the region has. */
static struct error *add_part(struct taking *taking, const struct core_segment *segment,
                              taddr start, taddr end)
{
	uint64_t at = segment->file_offset + (start - segment->address);
	uint64_t file_end = at + (end - start);
	struct error *error = NULL;
	uint64_t from;

	while (!error && at < file_end && next_data(taking->core->fd, at, file_end, &from, &at))
		error = add_run(taking, segment->address + (from - segment->file_offset),
		                segment->address + (at - segment->file_offset));
	return error;
}

static struct error *add_region(struct taking *taking)
{
	const struct target_region *region = &taking->map->smaps.maps.regions[taking->region];
	const struct core_segment *segment = core_file_segment_at(taking->core, region->start);
	taddr end;

	if (!segment)
		return NULL;
	end = segment->address + segment->held_size;
	if (end > region->end)
		end = region->end;
	return region->start < end ? add_part(taking, segment, region->start, end) : NULL;
}

struct error *core_resident_take(const struct core_target *core, struct resident_map *ret)
{
	_cleanup_(cleanup_resident_map) struct resident_map map = {0};
	struct taking taking = {.map = &map, .core = core->core};
	struct error *error = NULL;
	size_t count;
	const struct target_region *regions = target_regions(core->target, &count);

	map.smaps.maps.regions = reallocarray(NULL, count + 1, sizeof(*regions));
	map.smaps.figures = calloc(count + 1, sizeof(*map.smaps.figures));
	if (!map.smaps.maps.regions || !map.smaps.figures)
		return error_no_memory();
	memcpy(map.smaps.maps.regions, regions, count * sizeof(*regions));
	map.smaps.maps.count = count;
	for (size_t i = 0; !error && i < count; i++) {
		taking.region = i;
		error = add_region(&taking);
		map.smaps.resident_bytes += map.smaps.figures[i].resident;
	}
	if (error)
		return error;
	*ret = map;
	map = (struct resident_map){0};
	return NULL;
}
