/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The small process that stops, forks and releases the target, so that the
 * end of plumb, however sudden, never leaves it stopped. One guardian serves
 * one picture; plumb asks it over a socket and gets one answer per request.
 */
#ifndef PLUMB_TARGET_GUARDIAN_H
#define PLUMB_TARGET_GUARDIAN_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct guardian;

/*
 * Starts a guardian for process pid. Nothing is stopped yet. At every stop it
 * writes the registers of all threads to the file registers
 * (target/thread_registers.h), unless that is -1.
 */
struct error *guardian_start(pid_t pid, int registers, struct guardian **ret);

/* Releases the process, ends the image, waits for the guardian's end. NULL is fine. */
void guardian_end(struct guardian *guardian);

static inline void cleanup_guardian(struct guardian **guardian)
{
	guardian_end(*guardian);
}

/* Stops all threads. Errors as freeze_stop. */
struct error *guardian_stop(struct guardian *guardian);

/*
 * Says that the caller is still busy with the stopped process; without a sign
 * for two seconds it is released. An error when that has happened.
 */
struct error *guardian_keep(struct guardian *guardian);

/* Lets it run. An error when it was released before, as guardian_keep. */
struct error *guardian_release(struct guardian *guardian);

/*
 * Makes the fork image of the stopped process and lets that run. On error it
 * is still stopped. ERROR_UNSUPPORTED: forking is not safe here.
 */
struct error *guardian_fork(struct guardian *guardian, pid_t *ret_child);

/* Of how many threads the registers were written at the last stop. */
size_t guardian_threads(const struct guardian *guardian);

/* Nanoseconds for which the process stood still so far. */
uint64_t guardian_pause(const struct guardian *guardian);

#endif
