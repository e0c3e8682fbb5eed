/* SPDX-License-Identifier: Apache-2.0 */
/* zlib, libzstd and liblz4 behind one call. Only unpack.c uses this. */
#ifndef PLUMB_IMAGE_UNPACK_DECODER_H
#define PLUMB_IMAGE_UNPACK_DECODER_H

#include "image/unpack.h"

struct unpack_decoder {
	enum packing packing;
	bool is_inside; /* a stream has begun and not ended: if this is the end, it was cut */
	void *state;    /* the library's */
};

enum unpack_progress {
	UNPACK_WANTS_INPUT, /* all input was used, there is no more output */
	UNPACK_MORE,        /* call again with what is left of the input */
	UNPACK_DAMAGED,     /* nothing more will come */
};

/* False: no memory, or nothing that is packed. */
bool unpack_decoder_init(struct unpack_decoder *decoder, enum packing packing);
void unpack_decoder_deinit(struct unpack_decoder *decoder);

/* *size_in and *size_out: how much there is, and then how much was used and made. */
enum unpack_progress unpack_decoder_run(struct unpack_decoder *decoder, const uint8_t *in,
                                        size_t *size_in, uint8_t *out, size_t *size_out);

#endif
