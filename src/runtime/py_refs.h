/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The references of one object, each with the name that a Python programmer
 * would use for it, and the blocks of memory that belong to the object.
 *
 * Exactness: for a type with a known shape the references that are not
 * PY_REF_HIDDEN and not weak are exactly those that its tp_traverse visits
 * (what gc.get_referents shows), in any order; some that are PY_REF_UNSURE
 * it may leave out.
 */
#ifndef PLUMB_RUNTIME_PY_REFS_H
#define PLUMB_RUNTIME_PY_REFS_H

#include "runtime/py_object.h"

enum py_ref_kind {
	PY_REF_ATTRIBUTE,    /* x.NAME */
	PY_REF_INDEX,        /* x[NUMBER] */
	PY_REF_VALUE,        /* x[KEY]: name_object is the key */
	PY_REF_KEY,          /* a key of x or an element of the set x; NUMBER of the entry */
	PY_REF_LOCAL,        /* local variable NAME of the frame x */
	PY_REF_STACK,        /* slot NUMBER of the value stack of the frame x */
	PY_REF_FIELD,        /* C member NAME, without a name in Python */
	PY_REF_TYPE,         /* type(x) */
	PY_REF_CONSERVATIVE, /* word NUMBER of x looks like a reference */
	PY_REF_WEAK,         /* NAME; keeps nothing alive */
};

enum py_ref_flags {
	PY_REF_HIDDEN = 1 << 0,    /* tp_traverse does not visit it, yet it is owned */
	PY_REF_NAMESPACE = 1 << 1, /* to is a dict whose keys are attribute names of x */
	/*
	 * Owned, and tp_traverse visits it or not: that changed inside of a minor
	 * version, in code, and nothing in the memory of the process tells.
	 */
	PY_REF_UNSURE = 1 << 2,
};

struct py_ref {
	taddr to; /* never 0 */
	enum py_ref_kind kind;
	unsigned int flags;
	const char *name;  /* static text, or NULL: then */
	taddr name_object; /* a str of the target (attribute or variable name), or a key */
	uint64_t number;
};

/* Who is told. Calls come in the order of the object's memory. */
struct py_visitor {
	void *context;
	void (*reference)(void *context, const struct py_ref *reference);
	/*
	 * A block of memory, not an object, that belongs to the object alone:
	 * [address, address + size), as it was requested from the allocator
	 * (item vectors, key tables, separate values ...). May be NULL.
	 */
	void (*storage)(void *context, taddr address, uint64_t size);
	/* May be NULL: how many elements a container has. */
	void (*length)(void *context, uint64_t length);
};

/*
 * Tells visitor all references of object. DECODE_OK; DECODE_UNKNOWN: the
 * shape is opaque, references are conservative; DECODE_FAULT and DECODE_TORN:
 * what could be read was told.
 */
enum decode py_refs_visit(struct python *python, struct py_types *types,
                          const struct py_object *object, const struct py_visitor *visitor);

/* sys.getsizeof(x), as the C implementation of its type counts. */
enum decode py_object_size(struct python *python, struct py_types *types,
                           const struct py_object *object, uint64_t *ret);

/* The reference count, as sys.getrefcount would say less its own argument. */
enum decode py_object_refcount(struct python *python, const struct py_object *object, uint64_t *ret,
                               bool *ret_is_immortal);

/*
 * A short Python literal of the object ('abc', 42, b'x', (1, 'a'), None, 1.5,
 * <app.Order>): at most limit bytes of UTF-8, cut with "...". The caller frees
 * it; NULL: unreadable.
 */
char *py_object_text(struct python *python, struct py_types *types, taddr address, size_t limit);

/*
 * Of a str or bytes: its length (characters, bytes) and a hash of all its
 * bytes as they lie in memory (base/content_hash.h). False: unreadable, or
 * neither.
 */
bool py_object_content(struct python *python, struct py_types *types, taddr address,
                       uint64_t *ret_length, uint64_t *ret_hash);

/* The characters of a str as UTF-8 (lone surrogates and NULs escaped); NULL: unreadable, no str. */
char *py_string_utf8(struct python *python, taddr address, size_t limit);

#endif
