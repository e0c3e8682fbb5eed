/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Large blocks have a mapping of their own, and nothing links them. They are
 * found by their header, where anonymous memory begins:
 *
 *   mapping -> | offset of the chunk | size | A M P |   M is set, A and P are not
 *
 * offset and size together make whole pages. The offset is 0, or what memalign
 * left free before the block so that it is aligned. The kernel shows adjacent
 * mappings as one, so after a chunk the next one may follow, and a chunk may
 * follow memory that is not malloc's: then every page is looked at. malloc
 * knows how many there are, and how many bytes; the search ends when it has
 * found them all.
 *
 * To look at a page that was never touched makes the process pay for it (an
 * entry of its page table). Most of such memory is in stacks of threads, which
 * begin behind a page that cannot be read: they come last.
 */
#include "base/array.h"
#include "runtime/glibc_walk.h"

#include <stdlib.h>

enum {
	PAGE = 4096,
	GUARD_MAX = 1 << 20, /* larger ones are the rest of a heap */
	PAGES_MAX = 1 << 22, /* that are looked at one by one */
	HUGE_PAGES = 1,      /* flag of the offset since 2.43 (MMAP_HP) */
	MAPPED_MAX = 1 << 24,
};

enum search_depth {
	SEARCH_STARTS, /* chunks that follow each other from where memory begins */
	SEARCH_PAGES,  /* and anywhere, but in what may be a stack */
	SEARCH_STACKS_TOO,
};

struct mapped_chunk {
	taddr chunk;
	taddr end;      /* of its mapping */
	uint64_t bytes; /* of its mapping */
};

static bool is_candidate(const struct target_region *region)
{
	return region->is_readable && region->is_writable && !region->is_shared && !region->inode &&
	       (!region->path[0] || !strncmp(region->path, "[anon:", 6) ||
	        !strcmp(region->path, "[heap]"));
}

bool glibc_next_memory(const struct glibc_malloc *glibc, size_t *index, struct mapped_range *ret)
{
	const struct target_region *regions;
	size_t count;

	regions = target_regions(glibc->memory->target, &count);
	while (*index < count && !is_candidate(&regions[*index]))
		++*index;
	if (*index == count)
		return false;
	*ret = (struct mapped_range){regions[*index].start, regions[*index].end};
	for (++*index;
	     *index < count && is_candidate(&regions[*index]) && regions[*index].start == ret->end;
	     ++*index)
		ret->end = regions[*index].end;
	return true;
}

/* Is there such a chunk, whose mapping begins at base? */
static bool read_chunk(const struct glibc_malloc *glibc, taddr base, uint64_t offset, taddr end,
                       struct mapped_chunk *ret)
{
	uint64_t header[2];
	uint64_t told;
	uint64_t word;
	uint64_t bytes;

	if (offset > end - base || end - base - offset < GLIBC_CHUNK_HEADER)
		return false;
	/* Not by way of the cache, which would read all of the memory around. */
	if (target_read(glibc->memory->target, base + offset, header, sizeof(header)) != DECODE_OK)
		return false;
	told = header[0];
	word = header[1];
	if (!glibc->layout->mapped_size_has_header)
		told &= ~(uint64_t)HUGE_PAGES;
	bytes = word & ~(uint64_t)GLIBC_FLAGS;
	if ((word & GLIBC_FLAGS) != GLIBC_IS_MAPPED || told != offset || bytes > end - base)
		return false;
	bytes += offset + (glibc->layout->mapped_size_has_header ? 0 : GLIBC_CHUNK_HEADER);
	if (bytes % PAGE || bytes < PAGE || bytes > end - base)
		return false;
	*ret = (struct mapped_chunk){base + offset, base + bytes, bytes};
	return true;
}

/*
 * The chunk of the mapping that begins at base. memalign leaves the first header
 * as it was and writes another one before the block: it has to be looked for
 * wherever a block may be aligned to. Until 2.42 a whole chunk fits in before.
 */
static bool chunk_at(const struct glibc_malloc *glibc, taddr base, taddr end,
                     struct mapped_chunk *ret)
{
	taddr first = base + GLIBC_CHUNK_HEADER;

	if (!read_chunk(glibc, base, 0, end, ret))
		return false;
	for (uint64_t alignment = GLIBC_CHUNK_MIN; alignment < end - base; alignment *= 2) {
		taddr block = (first + alignment - 1) & ~(alignment - 1);

		if (block != first && read_chunk(glibc, base, block - first, end, ret))
			break;
		if (block - first < GLIBC_CHUNK_MIN &&
		    read_chunk(glibc, base, block - first + alignment, end, ret))
			break;
	}
	return true;
}

static bool add_mapped(struct glibc_malloc *glibc, const struct mapped_chunk *chunk)
{
	if (glibc->mapped_count == MAPPED_MAX) {
		glibc->torn++;
		return true;
	}
	if (!array_reserve(&glibc->mapped, &glibc->mapped_capacity, glibc->mapped_count + 1,
	                   sizeof(*glibc->mapped)))
		return false;
	glibc->mapped[glibc->mapped_count++] = chunk->chunk;
	glibc->mapped_bytes += chunk->bytes;
	return true;
}

/* Since 2.43 malloc counts 16 bytes too many each time that a block changes its size. */
static bool are_all_found(const struct glibc_malloc *glibc)
{
	uint64_t bytes = glibc->settings.mapped_bytes & ~(uint64_t)(PAGE - 1);

	return glibc->settings.address && glibc->mapped_count >= glibc->settings.mapped_count &&
	       glibc->mapped_bytes >= bytes;
}

/* Where the stretch that covers address ends, or address. */
static taddr behind_stretch(const struct glibc_malloc *glibc, taddr address)
{
	const struct glibc_stretch *stretch = glibc_stretch_at(glibc, address);

	return stretch ? (stretch->end + PAGE - 1) & ~(taddr)(PAGE - 1) : address;
}

/* Does it begin with the guard of a stack? From 2.42 on that is a page of the same mapping. */
static bool may_be_stack(const struct glibc_malloc *glibc, const struct target_region *region)
{
	const struct target_region *before;
	uint64_t word;

	before = target_region_at(glibc->memory->target, region->start - 1);
	return (before && !before->is_readable && before->end - before->start <= GUARD_MAX) ||
	       target_read(glibc->memory->target, region->start, &word, sizeof(word)) != DECODE_OK;
}

/*
 * Adds the chunks from *at until region ends, where *at is then or behind it.
 * Chunks may go on until piece ends; so many pages may still be looked at.
 */
static bool search_region(struct glibc_malloc *glibc, const struct target_region *region,
                          const struct mapped_range *piece, size_t *pages, taddr *at)
{
	while (*at < region->end && !are_all_found(glibc)) {
		struct mapped_chunk found;
		taddr behind = behind_stretch(glibc, *at);

		if (behind != *at) {
			*at = behind;
		} else if (chunk_at(glibc, *at, piece->end, &found)) {
			if (!add_mapped(glibc, &found))
				return false;
			*at = found.end;
		} else if (*pages) {
			*at += PAGE;
			--*pages;
		} else {
			*at = region->end;
		}
	}
	return true;
}

static bool search_piece(struct glibc_malloc *glibc, const struct mapped_range *piece,
                         enum search_depth depth, size_t *pages)
{
	taddr at = piece->start;

	while (at < piece->end && !are_all_found(glibc)) {
		const struct target_region *region = target_region_at(glibc->memory->target, at);
		bool is_deep = depth == SEARCH_STACKS_TOO ||
		               (depth == SEARCH_PAGES && !may_be_stack(glibc, region));
		size_t none = 0;

		if (!search_region(glibc, region, piece, is_deep ? pages : &none, &at))
			return false;
	}
	return true;
}

static bool search(struct glibc_malloc *glibc, enum search_depth depth)
{
	size_t pages = PAGES_MAX;
	struct mapped_range piece;
	size_t index = 0;

	glibc->mapped_count = 0;
	glibc->mapped_bytes = 0;
	while (!are_all_found(glibc) && glibc_next_memory(glibc, &index, &piece))
		if (!search_piece(glibc, &piece, depth, &pages))
			return false;
	return true;
}

bool glibc_mapped_add(struct glibc_malloc *glibc)
{
	static const enum search_depth depths[] = {SEARCH_STARTS, SEARCH_PAGES, SEARCH_STACKS_TOO};

	for (size_t i = 0; i < sizeof(depths) / sizeof(*depths); i++) {
		if (!search(glibc, depths[i]))
			return false;
		if (are_all_found(glibc))
			break;
	}
	return true;
}
