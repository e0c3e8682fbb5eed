/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a core says about a process besides its memory: threads, process, files.
 * The registers are those of the picture; names, times and numbers that do not
 * matter to memory are read from /proc when this is called.
 */
#ifndef PLUMB_TARGET_PROCESS_NOTES_H
#define PLUMB_TARGET_PROCESS_NOTES_H

#include "base/text.h"
#include "target/picture.h"

struct process_notes {
	struct text text; /* by image/core_note_writer.h */
	size_t thread_count;
	size_t partial_count; /* threads whose registers are not fully known */
};

/* The picture has the registers. Must be of zeros before, and is to be freed after. */
struct error *process_notes_build(struct process_notes *notes, const struct picture *picture);
void process_notes_deinit(struct process_notes *notes);

#endif
