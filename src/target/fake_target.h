/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A target made of byte arrays at chosen addresses, for tests and fuzzers:
 * everything above this layer can be driven without a process.
 *
 *	struct fake_target *fake = fake_target_new();
 *	fake_target_add(fake, 0x1000, bytes, sizeof(bytes), true, "");
 *	struct target *target;
 *	error = fake_target_finish(fake, &target);
 */
#ifndef PLUMB_TARGET_FAKE_TARGET_H
#define PLUMB_TARGET_FAKE_TARGET_H

#include "target/target.h"

struct fake_target;

/* NULL: out of memory. */
struct fake_target *fake_target_new(void);
void fake_target_free(struct fake_target *fake);

/*
 * Adds a readable region [address, address + size) that holds a copy of
 * bytes. A path that starts with '/' names a real file, which
 * target_open_file opens; "" is anonymous. False: no memory, or the range is
 * empty, wraps around or overlaps an earlier one.
 */
bool fake_target_add(struct fake_target *fake, taddr address, const void *bytes, size_t size,
                     bool is_writable, const char *path);

/* Takes fake, also when it fails; from here on it is a target like any other. */
struct error *fake_target_finish(struct fake_target *fake, struct target **ret);

#endif
