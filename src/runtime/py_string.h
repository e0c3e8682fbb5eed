/* SPDX-License-Identifier: Apache-2.0 */
/* A str object's characters, wherever they are. Private to src/runtime. */
#ifndef PLUMB_RUNTIME_PY_STRING_H
#define PLUMB_RUNTIME_PY_STRING_H

#include "base/text.h"
#include "runtime/py_object.h"

struct py_string {
	taddr data;        /* the first character */
	uint64_t length;   /* characters */
	unsigned int kind; /* bytes of each: 1, 2, 4 */
	bool is_compact;
	bool is_ascii;
	bool is_wide; /* there are only wide characters (3.11 and before) */
};

enum decode py_string_read(struct python *python, const struct py_object *object,
                           struct py_string *ret);

/*
 * Appends the characters as UTF-8, at most limit bytes, NULs and lone
 * surrogates escaped; is_literal: as they read between single quotes.
 * False: memory could not be read.
 */
bool py_string_append(struct python *python, const struct py_string *string, size_t limit,
                      bool is_literal, struct text *text);

#endif
