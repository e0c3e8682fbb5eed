/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where pymalloc keeps its arenas, how large they and their pools are, and
 * whether blocks carry the headers of the debug allocator.
 */
#ifndef PLUMB_RUNTIME_PY_ARENAS_H
#define PLUMB_RUNTIME_PY_ARENAS_H

#include "runtime/python.h"

/*
 * Fills arena_tables, arena_size, pool_size, is_debug_allocator and
 * debug_header_size; the old tables are freed. Interpreters, the module's
 * bounds and the variables of 3.8 to 3.11 are known.
 */
struct error *py_arenas_read(struct python *python);

/* One struct arena_object in use. */
struct py_arena {
	taddr address;      /* of the arena's memory, */
	taddr pool_address; /* up to where it was used */
	uint32_t pools;     /* ntotalpools */
	uint32_t index;     /* its place in the array, as its first pool says; */
	uint32_t pool_size; /* 0: it has no pool that would tell these two */
};

/* False: what lies at address is no arena_object in use. */
bool py_arena_read(struct window_cache *memory, const struct py_layout *layout, taddr address,
                   struct py_arena *ret);

/*
 * The array of arenas of a stripped 3.8 to 3.11: found by what points at it
 * from the writable memory of the module. 0: none (yet). *ret_count is the
 * number of slots up to the last arena in use.
 */
taddr py_arenas_search(struct python *python, uint32_t *ret_count);

#endif
