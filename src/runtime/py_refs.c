/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a shape to its decoder. What every shape shares is done here: the
 * reference fields of the C struct, and what the class adds.
 */
#include "runtime/py_refs.h"

#include "runtime/py_families.h"

static enum decode visit_nothing(struct python *python, struct py_types *types,
                                 const struct py_object *object, const struct py_visitor *visitor)
{
	(void)python;
	(void)types;
	(void)object;
	(void)visitor;
	return DECODE_OK;
}

static py_visit_function *const families[] = {
	[PY_SHAPE_PLAIN] = visit_nothing,
	[PY_SHAPE_OPAQUE] = visit_nothing, /* opaque_from */
	[PY_SHAPE_NONE] = visit_nothing,
	[PY_SHAPE_INT] = visit_nothing,
	[PY_SHAPE_FLOAT] = visit_nothing,
	[PY_SHAPE_COMPLEX] = visit_nothing,
	[PY_SHAPE_STR] = py_string_visit,
	[PY_SHAPE_BYTES] = visit_nothing,
	[PY_SHAPE_BYTEARRAY] = py_bytearray_visit,
	[PY_SHAPE_TUPLE] = py_tuple_visit,
	[PY_SHAPE_LIST] = py_list_visit,
	[PY_SHAPE_DICT] = py_dict_visit,
	[PY_SHAPE_ODICT] = py_odict_visit,
	[PY_SHAPE_DEFAULTDICT] = py_defaultdict_visit,
	[PY_SHAPE_FROZENDICT] = py_dict_visit,
	[PY_SHAPE_SET] = py_set_visit,
	[PY_SHAPE_TYPE] = py_type_visit,
	[PY_SHAPE_MODULE] = py_module_visit,
	[PY_SHAPE_FUNCTION] = visit_nothing, /* fields */
	[PY_SHAPE_CODE] = py_code_visit,
	[PY_SHAPE_FRAME] = py_frame_visit,
	[PY_SHAPE_GENERATOR] = py_generator_visit,
	[PY_SHAPE_COROUTINE] = py_generator_visit,
	[PY_SHAPE_ASYNC_GENERATOR] = py_generator_visit,
	[PY_SHAPE_EXCEPTION] = visit_nothing, /* fields */
	[PY_SHAPE_WEAKREF] = visit_nothing,   /* fields */
	[PY_SHAPE_DEQUE] = py_deque_visit,
	[PY_SHAPE_LRU_CACHE] = py_lru_cache_visit,
	[PY_SHAPE_ARRAY] = py_array_visit,
	[PY_SHAPE_MEMORYVIEW] = py_memoryview_visit,
	[PY_SHAPE_MANAGED_BUFFER] = visit_nothing, /* fields */
	[PY_SHAPE_FUTURE] = py_future_visit,
	[PY_SHAPE_TASK] = py_task_visit,
	[PY_SHAPE_HAMT_BITMAP] = py_hamt_visit,
	[PY_SHAPE_HAMT_ARRAY] = py_hamt_visit,
	[PY_SHAPE_HAMT_COLLISION] = py_hamt_visit,
	[PY_SHAPE_ELEMENT] = py_element_visit,
	[PY_SHAPE_SIMPLE_QUEUE] = py_simple_queue_visit,
	[PY_SHAPE_TEE_DATA] = py_tee_data_visit,
	[PY_SHAPE_DATETIME] = py_datetime_visit,
	[PY_SHAPE_TIME] = py_datetime_visit,
	[PY_SHAPE_DECIMAL] = py_block_visit,
	[PY_SHAPE_BUFFERED] = py_block_visit,
	[PY_SHAPE_BYTESIO] = visit_nothing, /* fields */
	[PY_SHAPE_STRINGIO] = py_block_visit,
	[PY_SHAPE_COMBINATIONS] = py_block_visit,
	[PY_SHAPE_PERMUTATIONS] = visit_nothing,  /* fields */
	[PY_SHAPE_PRODUCT] = visit_nothing,       /* fields */
	[PY_SHAPE_STRUCT_FORMAT] = visit_nothing, /* fields */
	[PY_SHAPE_PICKLER] = py_pickler_visit,
	[PY_SHAPE_UNPICKLER] = py_unpickler_visit,
	[PY_SHAPE_XML_PARSER] = py_xml_parser_visit,
	[PY_SHAPE_STATEMENT_CACHE] = py_statement_cache_visit,
	[PY_SHAPE_C_FUNCTION] = py_c_function_visit,
	[PY_SHAPE_CAPSULE] = py_capsule_visit,
	[PY_SHAPE_FIELDS] = visit_nothing,
};

enum decode py_tell_structs(struct python *python, const struct py_visitor *visitor,
                            const struct py_structs *structs, const char *name, unsigned int flags)
{
	const size_t size = structs->references * sizeof(uint64_t);
	uint64_t words[UINT8_MAX];

	for (uint64_t i = 0; i < structs->count; i++) {
		taddr address = structs->start + i * structs->words * sizeof(*words);
		const uint8_t *bytes = window_cache_view(python->memory, address, size);

		if (!bytes)
			return DECODE_FAULT;
		memcpy(words, bytes, size); /* whoever is told may read on */
		for (size_t k = 0; k < structs->references; k++) {
			if (name)
				py_tell(visitor, PY_REF_FIELD, flags, name, words[k]);
			else
				py_tell_number(visitor, PY_REF_INDEX, flags, i, words[k]);
		}
	}
	return DECODE_OK;
}

enum decode py_refs_visit(struct python *python, struct py_types *types,
                          const struct py_object *object, const struct py_visitor *visitor)
{
	const struct py_type *type = object->type;
	enum decode state;
	enum decode more;

	state = families[type->shape](python, types, object, visitor);
	if (type->fields) {
		more = py_fields_visit(python, types, object, visitor);
		state = more != DECODE_OK ? more : state;
	}
	if (type->opaque_from) {
		more = py_opaque_visit(python, types, object, visitor);
		state = more != DECODE_OK ? more : state;
	}
	if (type->has_instance_part) {
		more = py_instance_visit(python, types, object, visitor);
		state = more != DECODE_OK ? more : state;
	}
	return state;
}
