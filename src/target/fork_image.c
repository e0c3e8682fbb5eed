/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flags of the clone():
 *
 *   no CLONE_VM       the memory is copied on write: that is the image
 *   CLONE_FILES       no descriptor is duplicated. Were they, a socket that the
 *                     program closes would stay open for as long as the image
 *   CLONE_FS          nothing to copy
 *   exit signal 0     the parent gets no SIGCHLD, and wait() and waitpid()
 *                     without __WALL or __WCLONE do not see the child
 *
 * With CLONE_FILES alone the table would outlive a parent that exits or execs,
 * and with it its listening sockets. So the child, once the parent runs again,
 * makes one more call, close_range(0, ~0, CLOSE_RANGE_UNSHARE), which gives it
 * an empty table of its own (Linux 5.9; before that the table stays shared).
 * That call and the clone() are all that it ever executes.
 *
 * An exit signal of 0 also means that nobody collects the child: it stays a
 * zombie until its parent waits for clones, which programs do not do. So
 * wait4() is made on behalf of the parent as well.
 */
#include "target/fork_image.h"

#include "base/cleanup.h"
#include "target/proc_file.h"
#include "target/process_access.h"
#include "target/remote_call.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

enum {
	CLOSE_AND_UNSHARE = 2, /* CLOSE_RANGE_UNSHARE, linux/close_range.h */
	NO_STACK = 16,         /* in the page that nobody can map */
	REAP_ATTEMPTS = 40,
	REAP_PAUSE_US = 50000,
	PREFERRED_CALL = SYS_futex,
};

static const uint64_t THREAD_STOP_LIMIT = 200000000; /* nanoseconds */

/* With strict accounting the image would count against everybody's memory. */
static bool is_overcommit_strict(void)
{
	_cleanup_close_ int fd = open("/proc/sys/vm/overcommit_memory", O_RDONLY | O_CLOEXEC);
	char letter;

	return fd >= 0 && read(fd, &letter, 1) == 1 && letter == '2';
}

struct error *fork_image_check(pid_t pid)
{
	_cleanup_free_ char *status = NULL;
	size_t length;
	uint64_t mode;

	if (proc_file_read(pid, "status", &status, &length) != 0)
		return error_new(ERROR_GONE, "process %d has ended", pid);
	if (proc_status_number(status, "Seccomp", 10, &mode) && mode != 0)
		return error_new(ERROR_UNSUPPORTED,
		                 "process %d cannot be forked safely: it is under a seccomp "
		                 "filter; use --pause=copy",
		                 pid);
	if (is_overcommit_strict())
		return error_new(ERROR_UNSUPPORTED,
		                 "process %d cannot be forked safely: vm.overcommit_memory is 2; "
		                 "use --pause=copy",
		                 pid);
	return NULL;
}

/* A stopped thread to make the call in: one inside a system call if possible. */
static pid_t choose_thread(const struct freeze *freeze)
{
	for (size_t i = 0; i < freeze->count; i++) {
		const struct frozen_thread *thread = &freeze->threads[i];

		if (thread->state == THREAD_STOPPED &&
		    remote_call_is_possible(freeze->pid, thread->tid))
			return thread->tid;
	}
	return 0;
}

static struct error *cannot_fork(pid_t pid, int64_t number)
{
	const char *hint = "";

	if (number == EAGAIN)
		hint = " (a limit on processes: RLIMIT_NPROC or pids.max)";
	else if (number == ENOMEM)
		hint = " (no memory for the page tables)";
	return error_errno(ERROR_UNSUPPORTED, (int)number, "cannot fork process %d%s", pid, hint);
}

struct error *fork_image_take(struct freeze *freeze, taddr instruction, struct fork_image *ret)
{
	struct remote_call call = {
		.number = SYS_clone,
		.arguments = {CLONE_FILES | CLONE_FS, NO_STACK},
		.makes_child = true,
	};
	struct remote_result result;
	struct error *error;
	pid_t tid = choose_thread(freeze);

	if (!tid)
		return error_new(ERROR_UNSUPPORTED,
		                 "process %d cannot be forked safely: none of its threads is at a "
		                 "place where it could be",
		                 freeze->pid);
	error = remote_call_make(tid, instruction, &call, &result);
	if (error)
		return error;
	if (!result.child)
		return cannot_fork(freeze->pid, -result.value);
	*ret = (struct fork_image){
		.parent = freeze->pid,
		.child = result.child,
		.child_inside = result.value,
	};
	return NULL;
}

void fork_image_close_files(struct fork_image *image, taddr instruction)
{
	struct remote_call call = {
		.number = SYS_close_range,
		.arguments = {0, UINT32_MAX, CLOSE_AND_UNSHARE},
		.options = PTRACE_O_EXITKILL,
	};
	struct remote_result result;
	struct error *error = remote_call_make(image->child, instruction, &call, &result);

	if (error && error_kind(error) == ERROR_GONE)
		image->has_ended = true;
	error_free(error);
}

/* As its tracer we see the child's end first; then it is the parent's. */
static void kill_child(struct fork_image *image)
{
	int status = 0;

	if (image->has_ended)
		return;
	kill(image->child, SIGKILL);
	while (waitpid(image->child, &status, __WALL) == image->child && WIFSTOPPED(status))
		ptrace(PTRACE_CONT, image->child, NULL, NULL);
	image->has_ended = true;
}

/* Does the parent still have the ended child to collect? */
static bool is_uncollected(const struct fork_image *image)
{
	_cleanup_free_ char *status = NULL;
	uint64_t parent;
	size_t length;

	if (proc_file_read(image->child, "status", &status, &length) != 0)
		return false;
	return proc_status_number(status, "PPid", 10, &parent) &&
	       parent == (uint64_t)image->parent && proc_status_state(status) == 'Z';
}

/*
 * Has one thread collect the child. False: that thread is not fit. A thread
 * that sleeps too deeply to be stopped is let go by the end of the guardian.
 */
static bool collect_in_thread(const struct fork_image *image, pid_t tid, taddr instruction,
                              uint64_t *pause)
{
	struct remote_call call = {
		.number = SYS_wait4,
		.arguments = {(uint64_t)image->child_inside, 0, __WALL | WNOHANG},
	};
	struct remote_result result = {0};
	struct error *error;
	uint64_t start = freeze_clock();
	bool is_late;

	if (!freeze_stop_thread(tid, THREAD_STOP_LIMIT, &is_late))
		return false;
	if (remote_call_is_possible(image->parent, tid)) {
		error = remote_call_make(tid, instruction, &call, &result);
		error_free(error);
	}
	ptrace(PTRACE_DETACH, tid, NULL, NULL);
	*pause += freeze_clock() - start;
	return result.value == image->child_inside;
}

/*
 * Is tid in a call that restarts without the program's noticing? epoll_wait()
 * and some others return EINTR after any ptrace stop; futex() never does.
 */
static bool is_well_placed(pid_t pid, pid_t tid)
{
	_cleanup_free_ char *text = NULL;
	size_t length;

	if (proc_file_read_thread(pid, tid, "syscall", &text, &length) != 0)
		return false;
	return strtol(text, NULL, 10) == PREFERRED_CALL;
}

/* Tries threads until one has done it: the well placed first. */
static bool collect(const struct fork_image *image, taddr instruction, bool only_well_placed,
                    uint64_t *pause)
{
	bool is_done = false;
	struct dirent *entry;
	char path[32];
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%d/task", image->parent);
	folder = opendir(path);
	if (!folder)
		return true;
	while (!is_done && (entry = readdir(folder))) {
		pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (tid <= 0 || (only_well_placed && !is_well_placed(image->parent, tid)))
			continue;
		is_done = collect_in_thread(image, tid, instruction, pause);
	}
	closedir(folder);
	return is_done;
}

uint64_t fork_image_drop(struct fork_image *image)
{
	uint64_t pause = 0;
	taddr instruction;

	if (!image->child)
		return 0;
	kill_child(image);
	/* A debugger may hold the parent for a while, or it is inside execve(). */
	for (int i = 0; i < REAP_ATTEMPTS && is_uncollected(image); i++) {
		if (i)
			usleep(REAP_PAUSE_US);
		if (!remote_call_find_instruction(process_access_living_thread(image->parent),
		                                  &instruction))
			continue;
		if (!collect(image, instruction, true, &pause))
			collect(image, instruction, false, &pause);
	}
	image->child = 0;
	return pause;
}
