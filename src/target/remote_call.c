/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the thread is left as it was:
 *
 * - Where it stands. A thread stopped by PTRACE_INTERRUPT is on its way out of
 *   the kernel, in the signal code (get_signal), before the kernel looks
 *   whether an interrupted system call has to be restarted. rax holds
 *   -ERESTART..., orig_rax the number. We run our call with orig_rax = -1, so
 *   that nothing is restarted for it, then put all registers back and make the
 *   thread stop once more (INTERRUPT, CONT). That second stop is in get_signal
 *   again: when the thread is let go, the kernel finds the registers it had
 *   left there and restarts the original call (arch/x86/kernel/signal.c,
 *   arch_do_signal_or_restart). Letting it go straight from the end of our
 *   call would skip that code, and the program would see errno 512. The
 *   restart block of nanosleep() or poll() lives in the task, and neither
 *   clone() nor wait4() touches it.
 *
 * - Signals. While our call runs all are blocked (PTRACE_SETSIGMASK), so no
 *   handler runs on borrowed registers, and clone() is not refused because one
 *   is pending. SIGSTOP cannot be blocked; it is passed on and takes effect
 *   when the thread is let go. The old mask comes back with the registers. In
 *   ppoll() or sigsuspend() the mask that is read and put back is the one to
 *   be restored after the call, which the restarted call replaces again.
 *
 * - rseq. The kernel forgets a restartable sequence when the thread comes back
 *   elsewhere, so a thread that is inside one is not used. One that is in a
 *   system call never is: those are preferred.
 *
 * The danger: between setting and restoring the registers, the death of the
 * tracer would let the thread run on with ours. Only the guardian
 * (target/guardian.c) may therefore call this; it says why its death is not
 * to be expected. The stops of a traced system call also have it that the
 * kernel sends SIGTRAP when the tracer dies in them, so they last only as long
 * as the call, and all waiting is done in PTRACE_EVENT_STOP, where it is safe.
 *
 * The child of a clone() is traced from its first moment and inherits the
 * blocked signals and a stack pointer that points nowhere. Should the tracer
 * die before the child has its PTRACE_O_EXITKILL, the child cannot get further
 * than to the first `ret`: the fault is a blocked signal, which kills.
 */
#include "target/remote_call.h"

#include "base/cleanup.h"
#include "target/proc_file.h"
#include "target/process_maps.h"

#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

enum {
	USER_CODE_SEGMENT = 0x33, /* 64-bit mode; 0x23 is 32-bit */
	MAX_ATTEMPTS = 100,       /* of a call that a stop signal interrupts */
	MAX_SEARCH = 16 << 20,    /* bytes of code looked at for an instruction */
	SEARCH_STEP = 1 << 16,
	RSEQ_CS_OFFSET = 8, /* struct rseq, include/uapi/linux/rseq.h */
};

/* Restart codes that the kernel keeps to itself, include/linux/errno.h. */
enum {
	ERESTARTSYS_CODE = 512,
	ERESTART_RESTARTBLOCK_CODE = 516,
};

/* ptrace takes numbers where its prototype says pointer. */
static void *const KERNEL_SIGSET_SIZE = (void *)8; /* _NSIG / 8, not the libc's sigset_t */

static struct error *thread_is_gone(pid_t tid)
{
	return error_new(ERROR_GONE, "thread %d has ended", tid);
}

/* Reads memory of pid as far as it goes; a plain number stays one. */
static size_t read_memory(pid_t pid, taddr address, void *buffer, size_t size)
{
	struct iovec local = {.iov_base = buffer, .iov_len = size};
	struct iovec remote = {.iov_len = size};
	uintptr_t start = address;
	ssize_t got;

	memcpy(&remote.iov_base, &start, sizeof(start));
	got = process_vm_readv(pid, &local, 1, &remote, 1, 0);
	return got > 0 ? (size_t)got : 0;
}

/* `syscall; ret` if there is one, else any `syscall`: 0f 05 [c3]. */
static bool find_in_bytes(const uint8_t *bytes, size_t size, bool wants_return, size_t *ret)
{
	for (size_t i = 0; i + 2 < size; i++) {
		if (bytes[i] != 0x0f || bytes[i + 1] != 0x05)
			continue;
		if (wants_return && bytes[i + 2] != 0xc3)
			continue;
		*ret = i;
		return true;
	}
	return false;
}

static bool find_in_region(pid_t pid, const struct target_region *region, bool wants_return,
                           size_t *budget, taddr *ret)
{
	uint8_t bytes[SEARCH_STEP];

	for (taddr address = region->start; address < region->end && *budget;) {
		size_t wanted = sizeof(bytes);
		size_t place;
		size_t got;

		if (wanted > region->end - address)
			wanted = region->end - address;
		if (wanted > *budget)
			wanted = *budget;
		got = read_memory(pid, address, bytes, wanted);
		*budget -= wanted;
		if (find_in_bytes(bytes, got, wants_return, &place)) {
			*ret = address + place;
			return true;
		}
		address += wanted;
	}
	return false;
}

static bool find_in_maps(pid_t pid, const struct process_maps *maps, bool wants_return, taddr *ret)
{
	size_t budget = MAX_SEARCH;

	/* From the end: vdso, dynamic loader and libc are mapped high. */
	for (size_t i = maps->count; i-- > 0;) {
		const struct target_region *region = &maps->regions[i];

		if (!region->is_executable || !region->is_readable || region->is_writable ||
		    region->start > INT64_MAX)
			continue;
		if (find_in_region(pid, region, wants_return, &budget, ret))
			return true;
	}
	return false;
}

bool remote_call_find_instruction(pid_t pid, taddr *ret)
{
	_cleanup_(cleanup_process_maps) struct process_maps maps = {0};
	_cleanup_free_ char *text = NULL;
	struct error *error;
	size_t length;

	if (proc_file_read(pid, "maps", &text, &length) != 0)
		return false;
	error = process_maps_parse(text, length, &maps);
	if (error) {
		error_free(error);
		return false;
	}
	return find_in_maps(pid, &maps, true, ret) || find_in_maps(pid, &maps, false, ret);
}

static bool get_registers(pid_t tid, struct user_regs_struct *ret)
{
	struct iovec whole = {.iov_base = ret, .iov_len = sizeof(*ret)};

	return ptrace(PTRACE_GETREGSET, tid, (void *)NT_PRSTATUS, &whole) == 0 &&
	       whole.iov_len == sizeof(*ret);
}

static bool set_registers(pid_t tid, const struct user_regs_struct *registers)
{
	struct user_regs_struct copy = *registers;
	struct iovec whole = {.iov_base = &copy, .iov_len = sizeof(copy)};

	return ptrace(PTRACE_SETREGSET, tid, (void *)NT_PRSTATUS, &whole) == 0;
}

static bool is_under_seccomp(pid_t pid, pid_t tid)
{
	_cleanup_free_ char *status = NULL;
	uint64_t mode;
	size_t length;

	if (proc_file_read_thread(pid, tid, "status", &status, &length) != 0)
		return true;
	return proc_status_number(status, "Seccomp", 10, &mode) && mode != 0;
}

/* Has the thread told the kernel of a restartable sequence it is in? */
static bool is_in_rseq(pid_t tid)
{
	struct __ptrace_rseq_configuration configuration = {0};
	uint64_t sequence = 0;

	if (ptrace(PTRACE_GET_RSEQ_CONFIGURATION, tid, sizeof(configuration), &configuration) <= 0)
		return false;
	if (!configuration.rseq_abi_pointer)
		return false;
	read_memory(tid, configuration.rseq_abi_pointer + RSEQ_CS_OFFSET, &sequence,
	            sizeof(sequence));
	return sequence != 0;
}

bool remote_call_is_possible(pid_t pid, pid_t tid)
{
	struct user_regs_struct registers;

	if (!get_registers(tid, &registers) || registers.cs != USER_CODE_SEGMENT)
		return false;
	if ((int64_t)registers.orig_rax < 0 && is_in_rseq(tid))
		return false;
	return !is_under_seccomp(pid, tid);
}

/* Waits for the stop with which a traced child begins, and ties it to us. */
static void catch_child(pid_t child)
{
	int status;

	if (waitpid(child, &status, __WALL) != child)
		return;
	ptrace(PTRACE_SETOPTIONS, child, NULL, (long)PTRACE_O_EXITKILL);
}

/*
 * Runs the thread to its next stop inside the traced call. 1: that stop is the
 * beginning or end of a system call; 0: another; -1: the thread is gone.
 */
static int run_to_stop(pid_t tid, long signal, long *ret_signal, pid_t *child)
{
	int status;

	*ret_signal = 0;
	if (ptrace(PTRACE_SYSCALL, tid, NULL, signal) < 0)
		return -1;
	if (waitpid(tid, &status, __WALL) != tid || !WIFSTOPPED(status))
		return -1;
	if (WSTOPSIG(status) == (SIGTRAP | 0x80))
		return 1;
	if (status >> 16 == PTRACE_EVENT_CLONE) {
		unsigned long message = 0;

		ptrace(PTRACE_GETEVENTMSG, tid, NULL, &message);
		*child = (pid_t)message;
		catch_child(*child);
	} else if (status >> 16 == 0) {
		*ret_signal = WSTOPSIG(status); /* SIGSTOP: pass it on */
	}
	return 0;
}

/* From the registers as set to the end of the call. False: thread gone. */
static bool run_call(pid_t tid, struct user_regs_struct *registers, pid_t *child)
{
	long signal = 0;
	int calls = 0;

	while (calls < 2) {
		int stop = run_to_stop(tid, signal, &signal, child);

		if (stop < 0)
			return false;
		calls += stop;
	}
	return get_registers(tid, registers);
}

static void set_up_call(const struct user_regs_struct *saved, taddr instruction,
                        const struct remote_call *call, struct user_regs_struct *ret)
{
	*ret = *saved;
	ret->rip = instruction;
	ret->rax = call->number;
	ret->orig_rax = UINT64_MAX; /* no system call to restart */
	ret->rdi = call->arguments[0];
	ret->rsi = call->arguments[1];
	ret->rdx = call->arguments[2];
	ret->r10 = call->arguments[3];
	ret->r8 = call->arguments[4];
	ret->r9 = call->arguments[5];
}

static bool is_to_repeat(int64_t value)
{
	return value <= -ERESTARTSYS_CODE && value >= -ERESTART_RESTARTBLOCK_CODE;
}

/* The call itself; repeats it when a stop signal got in between. */
static bool call_with(pid_t tid, const struct user_regs_struct *prepared, struct remote_result *ret)
{
	for (int i = 0; i < MAX_ATTEMPTS; i++) {
		struct user_regs_struct registers = *prepared;

		if (!set_registers(tid, prepared) || !run_call(tid, &registers, &ret->child))
			return false;
		ret->value = (int64_t)registers.rax;
		if (!is_to_repeat(ret->value))
			return true;
	}
	return true;
}

/* From the end of our call back to PTRACE_EVENT_STOP. */
static bool stop_again(pid_t tid)
{
	long signal = 0;
	int status;

	if (ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) < 0)
		return false;
	do {
		if (ptrace(PTRACE_CONT, tid, NULL, signal) < 0)
			return false;
		if (waitpid(tid, &status, __WALL) != tid || !WIFSTOPPED(status))
			return false;
		signal = status >> 16 ? 0 : WSTOPSIG(status);
	} while (status >> 16 != PTRACE_EVENT_STOP);
	return true;
}

bool remote_call_is_instruction(pid_t tid, taddr instruction)
{
	uint8_t bytes[2] = {0};

	return instruction &&
	       read_memory(tid, instruction, bytes, sizeof(bytes)) == sizeof(bytes) &&
	       bytes[0] == 0x0f && bytes[1] == 0x05;
}

struct error *remote_call_make(pid_t tid, taddr instruction, const struct remote_call *call,
                               struct remote_result *ret)
{
	uint64_t everything = UINT64_MAX;
	struct remote_result result = {0};
	struct user_regs_struct saved;
	struct user_regs_struct prepared;
	uint64_t mask;
	long options = PTRACE_O_TRACESYSGOOD | (long)call->options;
	bool is_alive;

	if (call->makes_child)
		options |= PTRACE_O_TRACECLONE;
	if (!remote_call_is_instruction(tid, instruction))
		return error_new(ERROR_UNREADY,
		                 "the process started another program just now; try again");
	if (!get_registers(tid, &saved) ||
	    ptrace(PTRACE_GETSIGMASK, tid, KERNEL_SIGSET_SIZE, &mask) < 0 ||
	    ptrace(PTRACE_SETOPTIONS, tid, NULL, options) < 0)
		return thread_is_gone(tid);
	set_up_call(&saved, instruction, call, &prepared);

	/* Nothing may return between here and the restoring below. */
	ptrace(PTRACE_SETSIGMASK, tid, KERNEL_SIGSET_SIZE, &everything);
	is_alive = call_with(tid, &prepared, &result);
	set_registers(tid, &saved);
	ptrace(PTRACE_SETSIGMASK, tid, KERNEL_SIGSET_SIZE, &mask);

	is_alive = stop_again(tid) && is_alive;
	ptrace(PTRACE_SETOPTIONS, tid, NULL, (long)call->options);
	if (!is_alive && !result.child)
		return thread_is_gone(tid);
	*ret = result;
	return NULL;
}
