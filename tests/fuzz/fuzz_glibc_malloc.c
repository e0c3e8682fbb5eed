/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Property: whatever a process has where glibc's malloc should be, finding it
 * and visiting its chunks ends in bounded time and memory, reads nothing of ours
 * out of bounds, and tells each byte at most once: chunks of stretches ascend,
 * none overlaps the next one, and all lie in the target's memory.
 *
 * An input is a recipe. Byte 0 chooses a table of offsets, byte 1 what version
 * the banner says; each further 8 bytes change one word:
 *
 *	0  place   one of those in make_places
 *	1  offset  of the word in it, ...
 *	2          ... in words, little-endian
 *	3  kind    value as it is, a mangled link, all ones, or an address in a place
 *	4  value   4 bytes; of an address: place, nothing, offset in bytes
 */
#include "fuzz_target.h"

#include "../unit/runtime/fake_malloc.h"

#include <assert.h>
#include <stdlib.h>

enum { PLACES = 12, CHANGE = 8, CHANGES_MAX = 64, CHUNKS = 8 };

struct told {
	taddr end;
	uint64_t bytes;
};

static bool check_chunk(void *context, const struct glibc_chunk *chunk)
{
	struct told *told = context;

	if (chunk->state >= GLIBC_STATES || chunk->bytes > 3 * FAKE_PAGES)
		abort();
	if (chunk->state == GLIBC_MAPPED)
		return true;
	if (chunk->block - 16 < told->end)
		abort();
	told->end = chunk->block - 16 + chunk->bytes;
	told->bytes += chunk->bytes;
	if (told->bytes > 3 * FAKE_PAGES)
		abort();
	return true;
}

static void make_places(struct fake_malloc *fake, taddr places[PLACES])
{
	taddr fast[CHUNKS];
	taddr cached[CHUNKS];

	for (int i = 0; i < CHUNKS; i++) {
		fast[i] = fake_malloc_chunk(fake, FAKE_MAIN_ARENA, 48);
		cached[i] = fake_malloc_chunk(fake, FAKE_THREAD_ARENA, 64);
	}
	places[0] = fake_malloc_arena(fake, FAKE_MAIN_ARENA);
	places[1] = fake_malloc_arena(fake, FAKE_THREAD_ARENA);
	places[2] = FAKE_LIBC_DATA + FAKE_SETTINGS_OFFSET;
	places[3] = fast[0];
	places[4] = cached[0];
	places[5] = fake_malloc_chunk(fake, FAKE_MAIN_ARENA, 512);
	places[6] = FAKE_HEAP;
	places[7] = FAKE_BRK;
	places[8] = FAKE_MAPPINGS;
	places[9] = fake_malloc_cache(fake, FAKE_THREAD_ARENA, cached, 7);
	fake_malloc_free_chunk(fake, FAKE_MAIN_ARENA, places[5]);
	if (fake->layout->state.fast_bins != GLIBC_ABSENT)
		fake_malloc_fast(fake, FAKE_MAIN_ARENA, fast, CHUNKS);
	fake_malloc_map(fake, FAKE_MAPPINGS + 0x1000, 0, 0x2000);
	fake_malloc_map(fake, FAKE_MAPPINGS + 0x3000, 0xff0, 0x4000);
	places[10] = fake->top[FAKE_MAIN_ARENA];
	places[11] = fake->top[FAKE_THREAD_ARENA];
	fake_malloc_end(fake);
}

static void change(struct fake_malloc *fake, const taddr places[PLACES], const uint8_t *recipe)
{
	uint16_t offset;
	uint32_t value;
	taddr address;

	memcpy(&offset, recipe + 1, sizeof(offset));
	memcpy(&value, recipe + 4, sizeof(value));
	address = places[recipe[0] % PLACES] + (taddr)offset * 8;
	if (recipe[3] % 4 == 0)
		fake_malloc_u64(fake, address, value);
	else if (recipe[3] % 4 == 1)
		fake_malloc_link(fake, address, places[value % PLACES] + (value >> 16));
	else if (recipe[3] % 4 == 2)
		fake_malloc_u64(fake, address, UINT64_MAX);
	else
		fake_malloc_u64(fake, address, places[value % PLACES] + (value >> 16));
}

static void look(struct fake_malloc *fake)
{
	struct glibc_malloc glibc;
	struct told told = {0};
	struct glibc_visit visit;
	struct glibc_mallinfo info;
	const struct glibc_usage usage = {0};
	struct error *error = fake_malloc_find(fake, &glibc);

	if (error) {
		error_free(error);
		return;
	}
	if (!glibc.arena_count || glibc.held_count > glibc.stretch_bytes / 32 + 2 ||
	    glibc.stretch_bytes > target_mapped_bytes(fake->target))
		abort();
	glibc_chunks_visit(&glibc, check_chunk, &told, &visit);
	if (visit.torn_bytes + told.bytes > target_mapped_bytes(fake->target))
		abort();
	glibc_mallinfo(&glibc, 0, &usage, &info);
	glibc_malloc_deinit(&glibc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fake_malloc *fake;
	taddr places[PLACES];

	if (size < 2)
		return 0;
	fake = fake_malloc_new(&glibc_layouts[data[0] % glibc_layout_count], data[1] % 50);
	assert(fake);
	make_places(fake, places);
	for (size_t i = 0; i < CHANGES_MAX && 2 + (i + 1) * CHANGE <= size; i++)
		change(fake, places, data + 2 + i * CHANGE);
	look(fake);
	fake_malloc_free(fake);
	return 0;
}
