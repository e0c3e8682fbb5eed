/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The type objects of the target, each read once. A word of memory is the
 * head of an object only if it points at one of these, so asking "is this a
 * type?" must be cheap, also when the answer is no: both answers are
 * remembered.
 *
 * A type's shape says how its instances are decoded. It is inherited: an
 * instance of a subclass of dict has the shape of dict, plus attributes.
 */
#ifndef PLUMB_RUNTIME_PY_TYPES_H
#define PLUMB_RUNTIME_PY_TYPES_H

#include "base/number_map.h"
#include "runtime/python.h"

/* How the C part of an instance is laid out: one shape per known C struct. */
enum py_shape {
	PY_SHAPE_PLAIN,  /* a bare PyObject: object() and Python classes over it */
	PY_SHAPE_OPAQUE, /* a C struct that plumb has no layout of, from its head on */
	PY_SHAPE_NONE,   /* None, Ellipsis, NotImplemented: no references */
	PY_SHAPE_INT,
	PY_SHAPE_FLOAT,
	PY_SHAPE_COMPLEX,
	PY_SHAPE_STR,
	PY_SHAPE_BYTES,
	PY_SHAPE_BYTEARRAY,
	PY_SHAPE_TUPLE, /* struct sequences too */
	PY_SHAPE_LIST,
	PY_SHAPE_DICT,
	PY_SHAPE_ODICT,
	PY_SHAPE_DEFAULTDICT,
	PY_SHAPE_FROZENDICT,
	PY_SHAPE_SET,
	PY_SHAPE_TYPE,
	PY_SHAPE_MODULE,
	PY_SHAPE_FUNCTION,
	PY_SHAPE_CODE,
	PY_SHAPE_FRAME,
	PY_SHAPE_GENERATOR, /* generators, coroutines, asynchronous generators */
	PY_SHAPE_COROUTINE,
	PY_SHAPE_ASYNC_GENERATOR,
	PY_SHAPE_EXCEPTION,
	PY_SHAPE_WEAKREF,
	PY_SHAPE_DEQUE,
	PY_SHAPE_LRU_CACHE,
	PY_SHAPE_ARRAY,
	PY_SHAPE_MEMORYVIEW,
	PY_SHAPE_MANAGED_BUFFER,
	PY_SHAPE_FUTURE,
	PY_SHAPE_TASK,
	PY_SHAPE_HAMT_BITMAP,
	PY_SHAPE_HAMT_ARRAY,
	PY_SHAPE_HAMT_COLLISION,
	PY_SHAPE_ELEMENT,      /* xml.etree.ElementTree.Element */
	PY_SHAPE_SIMPLE_QUEUE, /* from 3.13 on */
	PY_SHAPE_TEE_DATA,
	PY_SHAPE_DATETIME,
	PY_SHAPE_TIME,
	PY_SHAPE_DECIMAL,
	PY_SHAPE_BUFFERED, /* io.BufferedReader and its sisters */
	PY_SHAPE_BYTESIO,
	PY_SHAPE_STRINGIO,
	PY_SHAPE_COMBINATIONS,
	PY_SHAPE_PERMUTATIONS,
	PY_SHAPE_PRODUCT,
	PY_SHAPE_PICKLER,
	PY_SHAPE_UNPICKLER,
	PY_SHAPE_XML_PARSER,
	PY_SHAPE_STRUCT_FORMAT,   /* struct.Struct */
	PY_SHAPE_STATEMENT_CACHE, /* of sqlite3, until 3.10 */
	PY_SHAPE_C_FUNCTION,
	PY_SHAPE_CAPSULE,
	PY_SHAPE_FIELDS, /* nothing but a few references at fixed places: see fields */
};

enum py_type_flags {                                    /* of tp_flags; Include/object.h */
	             PY_TYPE_STATIC_BUILTIN = 1u << 1,  /* 3.12+ */
	             PY_TYPE_INLINE_VALUES = 1u << 2,   /* 3.13+ */
	             PY_TYPE_MANAGED_WEAKREF = 1u << 3, /* 3.12+ */
	             PY_TYPE_MANAGED_DICT = 1u << 4,    /* 3.11+ */
	             PY_TYPE_HEAP = 1u << 9,
	             PY_TYPE_HAS_GC = 1u << 14,
	             PY_TYPE_ITEMS_AT_END = 1u << 23, /* 3.12+ */
	             PY_TYPE_LONG_SUBCLASS = 1u << 24,
	             PY_TYPE_LIST_SUBCLASS = 1u << 25,
	             PY_TYPE_TUPLE_SUBCLASS = 1u << 26,
	             PY_TYPE_BYTES_SUBCLASS = 1u << 27,
	             PY_TYPE_UNICODE_SUBCLASS = 1u << 28,
	             PY_TYPE_DICT_SUBCLASS = 1u << 29,
	             PY_TYPE_EXCEPTION_SUBCLASS = 1u << 30,
};

#define PY_TYPE_TYPE_SUBCLASS (UINT32_C(1) << 31) /* does not fit an enumerator */

/* Where the dict of an instance's attributes is. */
enum py_dict_place {
	PY_DICT_NONE,
	PY_DICT_AT_OFFSET, /* dictoffset, from the start of the object */
	PY_DICT_FROM_END,  /* dictoffset, from the end of its items */
	PY_DICT_MANAGED,   /* before the object, or its values without a dict */
};

/* The reference of an instance to its type. */
enum py_type_reference {
	PY_TYPE_NOT_REFERENCED,   /* static types are not counted */
	PY_TYPE_REFERENCE_HIDDEN, /* owned, but tp_traverse does not visit it */
	PY_TYPE_REFERENCE_VISITED,
};

/* A reference at a fixed offset of the C struct. */
struct py_field {
	uint32_t offset;   /* PY_ABSENT: this version does not have it */
	const char *name;  /* static; "__name__"-like when is_attribute, else the C member */
	bool is_attribute; /* x.name in Python gives the same object */
	bool is_hidden;    /* tp_traverse does not visit it: gc.get_referents does not show it */
	bool is_in_wake;   /* not initialized as long as the word before it is NULL */
	bool is_weak;      /* borrowed: keeps nothing alive */
	bool is_unsure;    /* builds of this version differ in whether tp_traverse visits it */
	const struct py_field_block *block; /* not one reference but many, or NULL: py_fields.h */
};

/* An attribute that tp_members declares (also __slots__): name and offset. */
struct py_member {
	char *name; /* owned by the registry */
	uint32_t offset;
	bool is_after_items; /* 3.15: offset counts from the end of the items */
};

struct py_type {
	taddr address;
	taddr metatype;
	taddr base;         /* tp_base, 0 for object */
	taddr name_address; /* tp_name */
	taddr traverse;     /* tp_traverse */
	char *name;         /* "dict", "app.Order": module-qualified but for builtins; owned here */
	char *module;       /* "builtins", "app" */
	uint32_t flags;
	bool is_gc;            /* instances have a PyGC_Head (HAVE_GC) */
	bool has_python_slots; /* heap type made by a class statement: members are __slots__ */
	enum py_shape shape;
	uint32_t prefix; /* bytes before an instance: GC head and pre-header (16, 32, 0 ...) */
	int64_t basicsize;
	int64_t itemsize;
	int64_t dictoffset;
	int64_t weaklistoffset;
	taddr cached_keys; /* ht_cached_keys of a heap type, else 0 */
	taddr *key_names;  /* of cached_keys, in order; what instances without a dict have */
	size_t key_count;
	/* Bytes of an instance that neither the shape nor the members explain; none: 0, 0. */
	uint32_t opaque_from;
	uint32_t opaque_until;
	/*
	 * Instances are tracked, yet the collector is not shown what is in these bytes:
	 * they belong to a C type below without a tp_traverse (numpy.ndarray's).
	 */
	bool hides_words;
	enum py_dict_place dict_place;
	enum py_type_reference type_reference;
	bool has_instance_part;        /* dict, members or type reference: see py_instance.c */
	const struct py_field *fields; /* beyond the shape, or NULL: ended by a NULL name */
	/* Object members of this type and its bases below the known shape. */
	struct py_member *members;
	size_t member_count;
	uint32_t index; /* dense, in order of discovery */
};

struct py_types;

struct error *py_types_new(struct python *python, struct py_types **ret);
void py_types_free(struct py_types *types);

/* The type at address, or NULL: there is none. Reads it when it is new. Borrowed, never moves. */
const struct py_type *py_types_get(struct py_types *types, taddr address);

/* All types so far, by index. */
size_t py_types_count(const struct py_types *types);
const struct py_type *py_types_at(const struct py_types *types, size_t index);

#endif
