/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Property: any text is either refused or gives regions that are sorted and do
 * not overlap, of which no more is resident than they have; and the figures
 * sum up to the whole.
 */
#include "fuzz_target.h"

#include "target/process_smaps.h"

#include <stdlib.h>

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_regions(const struct process_smaps *smaps)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < smaps->maps.count; i++) {
		const struct target_region *region = &smaps->maps.regions[i];

		check(region->start < region->end);
		check(!i || region[-1].end <= region->start);
		check(smaps->figures[i].resident <= region->end - region->start);
		sum += smaps->figures[i].resident;
	}
	check(sum == smaps->resident_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct process_smaps smaps;
	struct error *error = process_smaps_parse((const char *)data, size, &smaps);

	if (error) {
		check(error_kind(error) == ERROR_CORRUPT);
		error_free(error);
		return 0;
	}
	check_regions(&smaps);
	process_smaps_deinit(&smaps);
	return 0;
}
