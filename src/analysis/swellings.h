/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Single objects that grow themselves: a str that is appended to, a bytearray
 * nobody empties, a list that the same few objects are added to again and
 * again. No type becomes more, so growth.h's other half does not see them.
 */
#ifndef PLUMB_ANALYSIS_SWELLINGS_H
#define PLUMB_ANALYSIS_SWELLINGS_H

#include "analysis/growth.h"

/* Adds to growth->suspects; told: of each node, how it is explained already (enum told_by). */
struct error *swellings_find(const struct looks *looks, const struct snapshot *snapshot,
                             const struct reach *reach, const uint8_t *told, struct growth *growth);

#endif
