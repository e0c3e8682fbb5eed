/* SPDX-License-Identifier: Apache-2.0 */
/* Says what a process is in which no CPython that plumb knows was found. */
#ifndef PLUMB_RUNTIME_PY_EXPLAIN_H
#define PLUMB_RUNTIME_PY_EXPLAIN_H

#include "runtime/mapped_image.h"

/*
 * PyPy and versions outside of what plumb knows are ERROR_UNSUPPORTED, no
 * Python at all is ERROR_NOT_PYTHON. A known version whose structs do not add
 * up is what cause (taken; may be NULL) says.
 */
struct error *py_explain(struct window_cache *memory, const struct mapped_image *images,
                         size_t count, struct error *cause);

#endif
