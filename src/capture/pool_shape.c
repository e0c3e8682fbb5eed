/* SPDX-License-Identifier: Apache-2.0 */
/* Sums over pools that the walk has read already; no memory of the target is read here. */
#include "capture/pool_shape.h"

static uint64_t block_size(const struct indexed_pool *indexed)
{
	return (uint64_t)indexed->units * PYMALLOC_ALIGNMENT;
}

_Static_assert((int)SNAP_POOL_UNIT == (int)PYMALLOC_ALIGNMENT &&
                       (int)SNAP_POOL_CLASSES == (int)PYMALLOC_SIZE_CLASSES + 1,
               "classes are those of pymalloc");

static uint64_t used_bytes(const struct heap_walk *walk, const struct pymalloc_arena *arena)
{
	uint64_t size = walk->python->pool_size;
	uint64_t used = 0;

	for (taddr pool = (arena->start + size - 1) & ~(size - 1);
	     pool < arena->used_end && pool + size <= arena->end; pool += size) {
		const struct indexed_pool *indexed = block_index_pool(&walk->blocks, pool);

		if (indexed)
			used += indexed->used * block_size(indexed);
	}
	return used;
}

bool pool_shape_add_arena(const struct heap_walk *walk, struct resident_owners *owners,
                          const struct pymalloc_arena *arena)
{
	struct snap_pools *pools = &owners->pools;
	uint64_t size = arena->end - arena->start;
	uint64_t used = used_bytes(walk, arena);
	bool is_sparse = used < size / SNAP_SPARSE_SHARE;

	pools->pool_size = walk->python->pool_size;
	pools->arenas++;
	pools->arena_bytes += size;
	if (is_sparse) {
		pools->sparse_arenas++;
		pools->sparse_used += used;
		pools->sparse_resident += resident_owners_count(owners, arena->start, size);
	}
	return is_sparse;
}

/* Blocks in use that no live object has. */
static uint64_t count_others(const struct heap_walk *walk, const struct indexed_pool *indexed,
                             const struct pymalloc_pool *pool)
{
	const struct block_word *words = &walk->blocks.words[indexed->first_word];
	uint64_t count = 0;

	for (uint32_t i = 0; i * 64 < indexed->blocks; i++) {
		uint32_t left = indexed->blocks - i * 64;
		uint64_t carved = left < 64 ? (UINT64_C(1) << left) - 1 : UINT64_MAX;

		count += (uint64_t)__builtin_popcountll(pool->in_use[i] & carved &
		                                        ~words[i].objects & ~words[i].claimed);
	}
	return count;
}

void pool_shape_add(const struct heap_walk *walk, struct resident_owners *owners,
                    const struct indexed_pool *indexed, const struct pymalloc_pool *pool)
{
	struct snap_pool_class *class = &owners->pools.classes[indexed->units];
	uint64_t room = (walk->python->pool_size - PYMALLOC_POOL_HEADER) / block_size(indexed);

	class->pools++;
	class->lonely += indexed->used == 1;
	class->used += indexed->used;
	class->others += count_others(walk, indexed, pool);
	class->free += room > indexed->used ? room - indexed->used : 0;
}

void pool_shape_add_objects(const struct heap_walk *walk, struct resident_owners *owners,
                            const struct indexed_pool *indexed, bool is_sparse)
{
	struct snapshot_columns columns = snapshot_builder_columns(walk->builder);
	const struct block_word *words = &walk->blocks.words[indexed->first_word];
	uint64_t size = block_size(indexed);

	for (uint32_t i = 0; i * 64 < indexed->blocks; i++) {
		node_id node = words[i].first;

		for (uint64_t left = words[i].objects; left; left &= left - 1, node++) {
			struct type_parts *type;

			if (words[i].claimed & left & -left)
				continue;
			type = account_parts_type(&owners->parts, columns.type[node]);
			type->objects += size;
			type->pins += is_sparse;
			type->pinned += is_sparse ? size : 0;
		}
	}
}
