/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types of the standard library's extension modules that own more than a few
 * references at fixed places: XML elements, queues, tee's buffers, aware
 * times, and those that keep a block of bytes. Their plain references are in
 * py_fields_library.c; offsets were read off the DWARF of 3.8 to 3.13.
 */
#include "runtime/py_families.h"

enum {
	/* ElementObject, ElementObjectExtra (Modules/_elementtree.c) */
	ELEMENT_TEXT = 24,
	ELEMENT_TAIL = 32,
	ELEMENT_EXTRA = 40,
	EXTRA_LENGTH = 8,
	EXTRA_ALLOCATED = 16,
	EXTRA_CHILDREN = 24,
	EXTRA_OWN_CHILDREN = 32,
	EXTRA_SIZE = 64,
	/* simplequeueobject from 3.13 on: a ring (Modules/_queuemodule.c) */
	QUEUE_GET_INDEX = 32,
	QUEUE_ITEMS = 40,
	QUEUE_CAPACITY = 48,
	QUEUE_COUNT = 56,
	/* teedataobject (Modules/itertoolsmodule.c) */
	TEE_COUNT = 24,
	TEE_NEXT = 32,
	TEE_VALUES = 40,
	TEE_VALUES_MAX = 57,
	/* PyDecObject (Modules/_decimal/_decimal.c) */
	DECIMAL_FLAGS = 24,
	DECIMAL_IS_NOT_DYNAMIC = 0xf0,
	DECIMAL_ALLOCATED = 56,
	DECIMAL_DATA = 64,
	/* buffered, bytesio, stringio (Modules/_io) */
	BUFFERED_BUFFER = 56,
	BUFFERED_SIZE = 120,
	BYTESIO_BUFFER = 16,
	STRINGIO_BUFFER = 16,
	STRINGIO_SIZE = 40,
	/* PyStructObject, formatcode (Modules/_struct.c) */
	STRUCT_CODES = 32,
	FORMAT_CODE_SIZE = 32,
	FORMAT_CODES_MAX = 1 << 16,
	/* itertools */
	COMBINATIONS_LENGTH = 40,
	PERMUTATIONS_LENGTH = 48,
	POOL = 16,
	TIME_HAS_ZONE = 24, /* hastzinfo (Include/datetime.h) */
	/* pysqlite_Cache, pysqlite_Node (Modules/_sqlite/cache.h), until 3.10 */
	CACHE_FIRST = 40,
	NODE_NEXT = 48,
};

static const uint64_t MAX_ITEMS = UINT64_C(1) << 32;

/* Tells count words at address: as the member of that name, or as elements number 0 and on. */
static enum decode tell_words(struct python *python, const struct py_visitor *visitor,
                              taddr address, uint64_t count, const char *name)
{
	const struct py_structs words = {address, count, 1, 1};

	return py_tell_structs(python, visitor, &words, name, 0);
}

/* Text and tail carry a bit of their own (JOIN_OBJ). */
static bool tell_tagged(struct python *python, const struct py_object *object, int64_t offset,
                        const char *name, const struct py_visitor *visitor)
{
	uint64_t word;

	if (!py_object_word(python, object, offset, &word))
		return false;
	py_tell(visitor, word & 1 ? PY_REF_FIELD : PY_REF_ATTRIBUTE, 0, name, word & ~UINT64_C(1));
	return true;
}

enum decode py_element_visit(struct python *python, struct py_types *types,
                             const struct py_object *object, const struct py_visitor *visitor)
{
	uint64_t extra[EXTRA_OWN_CHILDREN / 8];
	uint64_t address;

	(void)types;
	if (!tell_tagged(python, object, ELEMENT_TEXT, "text", visitor) ||
	    !tell_tagged(python, object, ELEMENT_TAIL, "tail", visitor) ||
	    !py_object_word(python, object, ELEMENT_EXTRA, &address))
		return DECODE_FAULT;
	if (!address)
		return DECODE_OK;
	if (!window_cache_read(python->memory, address, extra, sizeof(extra)))
		return DECODE_FAULT;
	if (extra[EXTRA_LENGTH / 8] > extra[EXTRA_ALLOCATED / 8] ||
	    extra[EXTRA_ALLOCATED / 8] > MAX_ITEMS)
		return DECODE_TORN;
	py_tell(visitor, PY_REF_ATTRIBUTE, 0, "attrib", extra[0]);
	py_tell_storage(visitor, address, EXTRA_SIZE);
	py_tell_length(visitor, extra[EXTRA_LENGTH / 8]);
	if (extra[EXTRA_CHILDREN / 8] != address + EXTRA_OWN_CHILDREN)
		py_tell_storage(visitor, extra[EXTRA_CHILDREN / 8], extra[EXTRA_ALLOCATED / 8] * 8);
	return tell_words(python, visitor, extra[EXTRA_CHILDREN / 8], extra[EXTRA_LENGTH / 8],
	                  NULL);
}

enum decode py_simple_queue_visit(struct python *python, struct py_types *types,
                                  const struct py_object *object, const struct py_visitor *visitor)
{
	uint64_t first;
	uint64_t items;
	uint64_t capacity;
	uint64_t count;
	uint64_t until_end;
	enum decode state;

	(void)types;
	if (!py_object_word(python, object, QUEUE_GET_INDEX, &first) ||
	    !py_object_word(python, object, QUEUE_ITEMS, &items) ||
	    !py_object_word(python, object, QUEUE_CAPACITY, &capacity) ||
	    !py_object_word(python, object, QUEUE_COUNT, &count))
		return DECODE_FAULT;
	if (capacity > MAX_ITEMS || count > capacity || (count && first >= capacity))
		return DECODE_TORN;
	py_tell_length(visitor, count);
	py_tell_storage(visitor, items, capacity * 8);
	until_end = count < capacity - first ? count : capacity - first;
	state = tell_words(python, visitor, items + first * 8, until_end, "items");
	if (state != DECODE_OK)
		return state;
	return tell_words(python, visitor, items, count - until_end, "items");
}

/* The statements that a connection to a database keeps, most used first. */
enum decode py_statement_cache_visit(struct python *python, struct py_types *types,
                                     const struct py_object *object,
                                     const struct py_visitor *visitor)
{
	struct py_chain chain = {0};
	uint64_t node;

	(void)types;
	if (!py_object_word(python, object, CACHE_FIRST, &node))
		return DECODE_FAULT;
	while (node) {
		if (!py_chain_step(&chain, node))
			return DECODE_TORN;
		py_tell(visitor, PY_REF_FIELD, 0, "first", node);
		if (!window_cache_u64(python->memory, node + NODE_NEXT, &node))
			return DECODE_FAULT;
	}
	return DECODE_OK;
}

enum decode py_tee_data_visit(struct python *python, struct py_types *types,
                              const struct py_object *object, const struct py_visitor *visitor)
{
	uint64_t iterator;
	uint64_t next;
	uint32_t count;

	(void)types;
	if (!py_object_word(python, object, 16, &iterator) ||
	    !py_object_read(python, object, TEE_COUNT, &count, sizeof(count)) ||
	    !py_object_word(python, object, TEE_NEXT, &next))
		return DECODE_FAULT;
	if (count > TEE_VALUES_MAX)
		return DECODE_TORN;
	py_tell(visitor, PY_REF_FIELD, 0, "it", iterator);
	py_tell(visitor, PY_REF_FIELD, 0, "nextlink", next);
	return tell_words(python, visitor, object->address + TEE_VALUES, count, "values");
}

/* Naive times have no room for a time zone: the instance ends before it. */
enum decode py_datetime_visit(struct python *python, struct py_types *types,
                              const struct py_object *object, const struct py_visitor *visitor)
{
	uint8_t is_aware;
	uint64_t zone;
	int64_t offset = object->type->shape == PY_SHAPE_DATETIME ? 40 : 32;

	(void)types;
	if (!py_object_read(python, object, TIME_HAS_ZONE, &is_aware, sizeof(is_aware)))
		return DECODE_FAULT;
	if (!is_aware)
		return DECODE_OK;
	if (!py_object_word(python, object, offset, &zone))
		return DECODE_FAULT;
	py_tell(visitor, PY_REF_ATTRIBUTE, PY_REF_HIDDEN, "tzinfo", zone);
	return DECODE_OK;
}

/* The block of bytes that an object of these shapes keeps, and whether __sizeof__ counts it. */
struct block {
	taddr address;
	uint64_t size;
};

static enum decode read_block(struct python *python, const struct py_object *object,
                              int64_t address_at, int64_t count_at, uint64_t item_size,
                              struct block *ret)
{
	struct block block;

	if (!py_object_word(python, object, address_at, &block.address) ||
	    !py_object_word(python, object, count_at, &block.size))
		return DECODE_FAULT;
	if (block.size >> 44)
		return DECODE_TORN;
	block.size = block.address ? block.size * item_size : 0;
	*ret = block;
	return DECODE_OK;
}

static enum decode decimal_block(struct python *python, const struct py_object *object,
                                 struct block *ret)
{
	uint8_t flags;

	if (!py_object_read(python, object, DECIMAL_FLAGS, &flags, sizeof(flags)))
		return DECODE_FAULT;
	*ret = (struct block){0};
	if (flags & DECIMAL_IS_NOT_DYNAMIC)
		return DECODE_OK;
	return read_block(python, object, DECIMAL_DATA, DECIMAL_ALLOCATED, 8, ret);
}

static enum decode own_block(struct python *python, const struct py_object *object,
                             struct block *ret)
{
	switch (object->type->shape) {
	case PY_SHAPE_DECIMAL: return decimal_block(python, object, ret);
	case PY_SHAPE_BUFFERED:
		return read_block(python, object, BUFFERED_BUFFER, BUFFERED_SIZE, 1, ret);
	case PY_SHAPE_STRINGIO:
		return read_block(python, object, STRINGIO_BUFFER, STRINGIO_SIZE, 4, ret);
	case PY_SHAPE_COMBINATIONS:
		return read_block(python, object, 24, COMBINATIONS_LENGTH, 8, ret);
	default: return DECODE_UNKNOWN;
	}
}

enum decode py_block_visit(struct python *python, struct py_types *types,
                           const struct py_object *object, const struct py_visitor *visitor)
{
	struct block block;
	enum decode state = own_block(python, object, &block);

	(void)types;
	if (state == DECODE_OK)
		py_tell_storage(visitor, block.address, block.size);
	return state;
}

/* How many items the tuple at offset 16 has. */
static enum decode pool_length(struct python *python, const struct py_object *object, uint64_t *ret)
{
	uint64_t pool;
	uint64_t length;

	if (!py_object_word(python, object, POOL, &pool) ||
	    !window_cache_u64(python->memory, pool + 16, &length))
		return DECODE_FAULT;
	if (length > MAX_ITEMS)
		return DECODE_TORN;
	*ret = length;
	return DECODE_OK;
}

static enum decode permutations_size(struct python *python, const struct py_object *object,
                                     uint64_t *ret)
{
	uint64_t pool;
	uint64_t length;
	enum decode state = pool_length(python, object, &pool);

	if (state != DECODE_OK)
		return state;
	if (!py_object_word(python, object, PERMUTATIONS_LENGTH, &length))
		return DECODE_FAULT;
	*ret = (pool + length) * 8;
	return length > MAX_ITEMS ? DECODE_TORN : DECODE_OK;
}

/* The bytes object of a BytesIO counts as long as nothing else has it. */
static enum decode bytesio_size(struct python *python, const struct py_object *object,
                                uint64_t *ret)
{
	uint64_t buffer;
	uint64_t references;
	uint64_t length;

	if (!py_object_word(python, object, BYTESIO_BUFFER, &buffer))
		return DECODE_FAULT;
	*ret = 0;
	if (!buffer)
		return DECODE_OK;
	if (!window_cache_u64(python->memory, buffer, &references) ||
	    !window_cache_u64(python->memory, buffer + 16, &length))
		return DECODE_FAULT;
	if (python->minor >= 12)
		references = (uint32_t)references;
	if (references == 1)
		*ret = python->layout.bytes.ob_sval + 1 + length;
	return length >> 44 ? DECODE_TORN : DECODE_OK;
}

static enum decode format_size(struct python *python, const struct py_object *object, uint64_t *ret)
{
	uint64_t codes;
	uint64_t definition = 1;
	uint64_t count;

	if (!py_object_word(python, object, STRUCT_CODES, &codes))
		return DECODE_FAULT;
	for (count = 0; definition && count < FORMAT_CODES_MAX; count++)
		if (!window_cache_u64(python->memory, codes + count * FORMAT_CODE_SIZE,
		                      &definition))
			return DECODE_FAULT;
	*ret = count * FORMAT_CODE_SIZE;
	return DECODE_OK;
}

static enum decode element_size(struct python *python, const struct py_object *object,
                                uint64_t *ret)
{
	uint64_t extra;
	uint64_t allocated;
	uint64_t children;

	if (!py_object_word(python, object, ELEMENT_EXTRA, &extra))
		return DECODE_FAULT;
	*ret = 0;
	if (!extra)
		return DECODE_OK;
	if (!window_cache_u64(python->memory, extra + EXTRA_ALLOCATED, &allocated) ||
	    !window_cache_u64(python->memory, extra + EXTRA_CHILDREN, &children))
		return DECODE_FAULT;
	*ret = EXTRA_SIZE;
	if (children != extra + EXTRA_OWN_CHILDREN)
		*ret += allocated * 8;
	return allocated > MAX_ITEMS ? DECODE_TORN : DECODE_OK;
}

/* _queue.SimpleQueue.__sizeof__ came with 3.15. */
static enum decode queue_size(struct python *python, const struct py_object *object, uint64_t *ret)
{
	uint64_t capacity = 0;

	if (python->minor >= 15 && !py_object_word(python, object, QUEUE_CAPACITY, &capacity))
		return DECODE_FAULT;
	*ret = capacity * 8;
	return capacity > MAX_ITEMS ? DECODE_TORN : DECODE_OK;
}

enum decode py_library_size(struct python *python, const struct py_object *object, uint64_t *ret)
{
	struct block block = {0};
	uint64_t extra = 0;
	enum decode state;

	switch (object->type->shape) {
	case PY_SHAPE_ELEMENT: state = element_size(python, object, &extra); break;
	case PY_SHAPE_SIMPLE_QUEUE: state = queue_size(python, object, &extra); break;
	case PY_SHAPE_STRUCT_FORMAT: state = format_size(python, object, &extra); break;
	case PY_SHAPE_BYTESIO: state = bytesio_size(python, object, &extra); break;
	case PY_SHAPE_PERMUTATIONS: state = permutations_size(python, object, &extra); break;
	case PY_SHAPE_PRODUCT:
		state = pool_length(python, object, &extra);
		extra *= 8;
		break;
	default:
		state = own_block(python, object, &block);
		extra = block.size;
		break;
	}
	if (state == DECODE_OK)
		*ret = (uint64_t)object->type->basicsize + extra;
	return state;
}
