/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which CPython is it, and how are its structs laid out? Asked of an address
 * that may be _PyRuntime; the answer is only given when the structs there add
 * up.
 */
#ifndef PLUMB_RUNTIME_PY_VERSION_H
#define PLUMB_RUNTIME_PY_VERSION_H

#include "runtime/python.h"

enum { PYTHON_MINOR_FIRST = 8, PYTHON_MINOR_LAST = 15 };

/*
 * Fills layout, hexversion, minor, type_type, base_object_type,
 * has_incremental_gc of python, whose memory and runtime are set.
 * known_version is what the symbol Py_Version says, 0 when there is none.
 *
 * ERROR_UNSUPPORTED: it is CPython, but none that plumb knows; ERROR_UNREADY:
 * the structs do not add up, it may be anything; ERROR_CORRUPT: what it says of
 * itself contradicts itself.
 */
struct error *py_version_identify(struct python *python, uint32_t known_version);

/* "3.12.1", "3.15.0b2" */
void py_version_format(uint32_t hexversion, char *buffer, size_t size);

#endif
