/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The target's mess, by value. A process that runs, or died badly, holds
 * memory that is unmapped, half-written or foreign; meeting it is expected
 * and frequent, so it is a number and not an error object. Capture counts
 * what decoders return and the report shows the counts.
 */
#ifndef PLUMB_BASE_DECODE_H
#define PLUMB_BASE_DECODE_H

#include <stdint.h>

/* An address in the target. Never cast to a pointer. 0 is "none". */
typedef uint64_t taddr;

enum decode {
	DECODE_OK,
	DECODE_FAULT,   /* the memory is not mapped or cannot be read */
	DECODE_TORN,    /* it was read, and contradicts itself */
	DECODE_UNKNOWN, /* consistent, but nothing that plumb knows */
};

#endif
