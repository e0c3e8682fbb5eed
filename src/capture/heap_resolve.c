/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In a pool the index of blocks says what is at an address. Everywhere else an
 * object is found because something leads to it: a reference, which is
 * believed, or a word that only looks like one, which has to be borne out by
 * what lies before the object.
 */
#include "capture/heap_resolve.h"

#include "base/array.h"

enum {
	ADDRESS_BITS = 47,     /* of user space on x86-64 */
	ADDRESS_MIN = 1 << 16, /* nothing is mapped below (vm.mmap_min_addr) */
	ALIGNMENT = 16,        /* of malloc's blocks, and of pymalloc's */
};

static bool grow_type_ids(struct heap_worker *worker, size_t needed)
{
	size_t known = worker->type_id_capacity;

	if (!array_reserve(&worker->type_ids, &worker->type_id_capacity, needed,
	                   sizeof(*worker->type_ids)))
		return false;
	for (size_t i = known; i < worker->type_id_capacity; i++)
		worker->type_ids[i] = NODE_NONE;
	return true;
}

/*
 * Who has a type refers to it, even where the reference is not counted. To
 * make a type an object of the snapshot may show its own type for the first
 * time, and so on: how far is for the target to say, so this is a list and no
 * recursion.
 */
static void discover_new_types(struct heap_worker *worker)
{
	if (worker->is_discovering_types)
		return;
	worker->is_discovering_types = true;
	while (worker->new_type_count)
		(void)heap_resolve(worker, worker->new_types[--worker->new_type_count], true);
	worker->is_discovering_types = false;
}

static type_id id_of_new_type(struct heap_worker *worker, const struct py_type *type)
{
	if (!grow_type_ids(worker, (size_t)type->index + 1) ||
	    !array_reserve(&worker->new_types, &worker->new_type_capacity,
	                   worker->new_type_count + 1, sizeof(*worker->new_types))) {
		heap_walk_break(worker->walk);
		return 0;
	}
	worker->type_ids[type->index] = heap_walk_add_type(worker->walk, type);
	worker->new_types[worker->new_type_count++] = type->address;
	discover_new_types(worker);
	return worker->type_ids[type->index];
}

type_id heap_resolve_type(struct heap_worker *worker, const struct py_type *type)
{
	if (type->index < worker->type_id_capacity && worker->type_ids[type->index] != NODE_NONE)
		return worker->type_ids[type->index];
	return id_of_new_type(worker, type);
}

bool heap_resolve_is_static(struct heap_worker *worker, taddr address)
{
	const struct target_region *region;

	if (address >= worker->python.module_start && address < worker->python.module_end)
		return true;
	region = target_region_at(worker->memory.target, address);
	return region && region->inode;
}

/* An object in no pool: its node if there is one there, else NODE_NONE. */
static node_id discover(struct heap_worker *worker, taddr address)
{
	unsigned int flags = NODE_IS_OBJECT;
	struct py_object object;
	uint64_t head;

	if (address % 8 || address >> ADDRESS_BITS || address < ADDRESS_MIN ||
	    !window_cache_u64(&worker->memory, address, &head) ||
	    !block_probe_is_refcount(&worker->probe, head) ||
	    py_object_at(&worker->python, worker->types, address, &object) != DECODE_OK)
		return NODE_NONE;
	if (heap_resolve_is_static(worker, address))
		flags |= NODE_IS_STATIC;
	return heap_walk_add_other(worker->walk, address, heap_resolve_type(worker, object.type),
	                           flags);
}

node_id heap_resolve_other(struct heap_worker *worker, taddr address, bool may_discover)
{
	node_id node;

	if (block_index_pool(&worker->walk->blocks, address))
		return NODE_NONE; /* never carved, or of a pool that was given back */
	if (number_map_get(&worker->others, address, &node))
		return node;
	node = heap_walk_find_other(worker->walk, address);
	if (node == NODE_NONE && may_discover)
		node = discover(worker, address);
	if (node != NODE_NONE && !number_map_put(&worker->others, address, node))
		heap_walk_break(worker->walk);
	return node;
}

void heap_resolve_forget(struct heap_worker *worker)
{
	number_map_clear(&worker->others);
}

/*
 * Is there room for an object, as far as malloc's blocks are known? Every allocator aligns
 * what it gives, and heads are as long as that: a count and a type that lie otherwise are
 * two words of something else, a number in an array and what was left behind it.
 */
static bool has_place(struct heap_worker *worker, const struct py_object *object)
{
	const struct native_blocks *native = worker->walk->native;
	uint32_t block = native ? native_blocks_at(native, object->address) : NATIVE_NONE;

	if (object->address % ALIGNMENT)
		return false;
	return block == NATIVE_NONE ||
	       native_blocks_has_place(native, block, object->address, object->type->prefix);
}

/* An object in a block starts where its type says; elsewhere, its head lies before it. */
static bool starts_here(struct heap_worker *worker, const struct py_object *object)
{
	struct block_place place;

	if (block_index_place(&worker->walk->blocks, object->address, &place))
		return place.offset == worker->probe.debug_header + object->type->prefix;
	return heap_resolve_is_static(worker, object->address) ||
	       (has_place(worker, object) && block_probe_has_head(&worker->probe, object));
}

node_id heap_resolve_word(struct heap_worker *worker, taddr address)
{
	struct py_object object;

	if (address % 8 || address < ADDRESS_MIN || address >> ADDRESS_BITS ||
	    py_object_at(&worker->python, worker->types, address, &object) != DECODE_OK ||
	    !starts_here(worker, &object))
		return NODE_NONE;
	return heap_resolve(worker, address, true);
}
