/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A running process as a target: its memory by process_vm_readv (by
 * /proc/PID/mem where the kernel lacks that), its mappings from
 * /proc/PID/maps, its files through its own root.
 *
 * This module never stops the process: what is read may be torn. See
 * target/picture.h for a consistent view.
 */
#ifndef PLUMB_TARGET_LIVE_TARGET_H
#define PLUMB_TARGET_LIVE_TARGET_H

#include "target/target.h"

/*
 * Opens process pid. memory_pid is the process whose memory is read: pid
 * itself, or a fork picture of it; names and files always come from pid.
 * Errors: ERROR_NO_TARGET, ERROR_PERMISSION (says what is in the way and
 * what would help), ERROR_GONE, ERROR_UNREADY (it is starting another program),
 * ERROR_UNSUPPORTED (32-bit or foreign machine).
 */
struct error *live_target_open(pid_t pid, pid_t memory_pid, struct target **ret);

/* What the kernel says of a process; strings are owned by the struct. */
struct process_facts {
	pid_t pid;
	char *command_line; /* arguments joined by spaces, unprintable bytes as '?' */
	char *executable;   /* what /proc/PID/exe points at */
	uint64_t resident_bytes;
	double age; /* seconds since it was made; exec() makes none younger */
};

struct error *process_facts_read(pid_t pid, struct process_facts *ret);
void process_facts_deinit(struct process_facts *facts);

#endif
