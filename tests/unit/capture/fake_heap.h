/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects in the pools of a made-up CPython (tests/unit/runtime/fake_python.h):
 * what a capture walks over.
 *
 *	pool 0   FAKE_LISTS lists, each of FAKE_LIST_ITEMS items, the next list
 *	         first, then the int that every list shares
 *	pool 1   their vectors of items
 */
#ifndef PLUMB_TESTS_FAKE_HEAP_H
#define PLUMB_TESTS_FAKE_HEAP_H

#include "fake_stack.h"
#include "target/resident_map.h"

enum {
	FAKE_LISTS = 4,
	FAKE_LIST_ITEMS = 6,
	FAKE_BLOCK = 64,
	FAKE_LIST_TYPE = FAKE_DATA + 0x5000, /* in CPython's own file, as code is */
	FAKE_LIST_NAME = FAKE_DATA + 0x5800,
	FAKE_LIST_PREFIX = 16, /* a list starts behind its GC head */
};

void fake_heap_fill(struct fake_python *fake, const struct py_layout *layout);

/* Makes the pool one of used blocks of FAKE_BLOCK bytes. */
void fake_heap_pool(struct fake_python *fake, const struct py_layout *layout, unsigned int pool,
                    unsigned int used);

/* How many blocks of FAKE_BLOCK bytes a pool has room for. */
unsigned int fake_heap_blocks(const struct py_layout *layout);

/* The address of a block of FAKE_BLOCK bytes. */
taddr fake_heap_block(const struct py_layout *layout, unsigned int pool, unsigned int number);

/* Writes a list object into the block at that address; it has count items in vector. */
void fake_heap_list(struct fake_python *fake, const struct py_layout *layout, taddr block,
                    taddr vector, uint64_t count);

/* All that can be addressed is resident, in one mapping. Static. */
const struct resident_map *fake_heap_resident(void);

#endif
