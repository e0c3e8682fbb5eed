/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes an ELF core: segments, notes and a way to read memory in, a file out.
 * Nothing here knows where the memory comes from; who reads cores is
 * image/core_file.h.
 *
 * A segment has memory_size bytes in the process, and the first file_size of
 * them are in the core. Which of those are worth reading is said by stretches;
 * what lies between them is zeros, and takes no room in the file. Nor does a
 * page of zeros that was read.
 */
#ifndef PLUMB_IMAGE_CORE_DUMP_H
#define PLUMB_IMAGE_CORE_DUMP_H

#include "base/new_file.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dump_segment {
	uint64_t address;     /* of whole pages, as are the sizes */
	uint64_t memory_size; /* not 0 */
	uint64_t file_size;   /* at most memory_size */
	uint64_t file_offset; /* given by core_dump_write */
	bool is_readable;
	bool is_writable;
	bool is_executable;
};

struct dump_stretch {
	uint64_t address;
	uint64_t size;
	uint64_t file_offset; /* given by core_dump_write */
};

struct core_dump {
	struct dump_segment *segments; /* sorted by address, never overlapping */
	size_t segment_count;
	struct dump_stretch *stretches; /* sorted; each within one segment's file_size */
	size_t stretch_count;
	const struct text *notes; /* by image/core_note_writer.h */
	bool is_compressed;       /* as a stream of zstd; else plain, with holes */

	/*
	 * Reads up to size bytes and returns how many from address on could be
	 * read. Called by several threads at the same time.
	 */
	size_t (*read)(void *reader, uint64_t address, void *buffer, size_t size);
	void *reader;

	/* Both may be NULL, and are never called by two threads at the same time. */
	bool (*should_stop)(void *context);
	void (*progress)(void *context, double fraction);
	void *context;
};

struct core_dump_result {
	uint64_t size;         /* of the core, unpacked */
	uint64_t memory_bytes; /* of stretches, as far as they could be read */
	uint64_t unreadable;   /* bytes of stretches that could not, and are zeros */
};

/* Writes it all; finishing the file is left to the caller. */
struct error *core_dump_write(struct core_dump *dump, struct new_file *file,
                              struct core_dump_result *ret);

#endif
