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
#include "capture/heap_worker.h"
#include "capture/huge_zeros.h"
#include "capture/malloc_shape.h"
#include "capture/thread_names.h"
#include "runtime/c_malloc.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	PAGE = 4096,
	CHUNK_HEADER = 16,
	DESCRIPTOR = 0x900,
	REST_MIN = 16 << 10,    /* bytes of a mapping that nobody has; less is not named */
	HEAP_HEAD_MAX = 0x1000, /* heap_info, and the first one's malloc_state */
};

#define FIRST_THREAD "the first thread"

struct counting {
	struct resident_owners *owners;
	struct malloc_shape shape;
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

static bool add_chunk(void *context, const struct glibc_chunk *chunk)
{
	struct counting *counting = context;
	struct resident_owners *owners = counting->owners;
	enum snap_owner owner = free_owner(chunk);
	const struct owned_block *block = NULL;
	taddr start = start_of(chunk);

	if (owner == SNAP_OWNER_NATIVE)
		block = resident_owners_search(owners, chunk->block, chunk->usable);
	if (block)
		resident_owners_add_owned(owners, start, chunk->bytes, block);
	else
		resident_owners_add(owners, start, chunk->bytes, owner);
	malloc_shape_add(&counting->shape, chunk);
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

			resident_owners_add_owned(owners, start, end - start, block);
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
	struct counting counting = {.owners = owners};
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
	error = malloc_shape_init(&counting.shape, owners, &glibc);
	if (error)
		return error;
	(void)glibc_chunks_visit(&glibc, add_chunk, &counting, &visit);
	malloc_shape_finish(&counting.shape);
	owners->malloc.torn += visit.torn_bytes;
	owners->malloc.contradictions = glibc.torn + visit.torn;
	add_heap_heads(&glibc, owners);
	add_other_blocks(&glibc, owners);
	return NULL;
}

static void add_part(struct heap_walk *walk, unsigned int owner, const char *name, uint64_t bytes)
{
	account_parts_add(&walk->owners->parts, owner, heap_walk_add_string(walk, name), 0, bytes);
}

/* Zeroed data goes on in anonymous memory behind a file's last page. */
static void add_module_data(struct heap_walk *walk, const struct mapped_image *images, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < images[i].data_count; j++) {
			taddr start = images[i].data[j].start;
			taddr end = (images[i].data[j].end + PAGE - 1) & ~(taddr)(PAGE - 1);
			uint64_t bytes = 0;

			if (start < end)
				bytes = resident_owners_add(walk->owners, start, end - start,
				                            SNAP_OWNER_FILES);
			add_part(walk, SNAP_OWNER_FILES, mapped_image_name(&images[i]), bytes);
		}
}

static void add_stack(struct heap_walk *walk, const struct thread_names *names,
                      const struct native_thread *thread)
{
	taddr pointer = thread->registers[NATIVE_RSP];
	taddr descriptor = thread->registers[NATIVE_FS_BASE];
	const struct target_region *region =
		target_region_at(walk->python->memory->target, pointer);
	char name[THREAD_NAME_MAX];
	taddr end;

	if (!region || region->inode || region->path[0] == '[' || pointer >= descriptor ||
	    descriptor >= region->end)
		return;
	end = (descriptor + DESCRIPTOR + PAGE - 1) & ~(taddr)(PAGE - 1);
	thread_names_tell(names, thread->id, name, sizeof(name));
	add_part(walk, SNAP_OWNER_STACKS, name,
	         resident_owners_add(walk->owners, region->start, end - region->start,
	                             SNAP_OWNER_STACKS));
}

static bool starts_with(const char *text, const char *beginning)
{
	return strncmp(text, beginning, strlen(beginning)) == 0;
}

/*
 * What drivers call their memory: nvidia.ko, the DRM drivers (also by memory that
 * is exported, or has no file), amdkfd, WSL, and the compute accelerators.
 */
static bool is_of_gpu(const struct target_region *region)
{
	static const char *const beginnings[] = {
		"/dev/nvidia", "/dev/dri/",   "/dev/kfd",        "/dev/dxg",
		"/dev/accel/", "/drm mm obj", "anon_inode:i915", "/dmabuf:",
	};

	for (size_t i = 0; i < sizeof(beginnings) / sizeof(*beginnings); i++)
		if (starts_with(region->path, beginnings[i]))
			return true;
	return false;
}

/* Whose all of a mapping is; SNAP_OWNER_COUNT: one has to look at its parts. */
static enum snap_owner owner_of_region(const struct target_region *region)
{
	if (is_of_gpu(region))
		return SNAP_OWNER_GPU;
	if (target_region_is_nameless(region))
		return SNAP_OWNER_SHARED;
	if (region->inode || starts_with(region->path, "[v"))
		return SNAP_OWNER_FILES;
	if (strcmp(region->path, "[stack]") == 0)
		return SNAP_OWNER_STACKS;
	return SNAP_OWNER_COUNT;
}

static const char *name_of_region(const struct target_region *region)
{
	const char *slash = strrchr(region->path, '/');

	if (!region->path[0])
		return "anonymous";
	if (strcmp(region->path, "[stack]") == 0)
		return FIRST_THREAD;
	return slash && slash[1] && !is_of_gpu(region) ? slash + 1 : region->path;
}

/* A core does not say which mapping is the first thread's stack. */
static bool is_first_stack(const struct target_region *region, taddr first_stack)
{
	return first_stack && !region->inode && region->start <= first_stack &&
	       first_stack < region->end;
}

/* Of these only the kernel's figure is known: all of it is one owner's. */
static void add_region(struct heap_walk *walk, const struct account_wish *wish, size_t number)
{
	struct resident_owners *owners = walk->owners;
	const struct target_region *region = &owners->map->smaps.maps.regions[number];
	uint64_t resident = owners->map->smaps.figures[number].resident;
	bool is_stack = is_first_stack(region, wish->first_stack);
	enum snap_owner owner = is_stack ? SNAP_OWNER_STACKS : owner_of_region(region);

	if (owner == SNAP_OWNER_COUNT)
		return;
	owners->regions[number][owner] += resident;
	if (owner == SNAP_OWNER_GPU)
		owners->gpu_mapped += region->end - region->start;
	add_part(walk, owner, is_stack ? FIRST_THREAD : name_of_region(region), resident);
}

/* Where it is what nobody was found for. */
static void add_rest(struct heap_walk *walk, size_t number)
{
	const struct target_region *region = &walk->owners->map->smaps.maps.regions[number];
	uint64_t rest = resident_owners_rest(walk->owners, number);
	char name[64];

	if (rest < REST_MIN)
		return;
	snprintf(name, sizeof(name), "%" PRIx64 "-%" PRIx64, region->start, region->end);
	add_part(walk, SNAP_PART_NOBODY, *region->path ? region->path : name, rest);
}

static void add_stacks(struct heap_walk *walk, const struct account_wish *wish)
{
	_cleanup_(cleanup_thread_names) struct thread_names names = {0};

	if (!thread_names_read(&names, walk->python, walk->workers[0]->types))
		walk->owners->parts.is_broken = true;
	for (size_t i = 0; i < wish->thread_count; i++)
		add_stack(walk, &names, &wish->threads[i]);
}

struct error *malloc_owners_add(struct heap_walk *walk, const struct account_wish *wish)
{
	struct window_cache *memory = walk->python->memory;
	struct resident_owners *owners = walk->owners;
	_cleanup_free_ struct mapped_image *images = NULL;
	size_t image_count = 0;
	struct error *error = mapped_images_list(memory, &images, &image_count);

	if (!error)
		error = add_malloc(memory, owners, images, image_count);
	if (!error)
		error = note_other_malloc(memory, owners, images, image_count);
	if (error)
		return error;
	owners->huge_zeros = huge_zeros_count(memory->target, owners->map);
	add_module_data(walk, images, image_count);
	add_stacks(walk, wish);
	for (size_t i = 0; i < owners->map->smaps.maps.count; i++)
		add_region(walk, wish, i);
	for (size_t i = 0; i < owners->map->smaps.maps.count; i++)
		add_rest(walk, i);
	return NULL;
}
