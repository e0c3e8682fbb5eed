/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A snapshot together with the memory it stands on. Readers see the columns
 * as const; whoever frees them needs them without. Private to this folder.
 */
#ifndef PLUMB_SNAPSHOT_SEALED_H
#define PLUMB_SNAPSHOT_SEALED_H

#include "snapshot/snapshot.h"

struct sealed_snapshot {
	struct snapshot snapshot; /* first, so that its address is ours */
	uint64_t *address;
	type_id *type;
	uint16_t *size;
	uint16_t *memory;
	uint8_t *refcount;
	uint8_t *flags;
	uint32_t *edge_start;
	struct snap_edge *edges;
	struct snap_type *types;
	char *string_bytes;
	uint64_t *string_start;
	struct snap_root *roots;
	struct snap_container *containers;
	struct snap_name *names;
	struct snap_large *large;
	struct snap_many *many;
	uint32_t *trace;
	struct snap_trace *traces;
	struct snap_frame *frames;
};

/*
 * A column of zeros that nobody has touched yet: whoever writes to it first,
 * on several threads, pays for the pages, in large pages where there are any.
 */
void *sealed_column_new(size_t capacity, size_t element_size);

/* Lets readers see the columns. Their counts are the caller's. */
void sealed_show(struct sealed_snapshot *sealed);

#endif
