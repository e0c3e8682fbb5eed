/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stops all threads of a process and lets them go again, by ptrace, without
 * a signal that anyone could see.
 *
 * THE PROMISE: freezing and releasing change nothing in the target. A signal
 * that arrives meanwhile is delivered, none is lost or invented; a target that
 * was stopped by SIGSTOP is stopped afterwards; an interrupted system call
 * goes on as after any ptrace stop. If the calling process dies, the kernel
 * lets every thread go at once.
 *
 * ptrace belongs to the thread that uses it: all calls come from one, and no
 * other code of that process may wait for children. That is the guardian
 * (target/guardian.h).
 */
#ifndef PLUMB_TARGET_FREEZE_H
#define PLUMB_TARGET_FREEZE_H

#include "base/error.h"
#include "base/number_map.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum frozen_state {
	THREAD_RUNNING, /* seized and interrupted, has not stopped yet */
	THREAD_STOPPED,
	THREAD_LATE, /* asleep in the kernel; stops before it runs again */
	THREAD_GONE,
};

struct frozen_thread {
	pid_t tid;
	enum frozen_state state;
};

struct freeze {
	pid_t pid;
	struct frozen_thread *threads;
	size_t count;
	size_t capacity;
	struct number_map index; /* tid -> its place in threads */
	size_t running;          /* how many are THREAD_RUNNING */
	bool is_frozen;          /* from the first interrupt to the release */
	uint64_t first_stop;     /* nanoseconds: since when a thread stands still; 0: none does */
	uint64_t pause;          /* nanoseconds in all stops so far */
};

void freeze_init(struct freeze *freeze, pid_t pid);
/* Releases first if need be. */
void freeze_deinit(struct freeze *freeze);

/*
 * Stops every thread. On error nothing is stopped. ERROR_PERMISSION: not
 * allowed, or another tracer is there; ERROR_GONE; ERROR_UNREADY: a thread did
 * not stop in time.
 */
struct error *freeze_stop(struct freeze *freeze);

/* Lets every thread go. Does nothing when nothing is stopped. */
void freeze_release(struct freeze *freeze);

/*
 * Takes in what waitpid said of a traced thread. False: not one of ours.
 * A late thread that stops after the release is let go here.
 */
bool freeze_take_event(struct freeze *freeze, pid_t tid, int status);

/* Nanoseconds of the monotonic clock. */
uint64_t freeze_clock(void);

/*
 * Seizes one thread, stops it and waits at most limit nanoseconds for that.
 * False: it did not stop, and is left as it was unless it sleeps
 * uninterruptibly (*ret_is_late: its stop comes later and has to be let go).
 */
bool freeze_stop_thread(pid_t tid, uint64_t limit, bool *ret_is_late);

#endif
