/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What sort of thing each block of C is: whose it is, by the modules that its
 * words lead into, and what its bytes look like (block_look.h). A sort is a type
 * of the snapshot, SNAP_TYPE_NATIVE with more words behind it, so that a block
 * has its sort without another column; there are at most 4096 of them, and what
 * comes after is of the plain type.
 *
 * Of several modules the one that the first word names as the class of a C++
 * object counts most, then the first that is neither Python nor the runtime of
 * C and C++, then Python, then these. A block of numbers leads nowhere: nobody
 * knows whose it is, and nothing is guessed.
 *
 * Costs: a block, the words of its first 128 bytes, each of them a look-up or
 * two if it may be an address; a virtual table is read once.
 */
#ifndef PLUMB_CAPTURE_NATIVE_LOOKS_H
#define PLUMB_CAPTURE_NATIVE_LOOKS_H

#include "capture/block_look.h"
#include "capture/native_ranges.h"
#include "runtime/cxx_vtable.h"

enum {
	NATIVE_SORTS_MAX = 4096,
	NATIVE_VTABLES_MAX = 1 << 16, /* addresses that are asked about */
	NATIVE_LOOK_BYTES = 1024,     /* of a block that are worth to be handed over */
};

struct native_module { /* an image, as far as no other begins in it */
	taddr start;
	taddr end;    /* exclusive */
	size_t image; /* index of the images */
	str_id name;  /* "engine.so" */
	uint8_t rank; /* the lower, the more it says */
};

struct native_looks {
	struct heap_walk *walk;             /* borrowed */
	const struct native_ranges *ranges; /* borrowed */
	struct cxx_vtables vtables;
	struct native_module *modules; /* by address */
	size_t module_count;
	struct native_module last; /* where the last address was: a module, or between two */
	taddr bins;                /* what malloc leaves in free blocks leads in here */
	taddr bins_end;
	struct number_map sorts;   /* module and look -> type */
	struct number_map classes; /* virtual table -> the look of its class + 1, 0: it is none */
	str_id looks[BLOCK_LOOK_COUNT];
	str_id nothing;
	type_id plain;
};

/* The walk has its native blocks, and no type of a native node yet. */
struct error *native_looks_init(struct native_looks *looks, struct heap_walk *walk,
                                const struct native_ranges *ranges);
void native_looks_deinit(struct native_looks *looks);

/* The type of a block of usable bytes that begins with these. */
type_id native_looks_sort(struct native_looks *looks, const uint8_t *bytes, size_t size,
                          uint64_t usable);

#endif
