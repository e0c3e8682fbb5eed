/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A block of malloc belongs to an object when the object, or storage of one,
 * lies in it; otherwise it is C's. The 8 bytes that malloc keeps before a block
 * count with it. Memory of an object that is in no chunk (of another malloc, or
 * mapped by the program) is believed to be as large as the object says.
 *
 * The stack of a thread that glibc made is a mapping of its own whose upper end
 * has the thread's descriptor (struct pthread, about 0x900 bytes: nptl/descr.h),
 * to which the register fs points. A first thread has its descriptor elsewhere,
 * and a stack that the kernel names.
 */
#include "capture/malloc_owners.h"

#include "base/cleanup.h"
#include "runtime/c_malloc.h"
#include "runtime/glibc_chunks.h"

#include <stdio.h>
#include <string.h>

enum {
	PAGE = 4096,
	CHUNK_HEADER = 16,
	CHUNK_MIN = 32,
	LARGE_HEAD = 48, /* struct malloc_chunk */
	RSP = 19,        /* of struct user_regs_struct, sys/user.h */
	FS_BASE = 21,    /* there */
	DESCRIPTOR = 0x900,
	HEAP_HEAD_MAX = 0x1000, /* heap_info, and the first one's malloc_state */
};

static enum snap_owner free_owner(const struct glibc_chunk *chunk)
{
	bool is_main = !chunk->arena;

	switch (chunk->state) {
	case GLIBC_TOP: return is_main ? SNAP_OWNER_MAIN_TOP : SNAP_OWNER_THREAD_TOP;
	case GLIBC_FREE: return is_main ? SNAP_OWNER_MAIN_BINS : SNAP_OWNER_THREAD_BINS;
	case GLIBC_CACHED:
	case GLIBC_FAST: return is_main ? SNAP_OWNER_MAIN_CACHES : SNAP_OWNER_THREAD_CACHES;
	case GLIBC_ITSELF: return SNAP_OWNER_MALLOC_OWN;
	case GLIBC_USED:
	case GLIBC_MAPPED:
	case GLIBC_STATES: break;
	}
	return SNAP_OWNER_NATIVE;
}

/* A mapping ends with its chunk, and may begin before it (memalign). */
static taddr start_of(const struct glibc_chunk *chunk)
{
	taddr end = chunk->block + chunk->usable;

	if (chunk->state != GLIBC_MAPPED)
		return chunk->block - CHUNK_HEADER;
	return ((end + PAGE - 1) & ~(taddr)(PAGE - 1)) - chunk->bytes;
}

/*
 * malloc_trim(0) gives back whole pages: of a free chunk those behind its head
 * (six words when it is large: mtrim() in malloc/malloc.c), and of the main
 * arena's top all but the least chunk (systrim()).
 */
static void add_trimmable(struct resident_owners *owners, const struct glibc_chunk *chunk)
{
	taddr start = chunk->block - CHUNK_HEADER;
	taddr end = (start + chunk->bytes) & ~(taddr)(PAGE - 1);
	taddr from = start + (chunk->state == GLIBC_TOP ? CHUNK_MIN + 1 : LARGE_HEAD);

	if (chunk->state != GLIBC_FREE && (chunk->state != GLIBC_TOP || chunk->arena))
		return;
	from = (from + PAGE - 1) & ~(taddr)(PAGE - 1);
	if (from < end)
		owners->malloc.trimmable += resident_owners_count(owners, from, end - from);
}

static bool add_chunk(void *context, const struct glibc_chunk *chunk)
{
	struct resident_owners *owners = context;
	enum snap_owner owner = free_owner(chunk);

	if (owner == SNAP_OWNER_NATIVE)
		(void)resident_owners_search(owners, chunk->block, chunk->usable, &owner);
	resident_owners_add(owners, start_of(chunk), chunk->bytes, owner);
	add_trimmable(owners, chunk);
	return true;
}

/* What lies before the first chunk of a thread's heap. */
static void add_heap_heads(const struct glibc_malloc *glibc, struct resident_owners *owners)
{
	for (size_t i = 0; i < glibc->stretch_count; i++) {
		taddr start = glibc->stretches[i].start;
		taddr page = start & ~(taddr)(HEAP_HEAD_MAX - 1);

		if (glibc->stretches[i].arena)
			resident_owners_add(owners, page, start - page, SNAP_OWNER_MALLOC_OWN);
	}
}

/* Those in no chunk; of what lies in freed memory nothing is believed. */
static void add_other_blocks(const struct glibc_malloc *glibc, struct resident_owners *owners)
{
	taddr last_end = 0;

	for (size_t i = 0; i < owners->block_count; i++) {
		const struct owned_block *block = &owners->blocks[i];
		taddr end;

		if (block->is_credited || (glibc && glibc_stretch_at(glibc, block->address)) ||
		    __builtin_add_overflow(block->address, block->size, &end))
			continue;
		if (end > last_end) {
			taddr start = block->address > last_end ? block->address : last_end;

			resident_owners_add(owners, start, end - start,
			                    block->is_object ? SNAP_OWNER_OBJECTS
			                                     : SNAP_OWNER_BUFFERS);
			last_end = end;
		}
	}
}

/* What is left of plain memory is another malloc's, where one serves. */
static struct error *note_other_malloc(struct window_cache *memory, struct resident_owners *owners,
                                       const struct mapped_image *images, size_t image_count)
{
	_cleanup_(text_deinit) struct text name;

	text_init(&name);
	if (!c_malloc_is_other(memory, images, image_count))
		return NULL;
	if (c_library_glibc(images, image_count))
		c_malloc_tell(memory, images, image_count, &name);
	else
		c_library_tell(memory, images, image_count, &name);
	if (name.is_broken)
		return error_no_memory();
	snprintf(owners->malloc.other, sizeof(owners->malloc.other), "%s", text_string(&name));
	return NULL;
}

static struct error *add_malloc(struct window_cache *memory, struct resident_owners *owners,
                                const struct mapped_image *images, size_t image_count)
{
	_cleanup_(cleanup_glibc_malloc) struct glibc_malloc glibc = {0};
	struct error *error = glibc_malloc_find(memory, images, image_count, &glibc);
	struct glibc_visit visit;

	resident_owners_sort(owners);
	if (error && error_kind(error) != ERROR_NOT_FOUND)
		return error;
	if (error) {
		error_free(error);
		owners->malloc.is_missing = c_library_glibc(images, image_count);
		add_other_blocks(NULL, owners);
		return NULL;
	}
	(void)glibc_chunks_visit(&glibc, add_chunk, owners, &visit);
	owners->malloc.torn += visit.torn_bytes;
	owners->malloc.contradictions = glibc.torn + visit.torn;
	add_heap_heads(&glibc, owners);
	add_other_blocks(&glibc, owners);
	return NULL;
}

/* Zeroed data goes on in anonymous memory behind a file's last page. */
static void add_module_data(struct resident_owners *owners, const struct mapped_image *images,
                            size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < images[i].data_count; j++) {
			taddr start = images[i].data[j].start;
			taddr end = (images[i].data[j].end + PAGE - 1) & ~(taddr)(PAGE - 1);

			if (start < end)
				resident_owners_add(owners, start, end - start, SNAP_OWNER_FILES);
		}
}

static void add_stack(struct window_cache *memory, struct resident_owners *owners,
                      const struct thread_registers *thread)
{
	taddr pointer = thread->general[RSP];
	taddr descriptor = thread->general[FS_BASE];
	const struct target_region *region = target_region_at(memory->target, pointer);
	taddr end;

	if (!region || region->inode || region->path[0] == '[' || pointer >= descriptor ||
	    descriptor >= region->end)
		return;
	end = (descriptor + DESCRIPTOR + PAGE - 1) & ~(taddr)(PAGE - 1);
	resident_owners_add(owners, region->start, end - region->start, SNAP_OWNER_STACKS);
}

static bool starts_with(const char *text, const char *beginning)
{
	return strncmp(text, beginning, strlen(beginning)) == 0;
}

/* Of these only the kernel's figure is known: all of it is one owner's. */
static void add_region(struct resident_owners *owners, size_t number)
{
	const struct target_region *region = &owners->map->smaps.maps.regions[number];
	uint64_t resident = owners->map->smaps.figures[number].resident;
	uint64_t *owned = owners->regions[number];

	if (target_region_is_nameless(region))
		owned[SNAP_OWNER_SHARED] += resident;
	else if (region->inode || starts_with(region->path, "[v"))
		owned[SNAP_OWNER_FILES] += resident;
	else if (strcmp(region->path, "[stack]") == 0)
		owned[SNAP_OWNER_STACKS] += resident;
}

struct error *malloc_owners_add(struct window_cache *memory, struct resident_owners *owners,
                                const struct thread_registers *threads, size_t thread_count)
{
	_cleanup_free_ struct mapped_image *images = NULL;
	size_t image_count = 0;
	struct error *error = mapped_images_list(memory, &images, &image_count);

	if (!error)
		error = add_malloc(memory, owners, images, image_count);
	if (!error)
		error = note_other_malloc(memory, owners, images, image_count);
	if (error)
		return error;
	add_module_data(owners, images, image_count);
	for (size_t i = 0; i < thread_count; i++)
		add_stack(memory, owners, &threads[i]);
	for (size_t i = 0; i < owners->map->smaps.maps.count; i++)
		add_region(owners, i);
	return NULL;
}
