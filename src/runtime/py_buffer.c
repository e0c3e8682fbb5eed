/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects that keep bytes of their own next to themselves, and caches of
 * functions: bytearray, array, memoryview, lru_cache.
 */
#include "runtime/py_families.h"

enum {
	MAX_LINKS = 1 << 30,
	ARRAY_ITEM_SIZE = 4, /* struct arraydescr: char typecode, int itemsize */
	ARRAY_ITEM_MAX = 16,
};

static const uint64_t MAX_BYTES = UINT64_C(1) << 46;

enum decode py_bytearray_visit(struct python *python, struct py_types *types,
                               const struct py_object *object, const struct py_visitor *visitor)
{
	const struct py_layout *layout = &python->layout;
	uint64_t allocated;
	uint64_t bytes;

	(void)types;
	/* 3.15: the storage is a bytes object. */
	if (py_has(layout->bytearray.ob_bytes_object)) {
		if (!py_object_word(python, object, layout->bytearray.ob_bytes_object, &bytes))
			return DECODE_FAULT;
		py_tell(visitor, PY_REF_FIELD, PY_REF_HIDDEN, "ob_bytes_object", bytes);
		return DECODE_OK;
	}
	if (!py_object_word(python, object, layout->bytearray.ob_alloc, &allocated) ||
	    !py_object_word(python, object, layout->bytearray.ob_bytes, &bytes))
		return DECODE_FAULT;
	if (allocated > MAX_BYTES)
		return DECODE_TORN;
	py_tell_storage(visitor, bytes, allocated);
	return DECODE_OK;
}

/* How many bytes the items of an array have room for. */
static enum decode array_bytes(struct python *python, const struct py_object *object, uint64_t *ret)
{
	const struct py_layout *layout = &python->layout;
	uint64_t allocated;
	uint64_t description;
	uint32_t item_size;

	if (!py_object_word(python, object, layout->library.array.allocated, &allocated) ||
	    !py_object_word(python, object, layout->library.array.ob_descr, &description) ||
	    !window_cache_u32(python->memory, description + ARRAY_ITEM_SIZE, &item_size))
		return DECODE_FAULT;
	if (allocated > MAX_BYTES || !item_size || item_size > ARRAY_ITEM_MAX)
		return DECODE_TORN;
	*ret = allocated * item_size;
	return DECODE_OK;
}

enum decode py_array_visit(struct python *python, struct py_types *types,
                           const struct py_object *object, const struct py_visitor *visitor)
{
	uint64_t items;
	uint64_t size;
	enum decode state = array_bytes(python, object, &size);

	(void)types;
	if (state != DECODE_OK)
		return state;
	if (!py_object_word(python, object, python->layout.library.array.ob_item, &items))
		return DECODE_FAULT;
	py_tell_storage(visitor, items, size);
	return DECODE_OK;
}

enum decode py_array_size(struct python *python, const struct py_object *object, uint64_t *ret)
{
	uint64_t size;
	enum decode state = array_bytes(python, object, &size);

	if (state == DECODE_OK)
		*ret = (uint64_t)object->type->basicsize + size;
	return state;
}

/*
 * A view visits its managed buffer, which visits the exporter; its own pointer
 * to the exporter is borrowed through that, and is stale once the view was
 * released and the buffer given back (Objects/memoryobject.c).
 */
enum decode py_memoryview_visit(struct python *python, struct py_types *types,
                                const struct py_object *object, const struct py_visitor *visitor)
{
	const struct py_layout *layout = &python->layout;
	uint64_t buffer;
	uint64_t exporter;
	uint64_t owned;

	(void)types;
	if (!py_object_word(python, object, layout->memoryview.mbuf, &buffer) ||
	    !py_object_word(python, object, layout->memoryview.view_obj, &exporter))
		return DECODE_FAULT;
	py_tell(visitor, PY_REF_FIELD, 0, "mbuf", buffer);
	if (window_cache_u64(python->memory, buffer + layout->managed_buffer.master_obj, &owned) &&
	    owned == exporter)
		py_tell(visitor, PY_REF_ATTRIBUTE, PY_REF_HIDDEN, "obj", exporter);
	return DECODE_OK;
}

/* Since 3.10 the type of links is a heap type, visited once for each of them. */
static void tell_link_type(struct python *python, const struct py_visitor *visitor, taddr link)
{
	uint64_t type = 0;

	if (window_cache_u64(python->memory, link + 8, &type))
		py_tell(visitor, PY_REF_FIELD, 0, "lru_list_elem_type", type);
}

/*
 * The results of a bounded cache hang on a ring of links, which are objects
 * without support for the collector: the cache visits their keys and results
 * in their place (Modules/_functoolsmodule.c, lru_cache_tp_traverse). The ring
 * owns a reference to each link, beside that of the dict.
 */
static enum decode tell_links(struct python *python, const struct py_object *object,
                              const struct py_visitor *visitor)
{
	const struct py_layout *layout = &python->layout;
	taddr root = object->address + layout->library.lru_cache.root;
	struct py_chain chain = {0};
	uint64_t link;

	if (!py_object_word(python, object,
	                    layout->library.lru_cache.root + layout->library.lru_element.next,
	                    &link))
		return DECODE_FAULT;
	for (uint32_t count = 0; link && link != root; count++) {
		uint64_t next = 0;
		uint64_t key = 0;
		uint64_t result = 0;

		if (count == MAX_LINKS || !py_chain_step(&chain, link))
			return DECODE_TORN;
		if (!window_cache_u64(python->memory, link + layout->library.lru_element.next,
		                      &next) ||
		    !window_cache_u64(python->memory, link + layout->library.lru_element.key,
		                      &key) ||
		    !window_cache_u64(python->memory, link + layout->library.lru_element.result,
		                      &result))
			return DECODE_FAULT;
		py_tell(visitor, PY_REF_FIELD, PY_REF_HIDDEN, "link", link);
		py_tell_number(visitor, PY_REF_KEY, 0, count, key);
		py_tell_named(visitor, PY_REF_VALUE, 0, key, count, result);
		if (py_has(layout->library.lru_cache.lru_list_elem_type))
			tell_link_type(python, visitor, link);
		link = next;
	}
	return DECODE_OK;
}

enum decode py_lru_cache_visit(struct python *python, struct py_types *types,
                               const struct py_object *object, const struct py_visitor *visitor)
{
	const struct py_layout *layout = &python->layout;
	const struct {
		uint32_t offset;
		const char *name;
	} fields[] = {
		{layout->library.lru_cache.cache, "cache"},
		{layout->library.lru_cache.func, "func"},
		{layout->library.lru_cache.kwd_mark, "kwd_mark"},
		{layout->library.lru_cache.lru_list_elem_type, "lru_list_elem_type"},
		{layout->library.lru_cache.cache_info_type, "cache_info_type"},
	};

	(void)types;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		uint64_t value;

		if (!py_has(fields[i].offset))
			continue;
		if (!py_object_word(python, object, fields[i].offset, &value))
			return DECODE_FAULT;
		py_tell(visitor, PY_REF_FIELD, 0, fields[i].name, value);
	}
	return tell_links(python, object, visitor);
}
