/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each added region owns its bytes and its path; finishing sorts them and
 * hands the list to target.c. A read goes from region to region for as long
 * as they touch, as it does in a real address space.
 */
#include "target/fake_target.h"

#include "base/array.h"
#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

struct fake_region {
	taddr address;
	size_t size;
	uint8_t *bytes;
	char *path;
	bool is_writable;
};

struct fake_target {
	struct fake_region *regions;
	size_t count;
	size_t capacity;
};

struct fake_target *fake_target_new(void)
{
	return calloc(1, sizeof(struct fake_target));
}

void fake_target_free(struct fake_target *fake)
{
	if (!fake)
		return;
	for (size_t i = 0; i < fake->count; i++) {
		free(fake->regions[i].bytes);
		free(fake->regions[i].path);
	}
	free(fake->regions);
	free(fake);
}

static bool overlaps(const struct fake_target *fake, taddr start, taddr end)
{
	for (size_t i = 0; i < fake->count; i++) {
		const struct fake_region *region = &fake->regions[i];

		if (start < region->address + region->size && region->address < end)
			return true;
	}
	return false;
}

bool fake_target_add(struct fake_target *fake, taddr address, const void *bytes, size_t size,
                     bool is_writable, const char *path)
{
	struct fake_region region = {.address = address, .size = size};
	taddr end;

	if (!size || __builtin_add_overflow(address, size, &end))
		return false;
	if (overlaps(fake, address, end))
		return false;
	if (!array_reserve(&fake->regions, &fake->capacity, fake->count + 1,
	                   sizeof(*fake->regions)))
		return false;
	region.is_writable = is_writable;
	region.bytes = malloc(size);
	region.path = strdup(path);
	if (!region.bytes || !region.path) {
		free(region.bytes);
		free(region.path);
		return false;
	}
	memcpy(region.bytes, bytes, size);
	fake->regions[fake->count++] = region;
	return true;
}

/* The region that holds address, or NULL; regions are sorted by now. */
static const struct fake_region *find_region(const struct fake_target *fake, taddr address)
{
	size_t low = 0;
	size_t high = fake->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct fake_region *region = &fake->regions[middle];

		if (address < region->address)
			high = middle;
		else if (address - region->address >= region->size)
			low = middle + 1;
		else
			return region;
	}
	return NULL;
}

static size_t fake_read(void *self, taddr address, void *buffer, size_t size)
{
	const struct fake_target *fake = self;
	size_t done = 0;

	while (done < size) {
		const struct fake_region *region = find_region(fake, address + done);
		size_t offset;
		size_t piece;

		if (!region)
			break;
		offset = (size_t)(address + done - region->address);
		piece = region->size - offset;
		if (piece > size - done)
			piece = size - done;
		memcpy((char *)buffer + done, region->bytes + offset, piece);
		done += piece;
	}
	return done;
}

static struct error *fake_open_file(void *self, const struct target_region *region, int *ret_fd)
{
	int fd;

	(void)self;
	if (region->path[0] != '/')
		return error_new(ERROR_NOT_FOUND, "no file is mapped at %#llx",
		                 (unsigned long long)region->start);
	fd = open(region->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(ERROR_IO, errno, "cannot open %s", region->path);
	*ret_fd = fd;
	return NULL;
}

static void fake_free(void *self)
{
	fake_target_free(self);
}

static const struct target_operations fake_operations = {
	.read = fake_read,
	.open_file = fake_open_file,
	.free = fake_free,
};

static int compare_regions(const void *left, const void *right)
{
	const struct fake_region *a = left;
	const struct fake_region *b = right;

	return (a->address > b->address) - (a->address < b->address);
}

struct error *fake_target_finish(struct fake_target *fake, struct target **ret)
{
	struct target_region *regions = calloc(fake->count + 1, sizeof(*regions));

	if (!regions) {
		fake_target_free(fake);
		return error_no_memory();
	}
	if (fake->count)
		qsort(fake->regions, fake->count, sizeof(*fake->regions), compare_regions);
	for (size_t i = 0; i < fake->count; i++) {
		const struct fake_region *region = &fake->regions[i];

		regions[i] = (struct target_region){
			.start = region->address,
			.end = region->address + region->size,
			.inode = region->path[0] == '/' ? i + 1 : 0,
			.path = region->path,
			.is_readable = true,
			.is_writable = region->is_writable,
		};
	}
	return target_new(&fake_operations, fake, regions, fake->count, NULL, ret);
}
