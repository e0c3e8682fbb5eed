/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the three libraries have in common: a state, input and output that they
 * use part of, and a way to say that a stream has ended. After an end the next
 * byte begins another stream; when it does not (padding after a gzip file, a
 * signature), what came out so far is whole, and the rest is passed over.
 */
#include "image/unpack_decoder.h"

#define ZLIB_CONST /* next_in points at what is not ours to change */

#include <lz4frame.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

enum {
	GZIP_ONLY = 16,        /* added to the window's size: inflateInit2, zlib.h */
	WINDOW_LOG_LIMIT = 31, /* what `zstd --long=31` makes */
};

static z_stream *gzip_new(void)
{
	z_stream *stream = calloc(1, sizeof(*stream));

	if (stream && inflateInit2(stream, MAX_WBITS + GZIP_ONLY) != Z_OK) {
		free(stream);
		return NULL;
	}
	return stream;
}

static LZ4F_dctx *lz4_new(void)
{
	LZ4F_dctx *context;

	if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)))
		return NULL;
	return context;
}

static ZSTD_DCtx *zstd_new(void)
{
	ZSTD_DCtx *context = ZSTD_createDCtx();

	if (context)
		ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, WINDOW_LOG_LIMIT);
	return context;
}

bool unpack_decoder_init(struct unpack_decoder *decoder, enum packing packing)
{
	*decoder = (struct unpack_decoder){.packing = packing};
	switch (packing) {
	case PACKING_NONE: break;
	case PACKING_GZIP: decoder->state = gzip_new(); break;
	case PACKING_ZSTD: decoder->state = zstd_new(); break;
	case PACKING_LZ4: decoder->state = lz4_new(); break;
	}
	return decoder->state;
}

void unpack_decoder_deinit(struct unpack_decoder *decoder)
{
	switch (decoder->packing) {
	case PACKING_NONE: break;
	case PACKING_GZIP:
		if (decoder->state)
			inflateEnd(decoder->state);
		free(decoder->state);
		break;
	case PACKING_ZSTD: ZSTD_freeDCtx(decoder->state); break;
	case PACKING_LZ4: LZ4F_freeDecompressionContext(decoder->state); break;
	}
	decoder->state = NULL;
}

/* 0: the stream goes on, 1: it has ended, -1: it is damaged. */
static int run_gzip(z_stream *stream, const uint8_t *in, size_t *size_in, uint8_t *out,
                    size_t *size_out)
{
	int result;

	stream->next_in = in;
	stream->avail_in = (unsigned int)*size_in;
	stream->next_out = out;
	stream->avail_out = (unsigned int)*size_out;
	result = inflate(stream, Z_NO_FLUSH);
	*size_in -= stream->avail_in;
	*size_out -= stream->avail_out;
	if (result == Z_STREAM_END)
		return inflateReset(stream) == Z_OK ? 1 : -1;
	return result == Z_OK || result == Z_BUF_ERROR ? 0 : -1;
}

static int run_zstd(ZSTD_DCtx *context, const uint8_t *in, size_t *size_in, uint8_t *out,
                    size_t *size_out)
{
	ZSTD_inBuffer input = {in, *size_in, 0};
	ZSTD_outBuffer output = {out, *size_out, 0};
	size_t result = ZSTD_decompressStream(context, &output, &input);

	*size_in = input.pos;
	*size_out = output.pos;
	if (ZSTD_isError(result))
		return -1;
	return result == 0;
}

static int run_lz4(LZ4F_dctx *context, const uint8_t *in, size_t *size_in, uint8_t *out,
                   size_t *size_out)
{
	size_t result = LZ4F_decompress(context, out, size_out, in, size_in, NULL);

	if (LZ4F_isError(result)) {
		*size_in = 0;
		*size_out = 0;
		return -1;
	}
	return result == 0;
}

static int run(struct unpack_decoder *decoder, const uint8_t *in, size_t *size_in, uint8_t *out,
               size_t *size_out)
{
	switch (decoder->packing) {
	case PACKING_NONE: break;
	case PACKING_GZIP: return run_gzip(decoder->state, in, size_in, out, size_out);
	case PACKING_ZSTD: return run_zstd(decoder->state, in, size_in, out, size_out);
	case PACKING_LZ4: return run_lz4(decoder->state, in, size_in, out, size_out);
	}
	return -1;
}

enum unpack_progress unpack_decoder_run(struct unpack_decoder *decoder, const uint8_t *in,
                                        size_t *size_in, uint8_t *out, size_t *size_out)
{
	const size_t given = *size_in;
	const size_t room = *size_out;
	int result = run(decoder, in, size_in, out, size_out);
	bool is_moving = *size_in || *size_out;

	if (result < 0)
		return UNPACK_DAMAGED;
	if (result > 0)
		decoder->is_inside = false;
	else if (is_moving)
		decoder->is_inside = true;
	if (!is_moving)
		return given ? UNPACK_DAMAGED : UNPACK_WANTS_INPUT;
	return *size_in < given || *size_out == room ? UNPACK_MORE : UNPACK_WANTS_INPUT;
}
