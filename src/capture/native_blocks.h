/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The blocks that a malloc has in use, by address: which one holds a pointer,
 * and whether it is an object's, an object's storage, or nobody's but C's.
 *
 *   address >> 26 -> window of 64 MiB -> page -> first block that touches it
 *   then forward, at most the 128 blocks of a page
 *
 * A word that is no pointer into malloc's memory costs one or two loads; one
 * that is, two more and a run through 8-byte starts that lie side by side. A
 * window that lies in one block has no pages. Memory: 17 bytes a block and 4
 * a page.
 *
 * An edge to a block of C is wanted before such blocks have their numbers. It
 * leads to SNAPSHOT_PROMISE + number of the block then, see snapshot_builder.h.
 */
#ifndef PLUMB_CAPTURE_NATIVE_BLOCKS_H
#define PLUMB_CAPTURE_NATIVE_BLOCKS_H

#include "base/decode.h"
#include "base/error.h"
#include "snapshot/snapshot.h"

#define NATIVE_NONE UINT32_MAX

enum {
	NATIVE_WINDOW_SHIFT = 26,
	NATIVE_PAGE_SHIFT = 12,
	NATIVE_WINDOW_PAGES = 1 << (NATIVE_WINDOW_SHIFT - NATIVE_PAGE_SHIFT),
	NATIVE_ADDRESS_BITS = 47, /* of user space on x86-64 */
	NATIVE_BLOCKS_MAX = (1U << 31) - 2,
	NATIVE_HEAD = 16, /* before an object: the collector's, or weak references and a dict */
	NATIVE_HEADS_MAX = 2 * NATIVE_HEAD,
};

/* Bits. */
enum native_owner {
	NATIVE_IS_OBJECT = 1 << 0,
	NATIVE_IS_STORAGE = 1 << 1,
	NATIVE_IS_OWNED = NATIVE_IS_OBJECT | NATIVE_IS_STORAGE,
	NATIVE_IS_MAPPED = 1 << 2, /* it has a mapping of its own */
	NATIVE_LENDS = 1 << 3,     /* keeps addresses of objects without owning them */
	NATIVE_HAS_HEADS = 1 << 4, /* an object may begin behind heads, as in a freed one */
	NATIVE_IS_TRACE = 1 << 5,  /* tracemalloc's: its third word is what it traces */
};

struct native_blocks {
	taddr *starts;   /* ascending; one more than there are blocks, the largest number */
	uint32_t *units; /* usable bytes / 8; saturates */
	uint8_t *owners; /* enum native_owner; with atomic operations where threads meet */
	node_id *nodes;  /* what native_blocks_number, and who calls it, writes */
	size_t count;
	size_t start_capacity;
	size_t unit_capacity;
	size_t owner_capacity;
	uint32_t *windows; /* 0: nothing; a table + 1; or | NATIVE_IN_ONE: the number of a block */
	uint32_t **tables; /* NATIVE_WINDOW_PAGES blocks + 1 each; 0: none */
	size_t table_count;
	size_t table_capacity;
	uint32_t debug_header; /* bytes before what Python's debug allocator returns */
};

#define NATIVE_IN_ONE (UINT32_C(1) << 31)

/* Adds a block, in any order but best in ascending. False: memory ran out, or too many. */
bool native_blocks_add(struct native_blocks *blocks, taddr start, uint64_t usable, bool is_mapped);

/* After the last: makes the index. A block that overlaps the one before is left out. */
struct error *native_blocks_seal(struct native_blocks *blocks);
void native_blocks_deinit(struct native_blocks *blocks);

static inline uint64_t native_blocks_usable(const struct native_blocks *blocks, size_t block)
{
	return (uint64_t)blocks->units[block] * 8;
}

/* The block that holds address, or NATIVE_NONE. */
static inline uint32_t native_blocks_at(const struct native_blocks *blocks, taddr address)
{
	uint32_t block;

	if (address >> NATIVE_ADDRESS_BITS)
		return NATIVE_NONE;
	block = blocks->windows[address >> NATIVE_WINDOW_SHIFT];
	if (!block)
		return NATIVE_NONE;
	if (block & NATIVE_IN_ONE) {
		block &= ~NATIVE_IN_ONE;
	} else {
		block = blocks->tables[block - 1]
		                      [(address >> NATIVE_PAGE_SHIFT) & (NATIVE_WINDOW_PAGES - 1)];
		if (!block)
			return NATIVE_NONE;
		block--;
	}
	while (blocks->starts[block + 1] <= address)
		block++;
	if (address - blocks->starts[block] >= native_blocks_usable(blocks, block))
		return NATIVE_NONE;
	return block;
}

/*
 * Is address what malloc returned, or what Python made of it? What pymalloc has
 * no room for it asks of the raw allocator, which puts a debug header of its own
 * before the other. Behind these, an object may have one head or two.
 */
static inline bool native_blocks_is_start(const struct native_blocks *blocks, uint32_t block,
                                          taddr address)
{
	uint64_t offset = address - blocks->starts[block];
	uint64_t headers = 2 * (uint64_t)blocks->debug_header;

	if (!offset || offset == blocks->debug_header || offset == headers)
		return true;
	return blocks->owners[block] & NATIVE_HAS_HEADS && offset <= headers + NATIVE_HEADS_MAX &&
	       offset % NATIVE_HEAD == 0;
}

/* May an object with a prefix of that many bytes begin there, in the block that address lies in? */
static inline bool native_blocks_has_place(const struct native_blocks *blocks, uint32_t block,
                                           taddr address, uint32_t prefix)
{
	uint64_t offset = address - blocks->starts[block];

	return offset == (uint64_t)prefix + blocks->debug_header ||
	       offset == prefix + 2 * (uint64_t)blocks->debug_header;
}

/*
 * The block that begins at address is an object, or one's storage. False: no
 * block begins there, or it was somebody's already. Threads may meet here.
 */
bool native_blocks_claim(struct native_blocks *blocks, taddr address, enum native_owner owner);

/* Blocks that nobody owns get nodes, from first on; others NODE_NONE. Returns how many did. */
size_t native_blocks_number(struct native_blocks *blocks, node_id first);

/* With the header, and what rounds it up. */
uint64_t native_blocks_memory(const struct native_blocks *blocks, size_t block);

#endif
