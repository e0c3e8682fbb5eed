/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding goes from what is certain to what is not: main arena, settings,
 * arenas and their stretches, then what they hold. The table of the version is
 * tried first, and taken when none is right.
 */
#include "runtime/glibc_malloc.h"

#include "base/cleanup.h"
#include "runtime/c_malloc.h"
#include "runtime/glibc_walk.h"

#include <stdlib.h>

void glibc_malloc_deinit(struct glibc_malloc *glibc)
{
	free(glibc->arenas);
	free(glibc->stretches);
	free(glibc->held);
	free(glibc->mapped);
	*glibc = (struct glibc_malloc){0};
}

const struct glibc_stretch *glibc_stretch_at(const struct glibc_malloc *glibc, taddr address)
{
	size_t low = 0;
	size_t high = glibc->stretch_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (glibc->stretches[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == glibc->stretch_count || glibc->stretches[low].start > address)
		return NULL;
	return &glibc->stretches[low];
}

static bool search_data(struct glibc_malloc *glibc, const struct mapped_image *image,
                        bool *ret_found)
{
	*ret_found = false;
	for (size_t i = 0; i < image->data_count && !*ret_found; i++)
		if (!glibc_search(glibc, image->data[i].start, image->data[i].end, ret_found))
			return false;
	return true;
}

struct finding {
	struct window_cache *memory;      /* borrowed */
	const struct mapped_image *image; /* of libc; borrowed */
	bool only_arenas;
};

/* Reads malloc as this table says. *ret_found: there is an arena. */
static struct error *read_as(const struct finding *finding, const struct glibc_layout *layout,
                             struct glibc_malloc *ret, bool *ret_found)
{
	struct glibc_malloc glibc = {
		.memory = finding->memory, .layout = layout, .arena_capacity = 1};
	bool is_done;

	glibc.arenas = calloc(1, sizeof(*glibc.arenas));
	is_done = glibc.arenas && search_data(&glibc, finding->image, ret_found);
	if (is_done && *ret_found)
		is_done = glibc_arenas_add(&glibc);
	if (is_done && *ret_found && !finding->only_arenas)
		is_done = glibc_held_add(&glibc) && glibc_mapped_add(&glibc);
	if (!is_done || !*ret_found) {
		glibc_malloc_deinit(&glibc);
		return is_done ? NULL : error_no_memory();
	}
	*ret = glibc;
	return NULL;
}

/*
 * By a wrong table neither settings nor caches make sense. A contradiction
 * elsewhere shows only that somebody is inside malloc, where those were found.
 */
static bool is_right(const struct finding *finding, const struct glibc_malloc *glibc)
{
	bool has_caches = glibc->settings.cache_count && !finding->only_arenas;

	return glibc->settings.address && (has_caches ? glibc->cache_count != 0 : !glibc->torn);
}

/* The first table that is right, from number on; else the first by which there is an arena. */
static struct error *find_by_tables(const struct finding *finding, size_t number,
                                    struct glibc_malloc *ret)
{
	_cleanup_(cleanup_glibc_malloc) struct glibc_malloc best = {0};

	for (size_t i = 0; i < glibc_layout_count; i++) {
		_cleanup_(cleanup_glibc_malloc) struct glibc_malloc glibc = {0};
		bool is_found = false;
		struct error *error = read_as(finding,
		                              &glibc_layouts[(number + i) % glibc_layout_count],
		                              &glibc, &is_found);

		if (error)
			return error;
		if (!is_found || (best.layout && !is_right(finding, &glibc)))
			continue;
		glibc_malloc_deinit(&best);
		best = glibc;
		glibc = (struct glibc_malloc){0};
		if (is_right(finding, &best))
			break;
	}
	if (!best.layout)
		return error_new(ERROR_NOT_FOUND, "no arena of glibc's malloc was found in %s",
		                 mapped_image_name(finding->image));
	*ret = best;
	best = (struct glibc_malloc){0};
	return NULL;
}

static struct error *find(struct window_cache *memory, const struct mapped_image *images,
                          size_t count, bool only_arenas, struct glibc_malloc *ret)
{
	const struct finding finding = {.memory = memory,
	                                .image = c_library_glibc(images, count),
	                                .only_arenas = only_arenas};

	if (!finding.image)
		return error_new(ERROR_NOT_FOUND, "the process does not use glibc as a library");
	return find_by_tables(
		&finding, glibc_layout_number(c_library_glibc_minor(memory, finding.image)), ret);
}

struct error *glibc_malloc_find(struct window_cache *memory, const struct mapped_image *images,
                                size_t count, struct glibc_malloc *ret)
{
	return find(memory, images, count, false, ret);
}

struct error *glibc_malloc_find_arenas(struct window_cache *memory,
                                       const struct mapped_image *images, size_t count,
                                       struct glibc_malloc *ret)
{
	return find(memory, images, count, true, ret);
}
