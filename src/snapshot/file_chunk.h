/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head of a chunk in memory and in the file. Private to this folder; the
 * layout is drawn in snapshot/file_format.h.
 */
#ifndef PLUMB_SNAPSHOT_FILE_CHUNK_H
#define PLUMB_SNAPSHOT_FILE_CHUNK_H

#include "snapshot/file_format.h"

#include <stdbool.h>
#include <stddef.h>

struct file_chunk {
	uint64_t place; /* of its head in the file */
	uint32_t kind;
	uint16_t encoding;
	uint16_t flags;
	uint64_t first;
	uint64_t rows;
	uint64_t raw_size;
	uint64_t stored_size;
	uint32_t crc;
};

/* CRC-32 as zlib, gzip and PNG have it. */
uint32_t file_crc(const void *bytes, size_t size);

/* Notes size and checksum of what is stored. */
void file_chunk_seal(struct file_chunk *chunk, const uint8_t *stored, size_t size);

void file_chunk_put(const struct file_chunk *chunk, uint8_t to[FILE_CHUNK_SIZE]);

/* False: its checksum is wrong. The place is not touched. */
bool file_chunk_get(const uint8_t from[FILE_CHUNK_SIZE], struct file_chunk *ret);

/* The four letters of a kind, with "?" for what is none. */
struct kind_name {
	char letters[5];
};
struct kind_name file_kind_name(uint32_t kind);

#endif
