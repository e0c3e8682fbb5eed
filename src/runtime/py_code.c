/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A code object is no container for the collector (it has no tp_traverse in
 * builds with a GIL), yet it owns its constants, names and tables: all its
 * references are hidden ones.
 *
 * Sources: Objects/codeobject.c (code_dealloc, code_sizeof), Include/cpython/
 * code.h, v3.8.18 to v3.15.0.
 */
#include "runtime/py_code.h"

#include "runtime/py_families.h"

enum {
	CODE_UNIT = 2,      /* bytes of an instruction */
	OPCACHE_ENTRY = 32, /* sizeof(_PyOpcache), 3.8 to 3.10 */
	VAR_SIZE = 16,      /* of ob_size in a var object */
	SLOT = 8,
	CO_GENERATOR = 0x20, /* Include/cpython/code.h */
	CO_COROUTINE = 0x80,
	CO_ASYNC_GENERATOR = 0x200,
};

/* A tuple's length; anything odd is no tuple. */
static bool tuple_length(struct python *python, taddr tuple, uint32_t *ret)
{
	uint64_t length;

	if (!tuple || !window_cache_u64(python->memory, tuple + VAR_SIZE, &length) ||
	    length > PY_CODE_SLOTS_MAX)
		return false;
	*ret = (uint32_t)length;
	return true;
}

static enum decode read_names(struct python *python, struct py_code *code)
{
	const uint32_t old[] = {python->layout.code.co_varnames, python->layout.code.co_cellvars,
	                        python->layout.code.co_freevars};
	const uint32_t merged[] = {python->layout.code.co_localsplusnames, PY_ABSENT, PY_ABSENT};
	const uint32_t *members = py_has(merged[0]) ? merged : old;

	for (size_t i = 0; i < PY_CODE_NAME_TUPLES; i++) {
		if (!py_has(members[i]))
			continue;
		if (!window_cache_u64(python->memory, code->address + members[i], &code->names[i]))
			return DECODE_FAULT;
		if (!tuple_length(python, code->names[i], &code->name_counts[i]))
			return DECODE_TORN;
	}
	return DECODE_OK;
}

enum decode py_code_read(struct python *python, taddr address, struct py_code *ret)
{
	const struct py_layout *layout = &python->layout;
	struct py_code code = {.address = address};
	uint32_t first_line;
	enum decode status;

	if (!window_cache_u32(python->memory, address + layout->code.co_stacksize, &code.stack) ||
	    !window_cache_u32(python->memory, address + layout->code.co_firstlineno, &first_line))
		return DECODE_FAULT;
	code.first_line = (int32_t)first_line;
	status = read_names(python, &code);
	if (status != DECODE_OK)
		return status;
	if (py_has(layout->code.co_nlocalsplus)) {
		if (!window_cache_u32(python->memory, address + layout->code.co_nlocalsplus,
		                      &code.locals))
			return DECODE_FAULT;
	} else {
		code.locals = code.name_counts[0] + code.name_counts[1] + code.name_counts[2];
	}
	if (code.locals > PY_CODE_SLOTS_MAX || code.stack > PY_CODE_SLOTS_MAX)
		return DECODE_TORN;
	*ret = code;
	return DECODE_OK;
}

bool py_code_makes_generator(struct python *python, const struct py_code *code)
{
	taddr address = code->address + python->layout.code.co_flags;
	uint32_t flags;

	return window_cache_u32(python->memory, address, &flags) &&
	       (flags & (CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR));
}

taddr py_code_local_name(struct python *python, const struct py_code *code, uint32_t slot)
{
	for (size_t i = 0; i < PY_CODE_NAME_TUPLES; i++) {
		taddr name;

		if (slot >= code->name_counts[i]) {
			slot -= code->name_counts[i];
			continue;
		}
		if (!window_cache_u64(python->memory,
		                      code->names[i] + python->layout.tuple.ob_item +
		                              (taddr)slot * SLOT,
		                      &name))
			return 0;
		return name;
	}
	return 0;
}

struct code_member {
	uint32_t offset;
	enum py_ref_kind kind;
	const char *name;
};

static void tell_members(struct python *python, const struct py_object *object,
                         const struct code_member *members, size_t count,
                         const struct py_visitor *visitor)
{
	for (size_t i = 0; i < count; i++) {
		taddr to;

		if (py_has(members[i].offset) &&
		    py_object_word(python, object, members[i].offset, &to))
			py_tell(visitor, members[i].kind, PY_REF_HIDDEN, members[i].name, to);
	}
}

/* 3.12+: objects that attributes of a code object made on demand. */
static void tell_cached(struct python *python, const struct py_object *object,
                        const struct py_visitor *visitor)
{
	const struct py_layout *layout = &python->layout;
	const struct code_member members[] = {
		{layout->code_cached.co_code, PY_REF_ATTRIBUTE, "co_code"},
		{layout->code_cached.co_varnames, PY_REF_ATTRIBUTE, "co_varnames"},
		{layout->code_cached.co_cellvars, PY_REF_ATTRIBUTE, "co_cellvars"},
		{layout->code_cached.co_freevars, PY_REF_ATTRIBUTE, "co_freevars"},
	};
	taddr cached;

	if (!py_has(layout->code.co_cached) || !py_has(layout->code_cached.size) ||
	    !py_object_word(python, object, layout->code.co_cached, &cached) || !cached)
		return;
	py_tell_storage(visitor, cached, layout->code_cached.size);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		taddr to;

		if (window_cache_u64(python->memory, cached + members[i].offset, &to))
			py_tell(visitor, members[i].kind, PY_REF_HIDDEN, members[i].name, to);
	}
}

/* The word of the code object at offset, 0 when there is none. */
static uint64_t word_of(struct python *python, const struct py_object *object, uint32_t offset)
{
	uint64_t word;

	if (!py_has(offset) || !py_object_word(python, object, offset, &word))
		return 0;
	return word;
}

/* Length of a var object that word points at; 0 when it cannot be. */
static uint64_t length_of(struct python *python, taddr address)
{
	uint64_t length;

	if (!address || !window_cache_u64(python->memory, address + VAR_SIZE, &length) ||
	    length > INT32_MAX)
		return 0;
	return length;
}

/* Bytes of each side table; what code_sizeof() counts, too. */
static uint64_t extra_size(struct python *python, const struct py_object *object)
{
	taddr extra = word_of(python, object, python->layout.code.co_extra);
	uint64_t count;

	if (!extra || !window_cache_u64(python->memory, extra, &count) || count > 1024)
		return 0;
	return SLOT + (count ? count : 1) * SLOT;
}

static uint64_t cell_to_argument_size(struct python *python, const struct py_object *object)
{
	if (!word_of(python, object, python->layout.code.co_cell2arg))
		return 0;
	return SLOT * length_of(python, word_of(python, object, python->layout.code.co_cellvars));
}

static uint64_t opcache_map_size(struct python *python, const struct py_object *object)
{
	if (!word_of(python, object, python->layout.code.co_opcache_map))
		return 0;
	return length_of(python, word_of(python, object, python->layout.code.co_code)) / CODE_UNIT;
}

static uint64_t opcache_size(struct python *python, const struct py_object *object)
{
	uint64_t word = word_of(python, object, python->layout.code.co_opcache_size);

	/* The member is an unsigned char. */
	if (!word_of(python, object, python->layout.code.co_opcache))
		return 0;
	return OPCACHE_ENTRY * (word & 0xff);
}

static void tell_side_tables(struct python *python, const struct py_object *object,
                             const struct py_visitor *visitor)
{
	const struct py_layout *layout = &python->layout;
	taddr zombie = word_of(python, object, layout->code.co_zombieframe);
	struct py_code code;

	py_tell_storage(visitor, word_of(python, object, layout->code.co_extra),
	                extra_size(python, object));
	py_tell_storage(visitor, word_of(python, object, layout->code.co_cell2arg),
	                cell_to_argument_size(python, object));
	py_tell_storage(visitor, word_of(python, object, layout->code.co_opcache_map),
	                opcache_map_size(python, object));
	py_tell_storage(visitor, word_of(python, object, layout->code.co_opcache),
	                opcache_size(python, object));
	/*
	 * 3.8 to 3.10: the memory of a dead frame, kept for the next call. It
	 * is no object while it lies here; a PyGC_Head of 16 bytes precedes it.
	 */
	if (zombie && py_code_read(python, object->address, &code) == DECODE_OK)
		py_tell_storage(visitor, zombie - 16,
		                16 + layout->frame.size +
		                        SLOT * ((uint64_t)code.locals + code.stack));
}

enum decode py_code_visit(struct python *python, struct py_types *types,
                          const struct py_object *object, const struct py_visitor *visitor)
{
	const struct py_layout *layout = &python->layout;
	const struct code_member members[] = {
		{layout->code.co_code, PY_REF_ATTRIBUTE, "co_code"},
		{layout->code.co_consts, PY_REF_ATTRIBUTE, "co_consts"},
		{layout->code.co_names, PY_REF_ATTRIBUTE, "co_names"},
		{layout->code.co_exceptiontable, PY_REF_ATTRIBUTE, "co_exceptiontable"},
		{layout->code.co_varnames, PY_REF_ATTRIBUTE, "co_varnames"},
		{layout->code.co_freevars, PY_REF_ATTRIBUTE, "co_freevars"},
		{layout->code.co_cellvars, PY_REF_ATTRIBUTE, "co_cellvars"},
		{layout->code.co_localsplusnames, PY_REF_FIELD, "co_localsplusnames"},
		{layout->code.co_localspluskinds, PY_REF_FIELD, "co_localspluskinds"},
		{layout->code.co_filename, PY_REF_ATTRIBUTE, "co_filename"},
		{layout->code.co_name, PY_REF_ATTRIBUTE, "co_name"},
		{layout->code.co_qualname, PY_REF_ATTRIBUTE, "co_qualname"},
		{layout->code.co_linetable, PY_REF_ATTRIBUTE,
	         python->minor < 10 ? "co_lnotab" : "co_linetable"},
		{layout->code.co_code_cached, PY_REF_ATTRIBUTE, "co_code"},
	};

	(void)types;
	tell_members(python, object, members, sizeof(members) / sizeof(members[0]), visitor);
	tell_cached(python, object, visitor);
	tell_side_tables(python, object, visitor);
	return DECODE_OK;
}

enum decode py_code_size(struct python *python, const struct py_object *object, uint64_t *ret)
{
	uint64_t size = (uint64_t)object->type->basicsize;
	uint64_t units;

	if (py_has(python->layout.code.co_code_adaptive)) {
		/* 3.11+: the instructions lie in the object itself. */
		if (!py_object_word(python, object, VAR_SIZE, &units))
			return DECODE_FAULT;
		if (units > INT32_MAX)
			return DECODE_TORN;
		size = (size + units * CODE_UNIT + 7) & ~UINT64_C(7);
	}
	size += extra_size(python, object) + cell_to_argument_size(python, object) +
	        opcache_size(python, object);
	if (word_of(python, object, python->layout.code.co_opcache))
		size += opcache_map_size(python, object);
	*ret = size;
	return DECODE_OK;
}
