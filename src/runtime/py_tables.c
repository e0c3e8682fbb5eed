/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types of extension modules that own tables of C: the memos of picklers, the
 * handlers of XML parsers, what ctypes keeps beside the dict of a type (until
 * 3.12), what atexit will call (until 3.9). Their plain references are in
 * py_fields_library.c; offsets were read off the DWARF of 3.8 to 3.15.
 */
#include "runtime/py_families.h"

enum {
	/* PicklerObject, PyMemoTable (Modules/_pickle.c) */
	PICKLER_MEMO = 16,
	MEMO_HEAD_SIZE = 32,
	MEMO_ALLOCATED = 16,
	MEMO_TABLE = 24,
	MEMO_ENTRY_WORDS = 2,
	/* UnpicklerObject: five sizes, which differ in what lies before and behind these groups */
	UNPICKLER_MEMO = 24,
	UNPICKLER_MEMO_SIZE = 32,
	INPUT_LINE_AFTER_VIEW = 80, /* from the view's obj on */
	ENCODING_AFTER_BUFFERS = 8, /* from buffers on */
	ERRORS_AFTER_BUFFERS = 16,
	MARKS_AFTER_BUFFERS = 24,
	MARKS_SIZE_AFTER_BUFFERS = 40,
	/* xmlparseobject (Modules/pyexpat.c): the last word; 3.8 to 3.15 know as many kinds */
	XML_HANDLERS = 22,
	/* StgDictObject (Modules/_ctypes/ctypes.h) */
	STG_DICT_SIZE = 192,
	STG_LENGTH = 64,
	STG_ELEMENTS = 88,
	STG_PROTO = 96,
	STG_FORMAT = 168,
	STG_DIMENSIONS = 176,
	/* StgInfo, since 3.13 behind the struct of the type, which is aligned; 3.14 added a word */
	INFO_LENGTH = 24,
	INFO_ELEMENTS = 48,
	INFO_FORMAT = 136,
	INFO_DIMENSIONS = 144,
	INFO_ADDED_BY_14 = 8,
	MEMBER_SIZE = 40, /* PyMemberDef: the items of a type are its __slots__ */
	METATYPES_MAX = 8,
	/* PyModuleDef, atexitmodule_state (Modules/atexitmodule.c) */
	MODULE_NAME = 40,
	ATEXIT_CALLBACK_WORDS = 3,
	ATEXIT_CALLBACKS_MAX = 1 << 16,
	STRING_MAX = 1 << 12,
};

static const uint64_t MAX_ENTRIES = UINT64_C(1) << 32;

/* Since 3.11.7 and 3.12.1 the collector sees the memo (CPython's issue 85594). */
static unsigned int memo_flags(const struct python *python)
{
	if (python->minor <= 10)
		return PY_REF_HIDDEN;
	return python->minor <= 12 ? PY_REF_UNSURE : 0;
}

enum decode py_pickler_visit(struct python *python, struct py_types *types,
                             const struct py_object *object, const struct py_visitor *visitor)
{
	uint64_t memo;
	struct py_structs entries = {.words = MEMO_ENTRY_WORDS, .references = 1};

	(void)types;
	if (!py_object_word(python, object, PICKLER_MEMO, &memo))
		return DECODE_FAULT;
	if (!memo)
		return DECODE_OK;
	if (!window_cache_u64(python->memory, memo + MEMO_ALLOCATED, &entries.count) ||
	    !window_cache_u64(python->memory, memo + MEMO_TABLE, &entries.start))
		return DECODE_FAULT;
	if (entries.count > MAX_ENTRIES)
		return DECODE_TORN;
	py_tell_storage(visitor, memo, MEMO_HEAD_SIZE);
	py_tell_storage(visitor, entries.start, entries.count * MEMO_ENTRY_WORDS * 8);
	return py_tell_structs(python, visitor, &entries, "memo", memo_flags(python));
}

enum decode py_unpickler_visit(struct python *python, struct py_types *types,
                               const struct py_object *object, const struct py_visitor *visitor)
{
	struct py_structs memo = {.words = 1, .references = 1};

	(void)types;
	if (!py_object_word(python, object, UNPICKLER_MEMO, &memo.start) ||
	    !py_object_word(python, object, UNPICKLER_MEMO_SIZE, &memo.count))
		return DECODE_FAULT;
	if (!memo.start)
		return DECODE_OK;
	if (memo.count > MAX_ENTRIES)
		return DECODE_TORN;
	py_tell_storage(visitor, memo.start, memo.count * 8);
	return py_tell_structs(python, visitor, &memo, "memo", memo_flags(python));
}

enum decode py_xml_parser_visit(struct python *python, struct py_types *types,
                                const struct py_object *object, const struct py_visitor *visitor)
{
	struct py_structs handlers = {.count = XML_HANDLERS, .words = 1, .references = 1};

	(void)types;
	if (!py_object_word(python, object, object->type->basicsize - 8, &handlers.start))
		return DECODE_FAULT;
	if (!handlers.start)
		return DECODE_OK;
	py_tell_storage(visitor, handlers.start, XML_HANDLERS * 8);
	return py_tell_structs(python, visitor, &handlers, "handlers", 0);
}

/* Bytes of a C string with its end; 0: there is none. */
static uint64_t string_size(struct python *python, taddr address)
{
	char text[STRING_MAX];

	if (!address || !window_cache_string(python->memory, address, text, sizeof(text)))
		return 0;
	return strlen(text) + 1;
}

/* Where the struct of the object has the member of that name: its type has a row of it. */
static int64_t member_offset(const struct py_object *object, const char *name)
{
	for (const struct py_field *field = object->type->fields; field->name; field++)
		if (!strcmp(field->name, name))
			return field->offset;
	return 0;
}

static enum decode pickler_size(struct python *python, const struct py_object *object,
                                uint64_t *ret)
{
	uint64_t memo;
	uint64_t output;
	uint64_t allocated = 0;
	uint64_t length = 0;

	if (!py_object_word(python, object, PICKLER_MEMO, &memo) ||
	    !py_object_word(python, object, member_offset(object, "output_buffer"), &output) ||
	    (memo && !window_cache_u64(python->memory, memo + MEMO_ALLOCATED, &allocated)) ||
	    (output && !window_cache_u64(python->memory, output + 16, &length)))
		return DECODE_FAULT;
	if (allocated > MAX_ENTRIES || length >> 44)
		return DECODE_TORN;
	*ret = (memo ? MEMO_HEAD_SIZE : 0) + allocated * MEMO_ENTRY_WORDS * 8;
	if (output)
		*ret += python->layout.bytes.ob_sval + 1 + length;
	return DECODE_OK;
}

static enum decode unpickler_size(struct python *python, const struct py_object *object,
                                  uint64_t *ret)
{
	int64_t buffers = member_offset(object, "buffers");
	const int64_t strings[] = {member_offset(object, "buffer.obj") + INPUT_LINE_AFTER_VIEW,
	                           buffers + ENCODING_AFTER_BUFFERS,
	                           buffers + ERRORS_AFTER_BUFFERS};
	uint64_t memo;
	uint64_t memo_size;
	uint64_t marks;
	uint64_t marks_size;
	uint64_t size;

	if (!py_object_word(python, object, UNPICKLER_MEMO, &memo) ||
	    !py_object_word(python, object, UNPICKLER_MEMO_SIZE, &memo_size) ||
	    !py_object_word(python, object, buffers + MARKS_AFTER_BUFFERS, &marks) ||
	    !py_object_word(python, object, buffers + MARKS_SIZE_AFTER_BUFFERS, &marks_size))
		return DECODE_FAULT;
	if (memo_size > MAX_ENTRIES || marks_size > MAX_ENTRIES)
		return DECODE_TORN;
	size = (memo ? memo_size * 8 : 0) + (marks ? marks_size * 8 : 0);
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		uint64_t address;

		if (!py_object_word(python, object, strings[i], &address))
			return DECODE_FAULT;
		size += string_size(python, address);
	}
	*ret = size;
	return DECODE_OK;
}

enum decode py_tables_size(struct python *python, const struct py_object *object, uint64_t *ret)
{
	uint64_t extra;
	enum decode state;

	if (object->type->shape == PY_SHAPE_PICKLER)
		state = pickler_size(python, object, &extra);
	else
		state = unpickler_size(python, object, &extra);
	if (state == DECODE_OK)
		*ret = (uint64_t)object->type->basicsize + extra;
	return state;
}

/* Where the object of a type of ctypes says what its instances are like. */
struct c_type_places {
	int64_t length;
	int64_t elements;
	int64_t format;
	int64_t dimensions;
};

/* What that has on the heap: the format, the shape, the types of the elements with an end. */
static enum decode c_type_size(struct python *python, const struct py_object *object,
                               struct c_type_places at, uint64_t *ret)
{
	uint64_t length;
	uint64_t elements;
	uint64_t format;
	uint32_t dimensions;

	if (!py_object_word(python, object, at.length, &length) ||
	    !py_object_word(python, object, at.elements, &elements) ||
	    !py_object_word(python, object, at.format, &format) ||
	    !py_object_read(python, object, at.dimensions, &dimensions, sizeof(dimensions)))
		return DECODE_FAULT;
	if (length > MAX_ENTRIES)
		return DECODE_TORN;
	*ret = string_size(python, format) + (uint64_t)dimensions * 8 +
	       (elements ? (length + 1) * 8 : 0);
	return DECODE_OK;
}

/* The dict of a C type counts its own part twice: once as the basic size of a dict. */
enum decode py_ctypes_dict_size(struct python *python, struct py_types *types,
                                const struct py_object *object, uint64_t *ret)
{
	const struct c_type_places places = {STG_LENGTH, STG_ELEMENTS, STG_FORMAT, STG_DIMENSIONS};
	uint64_t size;
	uint64_t more;
	enum decode state = py_dict_size(python, types, object, &size);

	if (state == DECODE_OK)
		state = c_type_size(python, object, places, &more);
	if (state != DECODE_OK)
		return state;
	*ret = size + (STG_DICT_SIZE - python->layout.dict.size) + more;
	return DECODE_OK;
}

static bool is_type_of_ctypes(struct py_types *types, const struct py_type *metatype)
{
	for (int i = 0; metatype && i < METATYPES_MAX; i++) {
		if (!strcmp(metatype->name, "_ctypes.CType_Type"))
			return true;
		metatype = metatype->base ? py_types_get(types, metatype->base) : NULL;
	}
	return false;
}

enum decode py_ctypes_type_size(struct python *python, struct py_types *types,
                                const struct py_object *object, uint64_t *ret)
{
	int64_t info = (python->layout.heap_type.size + 15) & ~INT64_C(15);
	int64_t added = python->minor >= 14 ? INFO_ADDED_BY_14 : 0;
	const struct c_type_places places = {info + INFO_LENGTH, info + INFO_ELEMENTS,
	                                     info + INFO_FORMAT + added,
	                                     info + INFO_DIMENSIONS + added};
	enum decode state = DECODE_OK;
	uint64_t more = 0;
	uint64_t slots;
	uint32_t is_initialized;

	if (python->minor < 13 || !is_type_of_ctypes(types, object->type))
		return DECODE_UNKNOWN;
	if (!py_object_word(python, object, 16, &slots) ||
	    !py_object_read(python, object, info, &is_initialized, sizeof(is_initialized)))
		return DECODE_FAULT;
	if (slots > MAX_ENTRIES)
		return DECODE_TORN;
	if (is_initialized)
		state = c_type_size(python, object, places, &more);
	if (state == DECODE_OK)
		*ret = (uint64_t)object->type->basicsize + slots * MEMBER_SIZE + more;
	return state;
}

/* Until 3.12 some metatypes of ctypes visit what a C type is of: a word of its dict. */
void py_tell_ctypes_prototype(struct python *python, const struct py_object *object, taddr dict,
                              const struct py_visitor *visitor)
{
	static const char *const visiting[] = {"_ctypes.PyCStructType", "_ctypes.UnionType",
	                                       "_ctypes.PyCPointerType", "_ctypes.PyCFuncPtrType"};
	uint64_t prototype;

	if (python->minor > 12 || !dict)
		return;
	for (size_t i = 0; i < sizeof(visiting) / sizeof(visiting[0]); i++)
		if (!strcmp(object->type->name, visiting[i]) &&
		    window_cache_u64(python->memory, dict + STG_PROTO, &prototype))
			py_tell(visitor, PY_REF_FIELD, 0, "proto", prototype);
}

/* Until 3.9 the functions to be called at the end are in the state of the module. */
enum decode py_tell_atexit(struct python *python, taddr definition, taddr state,
                           const struct py_visitor *visitor)
{
	taddr name;
	char text[sizeof("atexit") + 1];
	taddr callbacks;
	uint32_t count;

	if (python->minor > 9 || !definition ||
	    !window_cache_u64(python->memory, definition + MODULE_NAME, &name) ||
	    !window_cache_string(python->memory, name, text, sizeof(text)) ||
	    strcmp(text, "atexit") != 0)
		return DECODE_OK;
	if (!window_cache_u64(python->memory, state, &callbacks) ||
	    !window_cache_u32(python->memory, state + 8, &count))
		return DECODE_FAULT;
	if (count > ATEXIT_CALLBACKS_MAX)
		return DECODE_TORN;
	for (uint32_t i = 0; i < count; i++) {
		struct py_structs callback = {.count = 1,
		                              .words = ATEXIT_CALLBACK_WORDS,
		                              .references = ATEXIT_CALLBACK_WORDS};
		enum decode told;

		if (!window_cache_u64(python->memory, callbacks + (uint64_t)i * 8, &callback.start))
			return DECODE_FAULT;
		if (!callback.start)
			continue;
		told = py_tell_structs(python, visitor, &callback, "atexit_callbacks", 0);
		if (told != DECODE_OK)
			return told;
	}
	return DECODE_OK;
}
