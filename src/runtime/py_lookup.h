/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Following names in the target, as Python code would: an attribute of an
 * object, a value of a dict. For the few things that only Python's own data
 * knows (what a thread is called ...), not for bulk work: one look-up walks
 * all references of the object.
 */
#ifndef PLUMB_RUNTIME_PY_LOOKUP_H
#define PLUMB_RUNTIME_PY_LOOKUP_H

#include "runtime/py_refs.h"

/* dict[key]; 0: there is none. */
taddr py_lookup_key(struct python *python, struct py_types *types, taddr dict, const char *key);

/* object.name, of the object's own attributes (not those of its class); 0: there is none. */
taddr py_lookup_attribute(struct python *python, struct py_types *types, taddr object,
                          const char *name);

/* Tells all references of the object at address. */
enum decode py_lookup_all(struct python *python, struct py_types *types, taddr address,
                          const struct py_visitor *visitor);

/* Is there a str at address with just this text? */
bool py_lookup_is_text(struct python *python, taddr string, const char *text);

#endif
