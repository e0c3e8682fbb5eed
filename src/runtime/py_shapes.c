/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which C types have a decoder of their own, by tp_name. Types that are
 * nothing but a few references at fixed places are in py_fields.c.
 */
#include "runtime/py_type_registry.h"

#include <stddef.h>

#define SIZE_OF(member) offsetof(struct py_layout, member.size)

struct shape_row {
	const char *name;
	enum py_shape shape;
	size_t size; /* where py_layout has the expected tp_basicsize; 0: not asked */
};

/* Bare names are those of static types of the interpreter itself: see set_shape(). */
static const struct shape_row rows[] = {
	{"object", PY_SHAPE_PLAIN, 0},
	{"NoneType", PY_SHAPE_NONE, 0},
	{"ellipsis", PY_SHAPE_NONE, 0},
	{"NotImplementedType", PY_SHAPE_NONE, 0},
	{"int", PY_SHAPE_INT, 0},
	{"bool", PY_SHAPE_INT, 0},
	{"float", PY_SHAPE_FLOAT, SIZE_OF(floating)},
	{"complex", PY_SHAPE_COMPLEX, 0},
	{"str", PY_SHAPE_STR, SIZE_OF(unicode)},
	{"bytes", PY_SHAPE_BYTES, 0},
	{"bytearray", PY_SHAPE_BYTEARRAY, SIZE_OF(bytearray)},
	{"tuple", PY_SHAPE_TUPLE, 0},
	{"list", PY_SHAPE_LIST, SIZE_OF(list)},
	{"dict", PY_SHAPE_DICT, SIZE_OF(dict)},
	{"collections.OrderedDict", PY_SHAPE_ODICT, SIZE_OF(odict)},
	{"collections.defaultdict", PY_SHAPE_DEFAULTDICT, SIZE_OF(defaultdict)},
	{"frozendict", PY_SHAPE_FROZENDICT, 0},
	{"set", PY_SHAPE_SET, SIZE_OF(set)},
	{"frozenset", PY_SHAPE_SET, SIZE_OF(set)},
	{"type", PY_SHAPE_TYPE, SIZE_OF(heap_type)},
	{"module", PY_SHAPE_MODULE, SIZE_OF(module)},
	{"function", PY_SHAPE_FUNCTION, SIZE_OF(function)},
	{"code", PY_SHAPE_CODE, 0},
	{"frame", PY_SHAPE_FRAME, 0},
	{"generator", PY_SHAPE_GENERATOR, 0},
	{"coroutine", PY_SHAPE_COROUTINE, 0},
	{"async_generator", PY_SHAPE_ASYNC_GENERATOR, 0},
	{"weakref", PY_SHAPE_WEAKREF, SIZE_OF(weakref)},
	{"weakproxy", PY_SHAPE_WEAKREF, SIZE_OF(weakref)},
	{"weakcallableproxy", PY_SHAPE_WEAKREF, SIZE_OF(weakref)},
	{"weakref.ReferenceType", PY_SHAPE_WEAKREF, SIZE_OF(weakref)},
	{"weakref.ProxyType", PY_SHAPE_WEAKREF, SIZE_OF(weakref)},
	{"weakref.CallableProxyType", PY_SHAPE_WEAKREF, SIZE_OF(weakref)},
	{"collections.deque", PY_SHAPE_DEQUE, SIZE_OF(deque)},
	{"functools._lru_cache_wrapper", PY_SHAPE_LRU_CACHE, SIZE_OF(lru_cache)},
	{"array.array", PY_SHAPE_ARRAY, SIZE_OF(array)},
	{"memoryview", PY_SHAPE_MEMORYVIEW, 0},
	{"managedbuffer", PY_SHAPE_MANAGED_BUFFER, 0},
	{"_asyncio.Future", PY_SHAPE_FUTURE, SIZE_OF(future)},
	{"_asyncio.Task", PY_SHAPE_TASK, SIZE_OF(task)},
	{"hamt_bitmap_node", PY_SHAPE_HAMT_BITMAP, 0},
	{"hamt_array_node", PY_SHAPE_HAMT_ARRAY, 0},
	{"hamt_collision_node", PY_SHAPE_HAMT_COLLISION, 0},
};

bool py_shape_find(const struct python *python, const char *name, struct py_known_type *ret)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct py_known_type known = {.shape = rows[i].shape};

		if (strcmp(rows[i].name, name) != 0)
			continue;
		if (rows[i].size) {
			memcpy(&known.size, (const char *)&python->layout + rows[i].size,
			       sizeof(known.size));
			if (known.size == PY_ABSENT)
				return false;
		}
		*ret = known;
		return true;
	}
	return false;
}

/* Found by tests/oracle: heap types whose tp_traverse has no Py_VISIT(Py_TYPE(self)). */
static const char *const forgetful[] = {
	"typing.ParamSpecArgs",
	"typing.ParamSpecKwargs",
	"_multibytecodec.MultibyteIncrementalEncoder",
	"_multibytecodec.MultibyteIncrementalDecoder",
	"_multibytecodec.MultibyteStreamReader",
	"_multibytecodec.MultibyteStreamWriter",
};

bool py_shape_forgets_type(const char *name)
{
	for (size_t i = 0; i < sizeof(forgetful) / sizeof(forgetful[0]); i++)
		if (!strcmp(forgetful[i], name))
			return true;
	return false;
}
