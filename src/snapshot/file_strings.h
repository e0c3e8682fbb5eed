/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strings in a chunk: their lengths (4 bytes each), then their bytes, without
 * terminators. The chunks of one kind together are one table, counted from 0.
 * Private to this folder.
 */
#ifndef PLUMB_SNAPSHOT_FILE_STRINGS_H
#define PLUMB_SNAPSHOT_FILE_STRINGS_H

#include "base/error.h"
#include "snapshot/buffer.h"

/* A table in memory: each string starts at bytes + start[i] and is terminated. */
struct string_rows {
	const char *bytes;
	const uint64_t *start;
};

/* How many strings from first on, of those before end, belong into one chunk: at least one. */
size_t file_strings_fit(struct string_rows strings, uint64_t first, uint64_t end);

/* Replaces what is in ret. */
struct error *file_strings_encode(struct string_rows strings, uint64_t first, size_t rows,
                                  struct buffer *ret);

/* Bytes that the strings of a chunk take in memory; its raw size is at least 4 a row. */
static inline uint64_t file_strings_bytes(uint64_t raw_size, uint64_t rows)
{
	return raw_size - 3 * rows;
}

/*
 * Writes the strings to bytes + place, and where they start to start[0 ... rows].
 * ERROR_CORRUPT: the lengths do not add up, or a string contains a zero.
 */
struct error *file_strings_decode(const struct buffer *raw, size_t rows, uint64_t place,
                                  char *bytes, uint64_t *start);

#endif
