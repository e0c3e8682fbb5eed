/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tracemalloc of the target has recorded: for each block of memory the
 * lines that allocated it. There is something only where the target runs with
 * it on (-X tracemalloc, PYTHONTRACEMALLOC, tracemalloc.start()); stop() empties
 * the table, and then it is as if it had never been on.
 *
 * A block is where CPython's allocator said it is: for an object that is
 * py_type.prefix bytes before its address, also under the debug allocator.
 */
#ifndef PLUMB_RUNTIME_PY_TRACEMALLOC_H
#define PLUMB_RUNTIME_PY_TRACEMALLOC_H

#include "base/text.h"
#include "runtime/py_types.h"

enum { PY_TRACE_FRAMES_MAX = UINT16_MAX }; /* as tracemalloc.start() allows */

/* What a frame says its file by. */
enum py_file_name {
	PY_FILE_NAME_NONE,
	PY_FILE_NAME_OBJECT, /* a str */
	PY_FILE_NAME_BYTES,  /* 3.15: UTF-8, ended by a zero */
};

struct py_tracemalloc {
	struct python *python;
	struct py_types *types;
	taddr buckets;
	uint64_t bucket_count;
	uint64_t entry_count;  /* as the table says */
	uint32_t key_size;     /* 3.8: of a key that lies in its entry; else 0 */
	bool has_total_frames; /* a traceback says how many frames there were (3.9+) */
	enum py_file_name file_name;
};

/* One block: its address, and that of its traceback, which many blocks may share. */
struct py_trace {
	taddr block;
	taddr traceback;
	taddr entry; /* of the table; its third word is the block, or has it */
};

struct py_trace_frame {
	taddr file; /* for py_tracemalloc_file */
	uint32_t line;
};

/*
 * Looks for the table in CPython's own data. False: the target does not trace,
 * or it cannot be read. Borrows python and types.
 */
bool py_tracemalloc_find(struct python *python, struct py_types *types, struct py_tracemalloc *ret);

/*
 * Tells each block that is traced; visit returns false to stop. DECODE_TORN:
 * the table has fewer blocks than it says, or something else is not as it
 * should be; what could be read was told.
 */
enum decode py_tracemalloc_walk(const struct py_tracemalloc *tracemalloc,
                                bool (*visit)(void *context, const struct py_trace *trace),
                                void *context);

/*
 * The frames of a traceback, the innermost first; there is room for
 * PY_TRACE_FRAMES_MAX. *ret_total counts also those that were not kept.
 */
enum decode py_tracemalloc_frames(const struct py_tracemalloc *tracemalloc, taddr traceback,
                                  struct py_trace_frame *frames, uint32_t *ret_count,
                                  uint32_t *ret_total);

/* Appends the name of a frame's file. False: it cannot be read. */
bool py_tracemalloc_file(const struct py_tracemalloc *tracemalloc, taddr file, struct text *text);

#endif
