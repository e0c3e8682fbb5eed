/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One type object, decoded once: names, sizes, where its instances keep their
 * attributes, and their shape.
 *
 * A class made by a class statement is told from a C type by where its
 * tp_name points: type_new() and type.__name__ let it point into the UTF-8
 * of ht_name (Objects/typeobject.c), which no type made from C does. Such a
 * class adds nothing to the C struct but slots, a dict and a list of weak
 * references, so it has its base's shape, whatever it is called.
 *
 * A C type has the shape that py_shapes.c or py_fields.c know for its name,
 * if it is of their size; else its base's if it adds nothing to the struct,
 * else it is opaque.
 */
#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "runtime/py_dict.h"
#include "runtime/py_refs.h"
#include "runtime/py_type_registry.h"

#include <stdlib.h>

enum {
	MEMBER_SIZE = 40,        /* PyMemberDef */
	MEMBER_OBJECT = 6,       /* T_OBJECT */
	MEMBER_OBJECT_EX = 16,   /* T_OBJECT_EX */
	MEMBER_AFTER_ITEMS = 16, /* of the flags: _Py_AFTER_ITEMS, from 3.15 on */
	KEYS_MAX = 64,           /* SHARED_KEYS_MAX_SIZE is 30: Include/internal/pycore_dict.h */
	ITEMS_LIMIT = 1 << 16,
};

/* A name of C at address; NULL: none, or too long for one. The caller frees it. */
static char *read_c_name(struct python *python, taddr address)
{
	char name[PY_TYPE_NAME_MAX + 2]; /* a name with its end, and room to be too long */
	char *copy;

	if (!address || !window_cache_string(python->memory, address, name, sizeof(name)) ||
	    strlen(name) > PY_TYPE_NAME_MAX)
		return NULL;
	copy = strdup(name);
	if (!copy)
		window_cache_no_memory(python->memory);
	return copy;
}

static uint64_t load_word(const uint8_t *bytes, uint32_t offset)
{
	uint64_t value = 0;

	if (py_has(offset))
		memcpy(&value, bytes + offset, sizeof(value));
	return value;
}

/* Does the UTF-8 of the str at address start at characters? */
static bool is_text_of(struct python *python, taddr string, taddr characters)
{
	const struct py_layout *layout = &python->layout;
	taddr utf8 = 0;

	if (!string)
		return false;
	if (characters == string + layout->ascii.size)
		return true;
	return window_cache_u64(python->memory, string + layout->compact_unicode.utf8, &utf8) &&
	       utf8 == characters;
}

/* The part of a dotted name after its last dot. */
static const char *last_part(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot ? dot + 1 : name;
}

static char *text_up_to(const char *text, size_t length)
{
	char *copy = malloc(length + 1);

	if (!copy)
		return NULL;
	memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

/* "module.qualified name", the bare name for builtins or without a module. */
static char *full_name(const char *module, const char *name)
{
	struct text text;

	text_init(&text);
	if (*module && strcmp(module, "builtins") != 0)
		text_printf(&text, "%s.", module);
	text_append(&text, name);
	return text_take(&text);
}

/*
 * Static types: all is in tp_name. Heap types: ht_qualname, and __module__
 * of the dict (Objects/typeobject.c, type_module).
 */
static bool read_names(struct py_types *types, struct py_type *type, const uint8_t *bytes,
                       const char *c_name)
{
	struct python *python = types->python;
	const struct py_layout *layout = &python->layout;
	_cleanup_free_ char *qualified = NULL;
	_cleanup_free_ char *module = NULL;
	const char *last = last_part(c_name);

	if (type->flags & PY_TYPE_HEAP) {
		taddr dict = load_word(bytes, layout->type.tp_dict);
		taddr name = 0;

		if (window_cache_u64(python->memory, type->address + layout->heap_type.ht_qualname,
		                     &name) &&
		    name)
			qualified = py_string_utf8(python, name, PY_TYPE_NAME_MAX);
		name = dict ? py_dict_get(python, types, dict, "__module__") : 0;
		module = name ? py_string_utf8(python, name, PY_TYPE_NAME_MAX) : strdup("");
	}
	if (!module && last > c_name)
		module = text_up_to(c_name, (size_t)(last - 1 - c_name));
	else if (!module)
		module = strdup(type->flags & PY_TYPE_HEAP ? "" : "builtins");
	if (!module)
		return window_cache_no_memory(python->memory);
	type->name = full_name(module, qualified ? qualified : last);
	type->module = take_ptr(module);
	return type->name || window_cache_no_memory(python->memory);
}

static bool add_member(struct py_types *types, struct py_type *type, size_t *capacity, char *name,
                       uint32_t offset, bool is_after_items)
{
	if (!types->members_left)
		return false;
	if (!array_reserve(&type->members, capacity, type->member_count + 1,
	                   sizeof(*type->members)))
		return window_cache_no_memory(types->python->memory);
	types->members_left--;
	type->members[type->member_count++] = (struct py_member){
		.name = name, .offset = offset, .is_after_items = is_after_items};
	return true;
}

static bool copy_members(struct py_types *types, struct py_type *type, size_t *capacity,
                         const struct py_type *base)
{
	for (size_t i = 0; i < base->member_count; i++) {
		char *name = strdup(base->members[i].name);

		if (!name)
			return window_cache_no_memory(types->python->memory);
		if (!add_member(types, type, capacity, name, base->members[i].offset,
		                base->members[i].is_after_items)) {
			free(name);
			return false;
		}
	}
	return true;
}

/* The members of kind object that tp_members declares. */
static bool read_members(struct py_types *types, struct py_type *type, taddr definitions,
                         size_t *capacity)
{
	struct python *python = types->python;
	/* The members of a struct sequence are its items, behind the basic size. */
	uint64_t limit = type->shape == PY_SHAPE_TUPLE ? ITEMS_LIMIT : (uint64_t)type->basicsize;

	for (int i = 0; definitions && i < PY_TYPE_MEMBERS_MAX; i++) {
		uint8_t entry[MEMBER_SIZE];
		uint32_t kind;
		uint64_t offset;
		char *name;

		if (!window_cache_read(python->memory, definitions + (uint64_t)i * MEMBER_SIZE,
		                       entry, sizeof(entry)) ||
		    !load_word(entry, 0))
			return true;
		memcpy(&kind, entry + 8, sizeof(kind));
		offset = load_word(entry, 16);
		if ((kind != MEMBER_OBJECT && kind != MEMBER_OBJECT_EX) || offset < 16 ||
		    offset + 8 > limit)
			continue;
		name = read_c_name(python, load_word(entry, 0));
		if (!name)
			continue;
		if (!add_member(types, type, capacity, name, (uint32_t)offset,
		                entry[24] & MEMBER_AFTER_ITEMS)) {
			free(name);
			return false;
		}
	}
	return true;
}

/* The names of the attributes that instances without a dict have (3.11+). */
static bool read_cached_keys(struct py_types *types, struct py_type *type)
{
	struct py_dict_table table;
	struct py_dict_iterator iterator;
	size_t capacity = 0;

	if (!type->cached_keys || !(type->flags & PY_TYPE_MANAGED_DICT) ||
	    py_dict_table_read(types->python, types, type->cached_keys, &table) != DECODE_OK ||
	    table.entry_count > KEYS_MAX)
		return true;
	if (!array_reserve(&type->key_names, &capacity, (size_t)table.entry_count + 1,
	                   sizeof(*type->key_names)))
		return window_cache_no_memory(types->python->memory);
	memset(type->key_names, 0, capacity * sizeof(*type->key_names));
	type->key_count = (size_t)table.entry_count;
	py_dict_iterator_init(&iterator, &table);
	while (py_dict_iterator_next(types->python, &iterator))
		type->key_names[iterator.number] = iterator.key;
	return true;
}

static void set_dict_place(struct python *python, struct py_type *type)
{
	if (type->flags & PY_TYPE_MANAGED_DICT && python->minor >= 11)
		type->dict_place = PY_DICT_MANAGED;
	else if (type->dictoffset > 0 && type->dictoffset + 8 <= type->basicsize)
		type->dict_place = PY_DICT_AT_OFFSET;
	else if (type->dictoffset < 0)
		type->dict_place = PY_DICT_FROM_END;
}

static void set_prefix(struct python *python, struct py_type *type)
{
	uint32_t managed = 0;

	if (python->minor >= 11)
		managed |= PY_TYPE_MANAGED_DICT;
	if (python->minor >= 12)
		managed |= PY_TYPE_MANAGED_WEAKREF;
	type->prefix = (type->is_gc ? 16 : 0) + (type->flags & managed ? 16 : 0);
}

static void inherit_shape(struct py_type *type, const struct py_type *base)
{
	type->shape = base->shape;
	type->fields = base->fields;
	type->opaque_from = base->opaque_from;
	type->opaque_until = base->opaque_until;
	type->hides_words = type->is_gc && type->opaque_from && (base->hides_words || !base->is_gc);
}

/* A word more than the base has, and it is the dict or the weak references. */
static bool adds_only_places(const struct py_type *type, const struct py_type *base)
{
	int64_t added = type->basicsize - base->basicsize;
	int64_t explained = 0;

	if (type->dictoffset >= base->basicsize)
		explained += 8;
	if (type->weaklistoffset >= base->basicsize)
		explained += 8;
	return added == explained && type->itemsize == base->itemsize;
}

/* The table or decoder for the C type called name, if it is of the right size. */
static bool find_shape(struct py_types *types, struct py_type *type, const struct py_type *base,
                       const char *name)
{
	struct python *python = types->python;
	/* Bare names are the interpreter's own, but for a few old ones of the library. */
	bool is_ours = strchr(name, '.') || (type->address >= python->module_start &&
	                                     type->address < python->module_end);

	type->fields = py_fields_find(types->fields, name, type->basicsize, is_ours);
	if (py_shape_find(python, name, type->basicsize, is_ours, &type->shape)) {
		if (!type->fields && base && type->shape == base->shape)
			type->fields = base->fields;
		return true;
	}
	type->shape = PY_SHAPE_FIELDS;
	return type->fields != NULL;
}

/* May what a C type adds to the struct of its base be told apart from that? */
static bool extends(const struct py_type *type, const struct py_type *base)
{
	return base->shape != PY_SHAPE_OPAQUE && base->shape != PY_SHAPE_PLAIN &&
	       type->basicsize > base->basicsize &&
	       (!base->itemsize || base->shape == PY_SHAPE_TYPE);
}

static void set_shape(struct py_types *types, struct py_type *type, const struct py_type *base,
                      const char *c_name)
{
	if (type->has_python_slots && base) {
		inherit_shape(type, base);
		return;
	}
	if (find_shape(types, type, base, c_name))
		return;
	if (base && adds_only_places(type, base)) {
		inherit_shape(type, base);
		return;
	}
	/* From 3.13 on the basic size of a struct sequence has room for its unseen items. */
	if (base && base->shape == PY_SHAPE_TUPLE && type->itemsize == base->itemsize &&
	    types->python->minor >= 13) {
		inherit_shape(type, base);
		return;
	}
	type->opaque_until = (uint32_t)type->basicsize;
	if (base && extends(type, base)) {
		type->shape = base->shape;
		type->fields = base->fields;
		type->opaque_from = base->opaque_from ? base->opaque_from
		                                      : (uint32_t)base->basicsize;
		return;
	}
	type->shape = PY_SHAPE_OPAQUE;
	type->opaque_from = 16;
}

/*
 * Instances of heap types own a reference to their type; who visits it?
 * Types made from C do in their own tp_traverse since 3.9 (bpo-35810,
 * bpo-40217), if they have one of their own and do not forget it. Python
 * classes do, unless the nearest C type below them is a heap type with a
 * tp_traverse, which is left to do it (Objects/typeobject.c,
 * subtype_traverse); 3.8 has not that exception.
 */
static void set_type_reference(struct py_types *types, struct py_type *type,
                               const struct py_type *base, const char *c_name)
{
	unsigned int minor = types->python->minor;
	bool has_own_traverse = !base || type->traverse != base->traverse;

	type->type_reference = PY_TYPE_REFERENCE_VISITED;
	if (!(type->flags & PY_TYPE_HEAP))
		type->type_reference = PY_TYPE_NOT_REFERENCED;
	else if (!type->is_gc)
		type->type_reference = PY_TYPE_REFERENCE_HIDDEN;
	else if (type->has_python_slots && minor > 8 && base && base->is_gc &&
	         base->flags & PY_TYPE_HEAP)
		type->type_reference = base->type_reference;
	else if (!type->has_python_slots &&
	         (minor == 8 || py_shape_forgets_type(c_name) ||
	          (!has_own_traverse && base->type_reference != PY_TYPE_REFERENCE_VISITED)))
		type->type_reference = PY_TYPE_REFERENCE_HIDDEN;
}

static bool read_all(struct py_types *types, struct py_type *type, const struct py_type *base,
                     const uint8_t *bytes)
{
	struct python *python = types->python;
	const struct py_layout *layout = &python->layout;
	_cleanup_free_ char *c_name = NULL;
	taddr own_name = 0;
	size_t capacity = 0;

	c_name = read_c_name(python, type->name_address);
	if (!c_name)
		c_name = strdup("?");
	if (!c_name)
		return window_cache_no_memory(python->memory);
	if (type->flags & PY_TYPE_HEAP) {
		(void)window_cache_u64(python->memory, type->address + layout->heap_type.ht_name,
		                       &own_name);
		(void)window_cache_u64(python->memory,
		                       type->address + layout->heap_type.ht_cached_keys,
		                       &type->cached_keys);
		type->has_python_slots = is_text_of(python, own_name, type->name_address);
	}
	if (!read_names(types, type, bytes, c_name))
		return false;
	set_shape(types, type, base, c_name);
	set_dict_place(python, type);
	set_prefix(python, type);
	set_type_reference(types, type, base, c_name);
	if (base && (type->has_python_slots || type->shape == base->shape) &&
	    !copy_members(types, type, &capacity, base))
		return false;
	if (type->has_python_slots || type->opaque_from ||
	    (type->shape == PY_SHAPE_TUPLE && base && base->shape == PY_SHAPE_TUPLE))
		if (!read_members(types, type, load_word(bytes, layout->type.tp_members),
		                  &capacity))
			return false;
	type->has_instance_part = type->member_count || type->dict_place != PY_DICT_NONE ||
	                          type->type_reference;
	return read_cached_keys(types, type);
}

struct py_type *py_type_read(struct py_types *types, taddr address, const struct py_type *base)
{
	struct python *python = types->python;
	const struct py_layout *layout = &python->layout;
	struct py_type *type;
	uint8_t bytes[1024];

	if (layout->type.size > sizeof(bytes) ||
	    !window_cache_read(python->memory, address, bytes, layout->type.size))
		return NULL;
	type = calloc(1, sizeof(*type));
	if (!type) {
		window_cache_no_memory(python->memory);
		return NULL;
	}
	type->address = address;
	type->metatype = load_word(bytes, 8);
	type->base = base ? base->address : 0;
	type->name_address = load_word(bytes, layout->type.tp_name);
	type->flags = (uint32_t)load_word(bytes, layout->type.tp_flags);
	type->traverse = load_word(bytes, layout->type.tp_traverse);
	type->is_gc = type->flags & PY_TYPE_HAS_GC;
	type->basicsize = (int64_t)load_word(bytes, layout->type.tp_basicsize);
	type->itemsize = (int64_t)load_word(bytes, layout->type.tp_itemsize);
	type->dictoffset = (int64_t)load_word(bytes, layout->type.tp_dictoffset);
	type->weaklistoffset = (int64_t)load_word(bytes, layout->type.tp_weaklistoffset);
	if (!read_all(types, type, base, bytes)) {
		py_type_free(type);
		return NULL;
	}
	return type;
}

void py_type_free(struct py_type *type)
{
	if (!type)
		return;
	for (size_t i = 0; i < type->member_count; i++)
		free(type->members[i].name);
	free(type->members);
	free(type->key_names);
	free(type->name);
	free(type->module);
	free(type);
}
