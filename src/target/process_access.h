/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why the kernel does not let us look, and what would help. Permission is
 * decided by five things (ptrace(2), "Ptrace access mode checking"): the user
 * ids, whether the target may be dumped, Yama's ptrace_scope, capabilities,
 * and what a container or security module adds. The kernel answers EPERM for
 * all of them; this module finds out which it was.
 */
#ifndef PLUMB_TARGET_PROCESS_ACCESS_H
#define PLUMB_TARGET_PROCESS_ACCESS_H

#include "base/error.h"

#include <stdbool.h>
#include <sys/types.h>

struct access_facts {
	uid_t own_uid;
	uid_t target_uid;
	bool has_ptrace_capability; /* CAP_SYS_PTRACE, effective, ours */
	bool is_filtered;           /* a seccomp filter is on us */
	bool is_other_namespace;    /* the target's user namespace is not ours */
	bool is_undumpable;
	int ptrace_scope; /* 0 when the kernel has no Yama */
};

/* Ends in the command that would help. Static text mostly; NULL: no memory. */
char *process_access_explain(pid_t pid, const struct access_facts *facts);

/*
 * The error for an EPERM or EACCES on process pid: ERROR_PERMISSION, or what
 * is really the case when it is traced by another (ERROR_PERMISSION too, says
 * by whom) or gone (ERROR_NO_TARGET, ERROR_GONE).
 */
struct error *process_access_error(pid_t pid);

/*
 * Is there a process pid that has memory to read? Errors: ERROR_NO_TARGET
 * (none, or a thread's id), ERROR_GONE (it has ended, a zombie),
 * ERROR_NOT_PYTHON (a thread of the kernel).
 */
struct error *process_access_check_alive(pid_t pid);

/*
 * A thread by whose number the memory of process pid can be read: pid itself,
 * except when its first thread has ended and others run on.
 */
pid_t process_access_living_thread(pid_t pid);

/* An error when another process traces pid or its thread tid; NULL when none does. */
struct error *process_access_check_untraced(pid_t pid, pid_t tid);

#endif
