/* SPDX-License-Identifier: Apache-2.0 */
/* Written as glibc's malloc.c and arena.c write it, by the offsets of a table. */
#include "fake_malloc.h"

#include "target/fake_target.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { CACHE = 1 << 20, FAST_SIZE_MIN = 32, CACHE_COUNT = 7, UNSORTED = 0 };

struct area {
	taddr start;
	uint8_t *bytes;
	size_t size;
};

static uint8_t *place(const struct fake_malloc *fake, taddr address)
{
	struct fake_malloc *writable = (struct fake_malloc *)(uintptr_t)fake;
	const struct area areas[] = {
		{FAKE_LIBC, writable->text, sizeof(fake->text)},
		{FAKE_LIBC_DATA, writable->data, FAKE_LIBC_SIZE},
		{FAKE_BRK, writable->brk, FAKE_PAGES},
		{FAKE_HEAP, writable->heap, FAKE_PAGES},
		{FAKE_MAPPINGS, writable->mappings, FAKE_PAGES},
	};

	for (size_t i = 0; i < sizeof(areas) / sizeof(*areas); i++)
		if (address >= areas[i].start && address - areas[i].start <= areas[i].size - 8)
			return areas[i].bytes + (address - areas[i].start);
	return NULL;
}

void fake_malloc_u64(struct fake_malloc *fake, taddr address, uint64_t value)
{
	uint8_t *bytes = place(fake, address);

	if (bytes)
		memcpy(bytes, &value, sizeof(value));
}

uint64_t fake_malloc_word(const struct fake_malloc *fake, taddr address)
{
	const uint8_t *bytes = place(fake, address);
	uint64_t value = 0;

	if (bytes)
		memcpy(&value, bytes, sizeof(value));
	return value;
}

void fake_malloc_link(struct fake_malloc *fake, taddr address, taddr to)
{
	fake_malloc_u64(fake, address, fake->layout->has_mangled_links ? to ^ (address >> 12) : to);
}

taddr fake_malloc_arena(const struct fake_malloc *fake, enum fake_arena arena)
{
	if (arena == FAKE_MAIN_ARENA)
		return FAKE_LIBC_DATA + FAKE_ARENA_OFFSET;
	return FAKE_HEAP + fake->layout->heap_header;
}

static void empty_bins(struct fake_malloc *fake, enum fake_arena arena)
{
	taddr bins = fake_malloc_arena(fake, arena) + fake->layout->state.bins;

	for (unsigned int i = 0; i < GLIBC_BINS; i++) {
		fake_malloc_u64(fake, bins + 16ULL * i, bins + 16ULL * i - 16);
		fake_malloc_u64(fake, bins + 16ULL * i + 8, bins + 16ULL * i - 16);
	}
}

struct fake_malloc *fake_malloc_new(const struct glibc_layout *layout, unsigned int minor)
{
	struct fake_malloc *fake = calloc(1, sizeof(*fake));
	taddr behind;

	if (!fake)
		return NULL;
	fake->layout = layout;
	if (minor)
		snprintf((char *)fake->text + 64, 128,
		         "GNU C Library (Fake) stable release version 2.%u.\n", minor);
	empty_bins(fake, FAKE_MAIN_ARENA);
	empty_bins(fake, FAKE_THREAD_ARENA);
	fake->top[FAKE_MAIN_ARENA] = FAKE_BRK + FAKE_BRK_OFFSET;
	behind = fake_malloc_arena(fake, FAKE_THREAD_ARENA) + layout->state.size;
	fake->top[FAKE_THREAD_ARENA] = (behind + 15) & ~(taddr)15;
	return fake;
}

void fake_malloc_free(struct fake_malloc *fake)
{
	if (!fake)
		return;
	window_cache_deinit(&fake->memory);
	target_free(fake->target);
	free(fake);
}

taddr fake_malloc_chunk(struct fake_malloc *fake, enum fake_arena arena, uint64_t size)
{
	taddr chunk = fake->top[arena];

	fake_malloc_u64(fake, chunk + 8, size | 1 | (arena == FAKE_MAIN_ARENA ? 0 : 4));
	fake->top[arena] += size;
	return chunk;
}

void fake_malloc_free_chunk(struct fake_malloc *fake, enum fake_arena arena, taddr chunk)
{
	taddr bin = fake_malloc_arena(fake, arena) + fake->layout->state.bins - 16;
	uint64_t size = fake_malloc_word(fake, chunk + 8) & ~UINT64_C(7);
	uint64_t word = fake_malloc_word(fake, chunk + size + 8);

	fake_malloc_u64(fake, chunk + size, size);
	fake_malloc_u64(fake, chunk + size + 8, word & ~UINT64_C(1));
	fake_malloc_u64(fake, chunk + 16, bin);
	fake_malloc_u64(fake, chunk + 24, bin);
	fake_malloc_u64(fake, bin + 16, chunk);
	fake_malloc_u64(fake, bin + 24, chunk);
}

void fake_malloc_fast(struct fake_malloc *fake, enum fake_arena arena, const taddr *chunks,
                      size_t count)
{
	uint64_t size = fake_malloc_word(fake, chunks[0] + 8) & ~UINT64_C(7);
	taddr first = fake_malloc_arena(fake, arena) + fake->layout->state.fast_bins;

	for (size_t i = 0; i < count; i++)
		fake_malloc_link(fake, chunks[i] + 16, i + 1 < count ? chunks[i + 1] : 0);
	fake_malloc_u64(fake, first + (size - FAST_SIZE_MIN) / 2, chunks[0]);
}

static void put_count(struct fake_malloc *fake, taddr cache, uint64_t bin, uint64_t count)
{
	unsigned int size = fake->layout->cache.count_size;
	uint8_t *bytes = place(fake, cache + bin * size);

	assert(bytes);
	if (fake->layout->cache.counts_down)
		count = CACHE_COUNT - count;
	memcpy(bytes, &count, size);
}

taddr fake_malloc_cache(struct fake_malloc *fake, enum fake_arena arena, const taddr *chunks,
                        size_t count)
{
	uint64_t size = (glibc_cache_size(fake->layout) + 23) & ~15U;
	taddr cache = fake_malloc_chunk(fake, arena, size) + 16;
	taddr lists = cache + (taddr)fake->layout->cache.bins * fake->layout->cache.count_size;
	uint64_t bin = ((fake_malloc_word(fake, chunks[0] + 8) & ~UINT64_C(7)) - 32) / 16;

	for (unsigned int i = 0; i < fake->layout->cache.bins; i++)
		put_count(fake, cache, i, i == bin ? count : 0);
	for (size_t i = 0; i < count; i++)
		fake_malloc_link(fake, chunks[i] + 16, i + 1 < count ? chunks[i + 1] + 16 : 0);
	fake_malloc_u64(fake, lists + 8 * bin, chunks[0] + 16);
	return cache - 16;
}

taddr fake_malloc_map(struct fake_malloc *fake, taddr base, uint64_t offset, uint64_t bytes)
{
	uint64_t size = fake->layout->mapped_size_has_header ? bytes : bytes - 16;

	fake_malloc_u64(fake, base, 0);
	fake_malloc_u64(fake, base + 8, size | 2);
	fake_malloc_u64(fake, base + offset, offset);
	fake_malloc_u64(fake, base + offset + 8, (size - offset) | 2);
	fake->mapped_count++;
	fake->mapped_bytes += bytes;
	return base + offset;
}

static void end_arena(struct fake_malloc *fake, enum fake_arena arena, taddr start, taddr end)
{
	taddr state = fake_malloc_arena(fake, arena);

	fake_malloc_u64(fake, fake->top[arena] + 8, (end - fake->top[arena]) | 1);
	fake_malloc_u64(fake, state + fake->layout->state.top, fake->top[arena]);
	fake_malloc_u64(fake, state + fake->layout->state.next,
	                fake_malloc_arena(fake, FAKE_THREAD_ARENA - arena));
	fake_malloc_u64(fake, state + fake->layout->state.system_mem, end - start);
	fake_malloc_u64(fake, state + fake->layout->state.system_mem + 8U, end - start);
	fake_malloc_u64(fake, state + fake->layout->state.attached_threads, 1);
}

static void end_settings(struct fake_malloc *fake)
{
	taddr settings = FAKE_LIBC_DATA + FAKE_SETTINGS_OFFSET;
	const struct glibc_layout *layout = fake->layout;

	fake_malloc_u64(fake, settings + layout->settings.mmap_threshold, 128 << 10);
	fake_malloc_u64(fake, settings + layout->settings.mapped_bytes, fake->mapped_bytes);
	fake_malloc_u64(fake, settings + layout->settings.mapped_bytes + 8U, fake->mapped_bytes);
	fake_malloc_u64(fake, settings + layout->settings.brk_start, FAKE_BRK + FAKE_BRK_OFFSET);
	fake_malloc_u64(fake, settings + layout->settings.cache_bins, layout->cache.bins);
	fake_malloc_u64(fake, settings + layout->settings.cache_count, CACHE_COUNT);
	fake_malloc_u64(fake, settings + layout->settings.mapped_count,
	                fake->mapped_count | UINT64_C(65536) << 32);
	fake_malloc_u64(fake, settings + layout->settings.mapped_count + 8U, fake->mapped_count);
}

void fake_malloc_end(struct fake_malloc *fake)
{
	end_arena(fake, FAKE_MAIN_ARENA, FAKE_BRK + FAKE_BRK_OFFSET, FAKE_BRK + FAKE_PAGES);
	end_arena(fake, FAKE_THREAD_ARENA, FAKE_HEAP, FAKE_HEAP + FAKE_PAGES);
	fake_malloc_u64(fake, FAKE_HEAP, fake_malloc_arena(fake, FAKE_THREAD_ARENA));
	fake_malloc_u64(fake, FAKE_HEAP + 16, FAKE_PAGES);
	end_settings(fake);
}

bool fake_malloc_finish(struct fake_malloc *fake)
{
	struct fake_target *made = fake_target_new();
	struct error *error;

	if (!made)
		return false;
	if (!fake_target_add(made, FAKE_LIBC, fake->text, sizeof(fake->text), false, "") ||
	    !fake_target_add(made, FAKE_LIBC_DATA, fake->data, FAKE_LIBC_SIZE, true, "") ||
	    !fake_target_add(made, FAKE_BRK, fake->brk, FAKE_PAGES, true, "[heap]") ||
	    !fake_target_add(made, FAKE_HEAP, fake->heap, FAKE_PAGES, true, "") ||
	    !fake_target_add(made, FAKE_MAPPINGS, fake->mappings, FAKE_PAGES, true, "")) {
		fake_target_free(made);
		return false;
	}
	error = fake_target_finish(made, &fake->target);
	if (!error)
		error = window_cache_init(&fake->memory, fake->target, CACHE);
	if (!error)
		return true;
	error_free(error);
	return false;
}

struct error *fake_malloc_find(struct fake_malloc *fake, struct glibc_malloc *ret)
{
	if (!fake->target && !fake_malloc_finish(fake))
		return error_no_memory();
	fake->region = (struct target_region){.start = FAKE_LIBC,
	                                      .end = FAKE_LIBC + sizeof(fake->text),
	                                      .path = "/lib/libc.so.6"};
	fake->image = (struct mapped_image){
		.region = &fake->region,
		.start = FAKE_LIBC,
		.end = FAKE_LIBC_DATA + FAKE_LIBC_SIZE,
		.data = {{FAKE_LIBC_DATA, FAKE_LIBC_DATA + FAKE_LIBC_SIZE}},
		.data_count = 1,
	};
	return glibc_malloc_find(&fake->memory, &fake->image, 1, ret);
}
