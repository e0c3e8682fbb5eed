/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smaps tells how much of a mapping is in huge pages, and not where. A huge page
 * is aligned to its size and resident throughout: all such places are looked
 * at, and where there are more of them than the kernel says, their zeros count in
 * proportion.
 */
#include "capture/huge_zeros.h"

#include <string.h>

enum {
	PAGE = 4096,
	HUGE_PAGE = 2 << 20, /* of x86-64 */
	AT_ONCE = 64 << 10,
};

static bool is_zeros(const uint8_t *page)
{
	return page[0] == 0 && memcmp(page, page + 1, PAGE - 1) == 0;
}

static uint64_t zeros_of_place(struct target *target, taddr place)
{
	static const uint64_t steps = HUGE_PAGE / AT_ONCE;
	uint8_t bytes[AT_ONCE];
	uint64_t zeros = 0;

	for (uint64_t step = 0; step < steps; step++) {
		if (target_read(target, place + step * AT_ONCE, bytes, AT_ONCE) != DECODE_OK)
			continue;
		for (size_t page = 0; page < AT_ONCE; page += PAGE)
			zeros += is_zeros(bytes + page) ? PAGE : 0;
	}
	return zeros;
}

/* The places in a run; adds up how many there are. */
static uint64_t zeros_of_run(struct target *target, const struct resident_run *run,
                             uint64_t *places)
{
	taddr place = (run->start + HUGE_PAGE - 1) & ~(taddr)(HUGE_PAGE - 1);
	uint64_t zeros = 0;

	for (; place < run->end && run->end - place >= HUGE_PAGE; place += HUGE_PAGE) {
		zeros += zeros_of_place(target, place);
		(*places)++;
	}
	return zeros;
}

uint64_t huge_zeros_count(struct target *target, const struct resident_map *map)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < map->run_count;) {
		size_t region = map->runs[i].region;
		uint64_t huge = map->smaps.figures[region].huge;
		uint64_t zeros = 0, places = 0;

		for (; i < map->run_count && map->runs[i].region == region; i++)
			if (huge)
				zeros += zeros_of_run(target, &map->runs[i], &places);
		if (huge / HUGE_PAGE < places)
			zeros = zeros / places * (huge / HUGE_PAGE);
		sum += zeros;
	}
	return sum;
}
