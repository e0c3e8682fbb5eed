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

bool glibc_malloc_is_locked(const struct glibc_malloc *glibc)
{
	for (size_t i = 0; i < glibc->arena_count; i++)
		if (glibc->arenas[i].lock)
			return true;
	return false;
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

/* Reads malloc as this table says. *ret_found: there is an arena. */
static struct error *read_as(struct window_cache *memory, const struct mapped_image *image,
                             const struct glibc_layout *layout, struct glibc_malloc *ret,
                             bool *ret_found)
{
	struct glibc_malloc glibc = {.memory = memory, .layout = layout, .arena_capacity = 1};
	bool is_done;

	glibc.arenas = calloc(1, sizeof(*glibc.arenas));
	is_done = glibc.arenas && search_data(&glibc, image, ret_found);
	if (is_done && *ret_found)
		is_done = glibc_arenas_add(&glibc) && glibc_held_add(&glibc) &&
		          glibc_mapped_add(&glibc);
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
static bool is_right(const struct glibc_malloc *glibc)
{
	if (!glibc->settings.address)
		return false;
	return glibc->settings.cache_count ? glibc->cache_count != 0 : !glibc->torn;
}

struct error *glibc_malloc_find(struct window_cache *memory, const struct mapped_image *images,
                                size_t count, struct glibc_malloc *ret)
{
	const struct mapped_image *image = c_library_glibc(images, count);
	_cleanup_(cleanup_glibc_malloc) struct glibc_malloc best = {0};
	size_t number;

	if (!image)
		return error_new(ERROR_NOT_FOUND, "the process does not use glibc as a library");
	number = glibc_layout_number(c_library_glibc_minor(memory, image));
	for (size_t i = 0; i < glibc_layout_count; i++) {
		struct glibc_malloc glibc = {0};
		bool is_found = false;
		struct error *error = read_as(memory, image,
		                              &glibc_layouts[(number + i) % glibc_layout_count],
		                              &glibc, &is_found);

		if (error)
			return error;
		if (!is_found)
			continue;
		if (!best.layout || is_right(&glibc)) {
			glibc_malloc_deinit(&best);
			best = glibc;
		} else {
			glibc_malloc_deinit(&glibc);
		}
		if (is_right(&best))
			break;
	}
	if (!best.layout)
		return error_new(ERROR_NOT_FOUND, "no arena of glibc's malloc was found in %s",
		                 mapped_image_name(image));
	*ret = best;
	best = (struct glibc_malloc){0};
	return NULL;
}
