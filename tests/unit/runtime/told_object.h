/* SPDX-License-Identifier: Apache-2.0 */
/* What an object of an object_heap tells of itself, kept to be compared. */
#ifndef PLUMB_TESTS_TOLD_OBJECT_H
#define PLUMB_TESTS_TOLD_OBJECT_H

#include "object_heap.h"
#include "runtime/py_refs.h"

enum { TOLD_MAX = 64 };

struct told {
	struct py_ref references[TOLD_MAX];
	size_t count;
	taddr storage[TOLD_MAX];
	uint64_t storage_size[TOLD_MAX];
	size_t storage_count;
	uint64_t length;
};

/* Fails the test when there is no object, or when it tells more than there is room for. */
enum decode told_visit(struct object_heap *heap, taddr address, struct told *ret);

static inline void cleanup_heap(struct object_heap **heap)
{
	object_heap_free(*heap);
}

#endif
