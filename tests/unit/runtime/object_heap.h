/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A few objects and their types in byte arrays, for tests of what decodes
 * them. There is no interpreter around them: struct python is written down.
 *
 *	struct object_heap *heap = object_heap_new(&py_layout_3_12, 12);
 *	taddr type = object_heap_type(heap, "list", PY_TYPE_HAS_GC, 40, 0);
 *	taddr list = object_heap_object(heap, type, 40);
 *	object_heap_u64(heap, list + 24, ...);
 *	object_heap_finish(heap);      from here on heap->types can be asked
 *	...
 *	object_heap_free(heap);
 */
#ifndef PLUMB_TESTS_OBJECT_HEAP_H
#define PLUMB_TESTS_OBJECT_HEAP_H

#include "runtime/py_object.h"

enum { OBJECT_HEAP_START = 0x10000000, OBJECT_HEAP_SIZE = 1 << 18 };

struct object_heap {
	struct python python;
	struct py_types *types;
	struct window_cache cache;
	struct target *target;
	taddr object_type;
	taddr type_type;
	taddr next; /* where the next thing goes */
	uint8_t bytes[OBJECT_HEAP_SIZE];
};

/* NULL: out of memory. Has the types object and type. */
struct object_heap *object_heap_new(const struct py_layout *layout, unsigned int minor);
void object_heap_free(struct object_heap *heap);

/* Bytes of zeros, aligned to 16; the last ones are reused when the heap is full. */
taddr object_heap_take(struct object_heap *heap, size_t size);

/* A static type, which inherits from object. */
taddr object_heap_type(struct object_heap *heap, const char *name, uint32_t flags,
                       uint64_t basicsize, uint64_t itemsize);

/* An object with one reference and size bytes behind a GC head's room. */
taddr object_heap_object(struct object_heap *heap, taddr type, size_t size);

/* A compact ASCII str of that type. */
taddr object_heap_string(struct object_heap *heap, taddr type, const char *text);

/* Writes; what lies outside of the heap is left alone. */
void object_heap_u64(struct object_heap *heap, taddr address, uint64_t value);
void object_heap_bytes(struct object_heap *heap, taddr address, const void *bytes, size_t size);

/* Makes the target and the registry. False: out of memory. */
bool object_heap_finish(struct object_heap *heap);

#endif
