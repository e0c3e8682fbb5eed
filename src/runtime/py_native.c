/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects whose references depend on what C put behind them: functions of C,
 * and capsules.
 *
 * A function of C that was made static (METH_STATIC, as str.maketrans) keeps
 * its class like any other keeps its module or instance, but shows None as
 * __self__ (Objects/methodobject.c, meth_get__self__).
 *
 * A capsule is a pointer that means something to C alone. From 3.13 on it may
 * have a function that visits what the pointer leads to (Objects/capsule.c,
 * _PyCapsule_SetTraverse). That is no public interface: the capsules that use
 * it are CPython's own, and their structs are below. Of other capsules only
 * the pointer and the context themselves are looked at, as they may be
 * objects; a struct of unknown size is not scanned, since its neighbours on
 * the heap would seem to be held by the capsule.
 */
#include "runtime/py_families.h"

enum {
	/* PyCFunctionObject, PyMethodDef (Include/cpython/methodobject.h, methodobject.h) */
	FUNCTION_DEFINITION = 16,
	FUNCTION_SELF = 24,
	DEFINITION_FLAGS = 16,
	METHOD_STATIC = 0x20,
	/* PyCapsule (Objects/capsule.c) */
	CAPSULE_POINTER = 16,
	CAPSULE_NAME = 24,
	CAPSULE_CONTEXT = 32,
	CAPSULE_TRAVERSE = 48,
	CAPSULE_SIZE = 64,  /* since 3.13; 48 before */
	NAME_MAX_SIZE = 16, /* more than any known one has */
	WORDS_MAX = 4,
};

enum decode py_c_function_visit(struct python *python, struct py_types *types,
                                const struct py_object *object, const struct py_visitor *visitor)
{
	uint64_t definition;
	uint64_t self;
	uint32_t flags;

	(void)types;
	if (!py_object_word(python, object, FUNCTION_DEFINITION, &definition) ||
	    !py_object_word(python, object, FUNCTION_SELF, &self) ||
	    !window_cache_u32(python->memory, definition + DEFINITION_FLAGS, &flags))
		return DECODE_FAULT;
	if (flags & METHOD_STATIC)
		py_tell(visitor, PY_REF_FIELD, 0, "m_self", self);
	else
		py_tell(visitor, PY_REF_ATTRIBUTE, 0, "__self__", self);
	return DECODE_OK;
}

/* A struct behind a capsule that visits it: its words, and which are references. */
struct capsule_struct {
	const char *name;
	size_t words;
	const char *members[WORDS_MAX]; /* NULL: not a reference */
	size_t visited;                 /* the first ones; the others are owned */
};

static const struct capsule_struct known_structs[] = {
	/* PySocketModule_APIObject (Modules/socketmodule.h) */
	{"_socket.CAPI", 3, {"Sock_Type", "error", "timeout_error"}, 1},
	/* Modules/_cursesmodule.c, curses_capi_start: an array of pointers */
	{"_curses._C_API", 4, {"PyCursesWindow_Type"}, 1},
};

static const struct capsule_struct *struct_of(struct python *python, taddr name)
{
	char text[NAME_MAX_SIZE];

	if (!window_cache_string(python->memory, name, text, sizeof(text)))
		return NULL;
	for (size_t i = 0; i < sizeof(known_structs) / sizeof(known_structs[0]); i++)
		if (!strcmp(text, known_structs[i].name))
			return &known_structs[i];
	return NULL;
}

static enum decode visit_struct(struct python *python, const struct py_visitor *visitor,
                                taddr address, taddr name)
{
	const struct capsule_struct *known = struct_of(python, name);
	uint64_t words[WORDS_MAX];

	if (!known)
		return DECODE_UNKNOWN;
	if (!window_cache_read(python->memory, address, words, known->words * sizeof(words[0])))
		return DECODE_FAULT;
	py_tell_storage(visitor, address, known->words * sizeof(words[0]));
	for (size_t i = 0; i < known->words; i++)
		if (known->members[i])
			py_tell(visitor, PY_REF_FIELD, i < known->visited ? 0 : PY_REF_HIDDEN,
			        known->members[i], words[i]);
	return DECODE_OK;
}

enum decode py_capsule_visit(struct python *python, struct py_types *types,
                             const struct py_object *object, const struct py_visitor *visitor)
{
	uint64_t pointer;
	uint64_t name;
	uint64_t context;
	uint64_t traverse = 0;

	(void)types;
	if (!py_object_word(python, object, CAPSULE_POINTER, &pointer) ||
	    !py_object_word(python, object, CAPSULE_NAME, &name) ||
	    !py_object_word(python, object, CAPSULE_CONTEXT, &context) ||
	    (object->type->basicsize >= CAPSULE_SIZE &&
	     !py_object_word(python, object, CAPSULE_TRAVERSE, &traverse)))
		return DECODE_FAULT;
	if (traverse)
		return visit_struct(python, visitor, pointer, name);
	if (py_may_be_reference(pointer))
		py_tell_number(visitor, PY_REF_CONSERVATIVE, 0, CAPSULE_POINTER / 8, pointer);
	if (py_may_be_reference(context))
		py_tell_number(visitor, PY_REF_CONSERVATIVE, 0, CAPSULE_CONTEXT / 8, context);
	return DECODE_OK;
}
