/* SPDX-License-Identifier: Apache-2.0 */
/* The list of interpreters: the main one and its sub-interpreters. */
#ifndef PLUMB_RUNTIME_PY_INTERPRETERS_H
#define PLUMB_RUNTIME_PY_INTERPRETERS_H

#include "runtime/python.h"

/* Fills interpreters and interpreter_count, main first; the old array is freed. */
struct error *py_interpreters_read(struct python *python);

#endif
