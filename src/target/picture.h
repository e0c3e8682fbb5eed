/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A picture of a process: its memory at one moment, to be read at leisure.
 *
 * THE PROMISE: whatever this module stops it releases, on every way out,
 * also when plumb is killed. No thread stays stopped, no child and no zombie
 * stays, no descriptor of the target is held open, no signal is seen by
 * anyone in it.
 *
 * How, by mode (design.md, "Capture"):
 *   PAUSE_FORK  one clone() on behalf of the stopped process; the child
 *               runs nothing but one system call that closes its files, and is
 *               read as a copy-on-write image.
 *   PAUSE_COPY  the private memory is copied while the process is stopped.
 *   PAUSE_NONE  nothing is stopped; what is torn is counted by the readers.
 */
#ifndef PLUMB_TARGET_PICTURE_H
#define PLUMB_TARGET_PICTURE_H

#include "target/resident_pages.h"
#include "target/target.h"
#include "target/thread_registers.h"

enum pause_mode {
	PAUSE_FORK,
	PAUSE_COPY,
	PAUSE_NONE,
};

struct picture_options {
	enum pause_mode mode;
	/* PAUSE_FORK may fall back to PAUSE_COPY where forking is not safe
	 * (seccomp, strict overcommit, no memory for the page tables). */
	bool may_fall_back;
	/*
	 * Called while the process is stopped: is this a good moment (the
	 * collector does not run ...)? When it says no the process is let go
	 * for some milliseconds, at most settle_attempts times; then the
	 * picture is taken all the same and picture_is_settled says false.
	 * NULL: every moment is good, as it is for PAUSE_NONE.
	 */
	bool (*is_settled)(void *context, struct target *stopped);
	/*
	 * Called once it is the moment that the picture is going to be of, good
	 * or the last, still stopped (PAUSE_NONE: while it runs). Twice when
	 * PAUSE_FORK falls back: the second counts. NULL: nothing to do.
	 */
	struct error *(*at_moment)(void *context);
	void *context; /* of both */
	unsigned int settle_attempts;
	bool wants_registers; /* for picture_threads */
};

struct picture;

/* Takes a picture of process pid. Errors as live_target_open. */
struct error *picture_take(pid_t pid, const struct picture_options *options, struct picture **ret);

/* Kills and reaps the child if there is one; frees the copy. NULL is fine. */
void picture_free(struct picture *picture);

static inline void cleanup_picture(struct picture **picture)
{
	picture_free(*picture);
}

/* The memory as it was. Borrowed; lives as long as the picture. */
struct target *picture_target(const struct picture *picture);

/* Milliseconds for which the process stood still, in all stops of this picture. */
double picture_pause_ms(const struct picture *picture);

/* The mode that was really used. */
enum pause_mode picture_mode(const struct picture *picture);

/*
 * The threads at that moment with their registers, in no order; none unless
 * they were wanted. With PAUSE_NONE only what /proc tells of running threads.
 * Borrowed.
 */
const struct thread_registers *picture_threads(const struct picture *picture, size_t *ret_count);

/* The process it is of. */
pid_t picture_process(const struct picture *picture);

/* Whose /proc files describe that moment: the image's, or the process's own. */
pid_t picture_memory_process(const struct picture *picture);

/*
 * Visits the pages of a private region that existed at that moment, as
 * resident_pages_visit; the process does not matter to pages.
 */
struct error *picture_visit_pages(struct picture *picture, const struct target_region *region,
                                  struct resident_pages *pages, resident_pages_visitor *visit,
                                  void *context);

/* False when the moment was never good (see is_settled). */
bool picture_is_settled(const struct picture *picture);

#endif
