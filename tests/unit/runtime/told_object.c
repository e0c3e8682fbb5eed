/* SPDX-License-Identifier: Apache-2.0 */
/* See told_object.h. */
#include "told_object.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void tell_reference(void *context, const struct py_ref *reference)
{
	struct told *told = context;

	assert_true(told->count < TOLD_MAX);
	told->references[told->count++] = *reference;
}

static void tell_storage(void *context, taddr address, uint64_t size)
{
	struct told *told = context;

	assert_true(told->storage_count < TOLD_MAX);
	told->storage[told->storage_count] = address;
	told->storage_size[told->storage_count++] = size;
}

static void tell_length(void *context, uint64_t length)
{
	((struct told *)context)->length = length;
}

enum decode told_visit(struct object_heap *heap, taddr address, struct told *ret)
{
	const struct py_visitor visitor = {.context = ret,
	                                   .reference = tell_reference,
	                                   .storage = tell_storage,
	                                   .length = tell_length};
	struct py_object object;

	*ret = (struct told){0};
	assert_int_equal(py_object_at(&heap->python, heap->types, address, &object), DECODE_OK);
	return py_refs_visit(&heap->python, heap->types, &object, &visitor);
}
