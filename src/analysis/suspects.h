/* SPDX-License-Identifier: Apache-2.0 */
/* From the new objects of growing types to the suspects; see growth.h. */
#ifndef PLUMB_ANALYSIS_SUSPECTS_H
#define PLUMB_ANALYSIS_SUSPECTS_H

#include "analysis/growth.h"

/*
 * is_growing: a byte for each type; births: of each reached object of these
 * types, the look at which it was first seen; what else is on their paths is
 * filled in here. Adds to growth->suspects, and marks in told, a byte for each
 * node, what they explain (enum told_by).
 */
enum told_by {
	TOLD_AS_CONTAINER = 1, /* it grew, and a suspect says so */
	TOLD_AS_NEW = 2,       /* it is new, and hangs from a suspect or is one */
};

struct error *suspects_find(const struct looks *looks, const struct snapshot *snapshot,
                            const struct reach *reach, const uint8_t *is_growing, uint8_t *births,
                            uint8_t *told, struct growth *growth);

#endif
