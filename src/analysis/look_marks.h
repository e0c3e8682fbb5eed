/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is remembered of each object from one look to the next, in ascending
 * order of addresses, at two bytes for most of them: marks are appended one by
 * one and taken out again one by one, from the first, which frees the memory
 * on the way. There is no other access.
 */
#ifndef PLUMB_ANALYSIS_LOOK_MARKS_H
#define PLUMB_ANALYSIS_LOOK_MARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct look_mark {
	uint64_t address; /* a multiple of 8 */
	uint32_t type;    /* a number: small ones take less room */
	uint8_t birth;    /* the look at which it was first seen */
};

struct look_marks {
	struct mark_chunk *first;  /* the oldest; marks are taken from here */
	struct mark_chunk *last;   /* and appended here */
	size_t position;           /* in the first chunk: what is taken next */
	struct look_mark appended; /* the marks before, from which the next one differs */
	struct look_mark taken;
};

void look_marks_init(struct look_marks *marks);
void look_marks_deinit(struct look_marks *marks);

/* mark's address is not smaller than at any call before. False: out of memory. */
bool look_marks_append(struct look_marks *marks, const struct look_mark *mark);

/* False: there are no more. */
bool look_marks_take(struct look_marks *marks, struct look_mark *ret);

#endif
