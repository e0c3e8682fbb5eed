/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a class adds to the C struct of its instances: the dict of their
 * attributes, the slots, and the reference to the class itself.
 *
 * Where the dict is has changed with nearly every version:
 *
 *   3.8 - 3.10  a pointer at tp_dictoffset
 *   3.11        two words before the object and its GC head: the values
 *               (without a dict) at -32, the dict at -24
 *   3.12        one word at -24: the dict, or the values with bit 0 set
 *   3.13 -      the dict at -24; the values behind the struct itself, as
 *               long as they are valid
 *
 * Values without a dict go by the class's cached keys, in their order. What
 * is visited: Objects/typeobject.c, subtype_traverse and, from 3.11 on,
 * Objects/dictobject.c, PyObject_VisitManagedDict: with valid inline values
 * the values alone, else the dict.
 *
 * The list of weak references to an instance holds nothing and is left out.
 */
#include "runtime/py_families.h"

#include "runtime/py_dict.h"

enum {
	MANAGED_DICT = -24,   /* MANAGED_DICT_OFFSET */
	MANAGED_VALUES = -32, /* 3.11 */
	ATTRIBUTES_MAX = 30,  /* SHARED_KEYS_MAX_SIZE */
};

static enum decode tell_dict(const struct py_visitor *visitor, unsigned int flags, taddr dict)
{
	py_tell(visitor, PY_REF_ATTRIBUTE, flags | PY_REF_NAMESPACE, "__dict__", dict);
	return DECODE_OK;
}

/* Tells count values at offset of holder as attributes by the cached keys. */
static enum decode tell_values(struct python *python, const struct py_type *type,
                               const struct py_object *holder, int64_t offset, size_t count,
                               const struct py_visitor *visitor)
{
	uint64_t values[ATTRIBUTES_MAX];

	if (count > ATTRIBUTES_MAX)
		return DECODE_TORN;
	if (!py_object_read(python, holder, offset, values, count * sizeof(values[0])))
		return DECODE_FAULT;
	for (size_t i = 0; i < count; i++)
		py_tell_named(visitor, PY_REF_ATTRIBUTE, 0,
		              i < type->key_count ? type->key_names[i] : 0, i, values[i]);
	return DECODE_OK;
}

/* 3.11 and 3.12: values that the instance owns, outside of it. */
static enum decode tell_separate_values(struct python *python, struct py_types *types,
                                        const struct py_type *type,
                                        const struct py_visitor *visitor, taddr values)
{
	struct py_object holder = {.address = values};
	struct py_dict_table table;
	taddr storage = 0;
	uint64_t size = 0;
	enum decode state;

	state = py_dict_table_read(python, types, type->cached_keys, &table);
	if (state != DECODE_OK)
		return state;
	if (py_dict_values_storage(python, &table, values, &storage, &size) == DECODE_OK)
		py_tell_storage(visitor, storage, size);
	return tell_values(python, type, &holder, 0, type->key_count, visitor);
}

/* 3.13 and later. */
static enum decode visit_inline(struct python *python, const struct py_object *object,
                                const struct py_visitor *visitor, taddr dict)
{
	const struct py_layout *layout = &python->layout;
	int64_t values = object->type->basicsize;
	uint8_t head[8];

	if (!py_object_read(python, object, values, head, sizeof(head)))
		return DECODE_FAULT;
	if (!head[layout->dict_values.valid])
		return tell_dict(visitor, 0, dict);
	if (dict && !py_visits_inline_values(python))
		return tell_dict(visitor, 0, dict);
	tell_dict(visitor, PY_REF_HIDDEN, dict);
	return tell_values(python, object->type, object, values + layout->dict_values.values,
	                   head[layout->dict_values.capacity], visitor);
}

static enum decode visit_managed(struct python *python, struct py_types *types,
                                 const struct py_object *object, const struct py_visitor *visitor)
{
	const struct py_type *type = object->type;
	uint64_t dict;
	uint64_t values = 0;

	if (!py_object_word(python, object, MANAGED_DICT, &dict))
		return DECODE_FAULT;
	if (python->minor >= 13 && type->flags & PY_TYPE_INLINE_VALUES)
		return visit_inline(python, object, visitor, dict);
	if (python->minor == 12 && dict & 1) {
		values = dict + 1;
		dict = 0;
	}
	if (python->minor == 11 && !py_object_word(python, object, MANAGED_VALUES, &values))
		return DECODE_FAULT;
	tell_dict(visitor, 0, dict);
	if (!values || !type->cached_keys)
		return DECODE_OK;
	return tell_separate_values(python, types, type, visitor, values);
}

/*
 * _PyObject_GetDictPtr: a negative offset counts from the end of the items. A
 * type that has none has no length either, whatever lies in its place.
 */
static enum decode visit_dict_from_end(struct python *python, const struct py_object *object,
                                       const struct py_visitor *visitor)
{
	const struct py_type *type = object->type;
	uint64_t length = 0;
	uint64_t dict;
	int64_t items;
	int64_t end;

	if (type->itemsize && !py_object_word(python, object, 16, &length))
		return DECODE_FAULT;
	items = (int64_t)length < 0 ? -(int64_t)length : (int64_t)length;
	if (items < 0 || items > INT32_MAX)
		return DECODE_TORN;
	end = (type->basicsize + items * type->itemsize + 7) & ~INT64_C(7);
	if (end + type->dictoffset < 16)
		return DECODE_TORN;
	if (!py_object_word(python, object, end + type->dictoffset, &dict))
		return DECODE_FAULT;
	return tell_dict(visitor, 0, dict);
}

static enum decode visit_dict(struct python *python, struct py_types *types,
                              const struct py_object *object, const struct py_visitor *visitor)
{
	const struct py_type *type = object->type;
	uint64_t dict;

	if (type->dict_place == PY_DICT_NONE || type->shape == PY_SHAPE_TYPE)
		return DECODE_OK;
	if (type->dict_place == PY_DICT_MANAGED)
		return visit_managed(python, types, object, visitor);
	if (type->dict_place == PY_DICT_FROM_END)
		return visit_dict_from_end(python, object, visitor);
	if (!py_object_word(python, object, type->dictoffset, &dict))
		return DECODE_FAULT;
	return tell_dict(visitor, 0, dict);
}

/* Bytes of the items of an instance, 0 when its length cannot be. */
static int64_t items_size(struct python *python, const struct py_object *object)
{
	uint64_t length;

	if (!py_object_word(python, object, 16, &length) || length > INT32_MAX)
		return 0;
	return (int64_t)length * object->type->itemsize;
}

enum decode py_instance_visit(struct python *python, struct py_types *types,
                              const struct py_object *object, const struct py_visitor *visitor)
{
	const struct py_type *type = object->type;
	enum decode state = visit_dict(python, types, object, visitor);

	for (size_t i = 0; i < type->member_count; i++) {
		const struct py_member *member = &type->members[i];
		int64_t offset = member->offset;
		uint64_t value;

		/* The members of a struct sequence are its items: see py_tuple_visit(). */
		if (type->shape == PY_SHAPE_TUPLE && !member->is_after_items)
			continue;
		if (member->is_after_items)
			offset += items_size(python, object);
		if (py_object_word(python, object, offset, &value))
			py_tell(visitor, PY_REF_ATTRIBUTE, type->is_gc ? 0 : PY_REF_HIDDEN,
			        member->name, value);
		else
			state = DECODE_FAULT;
	}
	if (type->type_reference != PY_TYPE_NOT_REFERENCED)
		py_tell(visitor, PY_REF_TYPE,
		        type->type_reference == PY_TYPE_REFERENCE_HIDDEN ? PY_REF_HIDDEN : 0, NULL,
		        type->address);
	return state;
}

/*
 * A C struct that plumb has no layout of: every aligned word of it that its
 * members do not explain may be a reference.
 */
enum { OPAQUE_WORDS_MAX = 1 << 13, OPAQUE_CHUNK = 64 };

static bool is_explained(const struct py_type *type, int64_t offset)
{
	if (offset == type->dictoffset || offset == type->weaklistoffset)
		return true;
	for (size_t i = 0; i < type->member_count; i++)
		if (type->members[i].offset == offset)
			return true;
	return false;
}

enum decode py_opaque_visit(struct python *python, struct py_types *types,
                            const struct py_object *object, const struct py_visitor *visitor)
{
	const struct py_type *type = object->type;
	uint64_t end = type->opaque_until / 8;
	uint64_t length = 0;
	uint64_t words[OPAQUE_CHUNK];

	(void)types;
	if (type->shape == PY_SHAPE_OPAQUE && type->itemsize > 0 &&
	    py_object_word(python, object, 16, &length) && length < OPAQUE_WORDS_MAX)
		end += length * (uint64_t)type->itemsize / 8;
	if (end > OPAQUE_WORDS_MAX)
		end = OPAQUE_WORDS_MAX;
	for (uint64_t first = type->opaque_from / 8; first < end; first += OPAQUE_CHUNK) {
		size_t count = end - first < OPAQUE_CHUNK ? (size_t)(end - first) : OPAQUE_CHUNK;

		if (!py_object_read(python, object, (int64_t)first * 8, words, count * 8))
			return DECODE_FAULT;
		for (size_t i = 0; i < count; i++)
			if (py_may_be_reference(words[i]) &&
			    !is_explained(type, (int64_t)(first + i) * 8))
				py_tell_number(visitor, PY_REF_CONSERVATIVE, 0, first + i,
				               words[i]);
	}
	return DECODE_UNKNOWN;
}
