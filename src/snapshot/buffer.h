/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that one thread fills, uses and fills again: chunks before and after
 * compression. Private to this folder.
 */
#ifndef PLUMB_SNAPSHOT_BUFFER_H
#define PLUMB_SNAPSHOT_BUFFER_H

#include "base/array.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

struct buffer {
	uint8_t *bytes;
	size_t size;
	size_t capacity;
};

/* Makes it size bytes long; they are what they are. False: memory ran out. */
static inline bool buffer_resize(struct buffer *buffer, size_t size)
{
	if (!array_reserve(&buffer->bytes, &buffer->capacity, size, 1))
		return false;
	buffer->size = size;
	return true;
}

static inline void buffer_deinit(struct buffer *buffer)
{
	free(buffer->bytes);
	*buffer = (struct buffer){0};
}

#endif
