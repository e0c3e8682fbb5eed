/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Type objects, modules and functions: what holds a program's code together.
 *
 * Type objects: a heap type visits its dict, cache, mro, bases, base and
 * module (Objects/typeobject.c, type_traverse); its names, slots and
 * subclasses (weak references in a dict) it only owns. Static types are not
 * collected: everything they own is hidden. Since 3.12 a static builtin type
 * has its dict and subclasses not in itself but in each interpreter's state;
 * its tp_subclasses is then an index there, from 1.
 */
#include "runtime/py_families.h"

#include "runtime/py_dict.h"

enum {
	STATIC_TYPES_MAX = 512, /* more than any version has room for */
	MODULE_SIZE = 56,       /* PyModuleDef.m_size; Include/moduleobject.h */
	MODULE_STATE_MAX = 1 << 16,
	STATE_CHUNK = 64,
};

/* A row: where in a struct, its name, and flags for py_tell(). */
struct type_field {
	uint32_t offset;
	const char *name;
	enum py_ref_kind kind;
	unsigned int flags;
};

static void tell_type_fields(struct python *python, const struct py_object *object,
                             const struct py_visitor *visitor, const struct type_field *fields,
                             size_t count, unsigned int flags)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t value;

		if (py_has(fields[i].offset) &&
		    py_object_word(python, object, fields[i].offset, &value))
			py_tell(visitor, fields[i].kind, fields[i].flags | flags, fields[i].name,
			        value);
	}
}

/* The keys that instances share: they belong to the class. */
static enum decode tell_cached_keys(struct python *python, struct py_types *types,
                                    const struct py_object *object,
                                    const struct py_visitor *visitor)
{
	struct py_dict_table table;
	struct py_dict_iterator iterator;
	uint64_t keys;
	enum decode state;

	if (!py_object_word(python, object, python->layout.heap_type.ht_cached_keys, &keys))
		return DECODE_FAULT;
	if (!keys)
		return DECODE_OK;
	state = py_dict_table_read(python, types, keys, &table);
	if (state != DECODE_OK)
		return state;
	py_dict_iterator_init(&iterator, &table);
	while (py_dict_iterator_next(python, &iterator))
		py_tell(visitor, PY_REF_FIELD, PY_REF_HIDDEN, "ht_cached_keys", iterator.key);
	py_tell_storage(visitor, table.address, table.size);
	return iterator.state;
}

static enum decode visit_heap_type(struct python *python, struct py_types *types,
                                   const struct py_object *object, const struct py_visitor *visitor)
{
	const struct py_layout *layout = &python->layout;
	const struct type_field fields[] = {
		{layout->heap_type.ht_name, "__name__", PY_REF_ATTRIBUTE, PY_REF_HIDDEN},
		{layout->heap_type.ht_slots, "ht_slots", PY_REF_FIELD, PY_REF_HIDDEN},
		{layout->heap_type.ht_qualname, "__qualname__", PY_REF_ATTRIBUTE, PY_REF_HIDDEN},
		{layout->heap_type.ht_module, "ht_module", PY_REF_FIELD, 0},
		{layout->type.tp_subclasses, "tp_subclasses", PY_REF_FIELD, PY_REF_HIDDEN},
	};
	uint64_t dict;

	tell_type_fields(python, object, visitor, fields, sizeof(fields) / sizeof(fields[0]), 0);
	if (py_object_word(python, object, layout->type.tp_dict, &dict))
		py_tell_ctypes_prototype(python, object, dict, visitor);
	return tell_cached_keys(python, types, object, visitor);
}

/* 3.12+: the entry of a static builtin type in one interpreter's state. */
static void tell_interpreter_part(struct python *python, const struct py_object *object,
                                  const struct py_visitor *visitor, taddr entries, uint64_t index)
{
	const struct py_layout *layout = &python->layout;
	taddr entry = entries + index * layout->static_type_state.size;
	taddr type = 0;
	taddr dict = 0;
	taddr subclasses = 0;

	if (!window_cache_u64(python->memory, entry + layout->static_type_state.type, &type) ||
	    type != object->address ||
	    !window_cache_u64(python->memory, entry + layout->static_type_state.tp_dict, &dict) ||
	    !window_cache_u64(python->memory, entry + layout->static_type_state.tp_subclasses,
	                      &subclasses))
		return;
	py_tell(visitor, PY_REF_FIELD, PY_REF_HIDDEN | PY_REF_NAMESPACE, "tp_dict", dict);
	py_tell(visitor, PY_REF_FIELD, PY_REF_HIDDEN, "tp_subclasses", subclasses);
}

static enum decode visit_static_type(struct python *python, const struct py_object *object,
                                     const struct py_visitor *visitor, uint64_t type_flags)
{
	const struct py_layout *layout = &python->layout;
	uint64_t subclasses;

	if (!py_object_word(python, object, layout->type.tp_subclasses, &subclasses))
		return DECODE_FAULT;
	if (python->minor < 12 || !(type_flags & PY_TYPE_STATIC_BUILTIN)) {
		py_tell(visitor, PY_REF_FIELD, PY_REF_HIDDEN, "tp_subclasses", subclasses);
		return DECODE_OK;
	}
	if (!subclasses || subclasses > STATIC_TYPES_MAX)
		return DECODE_OK;
	for (size_t i = 0; i < python->interpreter_count; i++) {
		taddr interpreter = python->interpreters[i];

		tell_interpreter_part(python, object, visitor,
		                      interpreter + layout->interpreter.types_builtins,
		                      subclasses - 1);
		if (py_has(layout->interpreter.types_for_extensions))
			tell_interpreter_part(python, object, visitor,
			                      interpreter +
			                              layout->interpreter.types_for_extensions,
			                      subclasses - 1);
	}
	return DECODE_OK;
}

enum decode py_type_visit(struct python *python, struct py_types *types,
                          const struct py_object *object, const struct py_visitor *visitor)
{
	const struct py_layout *layout = &python->layout;
	const struct type_field fields[] = {
		{layout->type.tp_base, "__base__", PY_REF_ATTRIBUTE, 0},
		{layout->type.tp_dict, "tp_dict", PY_REF_FIELD, PY_REF_NAMESPACE},
		{layout->type.tp_bases, "__bases__", PY_REF_ATTRIBUTE, 0},
		{layout->type.tp_mro, "__mro__", PY_REF_ATTRIBUTE, 0},
		{layout->type.tp_cache, "tp_cache", PY_REF_FIELD, 0},
	};
	uint64_t type_flags;
	bool is_heap;

	if (!py_object_word(python, object, layout->type.tp_flags, &type_flags))
		return DECODE_FAULT;
	is_heap = type_flags & PY_TYPE_HEAP;
	tell_type_fields(python, object, visitor, fields, sizeof(fields) / sizeof(fields[0]),
	                 is_heap ? 0 : PY_REF_HIDDEN);
	if (is_heap)
		return visit_heap_type(python, types, object, visitor);
	return visit_static_type(python, object, visitor, type_flags);
}

enum decode py_type_size(struct python *python, struct py_types *types,
                         const struct py_object *object, uint64_t *ret)
{
	const struct py_layout *layout = &python->layout;
	struct py_dict_table table;
	uint64_t type_flags;
	uint64_t keys;
	enum decode state;

	if (!py_object_word(python, object, layout->type.tp_flags, &type_flags))
		return DECODE_FAULT;
	if (!(type_flags & PY_TYPE_HEAP)) {
		*ret = layout->type.size;
		return DECODE_OK;
	}
	state = py_ctypes_type_size(python, types, object, ret);
	if (state != DECODE_UNKNOWN)
		return state;
	if (!py_object_word(python, object, layout->heap_type.ht_cached_keys, &keys))
		return DECODE_FAULT;
	if (!keys) {
		*ret = layout->heap_type.size;
		return DECODE_OK;
	}
	state = py_dict_table_read(python, types, keys, &table);
	if (state == DECODE_OK)
		*ret = layout->heap_type.size + table.size;
	return state;
}

/* How many bytes of state a module of C has; 0: none, or not to be known. */
static uint64_t module_state_size(struct python *python, const struct py_object *object)
{
	const struct py_layout *layout = &python->layout;
	uint64_t size = 0;
	uint64_t definition = 0;

	if (py_has(layout->module.md_state_size)) {
		if (!py_object_word(python, object, layout->module.md_state_size, &size))
			return 0;
	} else if (!py_has(layout->module.md_def) ||
	           !py_object_word(python, object, layout->module.md_def, &definition) ||
	           !definition ||
	           !window_cache_u64(python->memory, definition + MODULE_SIZE, &size)) {
		return 0;
	}
	return size <= MODULE_STATE_MAX ? size : 0;
}

/*
 * The state of a module is a C struct that only its traverse function knows:
 * what looks like a reference in there is told as such.
 */
static enum decode tell_module_state(struct python *python, const struct py_visitor *visitor,
                                     taddr state, uint64_t size)
{
	uint64_t words[STATE_CHUNK];

	py_tell_storage(visitor, state, size);
	for (uint64_t first = 0; first < size / 8; first += STATE_CHUNK) {
		uint64_t left = size / 8 - first;
		size_t count = left < STATE_CHUNK ? (size_t)left : STATE_CHUNK;

		if (!window_cache_read(python->memory, state + first * 8, words, count * 8))
			return DECODE_FAULT;
		for (size_t i = 0; i < count; i++)
			if (py_may_be_reference(words[i]))
				py_tell_number(visitor, PY_REF_CONSERVATIVE, 0, first + i,
				               words[i]);
	}
	return DECODE_OK;
}

enum decode py_module_visit(struct python *python, struct py_types *types,
                            const struct py_object *object, const struct py_visitor *visitor)
{
	const struct py_layout *layout = &python->layout;
	uint64_t name = 0;
	uint64_t state = 0;
	uint64_t definition = 0;
	enum decode found;

	(void)types;
	if (!py_object_word(python, object, layout->module.md_name, &name) ||
	    !py_object_word(python, object, layout->module.md_state, &state))
		return DECODE_FAULT;
	if (py_has(layout->module.md_def) &&
	    py_object_word(python, object, layout->module.md_def, &definition))
		py_tell(visitor, PY_REF_FIELD, PY_REF_HIDDEN, "md_def", definition);
	py_tell(visitor, PY_REF_FIELD, PY_REF_HIDDEN, "md_name", name);
	if (!state)
		return DECODE_OK;
	found = py_tell_atexit(python, definition, state, visitor);
	if (found != DECODE_OK)
		return found;
	return tell_module_state(python, visitor, state, module_state_size(python, object));
}
