/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of /proc/PID/smaps in; mappings, and how much of each is resident,
 * out. Pure: bytes in, facts out. The sum over all mappings is the process's
 * RSS as the page tables have it; the counter that /proc/PID/status shows lags
 * behind by up to some dozens of pages for each thread.
 */
#ifndef PLUMB_TARGET_PROCESS_SMAPS_H
#define PLUMB_TARGET_PROCESS_SMAPS_H

#include "target/process_maps.h"

struct process_smaps {
	struct process_maps maps;
	uint64_t *resident;      /* bytes, of each region; at most its size */
	uint64_t resident_bytes; /* of all regions */
};

/* text need not be terminated. Error: ERROR_CORRUPT, says what contradicts itself. */
struct error *process_smaps_parse(const char *text, size_t length, struct process_smaps *ret);
void process_smaps_deinit(struct process_smaps *smaps);

static inline void cleanup_process_smaps(struct process_smaps *smaps)
{
	process_smaps_deinit(smaps);
}

#endif
