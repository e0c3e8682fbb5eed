/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All mappings that can be written to, less holes. Holes and data are sorted
 * once, and each mapping is cut along both, so this is n log n in mappings and
 * blocks with a mapping of their own.
 */
#include "runtime/native_roots.h"

#include "base/array.h"
#include "base/cleanup.h"
#include "runtime/nptl_stacks.h"

#include <stdlib.h>
#include <string.h>

enum {
	PAGE = 4096,
	WORD = 8,
	RED_ZONE = 128, /* below the stack pointer, System V ABI for x86-64, 3.2.2 */
};

struct data { /* of a module */
	struct mapped_range range;
	uint32_t image;
};

struct search {
	const struct native_memory *known;
	struct mapped_range *holes; /* ascending once they are sorted */
	size_t hole_count;
	size_t hole_capacity;
	struct data *data; /* ascending */
	size_t data_count;
	size_t data_capacity;
	struct native_range *ranges;
	size_t range_count;
	size_t range_capacity;
	bool is_broken; /* memory ran out */
};

static void cleanup_search(struct search *search)
{
	free(search->holes);
	free(search->data);
	free(search->ranges);
}

static void add_hole(struct search *search, taddr start, taddr end)
{
	if (start >= end || search->is_broken)
		return;
	if (array_reserve(&search->holes, &search->hole_capacity, search->hole_count + 1,
	                  sizeof(*search->holes)))
		search->holes[search->hole_count++] = (struct mapped_range){start, end};
	else
		search->is_broken = true;
}

static void add_range(struct search *search, struct native_range range)
{
	if (range.start >= range.end || search->is_broken)
		return;
	if (array_reserve(&search->ranges, &search->range_capacity, search->range_count + 1,
	                  sizeof(*search->ranges)))
		search->ranges[search->range_count++] = range;
	else
		search->is_broken = true;
}

static int compare_starts(const void *left, const void *right)
{
	const struct mapped_range *a = left;
	const struct mapped_range *b = right;

	return (a->start > b->start) - (a->start < b->start);
}

/* ------------------------------------------------------------ what is known */

static taddr page_end(taddr address)
{
	return (address + PAGE - 1) & ~(taddr)(PAGE - 1);
}

/* A thread's heap begins with its own administration, in the page of its first chunk. */
static void add_glibc(struct search *search)
{
	const struct glibc_malloc *glibc = search->known->glibc;

	for (size_t i = 0; glibc && i < glibc->stretch_count; i++) {
		const struct glibc_stretch *stretch = &glibc->stretches[i];
		taddr start = stretch->start;

		if (stretch->arena)
			start &= ~(taddr)(PAGE - 1);
		add_hole(search, start, stretch->end);
	}
	for (size_t i = 0; glibc && i < glibc->arena_count; i++)
		add_hole(search, glibc->arenas[i].address,
		         glibc->arenas[i].address + glibc->layout->state.size);
}

static void add_others(struct search *search)
{
	for (size_t i = 0; i < search->known->other_count; i++)
		add_hole(search, search->known->others[i].start, search->known->others[i].end);
}

static void sort_holes(struct search *search)
{
	if (search->hole_count)
		qsort(search->holes, search->hole_count, sizeof(*search->holes), compare_starts);
}

/* Zeroed data goes on in anonymous memory, to the end of a page. */
static void add_data(struct search *search)
{
	for (size_t i = 0; i < search->known->image_count && !search->is_broken; i++) {
		const struct mapped_image *image = &search->known->images[i];

		for (size_t j = 0; j < image->data_count; j++) {
			struct mapped_range range = {image->data[j].start & ~(taddr)(PAGE - 1),
			                             page_end(image->data[j].end)};

			if (!array_reserve(&search->data, &search->data_capacity,
			                   search->data_count + 1, sizeof(*search->data))) {
				search->is_broken = true;
				return;
			}
			search->data[search->data_count++] = (struct data){range, (uint32_t)i};
		}
	}
	if (search->data_count)
		qsort(search->data, search->data_count, sizeof(*search->data), compare_starts);
}

/* The first data that ends behind address. As that of modules is apart, so are their ends. */
static const struct data *data_from(const struct search *search, taddr address)
{
	size_t low = 0;
	size_t high = search->data_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (search->data[middle].range.end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < search->data_count ? &search->data[low] : NULL;
}

static bool is_data(const struct search *search, taddr address)
{
	const struct data *data = data_from(search, address);

	return data && data->range.start <= address;
}

/* -------------------------------------------------------------- what is left */

struct place {         /* among the holes, as addresses ascend */
	size_t hole;   /* the next that was not met */
	taddr covered; /* how far those that were met reach */
};

/* The first address from there on that lies in no hole. */
static taddr skip_holes(const struct search *search, struct place *place, taddr address)
{
	if (address < place->covered)
		address = place->covered;
	while (place->hole < search->hole_count && search->holes[place->hole].start <= address) {
		if (search->holes[place->hole].end > address)
			address = search->holes[place->hole].end;
		place->hole++;
	}
	place->covered = address;
	return address;
}

/* The parts of range that lie in no hole. Ranges come in ascending order. */
static void add_less_holes(struct search *search, struct native_range range, struct place *place)
{
	taddr at = skip_holes(search, place, range.start);

	while (at < range.end && !search->is_broken) {
		struct native_range part = range;

		part.start = at;
		if (place->hole < search->hole_count &&
		    search->holes[place->hole].start < range.end)
			part.end = search->holes[place->hole].start;
		add_range(search, part);
		at = skip_holes(search, place, part.end);
	}
}

/* ---------------------------------------------------------------- stacks */

static bool is_first_stack(const struct native_memory *known, const struct target_region *region)
{
	return strcmp(region->path, "[stack]") == 0 ||
	       (known->first_stack >= region->start && known->first_stack < region->end);
}

static bool is_in(struct mapped_range range, taddr address)
{
	return address >= range.start && address < range.end;
}

/* The stack that the thread runs on just now: *ret_top is how far it is in use. */
static bool find_stack(const struct native_memory *known, const struct native_thread *thread,
                       struct mapped_range *ret, taddr *ret_top)
{
	taddr pointer = thread->registers[NATIVE_RSP];
	taddr descriptor = thread->registers[NATIVE_FS_BASE];
	const struct target_region *region = target_region_at(known->memory->target, pointer);
	struct mapped_range stack;
	taddr top = (pointer - RED_ZONE) & ~(taddr)(WORD - 1);

	if (!region || !region->is_writable)
		return false;
	stack = (struct mapped_range){top, region->end};
	if (is_first_stack(known, region))
		stack.start = region->start;
	else if (pointer < descriptor && descriptor < region->end)
		(void)nptl_stack_of(known->memory, descriptor, pointer, &stack);
	stack.start = stack.start < region->start ? region->start : stack.start;
	stack.end = stack.end > region->end ? region->end : stack.end;
	*ret_top = top < stack.start ? stack.start : top;
	*ret = stack;
	return true;
}

struct stack {
	struct mapped_range used;
	taddr bottom; /* of what is its own, in use or not */
	uint32_t thread;
};

/* Stacks that overlap (of threads that cannot be) are cut: no memory is searched twice. */
static void add_sorted_stacks(struct search *search, const struct stack *stacks, size_t count)
{
	struct place place = {0};

	for (size_t i = 0; i < count; i++) {
		const struct native_range range = {stacks[i].used.start, stacks[i].used.end,
		                                   NATIVE_RANGE_STACK, stacks[i].thread};

		add_less_holes(search, range, &place);
		place.covered = range.end > place.covered ? range.end : place.covered;
	}
	for (size_t i = 0; i < count; i++)
		add_hole(search, stacks[i].bottom, stacks[i].used.end);
}

static void add_stacks(struct search *search)
{
	const struct native_memory *known = search->known;
	_cleanup_free_ struct stack *stacks =
		reallocarray(NULL, known->thread_count + 1, sizeof(*stacks));
	size_t count = 0;

	if (!stacks) {
		search->is_broken = true;
		return;
	}
	for (size_t i = 0; i < known->thread_count; i++) {
		struct mapped_range whole;
		taddr top;

		if (!find_stack(known, &known->threads[i], &whole, &top))
			continue;
		stacks[count++] = (struct stack){{top, whole.end}, whole.start, (uint32_t)i};
	}
	qsort(stacks, count, sizeof(*stacks), compare_starts);
	add_sorted_stacks(search, stacks, count);
}

/* ------------------------------------------------------------ ended threads */

static int compare_numbers(const void *left, const void *right)
{
	const taddr *a = left;
	const taddr *b = right;

	return (*a > *b) - (*a < *b);
}

/* The descriptors of all threads, ascending, or NULL: one is not known, or memory ran out. */
static taddr *list_descriptors(struct search *search)
{
	const struct native_memory *known = search->known;
	_cleanup_free_ taddr *descriptors =
		reallocarray(NULL, known->thread_count + 1, sizeof(*descriptors));

	if (!descriptors) {
		search->is_broken = true;
		return NULL;
	}
	for (size_t i = 0; i < known->thread_count; i++) {
		descriptors[i] = known->threads[i].registers[NATIVE_FS_BASE];
		if (!descriptors[i])
			return NULL;
	}
	if (!known->thread_count)
		return NULL;
	qsort(descriptors, known->thread_count, sizeof(*descriptors), compare_numbers);
	return take_ptr(descriptors);
}

static void add_kept_stack(void *context, taddr start, taddr end)
{
	add_hole(context, start, end);
}

static void add_kept_stacks(struct search *search)
{
	_cleanup_free_ taddr *descriptors = list_descriptors(search);

	if (descriptors)
		nptl_stacks_kept(search->known->memory, descriptors, search->known->thread_count,
		                 add_kept_stack, search);
}

/* --------------------------------------------------------------- mappings */

static bool is_searched(const struct search *search, const struct target_region *region)
{
	if (!region->is_readable)
		return false;
	if (region->is_shared)
		return region->is_writable && target_region_is_nameless(region);
	return region->is_writable || is_data(search, region->start);
}

static enum native_range_kind kind_of(const struct target_region *region)
{
	if (region->is_shared)
		return NATIVE_RANGE_SHARED;
	return region->inode ? NATIVE_RANGE_FILE : NATIVE_RANGE_ANONYMOUS;
}

/* A mapping is cut where a module's data begins or ends in it. */
static void add_region(struct search *search, const struct target_region *region,
                       struct place *place)
{
	taddr at = region->start;

	while (at < region->end && !search->is_broken) {
		const struct data *data = data_from(search, at);
		struct native_range part = {at, region->end, kind_of(region), 0};

		if (data && data->range.start > at && data->range.start < part.end) {
			part.end = data->range.start;
		} else if (data && is_in(data->range, at)) {
			part.kind = NATIVE_RANGE_DATA;
			part.number = data->image;
			part.end = data->range.end < part.end ? data->range.end : part.end;
		}
		at = part.end;
		add_less_holes(search, part, place);
	}
}

static void add_regions(struct search *search)
{
	struct place place = {0};
	size_t count;
	const struct target_region *regions = target_regions(search->known->memory->target, &count);

	for (size_t i = 0; i < count; i++)
		if (is_searched(search, &regions[i]))
			add_region(search, &regions[i], &place);
}

struct error *native_roots_find(const struct native_memory *known, struct native_range **ret,
                                size_t *ret_count)
{
	_cleanup_(cleanup_search) struct search search = {.known = known};

	add_glibc(&search);
	add_others(&search);
	add_data(&search);
	sort_holes(&search);
	if (!search.is_broken)
		add_stacks(&search);
	if (!search.is_broken)
		add_kept_stacks(&search);
	sort_holes(&search);
	if (!search.is_broken)
		add_regions(&search);
	if (search.is_broken)
		return error_no_memory();
	*ret_count = search.range_count;
	*ret = take_ptr(search.ranges);
	return NULL;
}
