/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread has the newest of its chunks, which leads to the one before:
 * struct _stack_chunk { previous, size, top, data } of pycore_pystate.h.
 */
#include "runtime/py_frame_chunks.h"

enum {
	CHUNKS_MAX = 1 << 16, /* of one thread */
	SIZE = 8,             /* offset; previous is at 0 */
};

/* The chunk that comes next in this thread. False: there is none, or it cannot be. */
static bool read_chunk(struct python *python, struct py_frame_chunks *walk)
{
	uint64_t size;

	if (!walk->next || walk->steps++ == CHUNKS_MAX)
		return false;
	walk->start = walk->next;
	return window_cache_u64(python->memory, walk->start, &walk->next) &&
	       window_cache_u64(python->memory, walk->start + SIZE, &size) &&
	       !__builtin_add_overflow(walk->start, size, &walk->end);
}

bool py_frame_chunks_next(struct python *python, struct py_frame_chunks *walk)
{
	uint32_t newest = python->layout.thread.datastack_chunk;

	if (!py_has(newest))
		return false;
	while (!read_chunk(python, walk)) {
		if (!py_thread_next(python, &walk->threads))
			return false;
		walk->steps = 0;
		walk->next = 0;
		(void)window_cache_u64(python->memory, walk->threads.thread + newest, &walk->next);
	}
	return true;
}
