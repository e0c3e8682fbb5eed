/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the bytes of a block of C look like, judged by its first 128: nobody has
 * kept a note of what it was allocated for. A look is only claimed where chance
 * hardly makes bytes look so; of small blocks, whose few words may mean anything,
 * less is claimed. The last word of a small block may lie behind what was asked
 * for, and is not judged.
 *
 *	zeros         all that was read
 *	text          UTF-8 without control characters, up to a NUL or to the end
 *	wide text     the same of characters of 4 bytes (wchar_t)
 *	array of pointers, of doubles, of floats, of 64-bit or 32-bit integers
 *	              all words are that, of usual size, or 0; not most of them 0
 */
#ifndef PLUMB_CAPTURE_BLOCK_LOOK_H
#define PLUMB_CAPTURE_BLOCK_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	BLOCK_LOOK_BYTES = 128, /* that are judged; of zeros, whatever there is */
	BLOCK_LOOK_WORDS = BLOCK_LOOK_BYTES / 8,
	BLOCK_PREVIEW_BYTES = 160, /* that a preview is made of */
};

enum block_look {
	BLOCK_DATA, /* none of the others */
	BLOCK_ZEROS,
	BLOCK_TEXT,
	BLOCK_WIDE_TEXT,
	BLOCK_POINTERS,
	BLOCK_DOUBLES,
	BLOCK_FLOATS,
	BLOCK_LONGS,
	BLOCK_INTS,
	BLOCK_LOOK_COUNT
};

struct block_bytes {
	const uint8_t *bytes;
	size_t size;       /* of what was read of it */
	uint64_t usable;   /* of the whole block */
	uint32_t pointers; /* bit i: word i is an address of something */
};

enum block_look block_look_of(const struct block_bytes *block);

/* "text", "array of doubles" ... Static. */
const char *block_look_name(enum block_look look);

/* The look of that name; BLOCK_DATA for any other. */
enum block_look block_look_named(const char *name);

/*
 * The beginning of text or wide text in quotes: "GET /items?id=7 HTTP/1.1\r\n...".
 * Characters that cannot be shown are escaped as in C. The caller frees it. NULL:
 * it looks like no text, or memory ran out.
 */
char *block_look_preview(enum block_look look, const uint8_t *bytes, size_t size);

#endif
