/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A descriptor begins with its own address, and has it again: tcbhead_t of
 * sysdeps/x86_64/nptl/tls.h, { tcb, dtv, self }. How far its stack reaches is in
 * two neighbouring words of it, stackblock and stackblock_size. Where they lie
 * changes between versions; which they are does not: they enclose both the stack
 * and the descriptor.
 *
 * Stacks that are kept are found in two ways.
 *
 *   By mappings: to glibc 2.41 (and on a kernel before 6.13) a guard that nobody
 *   may touch separates each stack from what lies above, so it ends its mapping.
 *
 *   By glibc's lists: from 2.42 on stacks may lie in one mapping, guarded by
 *   MADV_GUARD_INSTALL. Descriptors are linked by a member that lies at the same
 *   place in all versions. From 2.34 on the heads of their lists are neighbours
 *   (GL (dl_stack_used), (dl_stack_user), (dl_stack_cache) of
 *   sysdeps/generic/ldsodefs.h):
 *
 *	used:  stacks of threads that run    <->  descriptors
 *	user:  of those that run on others   <->  the first one's descriptor, ...
 *	cache: that are kept                 <->  descriptors
 *
 *   A thread leads to the head of its own list, which is one of the first two.
 *   What follows that is looked at as if it were a head. It is, or leads to no
 *   descriptor.
 */
#include "runtime/nptl_stacks.h"

#include <stdlib.h>

enum {
	PAGE = 4096,
	WORD = 8,
	DESCRIPTOR = 0x900,    /* struct pthread, of all versions */
	LINK = 0x2c0,          /* its member list: { next, prev } */
	LINKS_MAX = 1 << 17,   /* of one list */
	LIST_HEAD = 16,        /* bytes */
	NEIGHBOURS = 3,        /* heads, counted from that of a thread's own list */
	ADDRESS_MIN = 1 << 16, /* nothing is mapped below (vm.mmap_min_addr) */
};

struct search {
	struct window_cache *memory;
	const taddr *descriptors;
	size_t count;
	void (*tell)(void *context, taddr start, taddr end);
	void *context;
};

bool nptl_stack_of(struct window_cache *memory, taddr descriptor, taddr address,
                   struct mapped_range *ret)
{
	uint64_t words[DESCRIPTOR / WORD];

	if (!window_cache_read(memory, descriptor, words, sizeof(words)))
		return false;
	for (size_t i = 0; i + 1 < DESCRIPTOR / WORD; i++) {
		taddr start = words[i];
		taddr end;

		if (start < ADDRESS_MIN || start > address ||
		    __builtin_add_overflow(start, words[i + 1], &end))
			continue;
		if (end > descriptor && end - descriptor < DESCRIPTOR + PAGE) {
			*ret = (struct mapped_range){start, end};
			return true;
		}
	}
	return false;
}

static int compare_numbers(const void *left, const void *right)
{
	const taddr *a = left;
	const taddr *b = right;

	return (*a > *b) - (*a < *b);
}

static void tell_unless_it_lives(const struct search *search, taddr descriptor)
{
	struct mapped_range stack;

	if (!bsearch(&descriptor, search->descriptors, search->count, sizeof(descriptor),
	             compare_numbers) &&
	    nptl_stack_of(search->memory, descriptor, descriptor - WORD, &stack))
		search->tell(search->context, stack.start, descriptor);
}

/* ------------------------------------------------------------- by mappings */

static bool find_descriptor(struct window_cache *memory, const struct target_region *region,
                            taddr *ret)
{
	uint64_t words[2 * PAGE / WORD];
	taddr start = region->end - sizeof(words);

	if (region->end - region->start < sizeof(words) ||
	    !window_cache_read(memory, start, words, sizeof(words)))
		return false;
	for (size_t i = 0; i + 2 < sizeof(words) / WORD; i++) {
		if (words[i] != start + i * WORD || words[i + 2] != words[i])
			continue;
		*ret = words[i];
		return true;
	}
	return false;
}

static void search_mappings(const struct search *search)
{
	size_t count;
	const struct target_region *regions = target_regions(search->memory->target, &count);
	taddr descriptor;

	for (size_t i = 0; i < count; i++)
		if (!regions[i].inode && regions[i].is_writable &&
		    find_descriptor(search->memory, &regions[i], &descriptor))
			tell_unless_it_lives(search, descriptor);
}

/* ---------------------------------------------------------------- by lists */

static bool is_descriptor(struct window_cache *memory, taddr address)
{
	uint64_t words[3];

	return window_cache_read(memory, address, words, sizeof(words)) && words[0] == address &&
	       words[2] == address;
}

/* The head of the list that a thread is on: the first link that is in no descriptor. 0: none. */
static taddr find_head(const struct search *search)
{
	taddr link = search->descriptors[0] + LINK;

	for (int left = LINKS_MAX; left; left--) {
		if (!window_cache_u64(search->memory, link, &link))
			return 0;
		if (!is_descriptor(search->memory, link - LINK))
			return link;
	}
	return 0;
}

static void search_list(const struct search *search, taddr head)
{
	taddr link = head;

	for (int left = LINKS_MAX; left; left--) {
		if (!window_cache_u64(search->memory, link, &link) || link == head ||
		    !is_descriptor(search->memory, link - LINK))
			return;
		tell_unless_it_lives(search, link - LINK);
	}
}

void nptl_stacks_kept(struct window_cache *memory, const taddr *descriptors, size_t count,
                      void (*tell)(void *context, taddr start, taddr end), void *context)
{
	const struct search search = {memory, descriptors, count, tell, context};
	taddr head = find_head(&search);

	search_mappings(&search);
	for (taddr i = 0; head && i < NEIGHBOURS; i++)
		search_list(&search, head + i * LIST_HEAD);
}
