/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes one system call on behalf of a stopped thread, and leaves the thread
 * as it was. No byte of the target's memory is written: the thread executes a
 * `syscall` instruction that is there already.
 *
 * The thread must be traced by the caller and in PTRACE_EVENT_STOP, and it is
 * again afterwards, with the registers, the signal mask and the interrupted
 * system call it had before. x86-64 only.
 */
#ifndef PLUMB_TARGET_REMOTE_CALL_H
#define PLUMB_TARGET_REMOTE_CALL_H

#include "base/decode.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct remote_call {
	uint64_t number;
	uint64_t arguments[6];
	/* The call is a clone(): its child is to be caught before it runs. */
	bool makes_child;
	/* ptrace options that the thread has and keeps. */
	uint32_t options;
};

struct remote_result {
	int64_t value; /* of the call; -errno when it failed */
	pid_t child;   /* 0: none. Traced by us, stopped, dies with us */
};

/* An address of a `syscall` instruction in process pid (or one of its threads). */
bool remote_call_find_instruction(pid_t pid, taddr *ret);

/* Is one at that address (still)? False for 0. */
bool remote_call_is_instruction(pid_t tid, taddr instruction);

/* Is tid stopped where a call can be made without its noticing? */
bool remote_call_is_possible(pid_t pid, pid_t tid);

/*
 * ERROR_GONE: the thread died meanwhile. ERROR_UNREADY: there is no such
 * instruction, the process is starting another program; nothing was tried.
 */
struct error *remote_call_make(pid_t tid, taddr instruction, const struct remote_call *call,
                               struct remote_result *ret);

#endif
