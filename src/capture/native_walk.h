/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory of C in the graph: blocks of glibc's malloc that no object owns
 * become nodes (SNAP_TYPE_NATIVE) with edges to what they point at, and what
 * may hold blocks or objects and is none itself becomes a root: registers and
 * stacks of threads (SNAP_TYPE_STACK), data of modules, memory mapped by C, and
 * blocks of pymalloc that are neither object nor storage (SNAP_TYPE_MEMORY).
 *
 *	native_walk_new        malloc's blocks are known; objects may claim them
 *	native_walk_discover   objects that only C knows of become known
 *	native_walk_record     after the last other node: nodes, edges, roots
 *
 * What lends objects without owning them holds none here: the data of Python
 * itself and the state of its interpreters, whose references are roots by name,
 * and the lists of the collector within.
 *
 * Costs: what native_blocks.h and native_words.h say, for each word of native
 * memory, of module data and of stacks; a pass over the chunks of malloc before
 * the objects are decoded, and one over the pools that have other blocks after.
 */
#ifndef PLUMB_CAPTURE_NATIVE_WALK_H
#define PLUMB_CAPTURE_NATIVE_WALK_H

#include "capture/heap_walk.h"
#include "runtime/native_roots.h"
#include "target/picture.h"

/* What is known of the process besides its memory; all borrowed. */
struct native_wish {
	const struct native_thread *threads;
	size_t thread_count;
	taddr first_stack;       /* see struct native_memory */
	struct picture *picture; /* tells which pages exist; NULL: every page may */
};

struct native_walk;

/*
 * From here on the objects of walk claim their blocks. *ret is NULL where there
 * is no glibc malloc: then there are no native nodes. Before the first object.
 */
struct error *native_walk_new(struct heap_walk *walk, const struct native_wish *wish,
                              struct native_walk **ret);
void native_walk_free(struct native_walk *native);

static inline void cleanup_native_walk(struct native_walk **native)
{
	native_walk_free(*native);
}

/* After heap_walk_others, before heap_walk_complete. */
struct error *native_walk_discover(struct native_walk *native);

/* After all other nodes and their edges. */
struct error *native_walk_record(struct native_walk *native);

#endif
