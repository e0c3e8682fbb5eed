/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registry. A candidate is a type when its own type is one: the chain of
 * ob_type ends in PyType_Type, every metatype on the way says that it makes
 * types, and the chain of tp_base ends in object. Both chains are walked in
 * loops with a bound; bases are registered before what inherits from them, so
 * that a type is decoded with its base at hand.
 *
 * Types of a hostile target may share their names, members and bases with each
 * other, and take more memory here than there. So what all of them have is
 * bounded by the memory of the target; a type that goes beyond is none.
 *
 * Addresses that are no types are remembered too, but only so many: whoever
 * scans memory asks for millions of them.
 */
#include "runtime/py_types.h"

#include "base/array.h"
#include "base/cleanup.h"
#include "runtime/py_type_registry.h"

#include <stdlib.h>

enum {
	TYPE_READY = 1 << 12, /* Py_TPFLAGS_READY */
	REJECTED_MAX = 1 << 18,
	INSTANCE_SIZE_MAX = 1 << 30,
	ITEM_SIZE_MAX = 1 << 20,
	BYTES_PER_MEMBER = 64, /* of the target's memory, at least */
	MEMBERS_LEAST = 1 << 16,
};

struct error *py_types_new(struct python *python, struct py_types **ret)
{
	struct py_types *types = calloc(1, sizeof(*types));

	if (!types)
		return error_no_memory();
	types->python = python;
	types->members_left =
		MEMBERS_LEAST + target_mapped_bytes(python->memory->target) / BYTES_PER_MEMBER;
	number_map_init(&types->by_address);
	number_map_init(&types->rejected);
	types->fields = py_fields_new(python);
	if (!types->fields) {
		py_types_free(types);
		return error_no_memory();
	}
	*ret = types;
	return NULL;
}

void py_types_free(struct py_types *types)
{
	if (!types)
		return;
	for (size_t i = 0; i < types->count; i++)
		py_type_free(types->items[i]);
	free(types->items);
	number_map_deinit(&types->by_address);
	number_map_deinit(&types->rejected);
	py_fields_free(types->fields);
	free(types);
}

size_t py_types_count(const struct py_types *types)
{
	return types->count;
}

const struct py_type *py_types_at(const struct py_types *types, size_t index)
{
	return index < types->count ? types->items[index] : NULL;
}

/* What a pointer to an object can be: aligned, in the user half, not in the first page. */
static bool is_plausible(taddr address)
{
	return !(address & 7) && address >= 4096 && address < UINT64_C(1) << 47;
}

/* The few words of a type object that say whether it is one. */
struct type_head {
	taddr metatype;
	taddr base;
	uint64_t flags;
};

static bool read_head(struct python *python, taddr address, struct type_head *ret)
{
	const struct py_layout *layout = &python->layout;
	const uint8_t *bytes;
	uint64_t basicsize;
	uint64_t itemsize;

	bytes = window_cache_view(python->memory, address, layout->type.size);
	if (!bytes)
		return false;
	memcpy(&ret->metatype, bytes + 8, sizeof(ret->metatype));
	memcpy(&ret->base, bytes + layout->type.tp_base, sizeof(ret->base));
	memcpy(&ret->flags, bytes + layout->type.tp_flags, sizeof(ret->flags));
	memcpy(&basicsize, bytes + layout->type.tp_basicsize, sizeof(basicsize));
	memcpy(&itemsize, bytes + layout->type.tp_itemsize, sizeof(itemsize));
	return is_plausible(ret->metatype) && basicsize >= 16 && basicsize <= INSTANCE_SIZE_MAX &&
	       itemsize <= ITEM_SIZE_MAX;
}

/* Follows ob_type to PyType_Type over metatypes that make types. */
static bool has_metatype(struct py_types *types, taddr metatype)
{
	struct python *python = types->python;
	uint32_t index;

	for (int depth = 0; depth < PY_TYPE_DEPTH_MAX; depth++) {
		struct type_head head;

		if (metatype == python->type_type)
			return true;
		if (number_map_get(&types->by_address, metatype, &index))
			return types->items[index]->flags & PY_TYPE_TYPE_SUBCLASS;
		if (!is_plausible(metatype) || !read_head(python, metatype, &head) ||
		    !(head.flags & PY_TYPE_TYPE_SUBCLASS))
			return false;
		metatype = head.metatype;
	}
	return false;
}

/*
 * PyType_Ready() has seen it; or it is a static type that its module, by an
 * oversight, makes instances of without (up to 3.9, functools.KeyWrapper ...).
 */
static bool is_in_use(const struct py_types *types, const struct type_head *head)
{
	return head->flags & TYPE_READY ||
	       (head->metatype == types->python->type_type && !(head->flags & PY_TYPE_HEAP));
}

/*
 * Collects address and its bases that are not registered yet, nearest first.
 * Returns how many; 0: this is no type.
 */
static size_t collect_bases(struct py_types *types, taddr address,
                            taddr chain[static PY_TYPE_DEPTH_MAX], const struct py_type **ret_base)
{
	size_t count = 0;
	uint32_t index;

	*ret_base = NULL;
	while (count < PY_TYPE_DEPTH_MAX) {
		struct type_head head;

		if (number_map_get(&types->by_address, address, &index)) {
			*ret_base = types->items[index];
			return count;
		}
		if (!is_plausible(address) || !read_head(types->python, address, &head) ||
		    !has_metatype(types, head.metatype) || !is_in_use(types, &head))
			return 0;
		chain[count++] = address;
		if (!head.base)
			return address == types->python->base_object_type ||
			                       !(head.flags & TYPE_READY)
			               ? count
			               : 0;
		address = head.base;
	}
	return 0;
}

static const struct py_type *add_type(struct py_types *types, taddr address,
                                      const struct py_type *base)
{
	struct py_type *type;

	if (types->count >= UINT32_MAX)
		return NULL;
	if (!array_reserve(&types->items, &types->capacity, types->count + 1,
	                   sizeof(*types->items))) {
		window_cache_no_memory(types->python->memory);
		return NULL;
	}
	type = py_type_read(types, address, base);
	if (!type)
		return NULL;
	type->index = (uint32_t)types->count;
	if (!number_map_put(&types->by_address, address, type->index)) {
		py_type_free(type);
		window_cache_no_memory(types->python->memory);
		return NULL;
	}
	types->items[types->count++] = type;
	return type;
}

static void reject(struct py_types *types, taddr address)
{
	if (types->rejected.count >= REJECTED_MAX)
		number_map_clear(&types->rejected);
	/* Without memory the answer is only slower next time. */
	(void)number_map_put(&types->rejected, address, 0);
}

static const struct py_type *discover(struct py_types *types, taddr address)
{
	taddr chain[PY_TYPE_DEPTH_MAX];
	const struct py_type *type = NULL;
	size_t count = collect_bases(types, address, chain, &type);

	if (!count) {
		reject(types, address);
		return NULL;
	}
	while (count--) {
		type = add_type(types, chain[count], type);
		if (!type)
			return NULL;
	}
	return type;
}

const struct py_type *py_types_get(struct py_types *types, taddr address)
{
	uint32_t index;

	if (number_map_get(&types->by_address, address, &index))
		return types->items[index];
	if (!is_plausible(address) || number_map_get(&types->rejected, address, &index))
		return NULL;
	return discover(types, address);
}
