/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pointer into a block of malloc: does it lead to the block, or merely into
 * its middle? What leads to its start leads to it, and so do those that C++
 * and others keep instead, as valgrind's heuristics have it (memcheck, the
 * option --leak-check-heuristics, whose default is all of them):
 *
 *	array          offset 8, behind the number of elements that fill the rest: new[]
 *	               of what has a destructor. So does memory behind its own length
 *	text           offset 24, behind length, capacity, count: std::string before C++11
 *	second vtable  a vtable's address at the start and at the pointer: one of several
 *	               base classes
 *
 * malloc rounds sizes up, so an array of few elements fits whatever it is.
 *
 * It costs a read of the block's head for a pointer at such a place. So that a
 * target made of such pointers does not take for ever, only the first million
 * are looked at; the rest lead into middles.
 */
#ifndef PLUMB_CAPTURE_NATIVE_MIDDLES_H
#define PLUMB_CAPTURE_NATIVE_MIDDLES_H

#include "capture/native_blocks.h"
#include "target/window_cache.h"

enum { NATIVE_MIDDLES_MAX = 1 << 20 };

struct native_middles {
	struct window_cache *memory; /* borrowed */
	uint32_t looked_at;
};

/* EDGE_CONSERVATIVE: address, which lies in the block, leads to it; else EDGE_INTERIOR. */
enum edge_kind native_middles_kind(struct native_middles *middles,
                                   const struct native_blocks *blocks, uint32_t block,
                                   taddr address);

#endif
