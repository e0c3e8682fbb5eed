/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of frames. From 3.11 on frames do not lie among other objects but in
 * chunks with a mapping of their own. What they hold while they run, the frames
 * tell; behind them is what was.
 *
 *	struct py_frame_chunks chunks = {0};
 *	while (py_frame_chunks_next(python, &chunks))
 *		... [chunks.start, chunks.end) ...
 */
#ifndef PLUMB_RUNTIME_PY_FRAME_CHUNKS_H
#define PLUMB_RUNTIME_PY_FRAME_CHUNKS_H

#include "runtime/py_threads.h"

/* Where a walk over the chunks of all threads is. Start with {0}. */
struct py_frame_chunks {
	taddr start;
	taddr end; /* exclusive; not below start */
	struct py_thread_walk threads;
	taddr next;     /* chunk of that thread; 0: none */
	uint32_t steps; /* in that thread */
};

/* Moves to the next chunk. False: there is none. */
bool py_frame_chunks_next(struct python *python, struct py_frame_chunks *walk);

#endif
