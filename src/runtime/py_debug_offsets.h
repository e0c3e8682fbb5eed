/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What CPython 3.13 and newer says of its own layout: a table at the start of
 * _PyRuntime, made for debuggers. It has the version, and offsets of a part
 * of what plumb reads; it wins over our tables.
 */
#ifndef PLUMB_RUNTIME_PY_DEBUG_OFFSETS_H
#define PLUMB_RUNTIME_PY_DEBUG_OFFSETS_H

#include "runtime/python.h"

extern const char py_debug_cookie[8]; /* "xdebugpy", what the table starts with */

/* The head of the table: enough to know whether it is worth reading on. */
struct py_debug_head {
	uint32_t hexversion;
	bool is_free_threaded;
};

/* False: no such table at address. */
bool py_debug_head_read(struct window_cache *memory, taddr address, struct py_debug_head *ret);

/*
 * Takes the layout from our table that agrees best with the target's, then
 * overwrites what the target says of itself and moves what moved along.
 * ERROR_CORRUPT: an offset lies outside of its struct.
 */
struct error *py_debug_layout_read(struct window_cache *memory, taddr address, uint32_t hexversion,
                                   struct py_layout *ret);

#endif
