/* SPDX-License-Identifier: Apache-2.0 */
/* One suspect of `plumb PID` as lines for a terminal. */
#ifndef PLUMB_REPORT_VERDICT_SUSPECTS_H
#define PLUMB_REPORT_VERDICT_SUSPECTS_H

#include "analysis/growth.h"
#include "report/layout.h"

/* An empty line, its head with this number, and what is known of it. */
void verdict_suspect_text(const struct layout *layout, const struct suspect *suspect, size_t number,
                          struct text *text);

/* The chain that holds one of its objects, link by link. */
void verdict_suspect_example(const struct layout *layout, const struct suspect *suspect,
                             struct text *text);

#endif
