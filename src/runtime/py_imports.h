/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the main interpreter has imported, and the words of its module sys.
 * Texts are cut to a thousand bytes. Where memory runs out there is less, and the
 * cache that python reads through says so.
 */
#ifndef PLUMB_RUNTIME_PY_IMPORTS_H
#define PLUMB_RUNTIME_PY_IMPORTS_H

#include "runtime/py_refs.h"

struct py_import {
	char *name; /* "numpy.linalg" */
	taddr module;
};

struct py_import_list {
	struct py_import *all; /* in the order of import */
	size_t count;
	size_t capacity;
};

/* sys.modules. False: memory ran out, also before. */
bool py_imports_read(struct python *python, struct py_types *types, struct py_import_list *ret);
void py_import_list_deinit(struct py_import_list *list);

/* sys.name; 0: there is none. */
taddr py_imports_sys(struct python *python, struct py_types *types, const char *name);

/* sys.name where that is a str. The caller frees it; NULL: it is not. */
char *py_imports_sys_text(struct python *python, struct py_types *types, const char *name);

/* object.name where that is a str. The caller frees it; NULL: it is not. */
char *py_imports_text(struct python *python, struct py_types *types, taddr object,
                      const char *name);

/* Tells the str items of a list, in order. */
void py_imports_strings(struct python *python, struct py_types *types, taddr list,
                        void (*tell)(void *context, const char *text), void *context);

#endif
