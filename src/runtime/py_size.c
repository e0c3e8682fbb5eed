/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys.getsizeof(): the __sizeof__ of the C type, and what Python/sysmodule.c
 * (_PySys_GetSizeOf) adds for what lies before the object:
 *
 *   3.8 - 3.10  16 for objects that the collector may track (no static types)
 *   3.11        16 for types with GC, 16 with a managed dict
 *   3.12        16 with GC, 16 with a managed dict or weak references
 *   3.13 -      the same, but 0 for static types
 */
#include "runtime/py_families.h"

/* object.__sizeof__ */
static enum decode generic_size(struct python *python, const struct py_object *object,
                                uint64_t *ret)
{
	uint64_t length = 0;
	uint64_t size;

	if (object->type->itemsize > 0 && !py_object_word(python, object, 16, &length))
		return DECODE_FAULT;
	if ((int64_t)length < 0)
		length = -length;
	if (length >> 44)
		return DECODE_TORN;
	size = (uint64_t)object->type->basicsize + length * (uint64_t)object->type->itemsize;
	*ret = size;
	return DECODE_OK;
}

/* Objects/longobject.c: from 3.11 on 0 counts one digit, too; from 3.13 on the
 * basic size of a subclass counts. */
static enum decode integer_size(struct python *python, const struct py_object *object,
                                uint64_t *ret)
{
	const struct py_layout *layout = &python->layout;
	uint64_t digits;
	uint64_t base = layout->integer.ob_digit;

	if (!py_object_word(python, object, 16, &digits))
		return DECODE_FAULT;
	if (py_has(layout->integer.lv_tag))
		digits >>= 3;
	else if ((int64_t)digits < 0)
		digits = -digits;
	if (digits >> 40)
		return DECODE_TORN;
	if (!digits && python->minor >= 11)
		digits = 1;
	if (python->minor >= 13)
		base = (uint64_t)object->type->basicsize;
	*ret = base + digits * 4;
	return DECODE_OK;
}

/* A list that is being sorted says so by -1 allocated; __sizeof__ multiplies it all the same. */
static enum decode list_size(struct python *python, const struct py_object *object, uint64_t *ret)
{
	uint64_t allocated;

	if (!py_object_word(python, object, python->layout.list.allocated, &allocated))
		return DECODE_FAULT;
	if (allocated != UINT64_MAX && allocated >> 44)
		return DECODE_TORN;
	*ret = (uint64_t)object->type->basicsize + allocated * 8;
	return DECODE_OK;
}

static enum decode set_size(struct python *python, const struct py_object *object, uint64_t *ret)
{
	const struct py_layout *layout = &python->layout;
	uint64_t mask;
	uint64_t table;

	if (!py_object_word(python, object, layout->set.mask, &mask) ||
	    !py_object_word(python, object, layout->set.table, &table))
		return DECODE_FAULT;
	if (mask >> 40)
		return DECODE_TORN;
	*ret = (uint64_t)object->type->basicsize;
	if (table != object->address + layout->set.smalltable)
		*ret += (mask + 1) * 16;
	return DECODE_OK;
}

static enum decode bytearray_size(struct python *python, const struct py_object *object,
                                  uint64_t *ret)
{
	uint64_t allocated;

	if (!py_object_word(python, object, python->layout.bytearray.ob_alloc, &allocated))
		return DECODE_FAULT;
	if (allocated >> 46)
		return DECODE_TORN;
	*ret = (uint64_t)object->type->basicsize + allocated;
	/* 3.15: the bytes are those of a bytes object, whose head counts. */
	if (py_has(python->layout.bytearray.ob_bytes_object) && allocated)
		*ret += python->layout.bytes.ob_sval + 1;
	return DECODE_OK;
}

static enum decode own_size(struct python *python, struct py_types *types,
                            const struct py_object *object, uint64_t *ret)
{
	switch (object->type->shape) {
	case PY_SHAPE_INT: return integer_size(python, object, ret);
	case PY_SHAPE_STR: return py_string_size(python, object, ret);
	case PY_SHAPE_BYTEARRAY: return bytearray_size(python, object, ret);
	case PY_SHAPE_LIST: return list_size(python, object, ret);
	case PY_SHAPE_DICT:
		if (object->type->fields) /* no dict has, but that of a type of ctypes */
			return py_ctypes_dict_size(python, types, object, ret);
		return py_dict_size(python, types, object, ret);
	case PY_SHAPE_DEFAULTDICT:
	case PY_SHAPE_FROZENDICT: return py_dict_size(python, types, object, ret);
	case PY_SHAPE_ODICT: return py_odict_size(python, types, object, ret);
	case PY_SHAPE_SET: return set_size(python, object, ret);
	case PY_SHAPE_TYPE: return py_type_size(python, types, object, ret);
	case PY_SHAPE_DEQUE: return py_deque_size(python, object, ret);
	case PY_SHAPE_ARRAY: return py_array_size(python, object, ret);
	case PY_SHAPE_FRAME: return py_frame_size(python, object, ret);
	case PY_SHAPE_CODE: return py_code_size(python, object, ret);
	case PY_SHAPE_GENERATOR:
	case PY_SHAPE_COROUTINE:
	case PY_SHAPE_ASYNC_GENERATOR: return py_generator_size(python, object, ret);
	case PY_SHAPE_PICKLER:
	case PY_SHAPE_UNPICKLER: return py_tables_size(python, object, ret);
	case PY_SHAPE_ELEMENT:
	case PY_SHAPE_SIMPLE_QUEUE:
	case PY_SHAPE_DECIMAL:
	case PY_SHAPE_BUFFERED:
	case PY_SHAPE_BYTESIO:
	case PY_SHAPE_COMBINATIONS:
	case PY_SHAPE_PERMUTATIONS:
	case PY_SHAPE_PRODUCT:
	case PY_SHAPE_STRUCT_FORMAT: return py_library_size(python, object, ret);
	default: return generic_size(python, object, ret);
	}
}

static enum decode header_size(struct python *python, const struct py_object *object, uint64_t *ret)
{
	uint64_t type_flags;

	*ret = python->minor <= 10 ? (object->type->is_gc ? 16 : 0) : object->type->prefix;
	if (object->type->shape != PY_SHAPE_TYPE || python->minor == 11 || python->minor == 12)
		return DECODE_OK;
	if (!py_object_word(python, object, python->layout.type.tp_flags, &type_flags))
		return DECODE_FAULT;
	if (!(type_flags & PY_TYPE_HEAP))
		*ret = 0;
	return DECODE_OK;
}

enum decode py_object_size(struct python *python, struct py_types *types,
                           const struct py_object *object, uint64_t *ret)
{
	uint64_t size;
	uint64_t header;
	enum decode state = own_size(python, types, object, &size);

	if (state == DECODE_OK)
		state = header_size(python, object, &header);
	if (state == DECODE_OK)
		*ret = size + header;
	return state;
}

/*
 * 3.8 - 3.11  a word. 3.12, 3.13: 32 bits, all ones: immortal. 3.14 on: 32
 * bits, immortal when the highest is set (Include/refcount.h).
 */
enum decode py_object_refcount(struct python *python, const struct py_object *object, uint64_t *ret,
                               bool *ret_is_immortal)
{
	uint64_t word;
	uint32_t count;

	if (!py_object_word(python, object, 0, &word))
		return DECODE_FAULT;
	count = (uint32_t)word;
	if (python->minor <= 11) {
		*ret = word;
		*ret_is_immortal = false;
		return DECODE_OK;
	}
	*ret = count;
	*ret_is_immortal = python->minor <= 13 ? count == UINT32_MAX : count >> 31;
	return DECODE_OK;
}
