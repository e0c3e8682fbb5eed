/* SPDX-License-Identifier: Apache-2.0 */
/*
 * struct _Py_DebugOffsets of CPython as data: where in it each member of
 * struct py_layout is found (Include/internal/pycore_debug_offsets.h in 3.14
 * and 3.15, pycore_runtime.h in 3.13; all its members are 64-bit):
 *
 *	  0  cookie "xdebugpy"
 *	  8  version         PY_VERSION_HEX
 *	 16  free_threaded   0 or 1
 *	 24  offsets and sizes, in groups by struct; each version adds some
 */
#ifndef PLUMB_RUNTIME_PY_DEBUG_FIELDS_H
#define PLUMB_RUNTIME_PY_DEBUG_FIELDS_H

#include <stddef.h>
#include <stdint.h>

enum {
	PY_DEBUG_FIRST_MINOR = 13,
	PY_DEBUG_LAST_MINOR = 15,
	PY_DEBUG_MINORS = PY_DEBUG_LAST_MINOR - PY_DEBUG_FIRST_MINOR + 1,
	PY_DEBUG_SIZE_MAX = 888,
};

struct py_debug_field {
	uint16_t member;              /* offset in struct py_layout, */
	uint16_t limit;               /* of the size of the struct that the member is in */
	uint16_t at[PY_DEBUG_MINORS]; /* offset in _Py_DebugOffsets; 0: not in this version */
};

extern const size_t py_debug_sizes[PY_DEBUG_MINORS]; /* of _Py_DebugOffsets */
extern const struct py_debug_field py_debug_fields[];
extern const size_t py_debug_field_count;

#endif
