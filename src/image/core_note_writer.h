/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The notes of a core, as the kernel writes them, appended to a text one by
 * one: for the first thread its status, then the process, the auxiliary vector
 * and the files; then what is left of that thread, and the other threads. Who
 * reads them is image/core_notes.h.
 */
#ifndef PLUMB_IMAGE_CORE_NOTE_WRITER_H
#define PLUMB_IMAGE_CORE_NOTE_WRITER_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NOTE_REGISTERS = 27, NOTE_FLOATING = 512 };

struct note_time { /* struct timeval of the kernel */
	int64_t seconds;
	int64_t microseconds;
};

struct note_thread { /* NT_PRSTATUS, NT_PRFPREG, NT_X86_XSTATE */
	int32_t id;
	int32_t parent;
	int32_t group;
	int32_t session;
	uint64_t pending;
	uint64_t blocked;
	struct note_time user, system, children_user, children_system;
	const uint64_t *registers; /* NOTE_REGISTERS */
	const uint8_t *floating;   /* NOTE_FLOATING bytes; NULL: not known */
	const uint8_t *extended;
	size_t extended_size; /* 0: none */
};

struct note_process { /* NT_PRPSINFO */
	char state;   /* the letter of /proc/PID/stat */
	int8_t nice;
	uint64_t flags;
	uint32_t user;
	uint32_t group_id;
	int32_t id;
	int32_t parent;
	int32_t group;
	int32_t session;
	const char *name;
	const char *command; /* arguments, joined by blanks */
};

struct note_mapping { /* NT_FILE */
	uint64_t start;
	uint64_t end;
	uint64_t file_offset; /* of whole pages */
	const char *path;
	bool is_deleted;
};

/* The status alone, and the rest of the thread. */
void core_note_status(struct text *notes, const struct note_thread *thread);
void core_note_state(struct text *notes, const struct note_thread *thread);

void core_note_process(struct text *notes, const struct note_process *process);
void core_note_auxiliary(struct text *notes, const void *bytes, size_t size);
void core_note_files(struct text *notes, const struct note_mapping *mappings, size_t count);

#endif
