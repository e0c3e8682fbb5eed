/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A chunk ends at so many rows or bytes, whichever comes first. A single
 * string longer than that is a chunk of its own.
 */
#include "snapshot/file_strings.h"

#include "base/little_endian.h"
#include "snapshot/file_format.h"

enum { ROWS_MAX = 1 << 16, BYTES_MAX = 1 << 20 };

size_t file_strings_fit(struct string_rows strings, uint64_t first, uint64_t end)
{
	size_t rows = 0;
	size_t bytes = 0;

	while (first + rows < end && rows < ROWS_MAX) {
		bytes += strlen(strings.bytes + strings.start[first + rows]);
		if (rows && bytes > BYTES_MAX)
			break;
		rows++;
	}
	return rows;
}

struct error *file_strings_encode(struct string_rows strings, uint64_t first, size_t rows,
                                  struct buffer *ret)
{
	size_t size = rows * 4;
	uint8_t *to;

	for (size_t i = 0; i < rows; i++)
		size += strlen(strings.bytes + strings.start[first + i]);
	if (size > file_raw_max)
		return error_new(ERROR_UNSUPPORTED, "a string of %zu bytes is too long for a file",
		                 size);
	if (!buffer_resize(ret, size))
		return error_no_memory();
	to = ret->bytes + rows * 4;
	for (size_t i = 0; i < rows; i++) {
		const char *string = strings.bytes + strings.start[first + i];
		size_t length = strlen(string);

		put_u32(ret->bytes + i * 4, (uint32_t)length);
		memcpy(to, string, length);
		to += length;
	}
	return NULL;
}

struct error *file_strings_decode(const struct buffer *raw, size_t rows, uint64_t place,
                                  char *bytes, uint64_t *start)
{
	const uint8_t *from = raw->bytes + rows * 4;
	size_t left = raw->size - rows * 4;

	if (memchr(from, 0, left))
		return error_new(ERROR_CORRUPT, "a string contains a zero");
	for (size_t i = 0; i < rows; i++) {
		uint32_t length = get_u32(raw->bytes + i * 4);

		if (length > left)
			return error_new(ERROR_CORRUPT, "string %zu does not lie within it", i);
		memcpy(bytes + place, from, length);
		bytes[place + length] = '\0';
		start[i] = place;
		place += length + 1;
		from += length;
		left -= length;
	}
	if (left)
		return error_new(ERROR_CORRUPT, "%zu bytes are behind its last string", left);
	return NULL;
}
