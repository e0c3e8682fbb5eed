/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a buffer is worth writing to a file: pages that are not all zeros.
 * The others are left out, and are holes. A page is counted from the buffer's
 * start; the last one may be shorter.
 */
#ifndef PLUMB_BASE_PAGE_RUNS_H
#define PLUMB_BASE_PAGE_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The next run of such pages from *place (the start of a page) on: moves *place
 * to it and says how long it is. False: there is none.
 */
bool page_runs_next(const uint8_t *bytes, size_t size, size_t *place, size_t *ret_size);

#endif
