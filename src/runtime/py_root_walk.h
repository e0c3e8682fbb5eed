/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of py_roots_visit() share. Private to src/runtime. */
#ifndef PLUMB_RUNTIME_PY_ROOT_WALK_H
#define PLUMB_RUNTIME_PY_ROOT_WALK_H

#include "runtime/py_roots.h"

struct py_root_walk {
	struct python *python;
	struct py_types *types;
	const struct py_root_visitor *visitor;
};

/* Tells a root whose name is made as by printf; a null pointer is none. */
void py_root_tell(const struct py_root_walk *walk, enum py_root_kind kind, taddr to,
                  const char *format, ...) __attribute__((format(printf, 4, 5)));

/* "interpreter", or "interpreter 1" for the second and later ones. */
void py_root_interpreter_name(const struct py_root_walk *walk, size_t interpreter, char *buffer,
                              size_t size);

/* The word at address, 0 when it cannot be read. */
static inline taddr py_root_word(const struct py_root_walk *walk, taddr address)
{
	uint64_t word;

	return window_cache_u64(walk->python->memory, address, &word) ? word : 0;
}

/* All modules of sys.modules, by name. */
void py_roots_modules(const struct py_root_walk *walk);
/* The fields of each interpreter's state, atexit callbacks, the collector's lists. */
void py_roots_interpreters(const struct py_root_walk *walk);
/* Every thread with its frames. */
void py_roots_threads(const struct py_root_walk *walk);
/* Every type that is not made on the heap. */
void py_roots_static_types(const struct py_root_walk *walk);
/* Words that look like references; until 3.11 also the table of interned strings. */
void py_roots_memory(const struct py_root_walk *walk);

#endif
