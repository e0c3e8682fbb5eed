/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the small core that a test needs, so that a test says itself what is in
 * it:
 *
 *	struct core_writer core;
 *	core_writer_init(&core);
 *	core_writer_thread(&core, 4242, SIGSEGV);
 *	core_writer_segment(&core, 0x10000, 0x2000, bytes, 0x1000, PF_R | PF_W);
 *	fd = core_writer_open(&core);
 *
 * The header, the table of segments (the notes are the first), the notes from
 * 0x400 on, and from 0x1400 on what the segments hold, in the order they came.
 */
#ifndef PLUMB_TESTS_CORE_WRITER_H
#define PLUMB_TESTS_CORE_WRITER_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

enum {
	WRITTEN_CORE_NOTES = 0x400,
	WRITTEN_CORE_BYTES = 0x1400,
	WRITTEN_CORE_MAX = 0x20000,
	WRITTEN_CORE_SEGMENTS = 15,
};

struct core_writer {
	uint8_t bytes[WRITTEN_CORE_MAX];
	size_t size;
	size_t notes_end;
	size_t segment_count;
};

/* Changes may be made through these until it is opened. */
Elf64_Ehdr *core_writer_header(struct core_writer *core);
Elf64_Phdr *core_writer_headers(struct core_writer *core);

void core_writer_init(struct core_writer *core);
void core_writer_note(struct core_writer *core, uint32_t type, const void *bytes, size_t size);
void core_writer_thread(struct core_writer *core, int32_t id, uint16_t signal);
void core_writer_process(struct core_writer *core, int32_t id, const char *command);

struct written_mapping {
	uint64_t start;
	uint64_t end;
	uint64_t offset; /* in units */
	const char *path;
};

void core_writer_files(struct core_writer *core, const struct written_mapping *files, size_t count,
                       uint64_t unit);

/* A segment of memory_size bytes at address, the first size of which are dumped. */
void core_writer_segment(struct core_writer *core, uint64_t address, uint64_t memory_size,
                         const void *bytes, size_t size, uint32_t flags);

/* An anonymous file with it, or with its first size bytes; the caller closes it. */
int core_writer_open(const struct core_writer *core);
int core_writer_open_cut(const struct core_writer *core, size_t size);

#endif
