/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compressed files (gzip, Zstandard, LZ4), told by their first bytes and not by
 * their name. What is unpacked goes to a temporary file that has no name, so
 * that nothing of a target's memory stays behind, whatever becomes of plumb.
 */
#ifndef PLUMB_IMAGE_UNPACK_H
#define PLUMB_IMAGE_UNPACK_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum packing { PACKING_NONE, PACKING_GZIP, PACKING_ZSTD, PACKING_LZ4 };

enum { UNPACK_HEAD = 4 }; /* bytes that tell the packing */

enum packing unpack_packing(const uint8_t *head, size_t size);

struct unpack_options {
	const char *folder;  /* for the temporary file; NULL: $TMPDIR, or /tmp */
	uint64_t size_limit; /* of what comes out; 0: UNPACK_SIZE_DEFAULT */
	void (*progress)(void *context, double fraction); /* may be NULL */
	void *context;
};

static const uint64_t UNPACK_SIZE_DEFAULT = UINT64_C(1) << 40;

/*
 * Unpacks the file behind fd (which stays the caller's). Only what begins like
 * ELF is unpacked to its end. A stream that is cut or damaged gives what came before, and
 * sets *ret_is_cut. Errors: ERROR_CORRUPT (no ELF inside, larger than the
 * limit), ERROR_IO (names the folder that is full).
 */
struct error *unpack_file(int fd, const char *name, const struct unpack_options *options,
                          int *ret_fd, bool *ret_is_cut);

#endif
