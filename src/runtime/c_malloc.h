/* SPDX-License-Identifier: Apache-2.0 */
/* Which C library a program runs on, and whose malloc serves it. */
#ifndef PLUMB_RUNTIME_C_MALLOC_H
#define PLUMB_RUNTIME_C_MALLOC_H

#include "base/text.h"
#include "runtime/mapped_image.h"

/* "glibc 2.36 (Debian GLIBC 2.36-9)", "musl"; nothing when it is not known. */
void c_library_tell(struct window_cache *memory, const struct mapped_image *images, size_t count,
                    struct text *text);

/* The image of glibc; NULL: the program runs on another C library, or has it built in. */
const struct mapped_image *c_library_glibc(const struct mapped_image *images, size_t count);

/* 36 of a glibc 2.36; 0: it does not say. */
unsigned int c_library_glibc_minor(struct window_cache *memory, const struct mapped_image *glibc);

/* Does something else than glibc serve malloc: musl, or what was loaded before it? */
bool c_malloc_is_other(struct window_cache *memory, const struct mapped_image *images,
                       size_t count);

/*
 * "the C library's", or what defines malloc in its place: "jemalloc
 * (libjemalloc.so.2)". Whatever defines it beside the C library is told.
 */
void c_malloc_tell(struct window_cache *memory, const struct mapped_image *images, size_t count,
                   struct text *text);

#endif
