/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose the memory outside of pymalloc is: the chunks of glibc's malloc, the
 * data of modules, the stacks of threads, files and what is shared. After all
 * blocks of objects are noted.
 */
#ifndef PLUMB_CAPTURE_MALLOC_OWNERS_H
#define PLUMB_CAPTURE_MALLOC_OWNERS_H

#include "capture/heap_walk.h"
#include "runtime/native_roots.h"

/* What an account is made from, besides memory; all borrowed. */
struct account_wish {
	const struct resident_map *resident;
	const struct native_thread *threads;
	size_t thread_count;
	taddr first_stack; /* somewhere in the stack of a core's first thread; 0: it is named */
	bool is_of_core;
};

/* The walk has owners, which learn of it. */
struct error *malloc_owners_add(struct heap_walk *walk, const struct account_wish *wish);

#endif
