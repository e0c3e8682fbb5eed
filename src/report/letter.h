/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One letter of a text from the target, judged before it meets a terminal:
 * how many bytes it has, how many columns it takes, and whether it is safe to
 * show. A type may be named with anything: escape sequences in seven bits or
 * in eight (U+009B is what ESC [ is), a change of the writing direction that
 * lets the rest of a line read otherwise, bytes that are no UTF-8.
 */
#ifndef PLUMB_REPORT_LETTER_H
#define PLUMB_REPORT_LETTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct letter {
	size_t length;    /* bytes, at least 1 */
	size_t columns;   /* 0, 1 or 2; of one that is not plain, those of its '?' */
	uint32_t code;    /* its number in Unicode, when well formed */
	bool well_formed; /* false: a byte that is no UTF-8 (RFC 3629) */
	bool is_plain;    /* false: shown as '?' */
};

/* The letter at the start of string, which is not empty. */
struct letter letter_at(const char *string);

#endif
