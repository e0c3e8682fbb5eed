/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is there an object in these bytes? A block in use holds an object or a
 * buffer, and nothing outside the block says which. What says it is its
 * head: a believable reference count followed by the address of a type whose
 * instances start just there.
 *
 *   no GC       | refcount | type | ...
 *   GC          | gc_next | gc_prev | refcount | type | ...
 *   pre-header  | weaklist | dict | gc_next | gc_prev | refcount | type | ...
 *
 * with 16 bytes before all that under the debug allocator. A buffer that
 * looks like this is rare; when an object claims it, it is taken back.
 *
 * A block may also hold an object that CPython has freed and keeps for later
 * (a free list): in use to the allocator, and no object.
 */
#ifndef PLUMB_CAPTURE_BLOCK_PROBE_H
#define PLUMB_CAPTURE_BLOCK_PROBE_H

#include "capture/block_index.h"
#include "runtime/py_object.h"

enum { BLOCK_PROBE_CACHE = 1024 };

struct block_probe {
	struct python *python;
	struct py_types *types;
	const struct block_index *blocks; /* its pools have to be known */
	uint32_t debug_header;
	struct {
		taddr address;
		const struct py_type *type; /* NULL: no type */
	} cache[BLOCK_PROBE_CACHE];
};

void block_probe_init(struct block_probe *probe, struct python *python, struct py_types *types,
                      const struct block_index *blocks);

/*
 * The type of the object in the block, or NULL. *ret_offset is where in the
 * block the object starts.
 */
const struct py_type *block_probe_object(struct block_probe *probe, const uint8_t *block,
                                         uint32_t block_size, uint32_t *ret_offset);

/* As py_types_get, through the cache. */
const struct py_type *block_probe_type(struct block_probe *probe, taddr address);

/* Is this first word of an object the reference count of a living one? */
bool block_probe_is_refcount(struct block_probe *probe, uint64_t word);

/*
 * For an object that only a guess leads to, in no pool: is it more than a part
 * of something else? What lies before it has to be the head that its type says.
 * Objects of static storage have none and must not be asked for.
 */
bool block_probe_has_head(struct block_probe *probe, const struct py_object *object);

#endif
