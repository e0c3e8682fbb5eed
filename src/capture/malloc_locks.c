/* SPDX-License-Identifier: Apache-2.0 */
/* The lock is the first member of struct malloc_state (malloc/malloc.c), 0 when it is free. */
#include "capture/malloc_locks.h"

#include "base/cleanup.h"
#include "runtime/glibc_malloc.h"

struct error *malloc_locks_find(struct window_cache *memory, struct malloc_locks *ret)
{
	_cleanup_(cleanup_glibc_malloc) struct glibc_malloc glibc = {0};
	_cleanup_free_ struct mapped_image *images = NULL;
	struct malloc_locks locks = {0};
	size_t image_count;
	struct error *error = mapped_images_list(memory, &images, &image_count);

	if (!error)
		error = glibc_malloc_find_arenas(memory, images, image_count, &glibc);
	if (error && error_kind(error) != ERROR_NOT_FOUND)
		return error;
	error_free(error);
	locks.arenas = calloc(glibc.arena_count + 1, sizeof(*locks.arenas));
	if (!locks.arenas)
		return error_no_memory();
	for (; locks.count < glibc.arena_count; locks.count++)
		locks.arenas[locks.count] = glibc.arenas[locks.count].address;
	*ret = locks;
	return NULL;
}

void malloc_locks_deinit(struct malloc_locks *locks)
{
	free(locks->arenas);
	*locks = (struct malloc_locks){0};
}

bool malloc_locks_are_held(const struct malloc_locks *locks, struct window_cache *memory)
{
	uint32_t lock;

	for (size_t i = 0; i < locks->count; i++)
		if (window_cache_u32(memory, locks->arenas[i], &lock) && lock)
			return true;
	return false;
}
