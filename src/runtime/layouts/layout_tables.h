/* SPDX-License-Identifier: Apache-2.0 */
/* The layout tables, one per build family; collected in layout_tables.c. */
#ifndef PLUMB_RUNTIME_LAYOUTS_LAYOUT_TABLES_H
#define PLUMB_RUNTIME_LAYOUTS_LAYOUT_TABLES_H

#include "runtime/py_layout.h"

extern const struct py_layout py_layout_3_8;
extern const struct py_layout py_layout_3_9;
extern const struct py_layout py_layout_3_10;
extern const struct py_layout py_layout_3_11;
extern const struct py_layout py_layout_3_12;
extern const struct py_layout py_layout_3_13;
extern const struct py_layout py_layout_3_13_18;
extern const struct py_layout py_layout_3_14;
extern const struct py_layout py_layout_3_15;

#endif
