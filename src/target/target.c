/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every kind of target shares: the sorted list of mappings, and the
 * bounds around the read of each kind, which is never asked for a range that
 * wraps around the end of the address space.
 */
#include "target/target.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct target {
	const struct target_operations *operations;
	void *self;
	struct target_region *regions;
	size_t region_count;
	char *paths;
};

struct error *target_new(const struct target_operations *operations, void *self,
                         struct target_region *regions, size_t count, char *paths,
                         struct target **ret)
{
	struct target *target = malloc(sizeof(*target));

	if (!target) {
		operations->free(self);
		free(regions);
		free(paths);
		return error_no_memory();
	}
	for (size_t i = 1; i < count; i++)
		assert(regions[i - 1].end <= regions[i].start);
	*target = (struct target){
		.operations = operations,
		.self = self,
		.regions = regions,
		.region_count = count,
		.paths = paths,
	};
	*ret = target;
	return NULL;
}

void target_free(struct target *target)
{
	if (!target)
		return;
	target->operations->free(target->self);
	free(target->regions);
	free(target->paths);
	free(target);
}

size_t target_read_some(struct target *target, taddr address, void *buffer, size_t size)
{
	taddr last;
	size_t done;

	if (!size)
		return 0;
	if (__builtin_add_overflow(address, size - 1, &last))
		size = (size_t)(UINT64_MAX - address) + 1;
	done = target->operations->read(target->self, address, buffer, size);
	assert(done <= size);
	return done;
}

enum decode target_read(struct target *target, taddr address, void *buffer, size_t size)
{
	size_t done = target_read_some(target, address, buffer, size);

	return done == size ? DECODE_OK : DECODE_FAULT;
}

const struct target_region *target_regions(const struct target *target, size_t *ret_count)
{
	*ret_count = target->region_count;
	return target->regions;
}

uint64_t target_mapped_bytes(const struct target *target)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < target->region_count; i++)
		bytes += target->regions[i].end - target->regions[i].start;
	return bytes;
}

bool target_region_is_nameless(const struct target_region *region)
{
	static const char *const beginnings[] = {"/dev/zero", "/dev/shm/", "/memfd:", "/SYSV"};

	if (!region->is_shared)
		return false;
	for (size_t i = 0; i < sizeof(beginnings) / sizeof(*beginnings); i++)
		if (strncmp(region->path, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	return region->path[0] != '/';
}

const struct target_region *target_region_at(const struct target *target, taddr address)
{
	size_t low = 0;
	size_t high = target->region_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct target_region *region = &target->regions[middle];

		if (address < region->start)
			high = middle;
		else if (address >= region->end)
			low = middle + 1;
		else
			return region;
	}
	return NULL;
}

struct error *target_open_file(struct target *target, const struct target_region *region,
                               int *ret_fd)
{
	return target->operations->open_file(target->self, region, ret_fd);
}
