/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of the snapshot file, one to one as doc/snapshot-format.md has
 * them: read that first, it says what each means and why. Private to this
 * folder.
 *
 *	header | chunk | chunk | ... | directory | trailer
 *
 * header, 32 bytes:
 *
 *	 0  10  magic
 *	10   2  major version
 *	12   2  minor version
 *	14   2  size of the header
 *	16   4  flags
 *	20   8  0
 *	28   4  CRC-32 of what precedes (always the header's last 4 bytes)
 *
 * chunk, 48 bytes and what is stored:
 *
 *	 0   4  kind
 *	 4   2  encoding
 *	 6   2  flags
 *	 8   8  first row
 *	16   8  rows
 *	24   8  raw size
 *	32   8  stored size
 *	40   4  CRC-32 of what is stored
 *	44   4  CRC-32 of the 44 bytes before
 *
 * directory: a chunk of entries of 56 bytes: a chunk's place, then its 48 bytes
 *
 * trailer, 28 bytes:
 *
 *	 0   8  place of the directory's chunk
 *	 8   8  its size, with its 48 bytes
 *	16   4  CRC-32 of the 16 bytes before
 *	20   8  magic
 */
#ifndef PLUMB_SNAPSHOT_FILE_FORMAT_H
#define PLUMB_SNAPSHOT_FILE_FORMAT_H

#include <stdint.h>

enum {
	FILE_MAJOR = 1,
	FILE_MINOR = 1,
	FILE_MAGIC_SIZE = 10,
	FILE_HEADER_SIZE = 32,
	FILE_HEADER_MAX = 4096, /* a later minor version may have a longer one */
	FILE_CHUNK_SIZE = 48,
	FILE_ENTRY_SIZE = 8 + FILE_CHUNK_SIZE,
	FILE_TRAILER_SIZE = 28,
	FILE_END_MAGIC_SIZE = 8,

	FILE_ROWS_MAX = 1 << 20,   /* of a chunk */
	FILE_RATIO_MAX = 256,      /* raw size to stored size */
	FILE_CHUNKS_MAX = 1 << 20, /* in a file */
};

/* A raw size beyond this is refused. */
static const uint64_t file_raw_max = UINT64_C(1) << 28;

#define FILE_MAGIC "\x89plumb\r\n\x1a\n"
#define FILE_END_MAGIC "plumbend"

/* Flags of the header. A reader refuses a file with one of the lower 16 that it does not know. */
enum file_flags {
	FILE_HAS_EDGES = 1 << 0,
	FILE_NO_VALUES = 1 << 16, /* of values only names of attributes were kept, on request */
};

enum { FILE_FLAGS_NEEDED = 0xffff };

/* Flags of a chunk; unknown ones mean nothing. */
enum chunk_flags {
	CHUNK_IS_OPTIONAL = 1 << 0, /* who does not know the kind leaves it out */
	CHUNK_IS_ZSTD = 1 << 1,     /* stored is one zstd frame, and perhaps a skippable one */
};

enum chunk_encoding {
	ENCODING_PLAIN,
	ENCODING_DIFFERENCE, /* of each row to the one before, modulo 2^width */
	ENCODING_FROM_NODE,  /* of an edge's number to the node that it starts from */
	ENCODING_COUNT
};

#define CHUNK_KIND(a, b, c, d)                                                                     \
	((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)

/* As they stand in the file: four letters. */
#define KIND_ADDRESSES CHUNK_KIND('N', 'A', 'D', 'R')
#define KIND_NODE_TYPES CHUNK_KIND('N', 'T', 'Y', 'P')
#define KIND_SIZES CHUNK_KIND('N', 'S', 'I', 'Z')
#define KIND_MEMORY CHUNK_KIND('N', 'M', 'E', 'M')
#define KIND_REFCOUNTS CHUNK_KIND('N', 'R', 'E', 'F')
#define KIND_NODE_FLAGS CHUNK_KIND('N', 'F', 'L', 'G')
#define KIND_EDGE_COUNTS CHUNK_KIND('N', 'E', 'D', 'G')
#define KIND_EDGE_TARGETS CHUNK_KIND('E', 'D', 'T', 'O')
#define KIND_EDGE_LABELS CHUNK_KIND('E', 'L', 'A', 'B')
#define KIND_TYPES CHUNK_KIND('T', 'Y', 'P', 'E')
#define KIND_STRINGS CHUNK_KIND('S', 'T', 'R', 'S')
#define KIND_ROOTS CHUNK_KIND('R', 'O', 'O', 'T')
#define KIND_CONTAINERS CHUNK_KIND('C', 'O', 'N', 'T')
#define KIND_NAMES CHUNK_KIND('N', 'A', 'M', 'E')
#define KIND_LARGE CHUNK_KIND('H', 'U', 'G', 'E')
#define KIND_MANY CHUNK_KIND('M', 'A', 'N', 'Y')
#define KIND_NODE_TRACES CHUNK_KIND('N', 'T', 'R', 'C')
#define KIND_TRACES CHUNK_KIND('T', 'R', 'A', 'C')
#define KIND_TRACE_FRAMES CHUNK_KIND('T', 'R', 'F', 'R')
#define KIND_TOTALS CHUNK_KIND('T', 'O', 'T', 'L')
#define KIND_FACTS CHUNK_KIND('F', 'A', 'C', 'T')
#define KIND_VALUES CHUNK_KIND('T', 'E', 'X', 'T')
#define KIND_DIRECTORY CHUNK_KIND('D', 'I', 'R', 'Y')

#endif
