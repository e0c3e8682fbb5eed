/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes first in a core: the ELF header, the table of segments, the notes.
 * Only core_dump.c calls this.
 */
#ifndef PLUMB_IMAGE_CORE_HEAD_H
#define PLUMB_IMAGE_CORE_HEAD_H

#include "image/core_dump.h"

/*
 * Gives every segment its place in the file, and appends the head to text, up
 * to the first segment's place. *ret_size: of the whole file.
 */
struct error *core_head_build(struct core_dump *dump, struct text *text, uint64_t *ret_size);

#endif
