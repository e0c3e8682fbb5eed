/* SPDX-License-Identifier: Apache-2.0 */
/* The lock is the first member of struct malloc_state (malloc/malloc.c), 0 when it is free. */
#include "capture/malloc_watch.h"

#include "base/cleanup.h"
#include "runtime/c_malloc.h"
#include "runtime/glibc_malloc.h"

#include <time.h>

enum {
	FIND_ATTEMPTS = 9,
	ARENAS_MAX = 1 << 12,
};

static const long BETWEEN_ATTEMPTS = 1000000; /* nanoseconds, at first; then twice as long */

static struct error *find_once(struct window_cache *memory, const struct mapped_image *images,
                               size_t image_count, struct malloc_watch *ret)
{
	_cleanup_(cleanup_glibc_malloc) struct glibc_malloc glibc = {0};
	struct error *error = glibc_malloc_find_arenas(memory, images, image_count, &glibc);

	if (!error)
		*ret = (struct malloc_watch){glibc.layout, glibc.arenas[0].address};
	return error;
}

/*
 * An arena that is in use just now may not look like one, and who uses it may
 * have lost the processor there.
 */
struct error *malloc_watch_find(struct window_cache *memory, struct malloc_watch *ret)
{
	_cleanup_free_ struct mapped_image *images = NULL;
	struct timespec moment = {.tv_nsec = BETWEEN_ATTEMPTS};
	struct malloc_watch watch = {0};
	size_t image_count;
	struct error *error = mapped_images_list(memory, &images, &image_count);

	if (!error && c_library_glibc(images, image_count))
		error = find_once(memory, images, image_count, &watch);
	for (int i = 1; i < FIND_ATTEMPTS && error && error_kind(error) == ERROR_NOT_FOUND; i++) {
		error_free(error);
		nanosleep(&moment, NULL);
		moment.tv_nsec *= 2;
		window_cache_forget(memory);
		error = find_once(memory, images, image_count, &watch);
	}
	if (error && error_kind(error) != ERROR_NOT_FOUND)
		return error;
	error_free(error);
	*ret = watch;
	return NULL;
}

static bool has_held_lock(const struct malloc_watch *watch, struct window_cache *memory)
{
	taddr arena = watch->main_arena;
	uint32_t lock;

	for (int i = 0; i < ARENAS_MAX; i++) {
		if (window_cache_u32(memory, arena, &lock) && lock)
			return true;
		if (!window_cache_u64(memory, arena + watch->layout->state.next, &arena) ||
		    !arena || arena == watch->main_arena)
			return false;
	}
	return false;
}

bool malloc_is_at_rest(const struct malloc_watch *watch, struct window_cache *memory)
{
	return !watch->main_arena ||
	       (!has_held_lock(watch, memory) &&
	        glibc_arena_is_sound(memory, watch->layout, watch->main_arena));
}
