/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main_arena and mp_ are static variables of libc. Both are known by what they
 * say of each other and of the memory:
 *
 *   main_arena  its top chunk ends at a page, where memory ends; each bin is
 *               empty (it points at itself) or its first and last chunk point
 *               back at it. The empty bins alone say nothing: they look the
 *               same two words further on.
 *   mp_         sbrk_base and the bytes the arena has make the end of top. When
 *               the arena is not in one piece, mp_ is the one struct whose
 *               counts do not contradict each other.
 *
 * The data of libc is copied once and looked at word by word.
 */
#include "base/cleanup.h"
#include "runtime/glibc_walk.h"

#include <stdlib.h>

enum {
	DATA_MAX = 16 << 20,
	BAD_BINS_MAX = 4, /* a thread stopped inside malloc may be moving chunks */
	LOCK_MAX = 2,     /* 0: free, 1: taken, 2: and waited for (lowlevellock.h) */
	PAGE = 4096,
	HUGE_PAGE_MAX = 1 << 30,
	THRESHOLD_MAX = 32 << 20, /* DEFAULT_MMAP_THRESHOLD_MAX */
};

struct search {
	struct glibc_malloc *glibc;
	taddr start;
	size_t size;
	uint8_t *bytes; /* of [start, start + size) */
};

/* Both ends of a bin's ring lead back to it. */
static bool bin_is_ring(struct window_cache *memory, taddr bin, taddr first, taddr last)
{
	uint64_t back;
	uint64_t forth;

	if (first == bin && last == bin)
		return true;
	return first % 16 == 0 && last % 16 == 0 && window_cache_u64(memory, first + 24, &back) &&
	       window_cache_u64(memory, last + 16, &forth) && back == bin && forth == bin;
}

unsigned int glibc_arena_bad_bins(const struct glibc_malloc *glibc, taddr address,
                                  const uint8_t *state)
{
	size_t offset = glibc->layout->state.bins;
	unsigned int bad = 0;

	for (size_t i = 0; i < GLIBC_BINS && bad <= BAD_BINS_MAX; i++, offset += 16)
		bad += !bin_is_ring(glibc->memory, address + offset - 16, glibc_word(state, offset),
		                    glibc_word(state, offset + 8));
	return bad > BAD_BINS_MAX ? GLIBC_BINS : bad;
}

static void arena_decode(const struct glibc_layout *layout, taddr address, const uint8_t *state,
                         struct glibc_arena *ret)
{
	uint64_t lock = glibc_word(state, 0);

	*ret = (struct glibc_arena){
		.address = address,
		.next = glibc_word(state, layout->state.next),
		.top = glibc_word(state, layout->state.top),
		.system_bytes = glibc_word(state, layout->state.system_mem),
		.system_bytes_max = glibc_word(state, layout->state.system_mem + 8U),
		.attached_threads = glibc_word(state, layout->state.attached_threads),
		.lock = (uint32_t)lock,
		/* NONCONTIGUOUS_BIT */
		.is_contiguous = !(lock >> 32 & 2),
	};
}

/* An arena without memory has its first bin for a top. */
static bool has_no_top(const struct glibc_layout *layout, const struct glibc_arena *arena)
{
	return arena->top == arena->address + layout->state.bins - 16 && !arena->system_bytes;
}

/* Takes the size of the top chunk from the head of it. */
static bool top_decode(uint64_t word, struct glibc_arena *arena)
{
	arena->top_bytes = word & ~(uint64_t)GLIBC_FLAGS;
	return (word & GLIBC_FLAGS) == GLIBC_PREVIOUS_IN_USE &&
	       arena->top_bytes >= GLIBC_CHUNK_HEADER && arena->top_bytes <= arena->system_bytes &&
	       (arena->top + arena->top_bytes) % PAGE == 0;
}

/* top must be a chunk of memory that is there. */
static bool top_read(const struct glibc_malloc *glibc, struct glibc_arena *arena)
{
	uint64_t word;

	if (has_no_top(glibc->layout, arena)) {
		arena->top = 0;
		return true;
	}
	return arena->top && arena->top % 16 == 0 && glibc_is_writable(glibc, arena->top) &&
	       window_cache_u64(glibc->memory, arena->top + 8, &word) && top_decode(word, arena) &&
	       glibc_is_writable(glibc, arena->top + arena->top_bytes - 1);
}

static bool arena_is_plausible(const struct glibc_arena *arena)
{
	return arena->lock <= LOCK_MAX && arena->next && arena->next % 8 == 0 &&
	       arena->top % 8 == 0 && arena->system_bytes <= arena->system_bytes_max;
}

bool glibc_arena_read(const struct glibc_malloc *glibc, taddr address, struct glibc_arena *ret)
{
	uint8_t state[GLIBC_STATE_MAX];
	struct glibc_arena arena;

	if (!window_cache_read(glibc->memory, address, state, glibc->layout->state.size))
		return false;
	arena_decode(glibc->layout, address, state, &arena);
	if (!arena_is_plausible(&arena) || !top_read(glibc, &arena) ||
	    glibc_arena_bad_bins(glibc, address, state) > BAD_BINS_MAX)
		return false;
	*ret = arena;
	return true;
}

bool glibc_arena_is_sound(struct window_cache *memory, const struct glibc_layout *layout,
                          taddr address)
{
	uint8_t state[GLIBC_STATE_MAX];
	struct glibc_arena arena;
	uint64_t word;

	if (!window_cache_read(memory, address, state, layout->state.size))
		return false;
	arena_decode(layout, address, state, &arena);
	if (!arena_is_plausible(&arena))
		return false;
	return has_no_top(layout, &arena) || !window_cache_u64(memory, arena.top + 8, &word) ||
	       top_decode(word, &arena);
}

static bool find_main(struct search *search, struct glibc_arena *ret)
{
	const struct glibc_layout *layout = search->glibc->layout;
	struct glibc_arena arena;
	bool is_found = false;

	for (size_t at = 0; at + layout->state.size <= search->size; at += 8) {
		arena_decode(layout, search->start + at, search->bytes + at, &arena);
		if (!arena_is_plausible(&arena) ||
		    !glibc_arena_read(search->glibc, search->start + at, &arena))
			continue;
		/* One that was used, rather than a table that looks like an unused one. */
		if (arena.top) {
			*ret = arena;
			return true;
		}
		if (!is_found && arena.next == arena.address)
			*ret = arena;
		is_found = is_found || arena.next == arena.address;
	}
	return is_found;
}

static struct glibc_settings settings_decode(const struct glibc_layout *layout,
                                             const uint8_t *bytes, taddr address)
{
	return (struct glibc_settings){
		.address = address,
		.trim_threshold = glibc_word(bytes, 0),
		.mmap_threshold = glibc_word(bytes, layout->settings.mmap_threshold),
		.arena_max = glibc_word(bytes, layout->settings.arena_max),
		.huge_page = layout->settings.huge_page == GLIBC_ABSENT
	                             ? 0
	                             : glibc_word(bytes, layout->settings.huge_page),
		.mapped_count = glibc_word(bytes, layout->settings.mapped_count) & UINT32_MAX,
		.mapped_bytes = glibc_word(bytes, layout->settings.mapped_bytes),
		.brk_start = glibc_word(bytes, layout->settings.brk_start),
		.cache_count = glibc_word(bytes, layout->settings.cache_count),
	};
}

/* malloc moves the threshold up to this itself, unless it was set (no_dyn_threshold). */
static bool threshold_is_plausible(const struct glibc_layout *layout, const uint8_t *bytes)
{
	uint64_t threshold = glibc_word(bytes, layout->settings.mmap_threshold);
	uint64_t is_set = glibc_word(bytes, layout->settings.mapped_count + 12U) & UINT32_MAX;

	return is_set <= 1 && (is_set || (threshold && threshold <= THRESHOLD_MAX));
}

/* What holds of mp_ whatever the program did. */
static bool settings_are_plausible(const struct glibc_malloc *glibc, const uint8_t *bytes)
{
	const struct glibc_layout *layout = glibc->layout;
	struct glibc_settings settings = settings_decode(layout, bytes, 1);
	uint64_t count_max = glibc_word(bytes, layout->settings.mapped_count + 8U) & UINT32_MAX;

	return threshold_is_plausible(layout, bytes) && settings.mapped_count <= count_max &&
	       settings.mapped_bytes <= glibc_word(bytes, layout->settings.mapped_bytes + 8U) &&
	       !settings.mapped_count == !settings.mapped_bytes &&
	       glibc_word(bytes, layout->settings.cache_bins) <= GLIBC_CACHE_BINS_MAX &&
	       settings.cache_count <= UINT16_MAX && settings.huge_page % PAGE == 0 &&
	       settings.huge_page <= HUGE_PAGE_MAX;
}

/* What holds besides, of an arena whose memory is in one piece, or else of malloc's defaults. */
static bool settings_fit(const struct glibc_malloc *glibc, const struct glibc_settings *settings)
{
	const struct glibc_arena *main = &glibc->arenas[0];

	if (main->top && main->is_contiguous)
		return settings->brk_start + main->system_bytes == main->top + main->top_bytes;
	if (!settings->cache_count)
		return false;
	return settings->brk_start ? glibc_is_writable(glibc, settings->brk_start) : !main->top;
}

static void find_settings(struct search *search)
{
	const struct glibc_layout *layout = search->glibc->layout;

	for (size_t at = 0; at + layout->settings.size <= search->size; at += 8) {
		struct glibc_settings settings =
			settings_decode(layout, search->bytes + at, search->start + at);

		if (settings_fit(search->glibc, &settings) &&
		    settings_are_plausible(search->glibc, search->bytes + at)) {
			search->glibc->settings = settings;
			return;
		}
	}
}

bool glibc_search(struct glibc_malloc *glibc, taddr start, taddr end, bool *ret_found)
{
	_cleanup_free_ uint8_t *bytes = NULL;
	struct search search = {.glibc = glibc, .start = (start + 7) & ~(taddr)7};
	struct glibc_arena main;

	*ret_found = false;
	if (end <= search.start || end - search.start > DATA_MAX)
		return true;
	search.size = (size_t)(end - search.start);
	search.bytes = bytes = malloc(search.size);
	if (!bytes)
		return false;
	if (!window_cache_read(glibc->memory, search.start, bytes, search.size) ||
	    !find_main(&search, &main))
		return true;
	glibc->arenas[0] = main;
	glibc->arena_count = 1;
	find_settings(&search);
	*ret_found = true;
	return true;
}
