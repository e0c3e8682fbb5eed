/* SPDX-License-Identifier: Apache-2.0 */
/* The registry of types from within. Private to src/runtime: see py_types.h. */
#ifndef PLUMB_RUNTIME_PY_TYPE_REGISTRY_H
#define PLUMB_RUNTIME_PY_TYPE_REGISTRY_H

#include "runtime/py_types.h"

enum {
	PY_TYPE_NAME_MAX = 512, /* bytes of a name that are kept */
	PY_TYPE_MEMBERS_MAX = 4096,
	PY_TYPE_DEPTH_MAX = 512, /* bases above a type, metatypes above it */
};

struct py_fields_table;

struct py_types {
	struct python *python;        /* borrowed */
	struct number_map by_address; /* -> index */
	struct number_map rejected;   /* addresses that are no type */
	struct py_type **items;
	size_t count;
	size_t capacity;
	uint64_t members_left;          /* how many all types together may still have */
	struct py_fields_table *fields; /* of this version; see py_fields.c */
	taddr general_lookup; /* 3.8 to 3.10: dk_lookup of tables with any keys; 0: not known */
	bool has_looked_for_general_lookup;
};

/*
 * Knows plumb a decoder for the C type called name with that tp_basicsize?
 * is_ours: the name can be that of a type of the interpreter itself. py_shapes.c
 */
bool py_shape_find(const struct python *python, const char *name, int64_t basicsize, bool is_ours,
                   enum py_shape *ret);

/* Has the C type called name a tp_traverse that does not visit the type? py_shapes.c */
bool py_shape_forgets_type(const char *name);

/* Builds the field tables of this version; NULL: out of memory. py_fields.c */
struct py_fields_table *py_fields_new(const struct python *python);
void py_fields_free(struct py_fields_table *table);

/*
 * The fields of the C type called name with that tp_basicsize, or NULL.
 * is_ours: the name can be that of a type of the interpreter itself.
 */
const struct py_field *py_fields_find(const struct py_fields_table *table, const char *name,
                                      int64_t basicsize, bool is_ours);

/* Fills type, whose address, flags and base are set; base_type: its base or NULL. py_type_read.c */
struct py_type *py_type_read(struct py_types *types, taddr address,
                             const struct py_type *base_type);
void py_type_free(struct py_type *type);

#endif
