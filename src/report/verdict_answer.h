/* SPDX-License-Identifier: Apache-2.0 */
/* The sentence that `plumb PID` begins with, and those about what grows besides. */
#ifndef PLUMB_REPORT_VERDICT_ANSWER_H
#define PLUMB_REPORT_VERDICT_ANSWER_H

#include "report/layout.h"
#include "report/verdict_report.h"

/* The verdict, in bold: what it is, at which rate, and who holds it or is to blame. */
void verdict_answer_text(const struct layout *layout, const struct verdict_report *report,
                         struct text *text);

/* A line for each other finding; nothing where there is none. */
void verdict_answer_besides(const struct layout *layout, const struct verdict_report *report,
                            struct text *text);

/* "2.5 s", "30 s", "5.0 min". */
void verdict_answer_seconds(struct text *text, double seconds);

#endif
