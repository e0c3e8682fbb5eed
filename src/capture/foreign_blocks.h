/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The C memory behind an object that plumb has no layout of. An extension
 * type seldom keeps its references in its own struct: numpy's array of
 * objects has a pointer to them, a parser one to its table of handlers, a
 * greenlet one to a C++ object that knows where its frames are. What an
 * unknown struct points at, and is no object, is therefore searched too.
 *
 * What is found there is a guess like any other conservative reference. The
 * search is bounded: blocks that hold no objects cost little, see the .c.
 */
#ifndef PLUMB_CAPTURE_FOREIGN_BLOCKS_H
#define PLUMB_CAPTURE_FOREIGN_BLOCKS_H

#include "capture/heap_worker.h"

/* number: of the word of the unknown struct that led there. */
typedef void foreign_block_function(struct heap_worker *worker, node_id node, uint64_t number);

/* Tells found of each object in the block that reference leads to, and in those behind it. */
void foreign_blocks_search(struct heap_worker *worker, const struct py_ref *reference,
                           foreign_block_function *found);

#endif
