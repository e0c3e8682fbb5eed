/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One object of the target, and reading its members. The bytes around its
 * head are often at hand already (a pool is read as a whole); what lies
 * outside of them is read from the target.
 */
#ifndef PLUMB_RUNTIME_PY_OBJECT_H
#define PLUMB_RUNTIME_PY_OBJECT_H

#include "runtime/py_types.h"

struct py_object {
	taddr address;
	const struct py_type *type;
	const uint8_t *bytes; /* of address; may be NULL */
	size_t before;        /* bytes that are valid before, and ... */
	size_t after;         /* ... from there on */
};

/* size bytes at offset (may be negative) of the object, copied to buffer. */
static inline bool py_object_read(struct python *python, const struct py_object *object,
                                  int64_t offset, void *buffer, size_t size)
{
	if (object->bytes && offset >= -(int64_t)object->before &&
	    offset + (int64_t)size <= (int64_t)object->after) {
		memcpy(buffer, object->bytes + offset, size);
		return true;
	}
	return window_cache_read(python->memory, object->address + (uint64_t)offset, buffer, size);
}

static inline bool py_object_word(struct python *python, const struct py_object *object,
                                  int64_t offset, uint64_t *ret)
{
	if (object->bytes)
		return py_object_read(python, object, offset, ret, sizeof(*ret));
	return window_cache_u64(python->memory, object->address + (uint64_t)offset, ret);
}

/* Fills ret from memory alone: the type is looked up. DECODE_TORN: no object there. */
enum decode py_object_at(struct python *python, struct py_types *types, taddr address,
                         struct py_object *ret);

#endif
