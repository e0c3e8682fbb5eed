/* SPDX-License-Identifier: Apache-2.0 */
/* Lost objects and blocks of C that pile up, as lines for a terminal. */
#ifndef PLUMB_REPORT_VERDICT_PILES_H
#define PLUMB_REPORT_VERDICT_PILES_H

#include "analysis/verdict.h"
#include "report/layout.h"

/* An empty line, a head, and what is known of the pile. */
void verdict_pile_text(const struct layout *layout, const struct snapshot *snapshot,
                       const struct growing_pile *growing, double minutes, struct text *text);

/* "blocks of 808 bytes", "blocks of up to 32 KiB", "blocks of many sizes". */
void verdict_pile_blocks(struct text *text, const struct growing_pile *growing);

/* Behind "blocks": "that nothing points at (engine.so)", "owned by engine.Buffer" ... */
void verdict_pile_holder(struct text *text, const struct pile *pile);

/* Why objects that are lost stay: "C code takes references and never gives them back". Static. */
const char *verdict_pile_cause(enum lost_cause cause, bool is_collector_off);

#endif
