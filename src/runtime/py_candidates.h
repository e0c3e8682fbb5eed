/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where _PyRuntime may be. Four sources, from the surest to the most
 * laborious; whoever asks checks what is at each address and stops when it is
 * satisfied.
 */
#ifndef PLUMB_RUNTIME_PY_CANDIDATES_H
#define PLUMB_RUNTIME_PY_CANDIDATES_H

#include "runtime/mapped_image.h"

/* Told each candidate. True: this is it, stop. */
typedef bool py_candidate_visitor(void *context, const struct mapped_image *image, taddr runtime);

/* By the dynamic symbol, as it is mapped. */
bool py_candidates_by_symbol(struct window_cache *memory, const struct mapped_image *images,
                             size_t count, py_candidate_visitor *visitor, void *context);

/* By .symtab and by the section .PyRuntime (3.10+), which only the file has. */
bool py_candidates_by_file(struct window_cache *memory, const struct mapped_image *images,
                           size_t count, py_candidate_visitor *visitor, void *context);

/* By the cookie of the debug offsets in writable memory (3.13+). */
bool py_candidates_by_cookie(struct window_cache *memory, const struct mapped_image *images,
                             size_t count, py_candidate_visitor *visitor, void *context);

/* By words in writable memory that point at a sound interpreter (3.8 to 3.12). */
bool py_candidates_by_scan(struct window_cache *memory, const struct mapped_image *images,
                           size_t count, py_candidate_visitor *visitor, void *context);

#endif
