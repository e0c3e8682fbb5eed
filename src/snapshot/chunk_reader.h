/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frame of a snapshot file, read: header, trailer, directory, and chunks
 * one by one, each held against its checksum and bounded before it is
 * unfolded. Knows nothing of what is in a chunk. Private to this folder.
 *
 * The file is read with pread into buffers and not mapped. A file that is cut
 * or rewritten while it is mapped ends the program (SIGBUS), and could say
 * one thing to the checksum and another to what unfolds it; what is copied
 * here is small, since it is still compressed.
 */
#ifndef PLUMB_SNAPSHOT_CHUNK_READER_H
#define PLUMB_SNAPSHOT_CHUNK_READER_H

#include "base/error.h"
#include "snapshot/buffer.h"
#include "snapshot/file_chunk.h"
#include "snapshot/zstd_frame.h"

struct chunk_reader {
	int fd;
	char *path;
	uint64_t file_size;
	uint16_t major, minor;
	uint16_t header_size;
	uint32_t flags;            /* enum file_flags */
	struct file_chunk *chunks; /* in the order of the file, without the directory */
	size_t chunk_count;
};

/*
 * ERROR_NOT_FOUND: no such file; ERROR_CORRUPT: broken, and where;
 * ERROR_UNSUPPORTED: no snapshot, or of a later version.
 */
struct error *chunk_reader_open(const char *path, struct chunk_reader *ret);
void chunk_reader_deinit(struct chunk_reader *reader);

/* What one thread needs to read chunks. */
struct chunk_buffers {
	ZSTD_DCtx *context;
	struct buffer stored;
	struct buffer raw;
};

bool chunk_buffers_init(struct chunk_buffers *buffers);
void chunk_buffers_deinit(struct chunk_buffers *buffers);

/* Fills buffers->raw with the raw_size bytes of a chunk. Threads may do so at the same time. */
struct error *chunk_reader_read(const struct chunk_reader *reader, const struct file_chunk *chunk,
                                struct chunk_buffers *buffers);

/* Is the chunk's head in the file the same as in the directory? */
struct error *chunk_reader_check_head(const struct chunk_reader *reader,
                                      const struct file_chunk *chunk);

/* "chunk NSIZ at 4096 (rows 0 to 1048576)": takes cause and puts that before it. */
struct error *chunk_reader_blame(const struct chunk_reader *reader, const struct file_chunk *chunk,
                                 struct error *cause);

#endif
