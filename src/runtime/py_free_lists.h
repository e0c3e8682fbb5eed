/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Until 3.13 CPython keeps freed lists, dicts, tables of keys and what async
 * generators make in arrays of 80 pointers. Whoever is given one of them again
 * takes it from the end and lowers the count, but leaves the pointer where it
 * is: beyond the count there are addresses of objects that are alive, or lost,
 * and not held from there.
 */
#ifndef PLUMB_RUNTIME_PY_FREE_LISTS_H
#define PLUMB_RUNTIME_PY_FREE_LISTS_H

#include "runtime/python.h"

/*
 * Does such an array start at address, whose word is not 0? [*ret_start,
 * *ret_end) is then the part of it that holds nothing. An array with a count
 * of 0 cannot be told from any other row of pointers, and is not found.
 */
bool py_free_list_at(struct python *python, taddr address, taddr *ret_start, taddr *ret_end);

#endif
