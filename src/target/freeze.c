/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PTRACE_SEIZE attaches without a stop, PTRACE_INTERRUPT stops without a
 * signal (ptrace(2)). So:
 *
 *   1. list /proc/PID/task; seize what is new, then interrupt it all;
 *   2. wait until each has reported PTRACE_EVENT_STOP, one by one: waitpid(-1)
 *      looks through all tracees every time, so that thousands of threads
 *      would take a time in the square of their number (kernel/exit.c,
 *      do_wait; a number is looked up directly since Linux 5.13);
 *   3. again, until two listings in a row show nothing new. A thread that was
 *      inside clone() when it was interrupted has put its child on the list
 *      before it stops, so the second clean listing is final: nobody is left
 *      that could make another.
 *
 * Before its stop a thread may report a signal that it was about to receive.
 * Going on with that very signal delivers it, and the stop follows, since the
 * interrupt stays pending. In a group stop (SIGSTOP) the report is
 * PTRACE_EVENT_STOP too; PTRACE_DETACH puts such a thread back to sleep.
 *
 * A thread in uninterruptible sleep (state D: disk, a vfork() whose child has
 * not called exec yet) reports nothing until it wakes up, but it cannot run
 * one instruction of the program before it does: for the picture it is
 * frozen. We go on without its report and let it go when it comes.
 *
 * A thread that is denied the processor (a quota of its group, cpu.max; others
 * that are more urgent) does not stop before it gets it. It is waited for as
 * long as no other thread stands still for it, and a second when one does.
 *
 * Dead threads: their exit is reported, with two exceptions. After execve() in
 * another thread a thread id is simply no longer there, which waitpid says. The
 * first thread, when it ends before the others, is not reported before they
 * end too; that it is a zombie is seen when nothing is reported for a while.
 */
#include "target/freeze.h"

#include "base/array.h"
#include "base/cleanup.h"
#include "target/proc_file.h"
#include "target/process_access.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const uint64_t MILLISECOND = 1000000;
static const uint64_t STOP_LIMIT = 1000 * MILLISECOND; /* some stand still already */
static const uint64_t PATIENCE = 5000 * MILLISECOND;   /* nobody does yet */
static const uint64_t QUIET_SLICE = 2 * MILLISECOND;

uint64_t freeze_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void freeze_init(struct freeze *freeze, pid_t pid)
{
	*freeze = (struct freeze){.pid = pid};
	number_map_init(&freeze->index);
}

void freeze_deinit(struct freeze *freeze)
{
	freeze_release(freeze);
	number_map_deinit(&freeze->index);
	free(freeze->threads);
	*freeze = (struct freeze){0};
}

static struct frozen_thread *find_thread(struct freeze *freeze, pid_t tid)
{
	uint32_t place;

	if (!number_map_get(&freeze->index, (uint64_t)tid, &place) || place >= freeze->count ||
	    freeze->threads[place].tid != tid)
		return NULL;
	return &freeze->threads[place];
}

static void set_state(struct freeze *freeze, struct frozen_thread *thread, enum frozen_state state)
{
	freeze->running -= thread->state == THREAD_RUNNING;
	freeze->running += state == THREAD_RUNNING;
	thread->state = state;
	if (state == THREAD_STOPPED && !freeze->first_stop)
		freeze->first_stop = freeze_clock();
}

/* Makes room first: a thread that is seized must be on our list. */
static bool reserve_thread(struct freeze *freeze, pid_t tid)
{
	return array_reserve(&freeze->threads, &freeze->capacity, freeze->count + 1,
	                     sizeof(*freeze->threads)) &&
	       number_map_put(&freeze->index, (uint64_t)tid, (uint32_t)freeze->count);
}

/* The letter in its status file; 'X' when it is gone. */
static char thread_state(pid_t pid, pid_t tid)
{
	_cleanup_free_ char *status = NULL;
	size_t length;

	if (proc_file_read_thread(pid, tid, "status", &status, &length) != 0)
		return 'X';
	return proc_status_state(status);
}

/* Has it ended, though it may still be listed? */
static bool is_dead(pid_t pid, pid_t tid)
{
	char state = thread_state(pid, tid);

	return state == 'Z' || state == 'X';
}

/* Why PTRACE_SEIZE was refused; NULL when the thread has just ended. */
static struct error *explain_refusal(pid_t pid, pid_t tid, int number)
{
	struct error *error;

	if (number == ESRCH || is_dead(pid, tid))
		return NULL;
	error = process_access_check_untraced(pid, tid);
	if (error)
		return error;
	if (number == EPERM || number == EACCES)
		return process_access_error(pid);
	return error_errno(ERROR_IO, number, "cannot stop process %d", pid);
}

static struct error *seize_thread(struct freeze *freeze, pid_t tid)
{
	struct frozen_thread *known = find_thread(freeze, tid);

	if (known && known->state != THREAD_GONE)
		return NULL;
	if (!reserve_thread(freeze, tid))
		return error_no_memory();
	freeze->threads[freeze->count++] = (struct frozen_thread){tid, THREAD_GONE};
	if (ptrace(PTRACE_SEIZE, tid, NULL, NULL) < 0) {
		freeze->count--;
		return explain_refusal(freeze->pid, tid, errno);
	}
	set_state(freeze, &freeze->threads[freeze->count - 1], THREAD_RUNNING);
	return NULL;
}

/* Seizes and then interrupts what is on the list and new to us. */
static struct error *seize_new_threads(struct freeze *freeze, bool *ret_found)
{
	size_t before = freeze->count;
	struct error *error = NULL;
	struct dirent *entry;
	char path[32];
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%d/task", freeze->pid);
	folder = opendir(path);
	if (!folder)
		return error_new(ERROR_GONE, "process %d has ended", freeze->pid);
	while (!error && (entry = readdir(folder))) {
		pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (tid > 0)
			error = seize_thread(freeze, tid);
	}
	closedir(folder);
	freeze->is_frozen = true;
	for (size_t i = before; i < freeze->count; i++)
		ptrace(PTRACE_INTERRUPT, freeze->threads[i].tid, NULL, NULL);
	*ret_found = freeze->count > before;
	return error;
}

/* Whether this stop is the one we asked for; else goes on towards it. */
static bool is_our_stop(pid_t tid, int status)
{
	int event = status >> 16;

	if (event == PTRACE_EVENT_STOP)
		return true;
	/* A signal about to be delivered: it is, now, with all it carries. */
	ptrace(PTRACE_CONT, tid, NULL, event ? 0L : (long)WSTOPSIG(status));
	return false;
}

bool freeze_take_event(struct freeze *freeze, pid_t tid, int status)
{
	struct frozen_thread *thread = find_thread(freeze, tid);

	if (!thread)
		return false;
	if (!WIFSTOPPED(status)) {
		set_state(freeze, thread, THREAD_GONE);
		return true;
	}
	if (!is_our_stop(tid, status))
		return true;
	set_state(freeze, thread, THREAD_STOPPED);
	if (!freeze->is_frozen) {
		ptrace(PTRACE_DETACH, tid, NULL, NULL);
		set_state(freeze, thread, THREAD_GONE);
	}
	return true;
}

/* Sleeps until a child has something to report, at most for limit. */
static bool wait_for_report(uint64_t limit)
{
	struct timespec timeout = {
		.tv_sec = (time_t)(limit / 1000000000),
		.tv_nsec = (long)(limit % 1000000000),
	};
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	return sigtimedwait(&child, NULL, &timeout) == SIGCHLD;
}

/* Nothing was reported for a while: who has ended or vanished, who is asleep? */
static void look_after_missing(struct freeze *freeze)
{
	for (size_t i = 0; i < freeze->count; i++) {
		struct frozen_thread *thread = &freeze->threads[i];
		char state;

		if (thread->state != THREAD_RUNNING)
			continue;
		state = thread_state(freeze->pid, thread->tid);
		if (state == 'D')
			set_state(freeze, thread, THREAD_LATE);
		else if (state == 'Z' && thread->tid == freeze->pid)
			set_state(freeze, thread, THREAD_GONE);
	}
}

/* began: when the waiting did. */
static bool is_out_of_patience(const struct freeze *freeze, uint64_t began)
{
	uint64_t since = freeze->first_stop > began ? freeze->first_stop : began;

	return freeze_clock() > since + (freeze->first_stop ? STOP_LIMIT : PATIENCE);
}

static struct error *does_not_answer(const struct freeze *freeze)
{
	return error_new(ERROR_UNREADY,
	                 "process %d does not stop: %zu of its threads do not get to run; is the "
	                 "machine overloaded, or its cgroup at its limit (cpu.max)? Try again, or "
	                 "read without stopping: --pause=none",
	                 freeze->pid, freeze->running);
}

static struct error *wait_for_thread(struct freeze *freeze, size_t place, uint64_t began)
{
	pid_t tid = freeze->threads[place].tid;
	uint64_t slice = QUIET_SLICE;

	while (freeze->threads[place].state == THREAD_RUNNING) {
		int status;
		pid_t got = waitpid(tid, &status, __WALL | WNOHANG);

		if (got == tid) {
			freeze_take_event(freeze, tid, status);
			continue;
		}
		if (got < 0) {
			set_state(freeze, &freeze->threads[place], THREAD_GONE);
			continue;
		}
		if (is_out_of_patience(freeze, began))
			return does_not_answer(freeze);
		if (wait_for_report(slice))
			continue;
		look_after_missing(freeze);
		slice *= 2; /* an overloaded machine has better things to do */
	}
	return NULL;
}

/* From the last: when that has stopped, most of those before it have too. */
static struct error *wait_until_stopped(struct freeze *freeze)
{
	uint64_t began = freeze_clock();
	struct error *error = NULL;

	for (size_t i = freeze->count; !error && freeze->running && i-- > 0;)
		error = wait_for_thread(freeze, i, began);
	return error;
}

/* A stop that did not come in time the last time is waited for this time. */
static void wait_again_for_late(struct freeze *freeze)
{
	for (size_t i = 0; i < freeze->count; i++)
		if (freeze->threads[i].state == THREAD_LATE)
			set_state(freeze, &freeze->threads[i], THREAD_RUNNING);
}

static bool has_live_thread(const struct freeze *freeze)
{
	for (size_t i = 0; i < freeze->count; i++)
		if (freeze->threads[i].state != THREAD_GONE)
			return true;
	return false;
}

static struct error *stop_all(struct freeze *freeze)
{
	uint64_t deadline = freeze_clock() + STOP_LIMIT;
	int clean_listings = 0;

	freeze->first_stop = 0;
	wait_again_for_late(freeze);
	for (bool is_first = true; clean_listings < 2; is_first = false) {
		struct error *error;
		bool found = false;

		error = seize_new_threads(freeze, &found);
		if (error)
			return error;
		if (found && !is_first && freeze_clock() > deadline)
			return error_new(
				ERROR_UNREADY,
				"process %d does not stop: it makes threads faster than they "
				"can be stopped",
				freeze->pid);
		clean_listings = found ? 0 : clean_listings + 1;
		error = wait_until_stopped(freeze);
		if (error)
			return error;
	}
	if (!has_live_thread(freeze))
		return error_new(ERROR_GONE, "process %d has ended", freeze->pid);
	return NULL;
}

struct error *freeze_stop(struct freeze *freeze)
{
	struct error *error;

	if (freeze->is_frozen)
		return NULL;
	error = stop_all(freeze);
	if (error)
		freeze_release(freeze);
	return error;
}

/* Forgets all but those whose stop is still to come. */
static void keep_late_threads(struct freeze *freeze)
{
	size_t kept = 0;

	number_map_clear(&freeze->index);
	freeze->running = 0;
	for (size_t i = 0; i < freeze->count; i++) {
		struct frozen_thread thread = freeze->threads[i];

		if (thread.state != THREAD_LATE && thread.state != THREAD_RUNNING)
			continue;
		thread.state = THREAD_LATE;
		freeze->threads[kept] = thread;
		/* The map was as large before: putting less needs no memory. */
		number_map_put(&freeze->index, (uint64_t)thread.tid, (uint32_t)kept);
		kept++;
	}
	freeze->count = kept;
}

void freeze_release(struct freeze *freeze)
{
	if (!freeze->is_frozen)
		return;
	for (size_t i = 0; i < freeze->count; i++)
		if (freeze->threads[i].state == THREAD_STOPPED)
			ptrace(PTRACE_DETACH, freeze->threads[i].tid, NULL, NULL);
	if (freeze->first_stop)
		freeze->pause += freeze_clock() - freeze->first_stop;
	freeze->is_frozen = false;
	keep_late_threads(freeze);
}

bool freeze_stop_thread(pid_t tid, uint64_t limit, bool *ret_is_late)
{
	uint64_t deadline = freeze_clock() + limit;
	int status;

	*ret_is_late = false;
	if (ptrace(PTRACE_SEIZE, tid, NULL, NULL) < 0)
		return false;
	ptrace(PTRACE_INTERRUPT, tid, NULL, NULL);
	while (freeze_clock() < deadline) {
		pid_t got = waitpid(tid, &status, __WALL | WNOHANG);

		if (got == tid && !WIFSTOPPED(status))
			return false;
		if (got == tid && is_our_stop(tid, status))
			return true;
		if (got < 0)
			return false;
		if (got == 0)
			wait_for_report(QUIET_SLICE);
	}
	*ret_is_late = true;
	return false;
}
