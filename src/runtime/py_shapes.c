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
	size_t size;           /* where py_layout has the expected tp_basicsize; 0: not asked */
	uint32_t literal_size; /* or the expected size itself */
	uint8_t since;         /* 0: all versions */
};

/* Bare names are those of static types of the interpreter itself: see set_shape(). */
static const struct shape_row rows[] = {
	{"object", PY_SHAPE_PLAIN, 0, 0, 0},
	{"NoneType", PY_SHAPE_NONE, 0, 0, 0},
	{"ellipsis", PY_SHAPE_NONE, 0, 0, 0},
	{"NotImplementedType", PY_SHAPE_NONE, 0, 0, 0},
	{"int", PY_SHAPE_INT, 0, 0, 0},
	{"bool", PY_SHAPE_INT, 0, 0, 0},
	{"float", PY_SHAPE_FLOAT, SIZE_OF(floating), 0, 0},
	{"complex", PY_SHAPE_COMPLEX, 0, 0, 0},
	{"str", PY_SHAPE_STR, SIZE_OF(unicode), 0, 0},
	{"bytes", PY_SHAPE_BYTES, 0, 0, 0},
	{"bytearray", PY_SHAPE_BYTEARRAY, SIZE_OF(bytearray), 0, 0},
	{"tuple", PY_SHAPE_TUPLE, 0, 0, 0},
	{"list", PY_SHAPE_LIST, SIZE_OF(list), 0, 0},
	{"dict", PY_SHAPE_DICT, SIZE_OF(dict), 0, 0},
	{"collections.OrderedDict", PY_SHAPE_ODICT, SIZE_OF(odict), 0, 0},
	{"collections.defaultdict", PY_SHAPE_DEFAULTDICT, SIZE_OF(library.defaultdict), 0, 0},
	{"frozendict", PY_SHAPE_FROZENDICT, 0, 0, 0},
	{"set", PY_SHAPE_SET, SIZE_OF(set), 0, 0},
	{"frozenset", PY_SHAPE_SET, SIZE_OF(set), 0, 0},
	{"type", PY_SHAPE_TYPE, SIZE_OF(heap_type), 0, 0},
	{"module", PY_SHAPE_MODULE, SIZE_OF(module), 0, 0},
	{"function", PY_SHAPE_FUNCTION, SIZE_OF(function), 0, 0},
	{"code", PY_SHAPE_CODE, 0, 0, 0},
	{"frame", PY_SHAPE_FRAME, 0, 0, 0},
	{"generator", PY_SHAPE_GENERATOR, 0, 0, 0},
	{"coroutine", PY_SHAPE_COROUTINE, 0, 0, 0},
	{"async_generator", PY_SHAPE_ASYNC_GENERATOR, 0, 0, 0},
	{"weakref", PY_SHAPE_WEAKREF, SIZE_OF(weakref), 0, 0},
	{"weakproxy", PY_SHAPE_WEAKREF, SIZE_OF(weakref), 0, 0},
	{"weakcallableproxy", PY_SHAPE_WEAKREF, SIZE_OF(weakref), 0, 0},
	{"weakref.ReferenceType", PY_SHAPE_WEAKREF, SIZE_OF(weakref), 0, 0},
	{"weakref.ProxyType", PY_SHAPE_WEAKREF, SIZE_OF(weakref), 0, 0},
	{"weakref.CallableProxyType", PY_SHAPE_WEAKREF, SIZE_OF(weakref), 0, 0},
	{"collections.deque", PY_SHAPE_DEQUE, SIZE_OF(library.deque), 0, 0},
	{"functools._lru_cache_wrapper", PY_SHAPE_LRU_CACHE, SIZE_OF(library.lru_cache), 0, 0},
	{"array.array", PY_SHAPE_ARRAY, SIZE_OF(library.array), 0, 0},
	{"memoryview", PY_SHAPE_MEMORYVIEW, 0, 0, 0},
	{"managedbuffer", PY_SHAPE_MANAGED_BUFFER, 0, 0, 0},
	{"builtin_function_or_method", PY_SHAPE_C_FUNCTION, 0, 56, 0},
	{"builtin_method", PY_SHAPE_C_FUNCTION, 0, 64, 9},
	{"PyCapsule", PY_SHAPE_CAPSULE, 0, 48, 0},
	{"PyCapsule", PY_SHAPE_CAPSULE, 0, 64, 13},
	{"_asyncio.Future", PY_SHAPE_FUTURE, SIZE_OF(library.future), 0, 0},
	{"_asyncio.Task", PY_SHAPE_TASK, SIZE_OF(library.task), 0, 0},
	{"hamt_bitmap_node", PY_SHAPE_HAMT_BITMAP, 0, 0, 0},
	{"hamt_array_node", PY_SHAPE_HAMT_ARRAY, 0, 0, 0},
	{"hamt_collision_node", PY_SHAPE_HAMT_COLLISION, 0, 0, 0},
	{"xml.etree.ElementTree.Element", PY_SHAPE_ELEMENT, 0, 56, 0},
	{"_queue.SimpleQueue", PY_SHAPE_SIMPLE_QUEUE, 0, 72, 13},
	{"itertools._tee_dataobject", PY_SHAPE_TEE_DATA, 0, 496, 0},
	{"datetime.datetime", PY_SHAPE_DATETIME, 0, 48, 0},
	{"datetime.time", PY_SHAPE_TIME, 0, 40, 0},
	{"decimal.Decimal", PY_SHAPE_DECIMAL, 0, 104, 0},
	{"_io.BufferedReader", PY_SHAPE_BUFFERED, 0, 152, 0},
	{"_io.BufferedWriter", PY_SHAPE_BUFFERED, 0, 152, 0},
	{"_io.BufferedRandom", PY_SHAPE_BUFFERED, 0, 152, 0},
	{"_io.BytesIO", PY_SHAPE_BYTESIO, 0, 64, 0},
	{"_io.StringIO", PY_SHAPE_STRINGIO, 0, 120, 0},
	{"_io.StringIO", PY_SHAPE_STRINGIO, 0, 168, 0},
	{"itertools.combinations", PY_SHAPE_COMBINATIONS, 0, 56, 0},
	{"itertools.combinations_with_replacement", PY_SHAPE_COMBINATIONS, 0, 56, 0},
	{"itertools.permutations", PY_SHAPE_PERMUTATIONS, 0, 64, 0},
	{"itertools.product", PY_SHAPE_PRODUCT, 0, 48, 0},
	{"_struct.Struct", PY_SHAPE_STRUCT_FORMAT, 0, 56, 0},
	{"Struct", PY_SHAPE_STRUCT_FORMAT, 0, 56, 0},
	{"sqlite3.Cache", PY_SHAPE_STATEMENT_CACHE, 0, 64, 0},
	{"_pickle.Pickler", PY_SHAPE_PICKLER, 0, 144, 13},
	{"_pickle.Pickler", PY_SHAPE_PICKLER, 0, 152, 0},
	{"_pickle.Unpickler", PY_SHAPE_UNPICKLER, 0, 264, 13},
	{"_pickle.Unpickler", PY_SHAPE_UNPICKLER, 0, 272, 0},
	{"_pickle.Unpickler", PY_SHAPE_UNPICKLER, 0, 296, 13},
	{"_pickle.Unpickler", PY_SHAPE_UNPICKLER, 0, 304, 15},
	{"_ctypes.CType_Type", PY_SHAPE_TYPE, 0, 1088, 13},
	{"_ctypes.CType_Type", PY_SHAPE_TYPE, 0, 1120, 14},
	{"pyexpat.xmlparser", PY_SHAPE_XML_PARSER, 0, 72, 0},
	{"pyexpat.xmlparser", PY_SHAPE_XML_PARSER, 0, 80, 0},
	{"pyexpat.xmlparser", PY_SHAPE_XML_PARSER, 0, 88, 0},
	{"StgDict", PY_SHAPE_DICT, 0, 192, 0},
	{"_struct.Struct", PY_SHAPE_STRUCT_FORMAT, 0, 64, 15},
};

bool py_shape_find(const struct python *python, const char *name, int64_t basicsize, bool is_ours,
                   enum py_shape *ret)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct shape_row *row = &rows[i];
		uint32_t size = row->literal_size;

		if (strcmp(row->name, name) != 0 || python->minor < row->since)
			continue;
		if (!is_ours && !row->literal_size)
			continue;
		if (row->size)
			memcpy(&size, (const char *)&python->layout + row->size, sizeof(size));
		if (size && size != basicsize)
			continue;
		*ret = row->shape;
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
