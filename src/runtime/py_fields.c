/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The field tables, resolved for one version when the registry is made: each
 * type's rows become an array that instances are read by.
 */
#include "runtime/py_fields.h"

#include "runtime/py_families.h"
#include "runtime/py_type_registry.h"

#include <stdlib.h>

static const uint64_t BLOCK_STRUCTS_MAX = UINT64_C(1) << 32;

struct resolved_type {
	const char *name;
	uint32_t size; /* 0: any */
	bool is_of_library;
	struct py_field *fields;
};

struct py_fields_table {
	struct resolved_type *types;
	size_t count;
};

static uint32_t layout_value(const struct python *python, uint16_t where)
{
	uint32_t value;

	memcpy(&value, (const char *)&python->layout + where, sizeof(value));
	return value;
}

static bool is_of_version(const struct python *python, uint8_t since, uint8_t until)
{
	return python->minor >= since && python->minor <= until;
}

static struct py_field *resolve_rows(const struct python *python, const struct py_field_row *rows)
{
	struct py_field *fields;
	size_t count = 0;

	while (rows[count].name)
		count++;
	fields = calloc(count + 1, sizeof(*fields));
	if (!fields)
		return NULL;
	count = 0;
	for (; rows->name; rows++) {
		uint32_t offset = rows->offset;

		if (rows->flags & PY_FIELD_IN_LAYOUT)
			offset = layout_value(python, rows->offset);
		if (!py_has(offset) || !is_of_version(python, rows->since, rows->until))
			continue;
		fields[count++] = (struct py_field){
			.offset = offset,
			.name = rows->name,
			.is_attribute = rows->flags & PY_FIELD_ATTRIBUTE,
			.is_hidden = rows->flags & PY_FIELD_HIDDEN,
			.is_weak = rows->flags & PY_FIELD_WEAK,
			.is_unsure = rows->flags & PY_FIELD_UNSURE,
			.block = rows->block,
			.is_in_wake = rows->flags & PY_FIELD_IN_WAKE,
		};
	}
	return fields;
}

static bool add_type(const struct python *python, struct py_fields_table *table,
                     const struct py_fields_type *type, bool is_of_library)
{
	struct resolved_type *resolved = &table->types[table->count];
	uint32_t size = type->size;

	if (!is_of_version(python, type->since, type->until))
		return true;
	if (type->is_size_in_layout)
		size = layout_value(python, type->size);
	if (!py_has(size))
		return true;
	resolved->name = type->type;
	resolved->size = size;
	resolved->is_of_library = is_of_library;
	resolved->fields = resolve_rows(python, type->rows);
	table->count++;
	return resolved->fields != NULL;
}

struct py_fields_table *py_fields_new(const struct python *python)
{
	const struct py_fields_type *const groups[] = {py_fields_core, py_fields_exceptions,
	                                               py_fields_iterators, py_fields_library};
	struct py_fields_table *table = calloc(1, sizeof(*table));
	size_t count = 0;
	bool is_complete = true;

	if (!table)
		return NULL;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		for (const struct py_fields_type *type = groups[i]; type->type; type++)
			count++;
	table->types = calloc(count + 1, sizeof(*table->types));
	is_complete = table->types != NULL;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		for (const struct py_fields_type *type = groups[i]; type->type; type++)
			is_complete = is_complete &&
			              add_type(python, table, type, groups[i] == py_fields_library);
	if (!is_complete) {
		py_fields_free(table);
		return NULL;
	}
	return table;
}

void py_fields_free(struct py_fields_table *table)
{
	if (!table)
		return;
	for (size_t i = 0; table->types && i < table->count; i++)
		free(table->types[i].fields);
	free(table->types);
	free(table);
}

const struct py_field *py_fields_find(const struct py_fields_table *table, const char *name,
                                      int64_t basicsize, bool is_ours)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct resolved_type *type = &table->types[i];

		if ((is_ours || (type->is_of_library && type->size)) && !strcmp(type->name, name) &&
		    (!type->size || type->size == basicsize))
			return type->fields;
	}
	return NULL;
}

static enum decode read_count(struct python *python, const struct py_object *object, uint16_t where,
                              uint64_t otherwise, uint64_t *ret)
{
	*ret = otherwise;
	if (where && !py_object_word(python, object, where, ret))
		return DECODE_FAULT;
	return *ret > BLOCK_STRUCTS_MAX ? DECODE_TORN : DECODE_OK;
}

static enum decode visit_block(struct python *python, const struct py_object *object,
                               const struct py_field *field, unsigned int flags,
                               const struct py_visitor *visitor)
{
	const struct py_field_block *block = field->block;
	struct py_structs structs = {
		.start = object->address + field->offset,
		.words = block->words,
		.references = block->references,
	};
	uint64_t room;
	enum decode state = read_count(python, object, block->count_at, 1, &structs.count);

	if (state == DECODE_OK)
		state = read_count(python, object, block->room_at, structs.count, &room);
	if (state != DECODE_OK)
		return state;
	if (structs.count > room)
		return DECODE_TORN;
	if (!block->is_inside) {
		if (!window_cache_u64(python->memory, structs.start, &structs.start))
			return DECODE_FAULT;
		if (!structs.start)
			return DECODE_OK;
		py_tell_storage(visitor, structs.start, room * block->words * 8);
	}
	return py_tell_structs(python, visitor, &structs, field->name, flags);
}

enum decode py_fields_visit(struct python *python, struct py_types *types,
                            const struct py_object *object, const struct py_visitor *visitor)
{
	enum decode state = DECODE_OK;

	(void)types;
	for (const struct py_field *field = object->type->fields; field->name; field++) {
		enum py_ref_kind kind = field->is_attribute ? PY_REF_ATTRIBUTE : PY_REF_FIELD;
		unsigned int flags = field->is_unsure ? PY_REF_UNSURE : 0;
		uint64_t before = 1;
		uint64_t value;

		if (field->is_hidden || !object->type->is_gc)
			flags |= PY_REF_HIDDEN;
		if (field->block) {
			enum decode of_block = visit_block(python, object, field, flags, visitor);

			state = of_block != DECODE_OK ? of_block : state;
			continue;
		}
		if (!py_object_word(python, object, field->offset, &value) ||
		    (field->is_in_wake &&
		     !py_object_word(python, object, field->offset - (int64_t)sizeof(before),
		                     &before))) {
			state = DECODE_FAULT;
			continue;
		}
		if (!before)
			continue;
		if (field->is_weak)
			kind = PY_REF_WEAK;
		py_tell(visitor, kind, flags, field->name, value);
	}
	return state;
}
