/* SPDX-License-Identifier: Apache-2.0 */
/* What has to be known of memory before it is searched, in the order in which it can be told. */
#include "capture/native_ranges.h"

#include "base/array.h"
#include "base/cleanup.h"
#include "capture/heap_worker.h"
#include "runtime/py_frame_chunks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct error *native_ranges_init(struct native_ranges *ranges, struct python *python)
{
	struct error *error;

	ranges->python = python;
	error = mapped_images_list(python->memory, &ranges->images, &ranges->image_count);
	if (!error)
		error = glibc_malloc_find(python->memory, ranges->images, ranges->image_count,
		                          &ranges->glibc);
	return error;
}

void native_ranges_deinit(struct native_ranges *ranges)
{
	thread_names_deinit(&ranges->names);
	free(ranges->all);
	free(ranges->known);
	free(ranges->images);
	glibc_malloc_deinit(&ranges->glibc);
	*ranges = (struct native_ranges){0};
}

bool native_ranges_add_known(struct native_ranges *ranges, taddr start, taddr end)
{
	if (!array_reserve(&ranges->known, &ranges->known_capacity, ranges->known_count + 1,
	                   sizeof(*ranges->known)))
		return false;
	ranges->known[ranges->known_count++] = (struct mapped_range){start, end};
	return true;
}

static bool add_range(struct native_ranges *ranges, struct native_range range)
{
	if (!array_reserve(&ranges->all, &ranges->capacity, ranges->count + 1,
	                   sizeof(*ranges->all)))
		return false;
	ranges->all[ranges->count++] = range;
	return true;
}

bool native_ranges_add_torn(struct native_ranges *ranges, taddr start, taddr end)
{
	ranges->torn_count++;
	return add_range(ranges, (struct native_range){start, end, NATIVE_RANGE_ANONYMOUS, 0});
}

/* --------------------------------------------------------- Python's threads */

static bool add_threads(struct native_ranges *ranges, struct py_types *types)
{
	struct py_frame_chunks chunks = {0};
	bool is_added = thread_names_read(&ranges->names, ranges->python, types);

	while (is_added && py_frame_chunks_next(ranges->python, &chunks))
		is_added = native_ranges_add_known(ranges, chunks.start, chunks.end);
	return is_added;
}

/* ------------------------------------------------------------------ ranges */

static struct error *add_arenas(struct native_ranges *ranges)
{
	_cleanup_free_ struct pymalloc_arena *arenas = NULL;
	size_t count = 0;
	struct error *error = pymalloc_arenas(ranges->python, &arenas, &count);

	for (size_t i = 0; !error && i < count; i++)
		if (!native_ranges_add_known(ranges, arenas[i].start, arenas[i].end))
			error = error_no_memory();
	return error;
}

static struct error *add_roots(struct native_ranges *ranges, const struct native_wish *wish)
{
	const struct native_memory known = {
		.memory = ranges->python->memory,
		.images = ranges->images,
		.image_count = ranges->image_count,
		.glibc = &ranges->glibc,
		.threads = wish->threads,
		.thread_count = wish->thread_count,
		.first_stack = wish->first_stack,
		.others = ranges->known,
		.other_count = ranges->known_count,
	};
	_cleanup_free_ struct native_range *roots = NULL;
	size_t count = 0;
	struct error *error = native_roots_find(&known, &roots, &count);

	for (size_t i = 0; !error && i < count; i++)
		if (!add_range(ranges, roots[i]))
			error = error_no_memory();
	return error;
}

struct error *native_ranges_find(struct native_ranges *ranges, struct heap_walk *walk,
                                 const struct native_wish *wish)
{
	struct error *error = add_arenas(ranges);

	if (!error && !add_threads(ranges, walk->workers[0]->types))
		error = error_no_memory();
	return error ? error : add_roots(ranges, wish);
}

/* ------------------------------------------------------------------- names */

void native_ranges_thread_name(const struct native_ranges *ranges, const char *what,
                               const struct native_thread *thread, char *buffer, size_t size)
{
	char name[THREAD_NAME_MAX];

	thread_names_tell(&ranges->names, thread->id, name, sizeof(name));
	snprintf(buffer, size, "%s of %s", what, name);
}

static const char *file_name(const struct native_ranges *ranges, taddr address)
{
	const struct target_region *region =
		target_region_at(ranges->python->memory->target, address);
	const char *slash = region ? strrchr(region->path, '/') : NULL;

	return slash ? slash + 1 : "a file";
}

void native_ranges_name(const struct native_ranges *ranges, const struct native_wish *wish,
                        const struct native_range *range, char *buffer, size_t size)
{
	size_t number = (size_t)(range - ranges->all);

	if (number < ranges->torn_count) {
		snprintf(buffer, size, "memory of malloc that contradicts itself");
		return;
	}
	switch (range->kind) {
	case NATIVE_RANGE_STACK:
		native_ranges_thread_name(ranges, "stack", &wish->threads[range->number], buffer,
		                          size);
		return;
	case NATIVE_RANGE_DATA:
		snprintf(buffer, size, "%s data",
		         mapped_image_name(&ranges->images[range->number]));
		return;
	case NATIVE_RANGE_FILE:
		snprintf(buffer, size, "%s in memory", file_name(ranges, range->start));
		return;
	case NATIVE_RANGE_SHARED: snprintf(buffer, size, "shared memory"); return;
	case NATIVE_RANGE_ANONYMOUS: snprintf(buffer, size, "anonymous memory"); return;
	}
}
