/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process stands still while its registers are read: four system calls a
 * thread, straight into the mapped file, and no file of /proc but for threads
 * that cannot be asked. A thread is in PTRACE_EVENT_STOP, before the kernel
 * decides whether an interrupted system call is to be restarted: rax has the
 * kernel's own error number, orig_rax that of the call. That is what a debugger
 * that attaches sees, too.
 *
 * There is no signal information to be read: a thread that was about to take a
 * signal has taken it before its stop (target/freeze.c), and what
 * PTRACE_GETSIGINFO tells in PTRACE_EVENT_STOP is about the stop itself.
 */
#include "target/thread_registers.h"

#include "base/cleanup.h"
#include "target/proc_file.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

enum {
	PENDING_AT_ONCE = 16, /* signals; more at a time are read on */
	PENDING_MAX = 4096,
	GUESSED_MAX = 1 << 20, /* threads */
};

/* ptrace takes numbers where its prototype says pointer. */
static void *const KERNEL_SIGSET_SIZE = (void *)8; /* _NSIG / 8, not the libc's sigset_t */

_Static_assert(sizeof(struct user_regs_struct) == GENERAL_REGISTERS * sizeof(uint64_t),
               "sys/user.h");
_Static_assert(sizeof(struct user_fpregs_struct) == FLOATING_SIZE, "sys/user.h");

struct error *register_file_init(struct register_file *file)
{
	*file = (struct register_file){.fd = memfd_create("plumb-registers", MFD_CLOEXEC)};
	if (file->fd < 0)
		return error_errno(ERROR_IO, errno, "cannot make a file in memory");
	return NULL;
}

static void unmap(struct register_file *file)
{
	if (file->threads)
		munmap(file->threads, file->count * sizeof(*file->threads));
	file->threads = NULL;
	file->count = 0;
}

void register_file_deinit(struct register_file *file)
{
	unmap(file);
	cleanup_close(&file->fd);
	file->fd = -1;
}

/* How many bytes of a set of registers came; 0: none. */
static size_t get_set(pid_t tid, uintptr_t set, void *buffer, size_t size)
{
	struct iovec whole = {.iov_base = buffer, .iov_len = size};

	return ptrace(PTRACE_GETREGSET, tid, set, &whole) == 0 ? whole.iov_len : 0;
}

/* Signals that wait for this thread and no other. */
static uint64_t get_pending(pid_t tid)
{
	siginfo_t waiting[PENDING_AT_ONCE];
	struct __ptrace_peeksiginfo_args which = {.nr = PENDING_AT_ONCE};
	uint64_t pending = 0;
	long got;

	do {
		got = ptrace(PTRACE_PEEKSIGINFO, tid, &which, waiting);
		for (long i = 0; i < got; i++)
			if (waiting[i].si_signo > 0 && waiting[i].si_signo <= 64)
				pending |= UINT64_C(1) << (waiting[i].si_signo - 1);
		which.off += PENDING_AT_ONCE;
	} while (got == PENDING_AT_ONCE && which.off < PENDING_MAX);
	return pending;
}

static bool read_stopped(pid_t tid, struct thread_registers *thread)
{
	if (get_set(tid, NT_PRSTATUS, thread->general, sizeof(thread->general)) !=
	    sizeof(thread->general))
		return false;
	thread->is_whole = true;
	get_set(tid, NT_PRFPREG, thread->floating, sizeof(thread->floating));
	thread->extended_size =
		(uint32_t)get_set(tid, NT_X86_XSTATE, thread->extended, sizeof(thread->extended));
	ptrace(PTRACE_GETSIGMASK, tid, KERNEL_SIGSET_SIZE, &thread->blocked);
	thread->pending = get_pending(tid);
	return true;
}

/*
 * /proc/PID/syscall of a thread that sleeps: the call, its six arguments, the
 * stack pointer and where it goes on (proc(5)). Of one that runs: "running".
 */
static void read_sleeping(pid_t pid, pid_t tid, struct thread_registers *thread)
{
	_cleanup_free_ char *text = NULL;
	struct user_regs_struct registers = {.orig_rax = UINT64_MAX};
	unsigned long long *const places[] = {&registers.rdi, &registers.rsi, &registers.rdx,
	                                      &registers.r10, &registers.r8,  &registers.r9,
	                                      &registers.rsp, &registers.rip};
	size_t length;
	char *next;

	if (proc_file_read_thread(pid, tid, "syscall", &text, &length) == 0) {
		long call = strtol(text, &next, 10);
		/* Not in a call: only the last two are told. */
		size_t first = call < 0 ? 6 : 0;

		if (next != text)
			registers.orig_rax = (unsigned long long)call;
		for (size_t i = first; next != text && i < sizeof(places) / sizeof(*places); i++)
			*places[i] = strtoull(next, &next, 16);
	}
	memcpy(thread->general, &registers, sizeof(registers));
}

static struct error *map(int fd, size_t count, struct thread_registers **ret)
{
	struct thread_registers *threads =
		mmap(NULL, count * sizeof(*threads), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (threads == MAP_FAILED)
		return error_no_memory();
	*ret = threads;
	return NULL;
}

/* Empty records for count threads. */
static struct error *make_room(int fd, size_t count, struct thread_registers **ret)
{
	if (ftruncate(fd, 0) < 0 ||
	    ftruncate(fd, (off_t)(count * sizeof(struct thread_registers))) < 0)
		return error_errno(ERROR_MEMORY, errno, "no room for the registers");
	return map(fd, count, ret);
}

struct error *register_file_fill(int fd, const struct freeze *freeze, size_t *ret_count)
{
	struct thread_registers *threads;
	struct error *error = make_room(fd, freeze->count, &threads);
	size_t count = 0;

	if (error)
		return error;
	for (size_t i = 0; i < freeze->count; i++) {
		const struct frozen_thread *frozen = &freeze->threads[i];
		struct thread_registers *thread = &threads[count];

		if (frozen->state == THREAD_GONE)
			continue;
		thread->tid = frozen->tid;
		if (frozen->state != THREAD_STOPPED || !read_stopped(frozen->tid, thread))
			read_sleeping(freeze->pid, frozen->tid, thread);
		count++;
	}
	munmap(threads, freeze->count * sizeof(*threads));
	*ret_count = count;
	return NULL;
}

struct error *register_file_map(struct register_file *file, size_t count)
{
	struct error *error = NULL;

	unmap(file);
	if (count)
		error = map(file->fd, count, &file->threads);
	if (!error)
		file->count = count;
	return error;
}

/* Lists the threads of a process; with none to write to, only counts them. */
static size_t list_threads(pid_t pid, struct thread_registers *threads, size_t limit)
{
	size_t count = 0;
	struct dirent *entry;
	char path[32];
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	folder = opendir(path);
	while (folder && count < limit && (entry = readdir(folder))) {
		pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (tid <= 0)
			continue;
		if (threads)
			threads[count].tid = tid;
		count++;
	}
	if (folder)
		closedir(folder);
	return count;
}

struct error *register_file_guess(struct register_file *file, pid_t pid)
{
	size_t room = list_threads(pid, NULL, GUESSED_MAX);
	struct thread_registers *threads = NULL;
	struct error *error;
	size_t count;

	unmap(file);
	if (!room)
		return error_new(ERROR_GONE, "process %d has ended", pid);
	error = make_room(file->fd, room, &threads);
	if (error)
		return error;
	count = list_threads(pid, threads, room);
	for (size_t i = 0; i < count; i++)
		read_sleeping(pid, threads[i].tid, &threads[i]);
	munmap(threads, room * sizeof(*threads));
	return register_file_map(file, count);
}
