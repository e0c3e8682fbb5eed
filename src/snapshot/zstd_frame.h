/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compression of one chunk, by zstd. Two things are promised to readers
 * (doc/snapshot-format.md): the result is one frame that stands alone, and it
 * is never smaller than a FILE_RATIO_MAXth of what it unfolds to, so that
 * a file's size bounds the memory that it can ask for. What compresses better
 * is followed by a skippable frame of zeros. Private to this folder.
 */
#ifndef PLUMB_SNAPSHOT_ZSTD_FRAME_H
#define PLUMB_SNAPSHOT_ZSTD_FRAME_H

#include "base/error.h"
#include "snapshot/buffer.h"

#include <zstd.h>

/* Replaces what is in ret. Of the contexts each thread has its own. */
struct error *zstd_pack(ZSTD_CCtx *context, const struct buffer *raw, struct buffer *ret);

/*
 * Unfolds exactly raw_size bytes into ret, which has room for them;
 * ERROR_CORRUPT: it is no frame, or unfolds to another size.
 */
struct error *zstd_unpack(ZSTD_DCtx *context, const uint8_t *stored, size_t stored_size,
                          uint8_t *ret, size_t raw_size);

#endif
