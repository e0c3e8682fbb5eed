/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What exists of a mapping is asked where it is known:
 *
 *   no file behind it   the page tables. A fork copies those of memory that was
 *                       written to, so the image's tell all there is. [vdso] is
 *                       the kernel's, and is read whole.
 *   a file              the file has holes or not (lseek(2), SEEK_DATA), and
 *                       ends somewhere; reading on behind its end is SIGBUS.
 *                       Reading a hole of a file in memory would fill it, so it
 *                       is not done. Private pages that were written to count too.
 *   a file out of reach what is shared: the pages that the process has touched;
 *                       what is private: all.
 *
 * Devices and what is not to be dumped are told by smaps. Reading memory of a
 * device could do something to it. Where smaps cannot be read, the name has to
 * serve.
 */
#include "target/core_memory.h"

#include "base/array.h"
#include "base/cleanup.h"
#include "target/process_files.h"
#include "target/process_smaps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE = 4096 };

static const uint64_t LARGE_HOLE = UINT64_C(1) << 30;

struct planning {
	struct core_memory *memory;
	struct picture *picture;
	struct resident_pages pages;  /* of the moment */
	struct resident_pages living; /* of the process itself: what it shares, the image has not */
	struct process_smaps smaps;   /* empty: not to be had */
	const struct target_region *region; /* being planned, and where its file ends in it */
	taddr file_end;
	size_t first; /* its first stretch */
};

static struct error *parse_smaps(const char *text, size_t length, void *ret)
{
	return process_smaps_parse(text, length, ret);
}

/* Where it cannot be read nothing is barred by it. */
static struct error *read_smaps(struct planning *planning)
{
	struct error *error = process_file_parse(picture_process(planning->picture),
	                                         picture_memory_process(planning->picture), "smaps",
	                                         parse_smaps, &planning->smaps);

	if (!error || error_kind(error) == ERROR_MEMORY)
		return error;
	error_free(error);
	return NULL;
}

static bool begins_with(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static bool is_device(const struct target_region *region)
{
	return begins_with(region->path, "/dev/") && !begins_with(region->path, "/dev/shm/") &&
	       !region->is_deleted;
}

static bool is_barred(const struct planning *planning, const struct target_region *region)
{
	if (begins_with(region->path, "[vvar") || begins_with(region->path, "[vsyscall"))
		return true;
	if (is_device(region) && strcmp(region->path, "/dev/zero") != 0)
		return true;
	return process_smaps_bars(&planning->smaps, region->start);
}

/* resident_pages_visitor: within the region and its file. */
static struct error *add_stretch(void *context, taddr start, uint64_t size)
{
	struct planning *planning = context;
	struct core_memory *memory = planning->memory;
	taddr end = start + size;

	if (start < planning->region->start)
		start = planning->region->start;
	if (end > planning->file_end)
		end = planning->file_end;
	if (start >= end)
		return NULL;
	if (!array_reserve(&memory->stretches, &memory->stretch_capacity, memory->stretch_count + 1,
	                   sizeof(*memory->stretches)))
		return error_no_memory();
	memory->stretches[memory->stretch_count++] =
		(struct dump_stretch){.address = start, .size = end - start};
	return NULL;
}

static struct error *add_whole(struct planning *planning)
{
	const struct target_region *region = planning->region;

	return add_stretch(planning, region->start, region->end - region->start);
}

static struct error *add_pages(struct planning *planning)
{
	return picture_visit_pages(planning->picture, planning->region, &planning->pages,
	                           add_stretch, planning);
}

static struct error *add_living_pages(struct planning *planning)
{
	return resident_pages_visit(&planning->living, planning->region->start,
	                            planning->region->end, add_stretch, planning);
}

/* The parts of the mapping where the file has something. */
static struct error *add_data(struct planning *planning, int fd)
{
	const struct target_region *region = planning->region;
	uint64_t from = region->file_offset;
	uint64_t end = from + (planning->file_end - region->start);
	struct error *error = NULL;

	while (!error && from < end) {
		off_t data = lseek(fd, (off_t)from, SEEK_DATA);
		off_t hole = data >= 0 ? lseek(fd, data, SEEK_HOLE) : -1;

		if (data < 0 && errno == ENXIO) /* nothing but a hole */
			return NULL;
		if (data < (off_t)from || hole <= data) /* not known here */
			return add_stretch(planning, region->start + (from - region->file_offset),
			                   end - from);
		data -= data % PAGE;
		error = add_stretch(planning,
		                    region->start + ((uint64_t)data - region->file_offset),
		                    ((uint64_t)(hole - data) + PAGE - 1) / PAGE * PAGE);
		from = ((uint64_t)hole + PAGE - 1) / PAGE * PAGE;
	}
	return error;
}

/* Where the file ends within the mapping, in whole pages. */
static taddr find_end(const struct target_region *region, const struct stat *facts)
{
	uint64_t size = ((uint64_t)facts->st_size + PAGE - 1) / PAGE * PAGE;
	uint64_t left = size > region->file_offset ? size - region->file_offset : 0;

	return left < region->end - region->start ? region->start + left : region->end;
}

static struct error *add_file(struct planning *planning)
{
	const struct target_region *region = planning->region;
	_cleanup_close_ int fd = -1;
	struct error *error;
	struct stat facts;

	error = target_open_file(picture_target(planning->picture), region, &fd);
	if (error) {
		error_free(error);
		return region->is_shared ? add_living_pages(planning) : add_whole(planning);
	}
	if (fstat(fd, &facts) < 0 || !S_ISREG(facts.st_mode))
		return region->is_shared ? NULL : add_pages(planning);
	planning->file_end = find_end(region, &facts);
	error = add_data(planning, fd);
	if (!error && region->is_writable && !region->is_shared)
		error = add_pages(planning);
	return error;
}

/* [vdso] and its kind, not what the program itself has named. */
static bool is_of_kernel(const struct target_region *region)
{
	return region->path[0] == '[' && !begins_with(region->path, "[heap") &&
	       !begins_with(region->path, "[stack") && !begins_with(region->path, "[anon");
}

static struct error *find_stretches(struct planning *planning)
{
	const struct target_region *region = planning->region;

	if (!region->is_readable || is_barred(planning, region))
		return NULL;
	if (region->inode && !is_device(region))
		return add_file(planning);
	return is_of_kernel(region) ? add_whole(planning) : add_pages(planning);
}

static int compare_stretches(const void *left, const void *right)
{
	const struct dump_stretch *a = left;
	const struct dump_stretch *b = right;

	return (a->address > b->address) - (a->address < b->address);
}

/* Two ways to find them may have found the same. */
static void merge_stretches(struct planning *planning)
{
	struct core_memory *memory = planning->memory;
	struct dump_stretch *stretches = memory->stretches + planning->first;
	size_t count = memory->stretch_count - planning->first;
	size_t kept = 0;

	if (!count)
		return;
	qsort(stretches, count, sizeof(*stretches), compare_stretches);
	for (size_t i = 1; i < count; i++) {
		struct dump_stretch *last = &stretches[kept];
		uint64_t distance = stretches[i].address - last->address;

		if (distance > last->size)
			stretches[++kept] = stretches[i];
		else if (distance + stretches[i].size > last->size)
			last->size = distance + stretches[i].size;
	}
	memory->stretch_count = planning->first + kept + 1;
}

/* [start, end) of the region, of which the file has what is before file_end. */
static struct error *add_segment(struct planning *planning, taddr start, taddr end, taddr file_end)
{
	struct core_memory *memory = planning->memory;

	if (start == end)
		return NULL;
	if (!array_reserve(&memory->segments, &memory->segment_capacity, memory->segment_count + 1,
	                   sizeof(*memory->segments)))
		return error_no_memory();
	memory->segments[memory->segment_count++] = (struct dump_segment){
		.address = start,
		.memory_size = end - start,
		.file_size = file_end - start,
		.is_readable = planning->region->is_readable,
		.is_writable = planning->region->is_writable,
		.is_executable = planning->region->is_executable,
	};
	return NULL;
}

/* Cuts the region at its large holes, which become segments without content. */
static struct error *cut_segments(struct planning *planning)
{
	const struct core_memory *memory = planning->memory;
	const struct target_region *region = planning->region;
	taddr start = region->start; /* of the segment that grows */
	taddr end = region->start;   /* of the last stretch */
	struct error *error = NULL;

	for (size_t i = planning->first; !error && i < memory->stretch_count; i++) {
		const struct dump_stretch *stretch = &memory->stretches[i];

		if (stretch->address - end >= LARGE_HOLE) {
			error = add_segment(planning, start, end, end);
			if (!error)
				error = add_segment(planning, end, stretch->address, end);
			start = stretch->address;
		}
		end = stretch->address + stretch->size;
	}
	if (!error && planning->file_end - end >= LARGE_HOLE) {
		error = add_segment(planning, start, end, end);
		start = end;
		planning->file_end = end;
	}
	return error ? error : add_segment(planning, start, region->end, planning->file_end);
}

static struct error *plan_region(struct planning *planning, const struct target_region *region)
{
	struct error *error;

	planning->region = region;
	planning->file_end = region->end;
	planning->first = planning->memory->stretch_count;
	error = find_stretches(planning);
	if (error)
		return error;
	merge_stretches(planning);
	if (!region->is_readable || is_barred(planning, region))
		planning->file_end = region->start;
	return cut_segments(planning);
}

struct error *core_memory_plan(struct core_memory *memory, struct picture *picture)
{
	struct planning planning = {.memory = memory, .picture = picture};
	size_t count;
	const struct target_region *regions = target_regions(picture_target(picture), &count);
	struct error *error = read_smaps(&planning);

	resident_pages_init(&planning.pages, picture_memory_process(picture));
	resident_pages_init(&planning.living, picture_process(picture));
	for (size_t i = 0; !error && i < count; i++)
		if (regions[i].start <= INT64_MAX)
			error = plan_region(&planning, &regions[i]);
	resident_pages_deinit(&planning.pages);
	resident_pages_deinit(&planning.living);
	process_smaps_deinit(&planning.smaps);
	return error;
}

void core_memory_deinit(struct core_memory *memory)
{
	free(memory->segments);
	free(memory->stretches);
	*memory = (struct core_memory){0};
}
