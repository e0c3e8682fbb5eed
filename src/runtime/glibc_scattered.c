/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A main arena that is not in one piece (NONCONTIGUOUS_BIT): when brk could not
 * grow, or huge pages are wanted, malloc goes on in memory that it maps, and
 * ends what it leaves with a fence of two chunks of 16 bytes (sysmalloc in
 * malloc/malloc.c). Nothing says where the pieces begin, but each begins with
 * a page, and a walk from there ends at a fence or with top. They are
 * complete when their bytes are those that the arena has.
 */
#include "runtime/glibc_walk.h"

enum { PAGE = 4096, PAGES_MAX = 1 << 22 };

struct scattered {
	struct glibc_malloc *glibc;
	uint64_t missing; /* bytes of the arena, not found yet */
	size_t pages;     /* that may still be looked at */
};

/* Does a chunk in use, of the main arena, begin here? Wrong nearly everywhere, and cheap. */
static bool may_begin(const struct glibc_malloc *glibc, taddr at, taddr end)
{
	uint64_t word;
	uint64_t bytes;

	if (!window_cache_u64(glibc->memory, at + 8, &word))
		return false;
	bytes = word & ~(uint64_t)GLIBC_FLAGS;
	return (word & GLIBC_FLAGS) == GLIBC_PREVIOUS_IN_USE && bytes % 16 == 0 &&
	       bytes >= GLIBC_FENCE && bytes <= end - at;
}

/* Where the piece that begins at start ends, at end at the latest; 0: it is none. */
static taddr piece_end(const struct glibc_malloc *glibc, taddr start, taddr end)
{
	const struct glibc_arena *main = &glibc->arenas[0];
	struct glibc_walk walk = {.memory = glibc->memory, .at = start, .end = end};
	struct glibc_header header;
	enum glibc_step step;
	uint64_t word;

	if (main->top >= start && main->top < end && main->top_bytes <= end - main->top) {
		walk.top = main->top;
		walk.end = main->top + main->top_bytes;
	}
	do
		step = glibc_walk_next(&walk, &header);
	while (step == GLIBC_STEP_CHUNK);
	if (step == GLIBC_STEP_TORN || walk.at > end || walk.at % PAGE)
		return 0;
	if (walk.at == walk.end && walk.top)
		return walk.at;
	if (!window_cache_u64(glibc->memory, walk.at - 8, &word) ||
	    word != (GLIBC_FENCE | GLIBC_PREVIOUS_IN_USE))
		return 0;
	return walk.at;
}

/* *ret_end: where the piece ends; unchanged when there is none. */
static bool add_piece(struct scattered *scattered, taddr start, taddr end, taddr *ret_end)
{
	taddr found = piece_end(scattered->glibc, start, end);

	if (!found || found - start > scattered->missing)
		return true;
	scattered->missing -= found - start;
	*ret_end = found;
	return glibc_stretch_add(scattered->glibc, start, found, 0);
}

static bool search_range(struct scattered *scattered, const struct mapped_range *range)
{
	taddr at = range->start;

	while (at < range->end && scattered->missing && scattered->pages) {
		taddr next = at + PAGE;
		const struct glibc_stretch *known = glibc_stretch_at(scattered->glibc, at);

		scattered->pages--;
		if (known)
			next = (known->end + PAGE - 1) & ~(taddr)(PAGE - 1);
		else if (may_begin(scattered->glibc, at, range->end) &&
		         !add_piece(scattered, at, range->end, &next))
			return false;
		at = next;
	}
	return true;
}

/* Where brk began need not be a page. */
static bool add_first(struct scattered *scattered)
{
	struct glibc_malloc *glibc = scattered->glibc;
	taddr start = (glibc->settings.brk_start + 15) & ~(taddr)15;
	const struct target_region *region = target_region_at(glibc->memory->target, start);
	taddr end;

	if (!glibc->settings.brk_start || start % PAGE == 0 || !region)
		return true;
	return add_piece(scattered, start, region->end, &end);
}

bool glibc_scattered_add(struct glibc_malloc *glibc)
{
	struct scattered scattered = {
		.glibc = glibc, .missing = glibc->arenas[0].system_bytes, .pages = PAGES_MAX};
	struct mapped_range range;
	size_t index = 0;

	if (!add_first(&scattered))
		return false;
	while (scattered.missing && glibc_next_memory(glibc, &index, &range))
		if (!search_range(&scattered, &range))
			return false;
	/* What aligned the first chunk. */
	glibc->torn += scattered.missing >= 16;
	return true;
}
