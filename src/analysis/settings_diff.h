/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What differs in what two programs run: settings that only one has, and those
 * that have another value.
 *
 * Distributions are compared where their metadata was read of both. Of a core
 * it is not: then all imported modules are compared by their __version__
 * instead, whatever distribution they are of, so that the two ways are never
 * held against each other.
 */
#ifndef PLUMB_ANALYSIS_SETTINGS_DIFF_H
#define PLUMB_ANALYSIS_SETTINGS_DIFF_H

#include "base/error.h"
#include "snapshot/snap_settings.h"

struct settings_change {
	enum snap_section section; /* SECTION_MODULE for both kinds of modules */
	const char *name;
	const char *then; /* NULL: the first has none */
	const char *now;  /* NULL: the second has none */
};

struct settings_diff {
	struct settings_change *all; /* by section and name; words borrowed from the settings */
	size_t count;
	size_t capacity;
	size_t of[SECTION_COUNT];       /* how many are in each section */
	size_t compared[SECTION_COUNT]; /* names that were looked at, whichever has them */
	bool by_modules;                /* distributions could not be compared */
};

/* Of sealed settings. Errors: memory. */
struct error *settings_diff_make(const struct snap_settings *then, const struct snap_settings *now,
                                 struct settings_diff *ret);
void settings_diff_deinit(struct settings_diff *diff);

#endif
