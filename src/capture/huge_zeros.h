/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What huge pages may waste. A page of 2 MiB is resident as a whole when one
 * byte of it is touched; what was not is zeros. So is some memory that is in
 * use: the figure is a bound, the one by which the kernel itself decides to take
 * huge pages apart (shrink_underused, Documentation/admin-guide/mm/transhuge.rst).
 */
#ifndef PLUMB_CAPTURE_HUGE_ZEROS_H
#define PLUMB_CAPTURE_HUGE_ZEROS_H

#include "capture/resident_owners.h"
#include "target/target.h"

/*
 * Bytes of small pages, in huge ones, that are all zeros. Reads what may be in
 * huge pages, once.
 */
uint64_t huge_zeros_count(struct target *target, const struct resident_map *map);

#endif
