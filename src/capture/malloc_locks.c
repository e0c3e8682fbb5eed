/* SPDX-License-Identifier: Apache-2.0 */
/* The lock is the first member of struct malloc_state (malloc/malloc.c), 0 when it is free. */
#include "capture/malloc_locks.h"

#include "base/cleanup.h"
#include "runtime/glibc_malloc.h"

enum {
	FIND_ATTEMPTS = 8,
	ARENAS_MAX = 1 << 12,
};

static struct error *find_once(struct window_cache *memory, const struct mapped_image *images,
                               size_t image_count, struct malloc_locks *ret)
{
	_cleanup_(cleanup_glibc_malloc) struct glibc_malloc glibc = {0};
	struct error *error = glibc_malloc_find_arenas(memory, images, image_count, &glibc);

	if (!error)
		*ret = (struct malloc_locks){glibc.arenas[0].address, glibc.layout->state.next};
	return error;
}

/* The process runs: an arena that is in use just now may not look like one. */
struct error *malloc_locks_find(struct window_cache *memory, struct malloc_locks *ret)
{
	_cleanup_free_ struct mapped_image *images = NULL;
	struct malloc_locks locks = {0};
	size_t image_count;
	struct error *error = mapped_images_list(memory, &images, &image_count);

	for (int i = 0; !error && !locks.main_arena && i < FIND_ATTEMPTS; i++) {
		window_cache_forget(memory);
		error = find_once(memory, images, image_count, &locks);
		if (error && error_kind(error) == ERROR_NOT_FOUND) {
			error_free(error);
			error = NULL;
		}
	}
	if (!error)
		*ret = locks;
	return error;
}

bool malloc_locks_are_held(const struct malloc_locks *locks, struct window_cache *memory)
{
	taddr arena = locks->main_arena;
	uint32_t lock;

	for (int i = 0; arena && i < ARENAS_MAX; i++) {
		if (window_cache_u32(memory, arena, &lock) && lock)
			return true;
		if (!window_cache_u64(memory, arena + locks->next, &arena) ||
		    arena == locks->main_arena)
			return false;
	}
	return false;
}
