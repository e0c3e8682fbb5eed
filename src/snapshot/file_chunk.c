/* SPDX-License-Identifier: Apache-2.0 */
/* Offsets stand here once, for both directions. */
#include "snapshot/file_chunk.h"

#include "base/little_endian.h"

#include <zlib.h>

enum {
	AT_KIND = 0,
	AT_ENCODING = 4,
	AT_FLAGS = 6,
	AT_FIRST = 8,
	AT_ROWS = 16,
	AT_RAW_SIZE = 24,
	AT_STORED_SIZE = 32,
	AT_CRC = 40,
	AT_HEAD_CRC = 44,
};

_Static_assert(AT_HEAD_CRC + 4 == FILE_CHUNK_SIZE, "the head ends in its own checksum");

uint32_t file_crc(const void *bytes, size_t size)
{
	return (uint32_t)crc32_z(0, bytes, size);
}

void file_chunk_seal(struct file_chunk *chunk, const uint8_t *stored, size_t size)
{
	chunk->stored_size = size;
	chunk->crc = file_crc(stored, size);
}

void file_chunk_put(const struct file_chunk *chunk, uint8_t to[FILE_CHUNK_SIZE])
{
	put_u32(to + AT_KIND, chunk->kind);
	put_u16(to + AT_ENCODING, chunk->encoding);
	put_u16(to + AT_FLAGS, chunk->flags);
	put_u64(to + AT_FIRST, chunk->first);
	put_u64(to + AT_ROWS, chunk->rows);
	put_u64(to + AT_RAW_SIZE, chunk->raw_size);
	put_u64(to + AT_STORED_SIZE, chunk->stored_size);
	put_u32(to + AT_CRC, chunk->crc);
	put_u32(to + AT_HEAD_CRC, file_crc(to, AT_HEAD_CRC));
}

bool file_chunk_get(const uint8_t from[FILE_CHUNK_SIZE], struct file_chunk *ret)
{
	if (get_u32(from + AT_HEAD_CRC) != file_crc(from, AT_HEAD_CRC))
		return false;
	ret->kind = get_u32(from + AT_KIND);
	ret->encoding = get_u16(from + AT_ENCODING);
	ret->flags = get_u16(from + AT_FLAGS);
	ret->first = get_u64(from + AT_FIRST);
	ret->rows = get_u64(from + AT_ROWS);
	ret->raw_size = get_u64(from + AT_RAW_SIZE);
	ret->stored_size = get_u64(from + AT_STORED_SIZE);
	ret->crc = get_u32(from + AT_CRC);
	return true;
}

struct kind_name file_kind_name(uint32_t kind)
{
	struct kind_name name = {{0}};

	for (unsigned int i = 0; i < 4; i++) {
		char letter = (char)(kind >> 8 * i & 0x7f);

		name.letters[i] = '?';
		if (kind >> 8 * i & 0x80 || letter < '0' || letter > 'z')
			continue;
		name.letters[i] = letter;
	}
	return name;
}
