/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dict objects and the tables behind them. A table (PyDictKeysObject) holds
 * indices and then entries in order of insertion; only the entries matter to
 * a reader. Private to src/runtime.
 */
#ifndef PLUMB_RUNTIME_PY_DICT_H
#define PLUMB_RUNTIME_PY_DICT_H

#include "runtime/py_object.h"

/* A table's head, checked: the entries lie within what was allocated. */
struct py_dict_table {
	taddr address;
	taddr entries;        /* of the first one */
	uint64_t entry_count; /* used or deleted */
	uint64_t capacity;    /* entries that have room */
	uint64_t value_count; /* values that a dict with separate values has room for */
	uint64_t size;        /* bytes that were allocated */
	uint32_t entry_size;  /* 16: key, value; 24: hash, key, value */
	uint32_t key_offset;  /* in an entry */
	bool is_general;      /* the collector visits keys, too: they may be any object */
	bool is_owned;        /* one dict alone uses it, and it came from the allocator */
};

enum { PY_DICT_CHUNK = 96 }; /* entries that an iterator holds */

/*
 * One pass over the entries of a table, deleted ones left out. It holds
 * copies, so that memory may be read between two steps.
 */
struct py_dict_iterator {
	struct py_dict_table table;
	uint64_t next; /* of the entry after those that are held */
	uint32_t held;
	uint32_t at;
	enum decode state; /* why it ended */
	taddr key;
	taddr value;     /* 0 in shared tables */
	uint64_t number; /* of this entry */
	uint8_t chunk[PY_DICT_CHUNK * 24];
};

enum decode py_dict_table_read(struct python *python, struct py_types *types, taddr address,
                               struct py_dict_table *ret);

void py_dict_iterator_init(struct py_dict_iterator *iterator, const struct py_dict_table *table);

/* True: key, value and number are those of the next entry. */
bool py_dict_iterator_next(struct python *python, struct py_dict_iterator *iterator);

/*
 * The value of the str key in the dict at address; 0 when it is not there.
 * Looks at every entry: for the few dicts that plumb itself asks.
 */
taddr py_dict_get(struct python *python, struct py_types *types, taddr address, const char *key);

/* Bytes of separate values (3.11 and 3.12: before and after address). */
enum decode py_dict_values_storage(struct python *python, const struct py_dict_table *table,
                                   taddr values, taddr *ret_address, uint64_t *ret_size);

#endif
