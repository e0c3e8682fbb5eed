/* SPDX-License-Identifier: Apache-2.0 */
/* From the new objects of growing types to the suspects; see growth.h. */
#ifndef PLUMB_ANALYSIS_SUSPECTS_H
#define PLUMB_ANALYSIS_SUSPECTS_H

#include "analysis/growth.h"

/*
 * is_growing: a byte for each type; births: of each reached object of these
 * types, the look at which it was first seen; what else is on their paths is filled in
 * here. Makes growth->suspects.
 */
struct error *suspects_find(const struct looks *looks, const struct snapshot *snapshot,
                            const struct reach *reach, const uint8_t *is_growing, uint8_t *births,
                            struct growth *growth);

#endif
