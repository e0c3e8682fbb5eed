/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dicts of every generation:
 *
 *   3.8 - 3.10   dk_size slots of 1, 2, 4 or 8 bytes, then entries of hash,
 *                key, value. Split tables: ma_values is a bare vector.
 *   3.11 - 3.12  sizes as logarithms, dk_kind; tables with only str keys have
 *                entries of key, value. Split values carry a prefix (their
 *                size and the order of insertion) before their address.
 *   3.13 -       split values have a header, and may lie in the instance
 *                itself (embedded): then the instance visits them.
 *
 * What tp_traverse visits (Objects/dictobject.c, dict_traverse): values
 * always; keys only in tables for any keys, since str cannot be in a cycle.
 * Keys of str tables are owned all the same and told as hidden, but not those
 * of shared tables: they belong to the class, see py_class.c.
 */
#include "runtime/py_dict.h"

#include "runtime/py_families.h"
#include "runtime/py_type_registry.h"

#include <string.h>

static const uint64_t MAX_ENTRIES = UINT64_C(1) << 32;

enum { KIND_GENERAL = 0 }; /* dk_kind; Include/internal/pycore_dict.h */

/* Objects/dictobject.c: USABLE_FRACTION */
static uint64_t usable_entries(uint64_t slots)
{
	return (slots << 1) / 3;
}

/*
 * 3.8 to 3.10 tell tables for any keys by their lookup function, a local
 * symbol. But object.__subclasses__() is kept by integers, so that dict
 * shows it.
 */
static taddr general_lookup(struct python *python, struct py_types *types)
{
	const struct py_layout *layout = &python->layout;
	taddr dict = 0;
	taddr keys = 0;
	uint64_t lookup = 0;

	if (types->has_looked_for_general_lookup)
		return types->general_lookup;
	types->has_looked_for_general_lookup = true;
	if (window_cache_u64(python->memory, python->base_object_type + layout->type.tp_subclasses,
	                     &dict) &&
	    dict && window_cache_u64(python->memory, dict + layout->dict.ma_keys, &keys) &&
	    window_cache_u64(python->memory, keys + 16, &lookup))
		types->general_lookup = lookup;
	return types->general_lookup;
}

static uint64_t load_word(const uint8_t *bytes, uint32_t offset)
{
	uint64_t value;

	memcpy(&value, bytes + offset, sizeof(value));
	return value;
}

/* 3.8 to 3.10: refcnt, size, lookup, usable, nentries. */
static enum decode read_old_table(struct python *python, struct py_types *types,
                                  const uint8_t *head, struct py_dict_table *table)
{
	uint64_t slots = load_word(head, python->layout.dict_keys.dk_size);
	uint64_t index_size = slots <= 0xff ? 1 : slots <= 0xffff ? 2 : slots <= 0xffffffff ? 4 : 8;
	uint64_t lookup = load_word(head, 16);

	if (!slots || slots & (slots - 1) || slots > MAX_ENTRIES)
		return DECODE_TORN;
	table->entry_size = 24;
	table->key_offset = 8;
	table->capacity = usable_entries(slots);
	table->entries = table->address + python->layout.dict_keys.dk_indices + slots * index_size;
	table->is_general = lookup && lookup == general_lookup(python, types);
	table->is_owned = slots > 1; /* 1: the empty table, static */
	return DECODE_OK;
}

static enum decode read_new_table(struct python *python, const uint8_t *head,
                                  struct py_dict_table *table)
{
	uint8_t log2_size = head[python->layout.dict_keys.dk_log2_size];
	uint8_t log2_indices = head[python->layout.dict_keys.dk_log2_index_bytes];
	uint8_t kind = head[python->layout.dict_keys.dk_kind];

	if (log2_size > 32 || log2_indices > 35 || log2_indices < log2_size || kind > 2)
		return DECODE_TORN;
	table->entry_size = kind == KIND_GENERAL ? 24 : 16;
	table->key_offset = kind == KIND_GENERAL ? 8 : 0;
	table->capacity = usable_entries(UINT64_C(1) << log2_size);
	table->entries = table->address + python->layout.dict_keys.dk_indices +
	                 (UINT64_C(1) << log2_indices);
	table->is_general = kind == KIND_GENERAL;
	table->is_owned = log2_size > 0; /* 0: the empty table, static */
	return DECODE_OK;
}

enum decode py_dict_table_read(struct python *python, struct py_types *types, taddr address,
                               struct py_dict_table *ret)
{
	struct py_dict_table table = {.address = address};
	const uint8_t *head;
	enum decode state;
	uint64_t references;
	uint64_t usable;

	head = window_cache_view(python->memory, address, python->layout.dict_keys.dk_indices);
	if (!head)
		return DECODE_FAULT;
	/* Loaded before anything else is read: a view does not outlive that. */
	references = load_word(head, python->layout.dict_keys.dk_refcnt);
	usable = load_word(head, python->layout.dict_keys.dk_usable);
	table.entry_count = load_word(head, python->layout.dict_keys.dk_nentries);
	if (py_has(python->layout.dict_keys.dk_log2_size))
		state = read_new_table(python, head, &table);
	else
		state = read_old_table(python, types, head, &table);
	if (state != DECODE_OK)
		return state;
	if (table.entry_count > table.capacity)
		return DECODE_TORN;
	table.value_count = table.capacity;
	if (python->minor >= 11) {
		if (usable > table.capacity - table.entry_count)
			return DECODE_TORN;
		table.value_count = table.entry_count + usable;
	}
	table.size = table.entries - address + table.capacity * table.entry_size;
	table.is_owned = table.is_owned && references == 1;
	*ret = table;
	return DECODE_OK;
}

void py_dict_iterator_init(struct py_dict_iterator *iterator, const struct py_dict_table *table)
{
	iterator->table = *table;
	iterator->next = 0;
	iterator->held = 0;
	iterator->at = 0;
	iterator->state = DECODE_OK;
}

/* Copies the next entries: as many as fit, or as the readable memory has. */
static bool load_chunk(struct python *python, struct py_dict_iterator *iterator)
{
	const struct py_dict_table *table = &iterator->table;
	uint64_t left = table->entry_count - iterator->next;
	uint32_t count = left < PY_DICT_CHUNK ? (uint32_t)left : PY_DICT_CHUNK;
	const uint8_t *bytes;

	if (!count)
		return false;
	bytes = window_cache_view(python->memory,
	                          table->entries + iterator->next * table->entry_size,
	                          (size_t)count * table->entry_size);
	if (!bytes) {
		iterator->state = DECODE_FAULT;
		return false;
	}
	memcpy(iterator->chunk, bytes, (size_t)count * table->entry_size);
	iterator->at = 0;
	iterator->held = count;
	iterator->next += count;
	return true;
}

bool py_dict_iterator_next(struct python *python, struct py_dict_iterator *iterator)
{
	const struct py_dict_table *table = &iterator->table;

	for (;;) {
		const uint8_t *entry;

		if (iterator->at == iterator->held && !load_chunk(python, iterator))
			return false;
		entry = iterator->chunk + (size_t)iterator->at * table->entry_size;
		iterator->key = load_word(entry, table->key_offset);
		iterator->value = load_word(entry, table->key_offset + 8);
		iterator->number = iterator->next - iterator->held + iterator->at;
		iterator->at++;
		if (iterator->key)
			return true;
	}
}

/* Is the object at address a compact ASCII str that reads text? */
static bool is_ascii_text(struct python *python, taddr address, const char *text, size_t length)
{
	const struct py_layout *layout = &python->layout;
	const uint8_t *bytes;

	bytes = window_cache_view(python->memory, address, layout->ascii.size + length + 1);
	return bytes && load_word(bytes, layout->ascii.length) == length &&
	       !memcmp(bytes + layout->ascii.size, text, length);
}

taddr py_dict_get(struct python *python, struct py_types *types, taddr address, const char *key)
{
	struct py_dict_table table;
	struct py_dict_iterator iterator;
	uint64_t keys = 0;
	uint64_t values = 0;
	size_t length = strlen(key);

	if (!window_cache_u64(python->memory, address + python->layout.dict.ma_keys, &keys) ||
	    !window_cache_u64(python->memory, address + python->layout.dict.ma_values, &values) ||
	    values || py_dict_table_read(python, types, keys, &table) != DECODE_OK)
		return 0;
	py_dict_iterator_init(&iterator, &table);
	while (py_dict_iterator_next(python, &iterator))
		if (iterator.value && is_ascii_text(python, iterator.key, key, length))
			return iterator.value;
	return 0;
}

enum decode py_dict_values_storage(struct python *python, const struct py_dict_table *table,
                                   taddr values, taddr *ret_address, uint64_t *ret_size)
{
	uint8_t small = 0;

	if (python->minor <= 10) {
		*ret_address = values;
		*ret_size = table->value_count * sizeof(uint64_t);
		return DECODE_OK;
	}
	if (python->minor <= 12) {
		/* The byte before the values: how many bytes precede them. */
		if (!window_cache_u8(python->memory, values - 1, &small))
			return DECODE_FAULT;
		*ret_address = values - small;
		*ret_size = small + table->value_count * sizeof(uint64_t);
		return DECODE_OK;
	}
	if (!window_cache_u8(python->memory, values + python->layout.dict_values.capacity, &small))
		return DECODE_FAULT;
	*ret_address = values;
	*ret_size = (small + 1u) * sizeof(uint64_t) + ((small + 7u) & ~7u);
	return DECODE_OK;
}

/* What a dict object says of itself. */
struct dict_head {
	uint64_t used;
	taddr keys;
	taddr values;
};

static bool read_head(struct python *python, const struct py_object *object, struct dict_head *ret)
{
	const struct py_layout *layout = &python->layout;

	return py_object_word(python, object, layout->dict.ma_used, &ret->used) &&
	       py_object_word(python, object, layout->dict.ma_keys, &ret->keys) &&
	       py_object_word(python, object, layout->dict.ma_values, &ret->values);
}

static enum decode visit_combined(struct python *python, const struct py_visitor *visitor,
                                  const struct py_dict_table *table)
{
	struct py_dict_iterator iterator;
	unsigned int key_flags = table->is_general ? 0 : PY_REF_HIDDEN;

	py_dict_iterator_init(&iterator, table);
	while (py_dict_iterator_next(python, &iterator)) {
		if (!iterator.value)
			continue;
		py_tell_number(visitor, PY_REF_KEY, key_flags, iterator.number, iterator.key);
		py_tell_named(visitor, PY_REF_VALUE, 0, iterator.key, iterator.number,
		              iterator.value);
	}
	return iterator.state;
}

/* True when the values lie in an instance, which may visit them itself. */
static bool are_values_embedded(struct python *python, taddr values)
{
	uint8_t embedded = 0;

	return py_has(python->layout.dict_values.embedded) &&
	       window_cache_u8(python->memory, values + python->layout.dict_values.embedded,
	                       &embedded) &&
	       embedded;
}

static enum decode visit_split(struct python *python, const struct py_visitor *visitor,
                               const struct py_dict_table *table, taddr values)
{
	uint32_t offset = python->minor >= 11 ? python->layout.dict_values.values : 0;
	struct py_dict_iterator iterator;
	taddr storage = 0;
	uint64_t size = 0;

	bool are_embedded = are_values_embedded(python, values);

	if (are_embedded && py_visits_inline_values(python))
		return DECODE_OK;
	py_dict_iterator_init(&iterator, table);
	while (py_dict_iterator_next(python, &iterator)) {
		uint64_t value;

		if (!window_cache_u64(python->memory, values + offset + iterator.number * 8,
		                      &value))
			return DECODE_FAULT;
		if (table->is_owned)
			py_tell_number(visitor, PY_REF_KEY, PY_REF_HIDDEN, iterator.number,
			               iterator.key);
		py_tell_named(visitor, PY_REF_VALUE, 0, iterator.key, iterator.number, value);
	}
	if (!are_embedded &&
	    py_dict_values_storage(python, table, values, &storage, &size) == DECODE_OK)
		py_tell_storage(visitor, storage, size);
	return iterator.state;
}

enum decode py_dict_visit(struct python *python, struct py_types *types,
                          const struct py_object *object, const struct py_visitor *visitor)
{
	struct py_dict_table table;
	struct dict_head head;
	enum decode state;

	if (!read_head(python, object, &head))
		return DECODE_FAULT;
	if (!head.keys)
		return DECODE_TORN;
	state = py_dict_table_read(python, types, head.keys, &table);
	if (state != DECODE_OK)
		return state;
	if (head.used > table.entry_count)
		return DECODE_TORN;
	py_tell_length(visitor, head.used);
	if (head.values)
		state = visit_split(python, visitor, &table, head.values);
	else
		state = visit_combined(python, visitor, &table);
	if (table.is_owned)
		py_tell_storage(visitor, table.address, table.size);
	return state;
}

enum decode py_dict_size(struct python *python, struct py_types *types,
                         const struct py_object *object, uint64_t *ret)
{
	struct py_dict_table table;
	struct dict_head head;
	enum decode state;
	uint64_t size = (uint64_t)object->type->basicsize;

	if (!read_head(python, object, &head))
		return DECODE_FAULT;
	state = py_dict_table_read(python, types, head.keys, &table);
	if (state != DECODE_OK)
		return state;
	if (head.values)
		size += table.value_count * sizeof(uint64_t);
	if (table.is_owned)
		size += table.size;
	*ret = size;
	return DECODE_OK;
}

enum decode py_defaultdict_visit(struct python *python, struct py_types *types,
                                 const struct py_object *object, const struct py_visitor *visitor)
{
	uint64_t factory;

	if (!py_object_word(python, object, python->layout.library.defaultdict.default_factory,
	                    &factory))
		return DECODE_FAULT;
	py_tell(visitor, PY_REF_ATTRIBUTE, 0, "default_factory", factory);
	return py_dict_visit(python, types, object, visitor);
}

/*
 * An ordered dict has a linked list of its keys besides, and visits them once
 * more (Objects/odictobject.c, odict_traverse).
 */
enum decode py_odict_visit(struct python *python, struct py_types *types,
                           const struct py_object *object, const struct py_visitor *visitor)
{
	const struct py_layout *layout = &python->layout;
	struct py_chain chain = {0};
	uint64_t node;
	uint64_t vector;
	uint64_t vector_size;
	uint64_t used;

	if (!py_object_word(python, object, layout->odict.od_first, &node) ||
	    !py_object_word(python, object, layout->odict.od_fast_nodes, &vector) ||
	    !py_object_word(python, object, layout->odict.od_fast_nodes_size, &vector_size) ||
	    !py_object_word(python, object, layout->dict.ma_used, &used))
		return DECODE_FAULT;
	if (used > MAX_ENTRIES || vector_size > MAX_ENTRIES)
		return DECODE_TORN;
	for (uint64_t number = 0; node; number++) {
		uint64_t key;
		uint64_t next;

		if (number >= used || !py_chain_step(&chain, node))
			return DECODE_TORN;
		if (!window_cache_u64(python->memory, node + layout->odict_node.key, &key) ||
		    !window_cache_u64(python->memory, node + layout->odict_node.next, &next))
			return DECODE_FAULT;
		py_tell_number(visitor, PY_REF_KEY, 0, number, key);
		py_tell_storage(visitor, node, layout->odict_node.size);
		node = next;
	}
	py_tell_storage(visitor, vector, vector_size * sizeof(uint64_t));
	return py_dict_visit(python, types, object, visitor);
}

enum decode py_odict_size(struct python *python, struct py_types *types,
                          const struct py_object *object, uint64_t *ret)
{
	const struct py_layout *layout = &python->layout;
	uint64_t first;
	uint64_t vector_size;
	uint64_t used;
	uint64_t size;
	enum decode state = py_dict_size(python, types, object, &size);

	if (state != DECODE_OK)
		return state;
	if (!py_object_word(python, object, layout->odict.od_first, &first) ||
	    !py_object_word(python, object, layout->odict.od_fast_nodes_size, &vector_size) ||
	    !py_object_word(python, object, layout->dict.ma_used, &used))
		return DECODE_FAULT;
	size += vector_size * sizeof(uint64_t);
	if (first)
		size += used * layout->odict_node.size;
	*ret = size;
	return DECODE_OK;
}
