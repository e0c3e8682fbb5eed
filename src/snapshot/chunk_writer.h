/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frame of a snapshot file: header, chunks, directory, trailer. Knows
 * nothing of what is in a chunk. Private to this folder.
 */
#ifndef PLUMB_SNAPSHOT_CHUNK_WRITER_H
#define PLUMB_SNAPSHOT_CHUNK_WRITER_H

#include "base/new_file.h"
#include "snapshot/buffer.h"
#include "snapshot/file_chunk.h"

struct chunk_writer {
	struct new_file file;
	struct buffer directory;
};

/* flags: enum file_flags */
struct error *chunk_writer_open(const char *path, uint32_t flags, struct chunk_writer *ret);

/* The chunk is sealed with what is stored; its place is this one. */
struct error *chunk_writer_add(struct chunk_writer *writer, const struct file_chunk *chunk,
                               const struct buffer *stored);

/* Writes what is left and makes the file appear. */
struct error *chunk_writer_finish(struct chunk_writer *writer);

/* Without finish, nothing is left of the file. */
void chunk_writer_deinit(struct chunk_writer *writer);

#endif
