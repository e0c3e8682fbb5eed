/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What py_refs.c and py_size.c call for one object of each family of types,
 * and what the families share. Private to src/runtime: everyone else calls
 * py_refs_visit() and py_object_size().
 *
 * The families, by file: py_instance.c (what a Python class adds), py_dict.c,
 * py_sequence.c, py_text.c, py_class.c, py_exception.c, py_fields.c (tables of
 * members), py_buffer.c, py_library.c, py_tables.c (tables of C), py_native.c,
 * py_size.c; py_frame.c, py_generator.c, py_code.c; py_asyncio.c, py_context.c.
 *
 * A visiting function tells the references of the C struct that it knows, and
 * nothing else: the attributes of a subclass (its dict, its __slots__) and the
 * reference to the type are told by py_refs_visit() for every shape alike.
 */
#ifndef PLUMB_RUNTIME_PY_FAMILIES_H
#define PLUMB_RUNTIME_PY_FAMILIES_H

#include "runtime/py_refs.h"

/* Tells one reference; a null pointer is none. name is static text. */
static inline void py_tell(const struct py_visitor *visitor, enum py_ref_kind kind,
                           unsigned int flags, const char *name, taddr to)
{
	if (to)
		visitor->reference(
			visitor->context,
			&(struct py_ref){.to = to, .kind = kind, .flags = flags, .name = name});
}

/* Tells element number of a container. */
static inline void py_tell_number(const struct py_visitor *visitor, enum py_ref_kind kind,
                                  unsigned int flags, uint64_t number, taddr to)
{
	if (to)
		visitor->reference(
			visitor->context,
			&(struct py_ref){.to = to, .kind = kind, .flags = flags, .number = number});
}

/* Tells an attribute, variable or value whose name or key is an object. */
static inline void py_tell_named(const struct py_visitor *visitor, enum py_ref_kind kind,
                                 unsigned int flags, taddr name_object, uint64_t number, taddr to)
{
	if (to)
		visitor->reference(visitor->context, &(struct py_ref){.to = to,
		                                                      .kind = kind,
		                                                      .flags = flags,
		                                                      .name_object = name_object,
		                                                      .number = number});
}

static inline void py_tell_storage(const struct py_visitor *visitor, taddr address, uint64_t size)
{
	if (visitor->storage && address && size)
		visitor->storage(visitor->context, address, size);
}

static inline void py_tell_length(const struct py_visitor *visitor, uint64_t length)
{
	if (visitor->length)
		visitor->length(visitor->context, length);
}

/* Equal C structs in a row, each of so many words, of which the first ones are references. */
struct py_structs {
	taddr start;
	uint64_t count;
	uint8_t words;
	uint8_t references;
};

/*
 * Tells all their references as the member of that name, or where it is NULL as
 * elements number 0 and on. The caller has bounded the count. py_refs.c
 */
enum decode py_tell_structs(struct python *python, const struct py_visitor *visitor,
                            const struct py_structs *structs, const char *name, unsigned int flags);

/* Does a word of unknown meaning look like the address of an object? */
static inline bool py_may_be_reference(uint64_t word)
{
	return !(word & 7) && word >= 4096 && word < UINT64_C(1) << 47;
}

/*
 * Notices when a linked list comes back to itself, in constant memory: a
 * marker waits at a link for twice as many steps each time (Brent).
 */
struct py_chain {
	taddr marker;
	uint64_t steps;
	uint64_t wait;
};

/* False: the chain has been at this link before. */
static inline bool py_chain_step(struct py_chain *chain, taddr link)
{
	if (chain->wait && link == chain->marker)
		return false;
	if (chain->steps++ >= chain->wait) {
		chain->marker = link;
		chain->wait = chain->wait ? chain->wait * 2 : 1;
		chain->steps = 0;
	}
	return true;
}

/*
 * 3.13 at first: an instance visits its inline values even when it has a
 * dict, and the dict does not. Afterwards the dict does. Debian took that over
 * in its 3.13.5; other builds of 3.13.5 to 3.13.12 are told wrongly who of the
 * two owns a value, but no value is lost. Only code differs (CPython's issue
 * 130327), so that nothing but the release tells.
 */
static inline bool py_visits_inline_values(const struct python *python)
{
	return python->minor == 13 && python->hexversion < 0x030d0500;
}

/* The form of every visiting function of a family. */
typedef enum decode py_visit_function(struct python *python, struct py_types *types,
                                      const struct py_object *object,
                                      const struct py_visitor *visitor);

/* __sizeof__ of one object: without what sys.getsizeof adds for headers. */
typedef enum decode py_size_function(struct python *python, const struct py_object *object,
                                     uint64_t *ret);

/* __sizeof__ where tables of keys have to be read. */
typedef enum decode py_table_size_function(struct python *python, struct py_types *types,
                                           const struct py_object *object, uint64_t *ret);

/* What a class adds: its dict, its slots, the type. A C struct of unknown layout. py_instance.c */
py_visit_function py_instance_visit;
py_visit_function py_opaque_visit;
py_visit_function py_fields_visit; /* py_fields.c */

py_visit_function py_dict_visit; /* py_dict.c; so are all of these */
py_visit_function py_defaultdict_visit;
py_visit_function py_odict_visit;
py_table_size_function py_dict_size;
py_table_size_function py_odict_size;

py_visit_function py_list_visit; /* py_sequence.c */
py_visit_function py_tuple_visit;
py_visit_function py_set_visit;
py_visit_function py_deque_visit;
py_size_function py_deque_size;

py_visit_function py_string_visit; /* py_text.c */
py_size_function py_string_size;

py_visit_function py_type_visit; /* py_class.c */
py_visit_function py_module_visit;
py_table_size_function py_type_size;

py_visit_function py_bytearray_visit; /* py_buffer.c */
py_visit_function py_array_visit;
py_visit_function py_memoryview_visit;
py_visit_function py_lru_cache_visit;
py_size_function py_array_size;

py_visit_function py_element_visit; /* py_library.c */
py_visit_function py_simple_queue_visit;
py_visit_function py_statement_cache_visit;
py_visit_function py_tee_data_visit;
py_visit_function py_datetime_visit; /* times, too */
py_visit_function py_block_visit;    /* who keeps a block of bytes */
py_size_function py_library_size;

py_visit_function py_c_function_visit; /* py_native.c */
py_visit_function py_capsule_visit;

py_visit_function py_pickler_visit; /* py_tables.c */
py_visit_function py_unpickler_visit;
py_visit_function py_xml_parser_visit;
py_size_function py_tables_size;            /* of the two picklers */
py_table_size_function py_ctypes_dict_size; /* StgDict */
py_table_size_function py_ctypes_type_size; /* since 3.13; DECODE_UNKNOWN: not such a type */

/* What a type of ctypes visits of its dict, and the module atexit of its state. */
void py_tell_ctypes_prototype(struct python *python, const struct py_object *object, taddr dict,
                              const struct py_visitor *visitor);
enum decode py_tell_atexit(struct python *python, taddr definition, taddr state,
                           const struct py_visitor *visitor);

/* py_frame.c. py_generator_visit: generators, coroutines, asynchronous generators. */
py_visit_function py_frame_visit;
py_visit_function py_generator_visit;
py_visit_function py_code_visit;
py_size_function py_frame_size;
py_size_function py_generator_size;
py_size_function py_code_size;

/* py_asyncio.c. A task tells the members that it shares with futures as well. */
py_visit_function py_future_visit;
py_visit_function py_task_visit;

/*
 * py_context.c: the three kinds of HAMT nodes; object->type->shape says which.
 * Context, ContextVar, Token and the HAMT's head are rows of py_fields.c.
 */
py_visit_function py_hamt_visit;

#endif
