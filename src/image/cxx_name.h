/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names of C++ classes, as compilers write them into symbols and type
 * information (Itanium C++ ABI, 5.1 "External Names"), as people write them:
 *
 *	7Session                    Session
 *	N3app5CacheIiPKcEE          app::Cache<int, char const*>
 *	N12_GLOBAL__N_15StateE      (anonymous namespace)::State
 *
 * Classes, namespaces and arguments of templates that are types, integers or
 * packs of these. Not read: types of functions and arrays, classes within
 * functions, lambdas. Who shows such a name shows it as it is.
 */
#ifndef PLUMB_IMAGE_CXX_NAME_H
#define PLUMB_IMAGE_CXX_NAME_H

#include <stdbool.h>
#include <stddef.h>

enum { CXX_NAME_MAX = 256 }; /* bytes, with the end */

/* Writes the name to ret, which has room for size bytes. False: not understood, or too long. */
bool cxx_name_read(const char *mangled, char *ret, size_t size);

#endif
