/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How figures are written for people: sizes in binary units with three digits
 * (412 MiB), counts with thousands separators (1,234,567), differences with
 * their sign. All append to a text and never fail visibly.
 */
#ifndef PLUMB_REPORT_UNITS_H
#define PLUMB_REPORT_UNITS_H

#include "base/text.h"

#include <stdint.h>

void units_bytes(struct text *text, uint64_t bytes);
void units_count(struct text *text, uint64_t count);
void units_signed_bytes(struct text *text, int64_t bytes);
void units_signed_count(struct text *text, int64_t count);

/* "34.2 %"; of nothing, "0.0 %". */
void units_share(struct text *text, uint64_t part, uint64_t whole);

/* "1,234 objects", "1 object": noun gets an s unless count is 1. */
void units_plural(struct text *text, uint64_t count, const char *noun);

/* "2.3 ms", "18 ms", "1.2 s". */
void units_milliseconds(struct text *text, double milliseconds);

/* A rate for each minute, with as many digits as mean something: "+3,120", "+0.4". */
void units_rate(struct text *text, double per_minute);

#endif
