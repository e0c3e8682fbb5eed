/* SPDX-License-Identifier: Apache-2.0 */
/* What `plumb core` says of the file it has written: as text, and as plumb.core/1. */
#ifndef PLUMB_REPORT_CORE_REPORT_H
#define PLUMB_REPORT_CORE_REPORT_H

#include "report/layout.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct core_report {
	const char *file;
	int pid;
	const char *command_line;
	uint64_t resident_bytes;
	const char *pause; /* "fork", "copy", "none" */
	double pause_ms;
	bool is_compressed;
	uint64_t size;       /* of the core, unpacked; with its holes */
	uint64_t room;       /* that the file takes on the disk */
	uint64_t memory;     /* bytes that were read */
	uint64_t unreadable; /* bytes that should be there, and are zeros */
	size_t segments;
	size_t threads;
	size_t partial_threads; /* whose registers are not fully known */
};

void core_report_text(const struct layout *layout, const struct core_report *report,
                      struct text *text);
void core_report_json(const struct core_report *report, struct text *text);

#endif
