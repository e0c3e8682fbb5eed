/* SPDX-License-Identifier: Apache-2.0 */
/* The facts own their strings; they are freed with the snapshot. */
#include "snapshot/snapshot_facts.h"

#include <stdlib.h>

void snapshot_facts_deinit(struct snapshot_facts *facts)
{
	free(facts->file);
	free(facts->runtime_version);
	free(facts->command_line);
	free(facts->ending);
	free(facts->missing);
	snap_settings_deinit(&facts->settings);
	*facts = (struct snapshot_facts){0};
}

const char *snapshot_pause_name(enum snapshot_pause pause)
{
	static const char *const names[SNAPSHOT_PAUSE_COUNT] = {
		[SNAPSHOT_PAUSE_NONE] = "none",
		[SNAPSHOT_PAUSE_FORK] = "fork",
		[SNAPSHOT_PAUSE_COPY] = "copy",
		[SNAPSHOT_PAUSE_DEAD] = "dead",
	};

	return names[pause];
}
