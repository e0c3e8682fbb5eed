/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The level is the one where this data stops to shrink much: columns of a
 * heap are runs and small numbers. A frame says how long its content is, and
 * that is held against the chunk's head before anything is unfolded.
 */
#include "snapshot/zstd_frame.h"

#include "base/little_endian.h"
#include "snapshot/file_format.h"

enum {
	LEVEL = 1,
	SKIPPABLE_HEAD = 8,
	SKIPPABLE_MAGIC = ZSTD_MAGIC_SKIPPABLE_START, /* of sixteen, the first */
};

/* Fills up what compressed too well. */
static bool pad(struct buffer *stored, size_t raw_size)
{
	size_t least = raw_size / FILE_RATIO_MAX + 1;
	size_t old = stored->size;
	size_t filler;

	if (old >= least)
		return true;
	filler = least - old > SKIPPABLE_HEAD ? least - old - SKIPPABLE_HEAD : 0;
	if (!buffer_resize(stored, old + SKIPPABLE_HEAD + filler))
		return false;
	put_u32(stored->bytes + old, (uint32_t)SKIPPABLE_MAGIC);
	put_u32(stored->bytes + old + 4, (uint32_t)filler);
	memset(stored->bytes + old + SKIPPABLE_HEAD, 0, filler);
	return true;
}

struct error *zstd_pack(ZSTD_CCtx *context, const struct buffer *raw, struct buffer *ret)
{
	size_t result;

	if (!buffer_resize(ret, ZSTD_compressBound(raw->size)))
		return error_no_memory();
	result = ZSTD_compressCCtx(context, ret->bytes, ret->size, raw->bytes, raw->size, LEVEL);
	/* There is room enough, so it can only be memory. */
	if (ZSTD_isError(result))
		return error_no_memory();
	ret->size = result;
	return pad(ret, raw->size) ? NULL : error_no_memory();
}

struct error *zstd_unpack(ZSTD_DCtx *context, const uint8_t *stored, size_t stored_size,
                          uint8_t *ret, size_t raw_size)
{
	unsigned long long said = ZSTD_getFrameContentSize(stored, stored_size);
	size_t frame = ZSTD_findFrameCompressedSize(stored, stored_size);
	size_t result;

	if (said == ZSTD_CONTENTSIZE_ERROR || said == ZSTD_CONTENTSIZE_UNKNOWN ||
	    ZSTD_isError(frame))
		return error_new(ERROR_CORRUPT, "it is no zstd frame that tells its size");
	if (said != raw_size)
		return error_new(ERROR_CORRUPT, "its zstd frame holds %llu bytes instead of %zu",
		                 said, raw_size);
	result = ZSTD_decompressDCtx(context, ret, raw_size, stored, frame);
	if (ZSTD_isError(result))
		return error_new(ERROR_CORRUPT, "zstd: %s", ZSTD_getErrorName(result));
	if (result != raw_size)
		return error_new(ERROR_CORRUPT, "its zstd frame holds %zu bytes instead of %zu",
		                 result, raw_size);
	return NULL;
}
