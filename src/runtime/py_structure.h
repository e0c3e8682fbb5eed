/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What proves that an address is what it is taken for: CPython's structs
 * point at each other in ways that chance does not. Nothing here needs a
 * version, only a layout to try.
 */
#ifndef PLUMB_RUNTIME_PY_STRUCTURE_H
#define PLUMB_RUNTIME_PY_STRUCTURE_H

#include "runtime/python.h"

enum { PY_OBJECT_TYPE = 8, PY_OBJECT_SIZE = 16 }; /* ob_type and ob_size; Include/object.h */

/* The types that a sound interpreter leads to. */
struct py_anchors {
	taddr type_type;
	taddr dict_type;
	taddr base_object_type;
};

/* Is it a type object, given that of type itself? */
bool py_is_type(struct window_cache *memory, const struct py_layout *layout, taddr type_type,
                taddr address);

/*
 * Is there an interpreter at address? Its first thread has to point back at
 * it; its sysdict, builtins and modules have to be dicts, and the type of
 * their type is its own type.
 */
bool py_interpreter_is_sound(struct window_cache *memory, const struct py_layout *layout,
                             taddr address, struct py_anchors *ret);

/* The value of an ASCII key in a dict of at most some thousand entries; 0: not there. */
taddr py_dict_find(struct window_cache *memory, const struct py_layout *layout, taddr dict,
                   const char *key);

/* The value of an int that fits into 30 bits. */
bool py_small_int(struct window_cache *memory, const struct py_layout *layout, taddr address,
                  uint32_t *ret);

/* Is there the head of a circular list of the collector? */
bool py_gc_head_is_sound(struct window_cache *memory, taddr head);

#endif
