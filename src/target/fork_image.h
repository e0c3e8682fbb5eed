/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A copy-on-write image of a process: a child made by one clone() on its
 * behalf, which never returns to the program's code and is read at leisure.
 *
 * The child shares no memory, sends no signal when it ends, is invisible to
 * an ordinary wait(), holds no file open, and dies with its tracer. To be
 * used by the guardian only (target/guardian.h), from its one thread.
 *
 * Not in the image: mappings the program marked MADV_DONTFORK (they fault),
 * and those marked MADV_WIPEONFORK (they read as zero).
 */
#ifndef PLUMB_TARGET_FORK_IMAGE_H
#define PLUMB_TARGET_FORK_IMAGE_H

#include "base/decode.h"
#include "base/error.h"
#include "target/freeze.h"

#include <stdbool.h>
#include <sys/types.h>

struct fork_image {
	pid_t parent;
	pid_t child;          /* 0: none */
	int64_t child_inside; /* its number in the target's pid namespace */
	bool has_ended;       /* it died before we killed it */
};

/*
 * ERROR_UNSUPPORTED: forking is not safe here, says why; known before
 * anything is stopped, apart from what a single thread adds.
 */
struct error *fork_image_check(pid_t pid);

/*
 * Makes the image; all threads of freeze are stopped, and stay so. instruction
 * is from remote_call_find_instruction.
 */
struct error *fork_image_take(struct freeze *freeze, taddr instruction, struct fork_image *ret);

/* To be called once the process runs again: lets go of all files. */
void fork_image_close_files(struct fork_image *image, taddr instruction);

/*
 * Ends the child and has the parent collect it, for which one of its threads
 * is stopped for some microseconds. Returns those nanoseconds.
 */
uint64_t fork_image_drop(struct fork_image *image);

#endif
