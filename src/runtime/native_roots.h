/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the references of C start: the memory of a process that nobody has to
 * hold. The stacks of threads in use, the data of modules, what was mapped by
 * the program itself, shared memory. Not among it: what an allocator gave out
 * or keeps, a stack below its pointer, and what the caller names.
 *
 * Memory that only looks unknown counts: a root too many hides a leak, a root
 * too few makes one up. So the real stack of a thread that runs on another one
 * (sigaltstack, swapcontext) counts as a whole, since nothing tells how far
 * it is in use. The stack that glibc keeps of a thread that has ended does not,
 * but for its descriptor, if all threads are known that there are.
 *
 * Thread-local memory lies at the end of the stack for a thread that glibc made,
 * elsewhere in mapped memory for the first: it needs no search of its own.
 *
 * Left out are files mapped to be shared, devices, and files that cannot be
 * written to, but for a module's data that is closed after relocation.
 */
#ifndef PLUMB_RUNTIME_NATIVE_ROOTS_H
#define PLUMB_RUNTIME_NATIVE_ROOTS_H

#include "runtime/glibc_malloc.h"

enum {
	NATIVE_REGISTERS = 27, /* of struct user_regs_struct, sys/user.h */
	NATIVE_RSP = 19,
	NATIVE_FS_BASE = 21,
};

struct native_thread {
	int32_t id;
	uint64_t registers[NATIVE_REGISTERS];
};

struct native_memory { /* what is known of it; all borrowed */
	struct window_cache *memory;
	const struct mapped_image *images;
	size_t image_count;
	const struct glibc_malloc *glibc; /* NULL: there is none */
	const struct native_thread *threads;
	size_t thread_count;
	taddr first_stack;                 /* somewhere in the first thread's; 0: not known */
	const struct mapped_range *others; /* known better: malloc's mappings, pymalloc's arenas */
	size_t other_count;
};

enum native_range_kind {
	NATIVE_RANGE_STACK,     /* of thread `number` */
	NATIVE_RANGE_DATA,      /* of image `number` */
	NATIVE_RANGE_FILE,      /* another private mapping of a file */
	NATIVE_RANGE_SHARED,    /* of no file */
	NATIVE_RANGE_ANONYMOUS, /* mapped by the program, or by another allocator */
};

struct native_range {
	taddr start;
	taddr end; /* exclusive */
	enum native_range_kind kind;
	uint32_t number;
};

/* The ranges, stacks first, in order of address otherwise; never overlapping. The caller frees. */
struct error *native_roots_find(const struct native_memory *known, struct native_range **ret,
                                size_t *ret_count);

#endif
