/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of /proc/PID/smaps in; mappings, how much of each is resident and
 * which are barred, out. Pure: bytes in, facts out. The sum over all mappings is the process's
 * RSS as the page tables have it; the counter that /proc/PID/status shows lags
 * behind by up to some dozens of pages for each thread.
 */
#ifndef PLUMB_TARGET_PROCESS_SMAPS_H
#define PLUMB_TARGET_PROCESS_SMAPS_H

#include "target/process_maps.h"

struct smaps_figures {
	uint64_t resident; /* bytes; at most the region's size */
	uint64_t huge;     /* bytes of these in huge pages of no file (AnonHugePages) */
	bool is_barred;    /* not to be read: a device's, or the program wants it in no core */
};

struct process_smaps {
	struct process_maps maps;
	struct smaps_figures *figures; /* of each region */
	uint64_t resident_bytes;       /* of all regions */
	uint64_t huge_bytes;           /* the same */
};

/* text need not be terminated. Error: ERROR_CORRUPT, says what contradicts itself. */
struct error *process_smaps_parse(const char *text, size_t length, struct process_smaps *ret);
/* Is the mapping that starts there barred? One that is not listed is not. Logarithmic. */
bool process_smaps_bars(const struct process_smaps *smaps, taddr start);
void process_smaps_deinit(struct process_smaps *smaps);

static inline void cleanup_process_smaps(struct process_smaps *smaps)
{
	process_smaps_deinit(smaps);
}

#endif
