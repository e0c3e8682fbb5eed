/* SPDX-License-Identifier: Apache-2.0 */
/* Which C library a program runs on, and whose malloc serves it. */
#ifndef PLUMB_RUNTIME_C_MALLOC_H
#define PLUMB_RUNTIME_C_MALLOC_H

#include "base/text.h"
#include "runtime/mapped_image.h"

/* "glibc 2.36 (Debian GLIBC 2.36-9)", "musl"; nothing when it is not known. */
void c_library_tell(struct window_cache *memory, const struct mapped_image *images, size_t count,
                    struct text *text);

/*
 * "the C library's", or what defines malloc in its place: "jemalloc
 * (libjemalloc.so.2)". Whatever defines it beside the C library is told.
 */
void c_malloc_tell(struct window_cache *memory, const struct mapped_image *images, size_t count,
                   struct text *text);

#endif
