/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A number of 64 bits that stands for the bytes of a long value, so that equal
 * values can be counted without keeping them. It is written to files, so it
 * never changes (doc/snapshot-format.md has it in words). Not for an opponent:
 * whoever wants two values of one number can make them.
 *
 * The bytes are taken in words of 8; feed it any number of whole words at a
 * time, what is left only at the end.
 */
#ifndef PLUMB_BASE_CONTENT_HASH_H
#define PLUMB_BASE_CONTENT_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define CONTENT_HASH_START UINT64_C(0x243f6a8885a308d3) /* the first digits of pi */
#define CONTENT_HASH_FACTOR UINT64_C(0x9e3779b97f4a7c15)

/* The hash after size more bytes; only the last call may be with an odd rest, filled with zeros. */
static inline uint64_t content_hash_add(uint64_t hash, const uint8_t *bytes, size_t size)
{
	while (size > 0) {
		size_t part = size < 8 ? size : 8;
		uint64_t word = 0;

		memcpy(&word, bytes, part);
		hash = ((hash << 29 | hash >> 35) ^ word) * CONTENT_HASH_FACTOR;
		bytes += part;
		size -= part;
	}
	return hash;
}

/* total: of all bytes. */
static inline uint64_t content_hash_end(uint64_t hash, uint64_t total)
{
	hash = ((hash << 29 | hash >> 35) ^ total) * CONTENT_HASH_FACTOR;
	return hash ^ hash >> 32;
}

#endif
