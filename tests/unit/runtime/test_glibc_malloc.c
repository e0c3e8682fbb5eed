/* SPDX-License-Identifier: Apache-2.0 */
/* glibc's malloc of every generation, sound, and lying in every way it can. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_malloc.h"

enum { FAST = 5, CACHED = 3, USED = 4 };

/* What a small process has: some chunks of each kind. */
struct small {
	struct fake_malloc *fake;
	struct glibc_malloc glibc;
	taddr used[FAKE_ARENA_COUNT][USED];
	taddr fast[FAST];
	taddr cached[CACHED];
	taddr cache;
	taddr free_chunk;
};

struct counted {
	struct glibc_usage usage;
	struct glibc_visit visit;
	taddr last;
	taddr wanted;
	struct glibc_chunk found; /* the chunk of the block wanted */
};

static void small_init(struct small *small, const struct glibc_layout *layout, unsigned int minor)
{
	*small = (struct small){.fake = fake_malloc_new(layout, minor)};
	assert_non_null(small->fake);
	for (int arena = 0; arena < FAKE_ARENA_COUNT; arena++)
		for (int i = 0; i < USED; i++)
			small->used[arena][i] =
				fake_malloc_chunk(small->fake, (enum fake_arena)arena, 48);
	for (int i = 0; i < FAST; i++)
		small->fast[i] = fake_malloc_chunk(small->fake, FAKE_MAIN_ARENA, 64);
	for (int i = 0; i < CACHED; i++)
		small->cached[i] = fake_malloc_chunk(small->fake, FAKE_MAIN_ARENA, 80);
	small->free_chunk = fake_malloc_chunk(small->fake, FAKE_MAIN_ARENA, 160);
	small->cache = fake_malloc_cache(small->fake, FAKE_MAIN_ARENA, small->cached, CACHED);
	fake_malloc_free_chunk(small->fake, FAKE_MAIN_ARENA, small->free_chunk);
	if (layout->state.fast_bins != GLIBC_ABSENT)
		fake_malloc_fast(small->fake, FAKE_MAIN_ARENA, small->fast, FAST);
	fake_malloc_end(small->fake);
}

static void small_deinit(struct small *small)
{
	glibc_malloc_deinit(&small->glibc);
	fake_malloc_free(small->fake);
}

static const struct glibc_layout *usual_layout(void)
{
	return &glibc_layouts[glibc_layout_number(36)];
}

static bool count_chunk(void *context, const struct glibc_chunk *chunk)
{
	struct counted *counted = context;

	assert_true(chunk->state == GLIBC_MAPPED || chunk->block > counted->last);
	counted->last = chunk->block;
	glibc_usage_add(&counted->usage, chunk);
	if (chunk->block == counted->wanted)
		counted->found = *chunk;
	return true;
}

/* Finds malloc and visits all chunks; wanted: a block to be told of. */
static struct counted look(struct small *small, taddr wanted)
{
	struct counted counted = {.wanted = wanted};

	assert_null(fake_malloc_find(small->fake, &small->glibc));
	assert_true(glibc_chunks_visit(&small->glibc, count_chunk, &counted, &counted.visit));
	return counted;
}

static uint64_t torn(const struct small *small, const struct counted *counted)
{
	return small->glibc.torn + counted->visit.torn;
}

/* ------------------------------------------------------------ what is sound */

static void check_small(struct small *small, const struct glibc_layout *layout)
{
	bool has_fast = layout->state.fast_bins != GLIBC_ABSENT;
	struct counted counted = look(small, small->used[1][0] + 16);

	assert_int_equal(torn(small, &counted), 0);
	assert_int_equal(counted.visit.torn_bytes, 0);
	assert_ptr_equal(small->glibc.layout, layout);
	assert_int_equal(small->glibc.settings.address, FAKE_LIBC_DATA + FAKE_SETTINGS_OFFSET);
	assert_int_equal(small->glibc.arena_count, 2);
	assert_int_equal(small->glibc.arenas[0].address, FAKE_LIBC_DATA + FAKE_ARENA_OFFSET);
	assert_int_equal(small->glibc.cache_count, 1);
	assert_int_equal(counted.usage.count[GLIBC_USED], 2 * USED + (has_fast ? 0 : FAST));
	assert_int_equal(counted.usage.count[GLIBC_FAST], has_fast ? FAST : 0);
	assert_int_equal(counted.usage.bytes[GLIBC_CACHED], CACHED * 80);
	assert_int_equal(counted.usage.count[GLIBC_ITSELF], 1);
	assert_int_equal(counted.usage.bytes[GLIBC_FREE], 160);
	assert_int_equal(counted.usage.count[GLIBC_TOP], 2);
	assert_int_equal(counted.found.usable, 40);
	assert_int_equal(counted.found.arena, 1);
}

static void every_generation_is_read_as_its_version_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < glibc_layout_count; i++) {
		struct small small;

		small_init(&small, &glibc_layouts[i], glibc_layouts[i].first);
		check_small(&small, &glibc_layouts[i]);
		small_deinit(&small);
	}
}

/* Patched, or without a banner: what is there decides. */
static void the_structure_decides_where_the_version_is_wrong(void **state)
{
	static const unsigned int minors[] = {0, 27, 31, 36, 43, 99};

	(void)state;
	for (size_t i = 0; i < glibc_layout_count; i++) {
		for (size_t k = 0; k < sizeof(minors) / sizeof(*minors); k++) {
			struct small small;

			small_init(&small, &glibc_layouts[i], minors[k]);
			check_small(&small, &glibc_layouts[i]);
			small_deinit(&small);
		}
	}
}

static void mallinfo_is_that_of_the_arena(void **state)
{
	const uint64_t system = FAKE_PAGES - FAKE_BRK_OFFSET;
	struct glibc_mallinfo info;
	struct small small;
	struct counted counted;

	(void)state;
	small_init(&small, usual_layout(), 36);
	counted = look(&small, 0);
	/* Those of the thread's arena are all in use, so the sums are the main one's. */
	glibc_mallinfo(&small.glibc, 0, &counted.usage, &info);
	assert_int_equal(info.arena, system);
	assert_int_equal(info.ordblks, 2);
	assert_int_equal(info.smblks, FAST);
	assert_int_equal(info.fsmblks, FAST * 64);
	assert_int_equal(info.fordblks, 160 + FAST * 64 + info.keepcost);
	assert_int_equal(info.uordblks, system - info.fordblks);
	assert_int_equal(info.keepcost, FAKE_BRK + FAKE_PAGES - small.fake->top[FAKE_MAIN_ARENA]);
	small_deinit(&small);
}

static void blocks_with_a_mapping_of_their_own_are_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < glibc_layout_count; i++) {
		struct counted counted;
		struct small small;
		taddr chunk;

		small_init(&small, &glibc_layouts[i], glibc_layouts[i].last);
		/* One behind the other, the first behind two pages of another's. */
		fake_malloc_u64(small.fake, FAKE_MAPPINGS + 8, 4096 + 2 + 1);
		fake_malloc_map(small.fake, FAKE_MAPPINGS + 0x2000, 0, 0x3000);
		fake_malloc_map(small.fake, FAKE_MAPPINGS + 0x5000, 0xff0 + 0x2000, 0x6000);
		chunk = fake_malloc_map(small.fake, FAKE_MAPPINGS + 0xb000, 48, 0x1000);
		fake_malloc_end(small.fake);
		counted = look(&small, chunk + 16);
		assert_int_equal(torn(&small, &counted), 0);
		assert_int_equal(counted.usage.count[GLIBC_MAPPED], 3);
		assert_int_equal(counted.usage.bytes[GLIBC_MAPPED], 0xa000);
		assert_int_equal(small.glibc.mapped_bytes, 0xa000);
		assert_int_equal(counted.found.bytes, 0x1000);
		assert_int_equal(counted.found.usable,
		                 glibc_layouts[i].mapped_size_has_header ? 4032 : 4024);
		small_deinit(&small);
	}
}

static void arenas_alone_are_found_without_what_they_hold(void **state)
{
	(void)state;
	for (size_t i = 0; i < glibc_layout_count; i++) {
		struct glibc_malloc arenas;
		struct small small;

		small_init(&small, &glibc_layouts[i], glibc_layouts[i].last);
		(void)look(&small, 0);
		assert_null(glibc_malloc_find_arenas(&small.fake->memory, &small.fake->image, 1,
		                                     &arenas));
		assert_ptr_equal(arenas.layout, &glibc_layouts[i]);
		assert_int_equal(arenas.arena_count, 2);
		assert_int_equal(arenas.arenas[1].address, small.glibc.arenas[1].address);
		assert_int_equal(arenas.stretch_count, 2);
		assert_int_equal(arenas.held_count, 0);
		glibc_malloc_deinit(&arenas);
		small_deinit(&small);
	}
}

static void a_locked_arena_is_said(void **state)
{
	struct small small;

	(void)state;
	small_init(&small, usual_layout(), 36);
	fake_malloc_u64(small.fake, fake_malloc_arena(small.fake, FAKE_THREAD_ARENA), 2);
	(void)look(&small, 0);
	assert_int_equal(small.glibc.arena_count, 2);
	assert_int_equal(small.glibc.arenas[1].lock, 2);
	small_deinit(&small);
}

static bool is_sound(struct small *small)
{
	return glibc_arena_is_sound(&small->fake->memory, usual_layout(),
	                            fake_malloc_arena(small->fake, FAKE_MAIN_ARENA));
}

/* A thread that splits the top chunk moves top first, and then writes the head of what is left. */
static void an_arena_whose_top_moves_is_not_sound(void **state)
{
	struct small small;
	taddr top;

	(void)state;
	small_init(&small, usual_layout(), 36);
	(void)look(&small, 0);
	assert_true(is_sound(&small));
	top = small.glibc.arenas[0].top;
	small_deinit(&small);
	small_init(&small, usual_layout(), 36);
	fake_malloc_u64(small.fake, top + 8, 0);
	assert_true(fake_malloc_finish(small.fake));
	assert_false(is_sound(&small));
	small_deinit(&small);
}

/* ------------------------------------------------------------ what is not */

static void a_chunk_that_cannot_be_one_ends_its_stretch(void **state)
{
	const uint64_t sizes[] = {0,      1,      8 | 1,          24 | 1,
	                          40 | 1, 48 | 2, FAKE_PAGES | 1, ~UINT64_C(7)};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct counted counted;
		struct small small;

		small_init(&small, usual_layout(), 36);
		fake_malloc_u64(small.fake, small.used[0][2] + 8, sizes[i]);
		counted = look(&small, small.used[1][3] + 16);
		assert_true(torn(&small, &counted) > 0);
		assert_int_equal(counted.visit.torn_bytes,
		                 FAKE_BRK + FAKE_PAGES - small.used[0][2]);
		assert_int_equal(counted.usage.count[GLIBC_USED], 2 + USED);
		assert_int_equal(counted.found.state, GLIBC_USED);
		small_deinit(&small);
	}
}

static void a_chunk_whose_size_two_words_tell_apart_counts_as_used(void **state)
{
	struct counted counted;
	struct small small;

	(void)state;
	small_init(&small, usual_layout(), 36);
	fake_malloc_u64(small.fake, small.free_chunk + 160, 176);
	counted = look(&small, small.free_chunk + 16);
	assert_int_equal(counted.found.state, GLIBC_USED);
	assert_int_equal(counted.visit.torn, 1);
	assert_int_equal(counted.visit.torn_bytes, 0);
	small_deinit(&small);
}

static void a_list_of_a_fast_bin_that_never_ends_ends(void **state)
{
	(void)state;
	for (int to = 0; to < FAST; to++) {
		struct counted counted;
		struct small small;

		small_init(&small, usual_layout(), 36);
		fake_malloc_link(small.fake, small.fast[FAST - 1] + 16, small.fast[to]);
		counted = look(&small, 0);
		assert_int_equal(counted.usage.count[GLIBC_FAST], FAST);
		assert_true(small.glibc.torn > 0);
		small_deinit(&small);
	}
}

static void a_list_that_leads_elsewhere_is_left(void **state)
{
	const taddr ends[] = {8, FAKE_BRK + FAKE_PAGES, FAKE_LIBC_DATA, UINT64_MAX - 15, 0x7f};

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		struct counted counted;
		struct small small;

		small_init(&small, usual_layout(), 36);
		fake_malloc_link(small.fake, small.fast[1] + 16, ends[i]);
		counted = look(&small, 0);
		assert_int_equal(counted.usage.count[GLIBC_FAST], 2);
		assert_true(small.glibc.torn > 0);
		small_deinit(&small);
	}
}

static void what_is_no_cache_holds_nothing(void **state)
{
	const taddr nexts[] = {8, FAKE_LIBC_DATA, UINT64_MAX - 15};

	(void)state;
	for (size_t i = 0; i <= sizeof(nexts) / sizeof(*nexts); i++) {
		struct counted counted;
		struct small small;

		small_init(&small, usual_layout(), 36);
		if (i)
			fake_malloc_link(small.fake, small.cached[0] + 16, nexts[i - 1]);
		else /* in a circle */
			fake_malloc_link(small.fake, small.cached[CACHED - 1] + 16,
			                 small.cached[0] + 16);
		counted = look(&small, small.cached[1] + 16);
		assert_int_equal(counted.usage.count[GLIBC_CACHED], 0);
		assert_int_equal(counted.usage.count[GLIBC_ITSELF], 0);
		assert_int_equal(counted.found.state, GLIBC_USED);
		small_deinit(&small);
	}
}

/* A thread that stopped between the list and its count. */
static void a_cache_may_be_off_by_one(void **state)
{
	struct counted counted;
	struct small small;

	(void)state;
	small_init(&small, usual_layout(), 36);
	fake_malloc_link(small.fake, small.cached[CACHED - 2] + 16, 0);
	counted = look(&small, small.cached[CACHED - 1] + 16);
	assert_int_equal(counted.usage.count[GLIBC_CACHED], CACHED - 1);
	assert_int_equal(counted.found.state, GLIBC_USED);
	assert_int_equal(small.glibc.torn, 1);
	small_deinit(&small);
}

static void a_top_beyond_its_heap_leaves_the_heap_out(void **state)
{
	struct counted counted;
	struct small small;

	(void)state;
	small_init(&small, usual_layout(), 36);
	fake_malloc_u64(small.fake, small.fake->top[FAKE_THREAD_ARENA] + 8,
	                (FAKE_HEAP + FAKE_PAGES - small.fake->top[FAKE_THREAD_ARENA] + 4096) | 1);
	counted = look(&small, small.used[0][0] + 16);
	assert_int_equal(counted.found.state, GLIBC_USED);
	assert_int_equal(small.glibc.arena_count, 1);
	assert_int_equal(counted.usage.count[GLIBC_TOP], 1);
	assert_true(small.glibc.torn > 0);
	small_deinit(&small);
}

static void a_heap_that_lies_about_itself_is_left_out(void **state)
{
	const struct {
		taddr at;
		uint64_t value;
	} lies[] = {
		{FAKE_HEAP, FAKE_LIBC_DATA},
		{FAKE_HEAP + 16, FAKE_PAGES + 1},
		{FAKE_HEAP + 16, 65 << 20},
		{FAKE_HEAP + 16, FAKE_PAGES * 2},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		struct counted counted;
		struct small small;

		small_init(&small, usual_layout(), 36);
		fake_malloc_u64(small.fake, lies[i].at, lies[i].value);
		counted = look(&small, small.used[1][0] + 16);
		assert_int_equal(counted.found.block, 0);
		assert_int_equal(counted.usage.count[GLIBC_USED], USED);
		assert_true(torn(&small, &counted) > 0);
		small_deinit(&small);
	}
}

/* The second arena names itself, or nothing, as the next one. */
static void a_ring_that_never_closes_ends(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		struct counted counted;
		struct small small;
		taddr arena;

		small_init(&small, usual_layout(), 36);
		arena = fake_malloc_arena(small.fake, FAKE_THREAD_ARENA);
		fake_malloc_u64(small.fake, arena + usual_layout()->state.next,
		                i == 0   ? arena
		                : i == 1 ? FAKE_MAPPINGS
		                         : UINT64_MAX - 7);
		counted = look(&small, small.used[1][0] + 16);
		assert_int_equal(small.glibc.arena_count, 2);
		assert_int_equal(counted.found.state, GLIBC_USED);
		assert_int_equal(small.glibc.torn, 1);
		small_deinit(&small);
	}
}

static void what_has_no_malloc_is_said(void **state)
{
	struct glibc_malloc glibc;
	struct small small;
	struct error *error;

	(void)state;
	small_init(&small, usual_layout(), 36);
	fake_malloc_u64(small.fake, FAKE_LIBC_DATA + FAKE_ARENA_OFFSET + usual_layout()->state.top,
	                FAKE_LIBC);
	error = fake_malloc_find(small.fake, &glibc);
	assert_non_null(error);
	assert_int_equal(error_kind(error), ERROR_NOT_FOUND);
	error_free(error);
	error = glibc_malloc_find(&small.fake->memory, NULL, 0, &glibc);
	assert_int_equal(error_kind(error), ERROR_NOT_FOUND);
	error_free(error);
	small_deinit(&small);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_generation_is_read_as_its_version_says),
		cmocka_unit_test(the_structure_decides_where_the_version_is_wrong),
		cmocka_unit_test(mallinfo_is_that_of_the_arena),
		cmocka_unit_test(blocks_with_a_mapping_of_their_own_are_found),
		cmocka_unit_test(arenas_alone_are_found_without_what_they_hold),
		cmocka_unit_test(a_locked_arena_is_said),
		cmocka_unit_test(an_arena_whose_top_moves_is_not_sound),
		cmocka_unit_test(a_chunk_that_cannot_be_one_ends_its_stretch),
		cmocka_unit_test(a_chunk_whose_size_two_words_tell_apart_counts_as_used),
		cmocka_unit_test(a_list_of_a_fast_bin_that_never_ends_ends),
		cmocka_unit_test(a_list_that_leads_elsewhere_is_left),
		cmocka_unit_test(what_is_no_cache_holds_nothing),
		cmocka_unit_test(a_cache_may_be_off_by_one),
		cmocka_unit_test(a_top_beyond_its_heap_leaves_the_heap_out),
		cmocka_unit_test(a_heap_that_lies_about_itself_is_left_out),
		cmocka_unit_test(a_ring_that_never_closes_ends),
		cmocka_unit_test(what_has_no_malloc_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
