/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registers of all threads of a stopped process. They are read by the one
 * who stopped it (ptrace belongs to him) and wanted by another process, so they
 * are put into a file in memory that both have open: a record a thread.
 *
 * A record has room for the largest processor state there is; what a processor
 * does not have is never touched, and takes no memory.
 */
#ifndef PLUMB_TARGET_THREAD_REGISTERS_H
#define PLUMB_TARGET_THREAD_REGISTERS_H

#include "base/error.h"
#include "target/freeze.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	GENERAL_REGISTERS = 27, /* of struct user_regs_struct, sys/user.h */
	FLOATING_SIZE = 512,    /* of struct user_fpregs_struct */
	EXTENDED_MAX = 15624,   /* of NT_X86_XSTATE; with AMX it takes 11 KiB */
	REGISTERS_SIZE = 16384,
};

struct thread_registers {
	int32_t tid;
	/*
	 * False: it sleeps too deeply to be asked, or was not stopped. general has
	 * what /proc tells of a thread in a system call: where it is, and the
	 * arguments; the others are 0.
	 */
	uint32_t is_whole;
	uint64_t pending; /* signals sent to this thread alone */
	uint64_t blocked;
	uint64_t general[GENERAL_REGISTERS];
	uint8_t floating[FLOATING_SIZE];
	uint32_t extended_size; /* 0: there is none */
	uint32_t unused;
	uint8_t extended[EXTENDED_MAX];
};

_Static_assert(sizeof(struct thread_registers) == REGISTERS_SIZE, "the same for both processes");

struct register_file {
	int fd;
	struct thread_registers *threads; /* mapped; NULL: nothing yet */
	size_t count;
};

/* Makes the file, empty. To be called before the guardian is forked. */
struct error *register_file_init(struct register_file *file);
void register_file_deinit(struct register_file *file);

/* In the process that stopped them: writes all threads there are. Replaces what there was. */
struct error *register_file_fill(int fd, const struct freeze *freeze, size_t *ret_count);

/* In the other: maps the count records that were written. */
struct error *register_file_map(struct register_file *file, size_t count);

/* Without a stop: what /proc tells of all threads of a running process. */
struct error *register_file_guess(struct register_file *file, pid_t pid);

#endif
