/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WHY A PROCESS OF ITS OWN. When a tracer dies the kernel detaches its tracees
 * and they run on. That is right at every moment but one: while a thread runs
 * a system call on our behalf its registers are ours (target/remote_call.c).
 * plumb may die at any moment: Ctrl-C, kill -9, a closed terminal, a bug. So
 * plumb itself never traces; it forks a guardian, and this is the argument
 * that the target comes to no harm whenever plumb ends:
 *
 *   1. Only the guardian traces, and the kernel ties tracees to it alone.
 *   2. plumb's end shows as the end of its socket. The guardian looks at it
 *      whenever it waits, and then does what guardian_end asks for: releases,
 *      ends the image, has it collected, exits. It never waits without limit
 *      while something is stopped.
 *   3. No signal meant for plumb reaches the guardian: it has its own session
 *      (no terminal, another process group) before anything is stopped, and
 *      it blocks all signals; plumb blocks them around the fork, so that there
 *      is no moment in between.
 *   4. A plumb that lives but hangs, or was stopped by Ctrl-Z, is the same as
 *      a dead one: without a sign for two seconds the target is released.
 *   5. The guardian holds none of plumb's files, so nobody who waits for the
 *      end of plumb's output waits for it.
 *
 * What is left is SIGKILL aimed at the guardian itself: by its number, by
 * killing a whole control group, or for lack of memory (it is small, asks to
 * be spared, and touches little). At almost every moment even that does no
 * harm: the threads run on as they were and the image dies by its
 * PTRACE_O_EXITKILL, leaving a zombie that its parent's end takes away. The
 * exception is the time of one system call, clone() or wait4(), and about a
 * tenth of a millisecond around it.
 *
 * The guardian is forked, so it allocates and reads /proc like any code here;
 * it leaves with _exit(), so nothing of plumb is flushed twice.
 */
#include "target/guardian.h"

#include "base/cleanup.h"
#include "target/fork_image.h"
#include "target/freeze.h"
#include "target/process_access.h"
#include "target/remote_call.h"
#include "target/thread_registers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SILENCE_LIMIT_MS = 2000 };

enum request {
	REQUEST_STOP,
	REQUEST_KEEP,
	REQUEST_RELEASE,
	REQUEST_FORK,
};

/* The answer to every request. */
struct reply {
	bool is_error;
	enum error_kind kind;
	pid_t child;
	size_t threads;
	uint64_t pause;
	char message[1024];
};

/* plumb's side. */
struct guardian {
	pid_t target;
	pid_t pid;
	int socket;
	size_t threads;
	uint64_t pause;
};

/* The guardian's side. */
struct watch {
	int socket;
	int registers;  /* -1: not wanted */
	size_t threads; /* that it has */
	int signals;    /* signalfd: SIGCHLD */
	struct freeze freeze;
	struct fork_image image;
	taddr instruction; /* 0: none found yet */
};

static void fill_reply(struct reply *reply, struct error *error)
{
	if (!error)
		return;
	reply->is_error = true;
	reply->kind = error_kind(error);
	snprintf(reply->message, sizeof(reply->message), "%s", error_message(error));
	error_free(error);
}

static struct error *released_meanwhile(pid_t pid)
{
	return error_new(
		ERROR_IO,
		"process %d was let run again before the work on it was done: plumb itself "
		"was stopped or had no processor for %d seconds",
		pid, SILENCE_LIMIT_MS / 1000);
}

/* Forks the stopped process; it runs again on success. */
static struct error *serve_fork(struct watch *watch)
{
	struct error *error;
	pid_t thread;

	if (!watch->freeze.is_frozen)
		return released_meanwhile(watch->freeze.pid);
	if (watch->image.child)
		return error_new(ERROR_USAGE, "process %d has an image already", watch->freeze.pid);
	error = fork_image_check(watch->freeze.pid);
	if (error)
		return error;
	/* It may have started another program since the instruction was looked for. */
	thread = process_access_living_thread(watch->freeze.pid);
	if (!remote_call_is_instruction(thread, watch->instruction) &&
	    !remote_call_find_instruction(thread, &watch->instruction))
		return error_new(ERROR_UNSUPPORTED,
		                 "process %d cannot be forked: no system call instruction was "
		                 "found in its code",
		                 watch->freeze.pid);
	error = fork_image_take(&watch->freeze, watch->instruction, &watch->image);
	if (error)
		return error;
	freeze_release(&watch->freeze);
	fork_image_close_files(&watch->image, watch->instruction);
	return NULL;
}

static struct error *serve_stop(struct watch *watch)
{
	struct error *error;

	if (!watch->instruction)
		remote_call_find_instruction(process_access_living_thread(watch->freeze.pid),
		                             &watch->instruction);
	error = freeze_stop(&watch->freeze);
	if (!error && watch->registers >= 0)
		error = register_file_fill(watch->registers, &watch->freeze, &watch->threads);
	if (error)
		freeze_release(&watch->freeze);
	return error;
}

static struct error *serve(struct watch *watch, enum request request)
{
	switch (request) {
	case REQUEST_STOP: return serve_stop(watch);
	case REQUEST_FORK: return serve_fork(watch);
	case REQUEST_KEEP:
		return watch->freeze.is_frozen ? NULL : released_meanwhile(watch->freeze.pid);
	case REQUEST_RELEASE:
		if (!watch->freeze.is_frozen)
			return released_meanwhile(watch->freeze.pid);
		freeze_release(&watch->freeze);
		return NULL;
	}
	return error_new(ERROR_USAGE, "no such request");
}

/* One request and its answer. False: plumb is gone, or wants us to end. */
static bool answer(struct watch *watch)
{
	struct reply reply = {0};
	enum request request;
	ssize_t got = recv(watch->socket, &request, sizeof(request), 0);

	if (got != sizeof(request))
		return false;
	fill_reply(&reply, serve(watch, request));
	reply.child = watch->image.child;
	reply.threads = watch->threads;
	reply.pause = watch->freeze.pause;
	return send(watch->socket, &reply, sizeof(reply), MSG_NOSIGNAL) == sizeof(reply);
}

/* What waitpid has to say: late threads, or the end of the image. */
static void take_events(struct watch *watch)
{
	struct signalfd_siginfo ignored;
	int status;
	pid_t pid;

	while (read(watch->signals, &ignored, sizeof(ignored)) == sizeof(ignored))
		;
	while ((pid = waitpid(-1, &status, __WALL | WNOHANG)) > 0) {
		if (freeze_take_event(&watch->freeze, pid, status))
			continue;
		if (pid == watch->image.child && !WIFSTOPPED(status)) {
			watch->image.has_ended = true;
			fork_image_drop(&watch->image);
		}
	}
}

static void watch_until_end(struct watch *watch)
{
	for (;;) {
		struct pollfd files[] = {
			{.fd = watch->socket, .events = POLLIN},
			{.fd = watch->signals, .events = POLLIN},
		};
		int limit = watch->freeze.is_frozen ? SILENCE_LIMIT_MS : -1;
		int ready = poll(files, 2, limit);

		if (ready == 0)
			freeze_release(&watch->freeze);
		/* A request of a plumb that has died since is not served. */
		if (files[0].revents & POLLHUP || (files[0].revents && !answer(watch)))
			return;
		/* Stopping swallows signals of others than the threads it waits for. */
		take_events(watch);
	}
}

enum { OWN_SOCKET = 3, OWN_REGISTERS, FOREIGN_FILES };

/*
 * All files but our two; the first three become /dev/null. False: there is no
 * room for ours. Without registers, a second /dev/null stands for them.
 */
static bool let_go_of_files(struct watch *watch)
{
	int null;

	/* Out of the way first: plumb may have been started without a stdin. */
	watch->socket = fcntl(watch->socket, F_DUPFD_CLOEXEC, FOREIGN_FILES);
	if (watch->registers >= 0)
		watch->registers = fcntl(watch->registers, F_DUPFD_CLOEXEC, FOREIGN_FILES);
	null = open("/dev/null", O_RDWR);
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	watch->socket = dup2(watch->socket, OWN_SOCKET);
	if (watch->registers >= 0)
		watch->registers = dup2(watch->registers, OWN_REGISTERS);
	else
		dup2(null, OWN_REGISTERS);
	if (watch->socket < 0)
		return false;
	if (syscall(SYS_close_range, FOREIGN_FILES, UINT32_MAX, 0) == 0)
		return true;
	for (int fd = FOREIGN_FILES; fd < (int)sysconf(_SC_OPEN_MAX) && fd < 65536; fd++)
		close(fd);
	return true;
}

/*
 * Asks the kernel to end others first when memory runs out, and to run us
 * before others: when somebody else has the processor the target stands still.
 * A nice value alone would count only inside our own session (sched(7), "The
 * autogroup feature"). What we do takes little time, and then we sleep.
 */
static void ask_for_precedence(void)
{
	_cleanup_close_ int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	struct sched_param lowest = {.sched_priority = 1};

	if (sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &lowest) < 0)
		setpriority(PRIO_PROCESS, 0, -10);
	if (fd >= 0 && write(fd, "-900", 4) != 4)
		return; /* all need a capability; it was only a wish */
}

/* Does not return. All signals are blocked. */
static _Noreturn void guardian_main(pid_t pid, int socket, int registers)
{
	struct watch watch = {.socket = socket, .registers = registers};
	struct sigaction normal = {.sa_handler = SIG_DFL};
	sigset_t child;

	setsid();
	sigaction(SIGCHLD, &normal, NULL);
	/* Without a socket nobody could tell us to end. */
	if (!let_go_of_files(&watch))
		_exit(1);
	prctl(PR_SET_NAME, "plumb-guardian");
	ask_for_precedence();
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	watch.signals = signalfd(-1, &child, SFD_NONBLOCK | SFD_CLOEXEC);
	freeze_init(&watch.freeze, pid);
	if (watch.signals >= 0)
		watch_until_end(&watch);
	freeze_deinit(&watch.freeze);
	fork_image_drop(&watch.image);
	_exit(0);
}

static struct error *fork_guardian(struct guardian *guardian, int registers)
{
	sigset_t everything;
	sigset_t before;
	int sockets[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
		return error_errno(ERROR_IO, errno, "cannot make a socket");
	sigfillset(&everything);
	pthread_sigmask(SIG_SETMASK, &everything, &before);
	pid = fork();
	if (pid == 0)
		guardian_main(guardian->target, sockets[1], registers);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	close(sockets[1]);
	if (pid < 0) {
		close(sockets[0]);
		return error_errno(ERROR_IO, errno, "cannot fork");
	}
	guardian->pid = pid;
	guardian->socket = sockets[0];
	return NULL;
}

struct error *guardian_start(pid_t pid, int registers, struct guardian **ret)
{
	_cleanup_free_ struct guardian *guardian = calloc(1, sizeof(*guardian));
	struct error *error;

	if (!guardian)
		return error_no_memory();
	guardian->target = pid;
	error = fork_guardian(guardian, registers);
	if (error)
		return error;
	*ret = take_ptr(guardian);
	return NULL;
}

void guardian_end(struct guardian *guardian)
{
	if (!guardian)
		return;
	close(guardian->socket);
	while (waitpid(guardian->pid, NULL, 0) < 0 && errno == EINTR)
		;
	free(guardian);
}

static ssize_t receive(int socket, struct reply *ret)
{
	ssize_t got;

	do
		got = recv(socket, ret, sizeof(*ret), 0);
	while (got < 0 && errno == EINTR);
	return got;
}

static struct error *ask(struct guardian *guardian, enum request request, struct reply *ret)
{
	struct reply reply = {0};

	if (send(guardian->socket, &request, sizeof(request), MSG_NOSIGNAL) != sizeof(request) ||
	    receive(guardian->socket, &reply) != sizeof(reply))
		return error_new(ERROR_IO, "the helper that stops process %d was killed",
		                 guardian->target);
	guardian->pause = reply.pause;
	guardian->threads = reply.threads;
	if (reply.is_error)
		return error_new(reply.kind, "%s", reply.message);
	*ret = reply;
	return NULL;
}

struct error *guardian_stop(struct guardian *guardian)
{
	struct reply reply = {0};

	return ask(guardian, REQUEST_STOP, &reply);
}

struct error *guardian_keep(struct guardian *guardian)
{
	struct reply reply = {0};

	return ask(guardian, REQUEST_KEEP, &reply);
}

struct error *guardian_release(struct guardian *guardian)
{
	struct reply reply = {0};

	return ask(guardian, REQUEST_RELEASE, &reply);
}

struct error *guardian_fork(struct guardian *guardian, pid_t *ret_child)
{
	struct reply reply = {0};
	struct error *error = ask(guardian, REQUEST_FORK, &reply);

	if (!error)
		*ret_child = reply.child;
	return error;
}

size_t guardian_threads(const struct guardian *guardian)
{
	return guardian->threads;
}

uint64_t guardian_pause(const struct guardian *guardian)
{
	return guardian->pause;
}
