/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks of pymalloc in use that are neither objects nor their storage: what the
 * C code of Python and of extensions keeps there, and may hold anything.
 */
#ifndef PLUMB_CAPTURE_NATIVE_POOLS_H
#define PLUMB_CAPTURE_NATIVE_POOLS_H

#include "capture/native_words.h"

/* Appends an edge to words for each word of theirs that leads somewhere. */
void native_pools_search(struct heap_walk *walk, struct native_words *words);

#endif
