/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which memory of a process goes into its core: every mapping is a segment of
 * it, and of the readable ones all bytes are in it that exist, those of mapped
 * files too, so that the core can be read where the files are not.
 *
 * Not in it, though the segment is: what belongs to a device, what the program
 * wanted left out (MADV_DONTDUMP), and a gigabyte or more of pages at a stretch
 * that were never touched.
 */
#ifndef PLUMB_TARGET_CORE_MEMORY_H
#define PLUMB_TARGET_CORE_MEMORY_H

#include "image/core_dump.h"
#include "target/picture.h"

struct core_memory {
	struct dump_segment *segments;
	size_t segment_count;
	size_t segment_capacity;
	struct dump_stretch *stretches;
	size_t stretch_count;
	size_t stretch_capacity;
};

/* Must be of zeros before, and is to be freed after, also when it fails. */
struct error *core_memory_plan(struct core_memory *memory, struct picture *picture);
void core_memory_deinit(struct core_memory *memory);

#endif
