/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checks are in the order in which the kernel makes them
 * (kernel/ptrace.c, __ptrace_may_access; security/yama/yama_lsm.c), because
 * curing a later one does not help before an earlier one. Root inside a
 * container is told apart by what it lacks: uid 0 without CAP_SYS_PTRACE.
 *
 * Yama's ptrace_scope 1 allows reading and tracing to the ancestors of a process
 * and to whom it has named by prctl(PR_SET_PTRACER) and their descendants. What
 * traces here is a child of plumb (target/guardian.h), so of these only the
 * second kind gets through: a process that has named plumb, or everybody. To be
 * its parent is not enough. plumb starts no process that it looks at, and is the
 * parent of one only when a shell has put plumb in its own place (`python app.py
 * & exec plumb $!`); then --pause=none, which does not trace, works, and the rest
 * is refused with the words below. Who makes plumb start its target has the child
 * name plumb before it calls exec(): that is kept.
 */
#include "target/process_access.h"

#include "base/cleanup.h"
#include "target/proc_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *format(const char *text, ...) __attribute__((format(printf, 1, 2)));

static char *format(const char *text, ...)
{
	va_list arguments;
	char *made;
	int length;

	va_start(arguments, text);
	length = vasprintf(&made, text, arguments);
	va_end(arguments);
	return length < 0 ? NULL : made;
}

static char *explain_scope(pid_t pid, int scope)
{
	if (scope >= 3)
		return format("kernel.yama.ptrace_scope is %d, which forbids "
		              "it to everybody until the next boot; set it "
		              "lower in /etc/sysctl.d and reboot",
		              scope);
	if (scope == 2)
		return format("kernel.yama.ptrace_scope is 2, which allows it "
		              "to the administrator only; try: sudo plumb %d",
		              pid);
	return format("kernel.yama.ptrace_scope is 1, which allows it to "
	              "parents only; try: sudo plumb %d, or: sudo sysctl "
	              "kernel.yama.ptrace_scope=0",
	              pid);
}

static char *explain_container(const struct access_facts *facts)
{
	return format("plumb runs as root without CAP_SYS_PTRACE%s, as in a "
	              "container; start that with: docker run "
	              "--cap-add=SYS_PTRACE (Kubernetes: "
	              "capabilities.add: [SYS_PTRACE])",
	              facts->is_filtered ? " and under a seccomp filter" : "");
}

/* With the capability: only another namespace or a security module is left. */
static char *explain_privileged(pid_t pid, const struct access_facts *facts)
{
	if (facts->is_other_namespace)
		return format("it is in another user namespace, where plumb "
		              "has no rights; try, outside of this one: sudo "
		              "plumb %d",
		              pid);
	if (facts->ptrace_scope >= 3)
		return explain_scope(pid, facts->ptrace_scope);
	if (facts->is_filtered)
		return format("a seccomp filter forbids it; in a container, "
		              "try: docker run --security-opt "
		              "seccomp=unconfined");
	return format("a security module (AppArmor, SELinux) forbids it; see: "
	              "journalctl -k --grep=denied");
}

char *process_access_explain(pid_t pid, const struct access_facts *facts)
{
	if (facts->has_ptrace_capability)
		return explain_privileged(pid, facts);
	if (facts->own_uid == 0)
		return explain_container(facts);
	if (facts->own_uid != facts->target_uid)
		return format("it belongs to uid %u and plumb runs as uid %u "
		              "without CAP_SYS_PTRACE; try: sudo plumb %d",
		              facts->target_uid, facts->own_uid, pid);
	if (facts->is_undumpable)
		return format("it has made itself unreadable (it changed its "
		              "user id or capabilities, or called "
		              "prctl(PR_SET_DUMPABLE, 0)); try: sudo plumb %d",
		              pid);
	if (facts->ptrace_scope > 0)
		return explain_scope(pid, facts->ptrace_scope);
	if (facts->is_other_namespace)
		return explain_privileged(pid, facts);
	if (facts->is_filtered)
		return format("a seccomp filter forbids it; in a container, "
		              "try: docker run --cap-add=SYS_PTRACE");
	return format("it has capabilities that plumb lacks, or a security "
	              "module forbids it; try: sudo plumb %d",
	              pid);
}

static int read_ptrace_scope(void)
{
	_cleanup_close_ int fd = open("/proc/sys/kernel/yama/ptrace_scope", O_RDONLY | O_CLOEXEC);
	char text[16] = "";

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return 0;
	return (int)strtol(text, NULL, 10);
}

static bool is_other_namespace(pid_t pid)
{
	char path[64];
	struct stat own;
	struct stat other;

	snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
	if (stat("/proc/self/ns/user", &own) < 0 || stat(path, &other) < 0)
		return false; /* not allowed to know: the usual reasons */
	return own.st_ino != other.st_ino || own.st_dev != other.st_dev;
}

/* The files in /proc/PID belong to root when the process may not be dumped (proc(5)). */
static bool is_undumpable(pid_t pid, uid_t target_uid)
{
	char path[32];
	struct stat owner;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	return stat(path, &owner) == 0 && owner.st_uid != target_uid;
}

static void gather_facts(pid_t pid, const char *target_status, struct access_facts *ret)
{
	_cleanup_free_ char *own_status = NULL;
	size_t length;
	uint64_t number;

	*ret = (struct access_facts){
		.own_uid = geteuid(),
		.ptrace_scope = read_ptrace_scope(),
		.is_other_namespace = is_other_namespace(pid),
	};
	if (proc_status_number(target_status, "Uid", 10, &number))
		ret->target_uid = (uid_t)number;
	ret->is_undumpable = is_undumpable(pid, ret->target_uid);
	if (proc_file_read(getpid(), "status", &own_status, &length) != 0)
		return;
	if (proc_status_number(own_status, "CapEff", 16, &number))
		ret->has_ptrace_capability = number >> CAP_SYS_PTRACE & 1;
	if (proc_status_number(own_status, "Seccomp", 10, &number))
		ret->is_filtered = number != 0;
}

static struct error *no_such_process(pid_t pid)
{
	return error_new(ERROR_NO_TARGET, "there is no process %d", pid);
}

/*
 * PF_KTHREAD (include/linux/sched.h) among the flags, the ninth field of stat.
 * To have no memory is not enough: that is so of a process that is just ending.
 */
static bool is_kernel_thread(pid_t pid)
{
	static const uint64_t kernel_thread = 0x200000;
	_cleanup_free_ char *stat = NULL;
	uint64_t flags;
	size_t length;

	return proc_file_read(pid, "stat", &stat, &length) == 0 &&
	       proc_stat_number(stat, 9, &flags) && (flags & kernel_thread);
}

struct error *process_access_check_alive(pid_t pid)
{
	_cleanup_free_ char *status = NULL;
	size_t length;
	uint64_t group;
	char state;

	if (pid <= 0 || proc_file_read(pid, "status", &status, &length) != 0)
		return no_such_process(pid);
	if (proc_status_number(status, "Tgid", 10, &group) && group != (uint64_t)pid)
		return error_new(ERROR_NO_TARGET,
		                 "%d is a thread of process %llu; try that "
		                 "number",
		                 pid, (unsigned long long)group);
	state = proc_status_state(status);
	/* A first thread that ended while others run is a zombie with memory. */
	if ((state == 'Z' || state == 'X') &&
	    !(proc_status_number(status, "Threads", 10, &group) && group > 1))
		return error_new(ERROR_GONE,
		                 "process %d has ended; its parent has not "
		                 "collected it yet",
		                 pid);
	if (proc_status_value(status, "VmSize") || state == 'Z')
		return NULL;
	if (is_kernel_thread(pid))
		return error_new(ERROR_NOT_PYTHON, "%d is a thread of the kernel", pid);
	return error_new(ERROR_GONE, "process %d has ended just now", pid);
}

/* The state letter of a thread; 'X' when it is gone. */
static char thread_state(pid_t pid, pid_t tid)
{
	_cleanup_free_ char *status = NULL;
	size_t length;

	if (proc_file_read_thread(pid, tid, "status", &status, &length) != 0)
		return 'X';
	return proc_status_state(status);
}

pid_t process_access_living_thread(pid_t pid)
{
	pid_t found = pid;
	struct dirent *entry;
	char path[32];
	DIR *folder;

	if (thread_state(pid, pid) != 'Z')
		return pid;
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	folder = opendir(path);
	if (!folder)
		return pid;
	while (found == pid && (entry = readdir(folder))) {
		pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (tid > 0 && !strchr("ZX", thread_state(pid, tid)))
			found = tid;
	}
	closedir(folder);
	return found;
}

struct error *process_access_check_untraced(pid_t pid, pid_t tid)
{
	_cleanup_free_ char *status = NULL;
	_cleanup_free_ char *name = NULL;
	size_t length;
	uint64_t tracer;

	if (proc_file_read_thread(pid, tid, "status", &status, &length) != 0)
		return NULL;
	if (!proc_status_number(status, "TracerPid", 10, &tracer) || !tracer)
		return NULL;
	if (proc_file_read((pid_t)tracer, "comm", &name, &length) == 0)
		name[strcspn(name, "\n")] = '\0';
	return error_new(ERROR_PERMISSION,
	                 "process %d is being traced by %s (process %llu), and "
	                 "only one can; end that first, or read without "
	                 "stopping: --pause=none",
	                 pid, name ? name : "another program", (unsigned long long)tracer);
}

struct error *process_access_error(pid_t pid)
{
	_cleanup_free_ char *status = NULL;
	_cleanup_free_ char *reason = NULL;
	struct access_facts facts;
	struct error *error;
	size_t length;

	error = process_access_check_alive(pid);
	if (error)
		return error;
	if (proc_file_read(pid, "status", &status, &length) != 0)
		return no_such_process(pid);
	gather_facts(pid, status, &facts);
	reason = process_access_explain(pid, &facts);
	if (!reason)
		return error_no_memory();
	return error_new(ERROR_PERMISSION, "no permission to read process %d: %s", pid, reason);
}
