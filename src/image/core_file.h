/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An ELF core: a dead process's memory and what the kernel (or gdb) wrote down
 * about it. Bytes in, facts out; the memory itself is read by whoever knows
 * which file to ask for what was not dumped (target/core_target.h).
 *
 * Of each segment three sizes count: what it had in memory, how much of that
 * was dumped, always from its start, and how much of what was dumped the file
 * still has:
 *
 *	address                                             + memory_size
 *	|--------- held ---------|---- lost ----|--- never dumped ---|
 *	                    + held_size    + dumped_size
 *
 * What was lost (the file was cut) is not known any more. What was not dumped is
 * mostly the unchanged part of a mapped file: with the default filter the kernel
 * leaves out all of it but the first page (core(5), coredump_filter).
 */
#ifndef PLUMB_IMAGE_CORE_FILE_H
#define PLUMB_IMAGE_CORE_FILE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CORE_REGISTERS = 27, /* of struct user_regs_struct, sys/user.h */
	CORE_NAME_MAX = 16,
	CORE_COMMAND_MAX = 80,
};

struct core_segment { /* one PT_LOAD with memory */
	uint64_t address;
	uint64_t memory_size;
	uint64_t file_offset;
	uint64_t dumped_size; /* at most memory_size */
	uint64_t held_size;   /* at most dumped_size */
	bool is_readable;
	bool is_writable;
	bool is_executable;
};

struct core_mapping { /* one file that was mapped, NT_FILE */
	uint64_t start;
	uint64_t end; /* exclusive */
	uint64_t file_offset;
	const char *path; /* as the process saw it, without " (deleted)" */
	bool is_deleted;
};

struct core_thread { /* NT_PRSTATUS */
	int32_t id;
	int signal; /* that it was handling; 0: none */
	uint64_t registers[CORE_REGISTERS];
};

struct core_auxiliary { /* NT_AUXV, getauxval(3) */
	uint64_t type;
	uint64_t value;
};

/* All arrays are owned by the struct. */
struct core_file {
	int fd;
	uint64_t file_size;

	struct core_segment *segments; /* sorted by address, never overlapping */
	size_t segment_count;
	uint64_t lost_bytes; /* dumped, and not in the file any more */

	struct core_mapping *mappings; /* sorted by start, never overlapping */
	size_t mapping_count;
	char *paths; /* what the mappings' paths point into */

	struct core_thread *threads; /* the one that took the signal first */
	size_t thread_count;
	size_t thread_capacity;

	struct core_auxiliary *auxiliary;
	size_t auxiliary_count;

	int32_t process;              /* 0: not told */
	char name[CORE_NAME_MAX + 1]; /* of the program, cut */
	char command[CORE_COMMAND_MAX +
	             1];        /* its arguments, joined and cut; '?' for what is no text */
	int signal;             /* that ended the process, or 0 */
	uint64_t fault_address; /* what SIGSEGV or SIGBUS was about */
	bool has_cut_notes;     /* the file ends within them */
};

/*
 * Reads what the core behind fd says (dup'ed: the caller keeps its own). Errors:
 * ERROR_CORRUPT (no ELF file, or no core), ERROR_UNSUPPORTED (of another machine).
 */
struct error *core_file_open(int fd, const char *name, struct core_file **ret);
void core_file_free(struct core_file *core);

static inline void cleanup_core_file(struct core_file **core)
{
	core_file_free(*core);
}

/* The segment that holds address, or NULL. Logarithmic. */
const struct core_segment *core_file_segment_at(const struct core_file *core, uint64_t address);

/* Reads up to size bytes that the file holds from address on, within one segment. */
size_t core_file_read_some(const struct core_file *core, uint64_t address, void *buffer,
                           size_t size);

/* "SIGSEGV", or NULL for a number that is none. Static. */
const char *core_signal_name(int number);

#endif
