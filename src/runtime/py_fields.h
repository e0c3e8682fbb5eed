/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The form of the tables in py_fields_*.c: C types that are nothing but a few
 * references at fixed places. Private to src/runtime.
 *
 * A row says where, since and until which version, by what name Python sees
 * the reference, and whether the collector does. Offsets come from
 * py_layout.h where they move (IN), else they are numbers (AT). They hold
 * only for the size of the struct (tp_basicsize) that is given: a type of
 * that name but of another size is not believed.
 *
 * A row may also stand for many references: those of a block of C structs
 * that the object points at, or of the items that follow it (BLOCK).
 */
#ifndef PLUMB_RUNTIME_PY_FIELDS_H
#define PLUMB_RUNTIME_PY_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/py_layout.h"

enum py_field_flags {
	PY_FIELD_ATTRIBUTE = 1 << 0, /* x.name gives the same object */
	PY_FIELD_HIDDEN = 1 << 1,    /* tp_traverse does not visit it */
	PY_FIELD_WEAK = 1 << 2,      /* borrowed */
	PY_FIELD_IN_LAYOUT = 1 << 3, /* offset is that of the member of py_layout */
	PY_FIELD_UNSURE = 1 << 4,    /* tp_traverse of some builds visits it: see PY_REF_UNSURE */
	PY_FIELD_IN_WAKE = 1 << 5,   /* not initialized as long as the word before it is NULL */
};

/*
 * Equal C structs in a row that begin with references; the member is the
 * pointer to the first, whose block is the object's alone.
 */
struct py_field_block {
	uint16_t count_at;  /* where the object has their number; 0: there is one */
	uint16_t room_at;   /* where it has how many there is room for; 0: for no more */
	uint8_t words;      /* of each struct */
	uint8_t references; /* the first words of it that are references */
	bool is_inside;     /* they are part of the object, from the member's place on */
};

struct py_field_row {
	const char *name; /* NULL ends the rows */
	uint16_t offset;
	uint8_t flags;
	uint8_t since; /* minor versions, inclusive */
	uint8_t until;
	const struct py_field_block *block; /* or NULL */
};

struct py_fields_type {
	const char *type; /* tp_name; NULL ends the table */
	uint16_t size;    /* tp_basicsize; 0: any */
	bool is_size_in_layout;
	uint8_t since;
	uint8_t until;
	const struct py_field_row *rows;
};

#define PY_SINCE 8
#define PY_NOW 255

/* Rows of a type's table: the attribute or C member called name_. */
#define ATTR_AT(name_, offset_)                                                                    \
	{                                                                                          \
		name_, offset_, PY_FIELD_ATTRIBUTE, PY_SINCE, PY_NOW, NULL                         \
	}
#define FIELD_AT(name_, offset_)                                                                   \
	{                                                                                          \
		name_, offset_, 0, PY_SINCE, PY_NOW, NULL                                          \
	}
#define HIDDEN_AT(name_, offset_)                                                                  \
	{                                                                                          \
		name_, offset_, PY_FIELD_HIDDEN, PY_SINCE, PY_NOW, NULL                            \
	}
#define ROW_AT(name_, offset_, flags_, since_, until_)                                             \
	{                                                                                          \
		name_, offset_, flags_, since_, until_, NULL                                       \
	}
#define ATTR_IN(name_, member_)                                                                    \
	{                                                                                          \
		name_, offsetof(struct py_layout, member_),                                        \
			PY_FIELD_IN_LAYOUT | PY_FIELD_ATTRIBUTE, PY_SINCE, PY_NOW, NULL            \
	}
#define ROW_IN(name_, member_, flags_)                                                             \
	{                                                                                          \
		name_, offsetof(struct py_layout, member_), PY_FIELD_IN_LAYOUT | (flags_),         \
			PY_SINCE, PY_NOW, NULL                                                     \
	}
#define BLOCK_AT(name_, offset_, flags_, block_)                                                   \
	{                                                                                          \
		name_, offset_, flags_, PY_SINCE, PY_NOW, block_                                   \
	}
#define ROWS(...)                                                                                  \
	(const struct py_field_row[])                                                              \
	{                                                                                          \
		__VA_ARGS__,                                                                       \
		{                                                                                  \
			NULL, 0, 0, 0, 0, NULL                                                     \
		}                                                                                  \
	}
#define NO_ROWS                                                                                    \
	(const struct py_field_row[])                                                              \
	{                                                                                          \
		{                                                                                  \
			NULL, 0, 0, 0, 0, NULL                                                     \
		}                                                                                  \
	}

extern const struct py_fields_type py_fields_core[];       /* py_fields_core.c */
extern const struct py_fields_type py_fields_exceptions[]; /* py_exception.c */
extern const struct py_fields_type py_fields_iterators[];  /* py_fields_iterators.c */
extern const struct py_fields_type py_fields_library[];    /* py_fields_library.c */

#endif
