/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An object from memory alone. Its head must name a type; beyond that only
 * its decoder can say whether the bytes are an object.
 */
#include "runtime/py_object.h"

enum decode py_object_at(struct python *python, struct py_types *types, taddr address,
                         struct py_object *ret)
{
	struct py_object object = {.address = address};
	taddr type;

	if (address & 7)
		return DECODE_TORN;
	if (!window_cache_u64(python->memory, address + 8, &type))
		return DECODE_FAULT;
	object.type = py_types_get(types, type);
	if (!object.type)
		return DECODE_TORN;
	*ret = object;
	return DECODE_OK;
}
