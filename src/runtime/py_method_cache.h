/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cache of method look-ups of 3.8 and 3.9, a static array of 4,096 rows:
 *
 *	| version u32 | - | name | value |   24 bytes
 *
 * Names are held, values are borrowed: what a class no longer has stays there
 * until another look-up falls on its row. (From 3.10 on the cache is part of
 * the interpreter's state, and py_layout.h says where; its rows are the same.)
 */
#ifndef PLUMB_RUNTIME_PY_METHOD_CACHE_H
#define PLUMB_RUNTIME_PY_METHOD_CACHE_H

#include "runtime/python.h"

enum {
	PY_METHOD_CACHE_ROWS = 4096,
	PY_METHOD_CACHE_ROW = 24,
	PY_METHOD_CACHE_NAME = 8, /* offsets in a row */
	PY_METHOD_CACHE_VALUE = 16,
	PY_METHOD_CACHE_BYTES = PY_METHOD_CACHE_ROWS * PY_METHOD_CACHE_ROW,
};

/* Is the word at address the name in the first row of the cache? */
bool py_method_cache_at(struct python *python, taddr address, taddr *ret_start);

#endif
