/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The notes of a core, one by one, into struct core_file. Only core_file.c
 * calls this. A note that contradicts itself is passed over.
 */
#ifndef PLUMB_IMAGE_CORE_NOTES_H
#define PLUMB_IMAGE_CORE_NOTES_H

#include "image/core_file.h"

/* Takes in one note of owner "CORE"; bytes need not be aligned. Error: no memory. */
struct error *core_notes_add(struct core_file *core, uint32_t type, const uint8_t *bytes,
                             size_t size);

/* After the last one: sorts what came in any order. */
void core_notes_finish(struct core_file *core);

#endif
