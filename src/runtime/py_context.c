/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The nodes of the hash array mapped trie in which a context keeps its
 * variables. A bitmap or collision node holds key, value, key, value ...;
 * a null key says that its value is a further node. An array node has 32
 * places for nodes.
 *
 * Source: Python/hamt.c (hamt_node_bitmap_traverse and its two sisters).
 */
#include "runtime/py_families.h"

enum {
	VAR_SIZE = 16, /* of ob_size */
	SLOT = 8,
	ARRAY_NODE_SLOTS = 32,        /* HAMT_ARRAY_NODE_SIZE */
	BITMAP_NODE_MAX = 2 * 32,     /* one bit of b_bitmap for each pair */
	COLLISION_NODE_MAX = 1 << 16, /* more keys of one hash than that is torn */
};

/* What member number i of a node is: children have no key. */
static const char *member_name(enum py_shape shape, uint64_t i, bool has_key)
{
	if (shape == PY_SHAPE_HAMT_ARRAY)
		return "child";
	if (i % 2 == 0)
		return "key";
	return has_key ? "value" : "child";
}

/* Where the members of a node begin and how many there are. */
static enum decode find_members(struct python *python, const struct py_object *object,
                                uint32_t *ret_offset, uint64_t *ret_count)
{
	const struct py_layout *layout = &python->layout;
	bool is_bitmap = object->type->shape == PY_SHAPE_HAMT_BITMAP;
	uint64_t count;

	if (object->type->shape == PY_SHAPE_HAMT_ARRAY) {
		*ret_offset = layout->hamt_array.a_array;
		*ret_count = ARRAY_NODE_SLOTS;
		return DECODE_OK;
	}
	if (!py_object_word(python, object, VAR_SIZE, &count))
		return DECODE_FAULT;
	if (count > (is_bitmap ? BITMAP_NODE_MAX : COLLISION_NODE_MAX))
		return DECODE_TORN;
	*ret_offset = is_bitmap ? layout->hamt_bitmap.b_array : layout->hamt_collision.c_array;
	*ret_count = count;
	return DECODE_OK;
}

enum decode py_hamt_visit(struct python *python, struct py_types *types,
                          const struct py_object *object, const struct py_visitor *visitor)
{
	enum py_shape shape = object->type->shape;
	bool has_key = false;
	uint64_t count;
	uint32_t offset;
	enum decode status = find_members(python, object, &offset, &count);

	(void)types;
	for (uint64_t i = 0; status == DECODE_OK && i < count; i++) {
		taddr to;

		if (!py_object_word(python, object, (int64_t)(offset + i * SLOT), &to))
			return DECODE_FAULT;
		py_tell(visitor, PY_REF_FIELD, 0, member_name(shape, i, has_key), to);
		has_key = to != 0;
	}
	return status;
}
