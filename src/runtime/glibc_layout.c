/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Read off malloc/malloc.c and malloc/arena.c of glibc's tags 2.27 to 2.42 and
 * of the branch that became 2.43. What changed, and by which release:
 *
 *   2.30  counts of a thread's cache are 16 bits wide
 *   2.32  links of fast bins and caches are mangled (PROTECT_PTR)
 *   2.35  heap_info has the page size; malloc_par has huge pages
 *   2.42  12 more bins in a cache for blocks up to 4 MiB, and its counts are how
 *         many more blocks a bin takes; heaps are 64 MiB again, whatever the pages
 *   2.43  no fast bins; a mapped chunk's size is without its header;
 *         malloc_par has thp_mode
 */
#include "runtime/glibc_layout.h"

#define STATE_WITH_FAST_BINS                                                                       \
	{                                                                                          \
		.fast_bins = 0x10, .top = 0x60, .bins = 0x70, .next = 0x870,                       \
		.attached_threads = 0x880, .system_mem = 0x888, .size = 0x898                      \
	}

#define SETTINGS_UNTIL_2_34                                                                        \
	{                                                                                          \
		.mmap_threshold = 16, .arena_max = 32, .huge_page = GLIBC_ABSENT,                  \
		.mapped_count = 40, .mapped_bytes = 56, .brk_start = 72, .cache_bins = 80,         \
		.cache_count = 96, .size = 112                                                     \
	}

#define SETTINGS_UNTIL_2_42                                                                        \
	{                                                                                          \
		.mmap_threshold = 16, .arena_max = 32, .huge_page = 48, .mapped_count = 60,        \
		.mapped_bytes = 80, .brk_start = 96, .cache_bins = 104, .cache_count = 120,        \
		.size = 136                                                                        \
	}

const struct glibc_layout glibc_layouts[] = {
	{
		.first = 27,
		.last = 29,
		.state = STATE_WITH_FAST_BINS,
		.heap_header = 0x20,
		.cache = {.bins = 64, .count_size = 1},
		.mapped_size_has_header = true,
		.settings = SETTINGS_UNTIL_2_34,
	},
	{
		.first = 30,
		.last = 31,
		.state = STATE_WITH_FAST_BINS,
		.heap_header = 0x20,
		.cache = {.bins = 64, .count_size = 2},
		.mapped_size_has_header = true,
		.settings = SETTINGS_UNTIL_2_34,
	},
	{
		.first = 32,
		.last = 34,
		.state = STATE_WITH_FAST_BINS,
		.heap_header = 0x20,
		.cache = {.bins = 64, .count_size = 2},
		.has_mangled_links = true,
		.mapped_size_has_header = true,
		.settings = SETTINGS_UNTIL_2_34,
	},
	{
		.first = 35,
		.last = 41,
		.state = STATE_WITH_FAST_BINS,
		.heap_header = 0x30,
		.cache = {.bins = 64, .count_size = 2},
		.has_mangled_links = true,
		.mapped_size_has_header = true,
		.heaps_follow_huge_pages = true,
		.settings = SETTINGS_UNTIL_2_42,
	},
	{
		.first = 42,
		.last = 42,
		.state = STATE_WITH_FAST_BINS,
		.heap_header = 0x30,
		.cache = {.bins = 76, .count_size = 2, .counts_down = true},
		.has_mangled_links = true,
		.mapped_size_has_header = true,
		.settings = SETTINGS_UNTIL_2_42,
	},
	{
		.first = 43,
		.last = 43,
		.state = {.fast_bins = GLIBC_ABSENT,
                          .top = 0x8,
                          .bins = 0x18,
                          .next = 0x818,
                          .attached_threads = 0x828,
                          .system_mem = 0x830,
                          .size = 0x840},
		.heap_header = 0x30,
		.cache = {.bins = 76, .count_size = 2, .counts_down = true},
		.has_mangled_links = true,
		.settings = {.mmap_threshold = 16,
                             .arena_max = 32,
                             .huge_page = 56,
                             .mapped_count = 68,
                             .mapped_bytes = 88,
                             .brk_start = 104,
                             .cache_bins = 112,
                             .cache_count = 128,
                             .size = 144},
	},
};

const size_t glibc_layout_count = sizeof(glibc_layouts) / sizeof(*glibc_layouts);

size_t glibc_layout_number(unsigned int minor)
{
	size_t number = 0;

	while (number + 1 < glibc_layout_count && glibc_layouts[number].last < minor)
		number++;
	return number;
}
