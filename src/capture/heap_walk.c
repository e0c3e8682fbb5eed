/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk's side: who works on which pools, and the tables that the workers
 * fill together. See heap_worker.c for what is done with one object.
 */
#include "capture/heap_walk.h"

#include "base/array.h"
#include "base/cleanup.h"
#include "capture/heap_resolve.h"
#include "capture/module_states.h"

#include <stdlib.h>

enum {
	GC_HEADS_MAX = 5 * PYTHON_INTERPRETERS_MAX,
	CHUNK_BYTES = 1 << 20,       /* of pools that a worker takes at once */
	POOLS_WORTH_A_THREAD = 1024, /* below that another worker only costs */
	CACHE_MIN = 8 << 20,
	CACHE_MAX = 64 << 20,
	BYTES_PER_EDGE = 4, /* at least: a reference takes 8 */
};

static bool note_gc_heads(struct heap_walk *walk)
{
	taddr *heads = calloc(GC_HEADS_MAX, sizeof(*heads));
	size_t count;
	bool is_noted = heads;

	count = heads ? python_gc_heads(walk->python, heads, GC_HEADS_MAX) : 0;
	for (size_t i = 0; i < count && is_noted; i++)
		is_noted = number_map_put(&walk->gc_heads, heads[i], 1);
	free(heads);
	return is_noted;
}

struct error *heap_walk_init(struct heap_walk *walk, struct python *python,
                             struct snapshot_builder *builder, bool with_edges)
{
	*walk = (struct heap_walk){.python = python, .builder = builder, .with_edges = with_edges};
	number_map_init(&walk->others);
	number_map_init(&walk->gc_heads);
	number_map_init(&walk->types);
	work_queue_init(&walk->queue);
	walk->edges_max = target_mapped_bytes(python->memory->target) / BYTES_PER_EDGE;
	return note_gc_heads(walk) ? NULL : error_no_memory();
}

void heap_walk_deinit(struct heap_walk *walk)
{
	for (size_t i = 0; i < walk->worker_count; i++)
		heap_worker_free(walk->workers[i]);
	work_queue_deinit(&walk->queue);
	free(walk->pools);
	block_index_deinit(&walk->blocks);
	number_map_deinit(&walk->others);
	number_map_deinit(&walk->gc_heads);
	number_map_deinit(&walk->types);
	free(walk->other_list);
	free(walk->impostors);
}

static void report(struct heap_walk *walk, const struct heap_worker *worker, double from, double to,
                   size_t chunk)
{
	if (walk->progress && worker == walk->workers[0])
		walk->progress(walk->progress_context,
		               from + (to - from) * (double)chunk / (double)walk->queue.chunks);
}

/* As many workers as the heap is worth; the first is a must. */
static struct error *hire_workers(struct heap_walk *walk)
{
	uint64_t heap = (uint64_t)walk->pool_count * walk->python->pool_size;
	size_t wanted = work_threads(HEAP_WORKERS_MAX);
	uint64_t cache = heap / 16 / wanted;

	if (walk->pool_count / POOLS_WORTH_A_THREAD + 1 < wanted)
		wanted = walk->pool_count / POOLS_WORTH_A_THREAD + 1;
	cache = cache < CACHE_MIN ? CACHE_MIN : cache > CACHE_MAX ? CACHE_MAX : cache;
	while (walk->worker_count < wanted) {
		struct error *error =
			heap_worker_new(walk, (size_t)cache, &walk->workers[walk->worker_count]);

		if (error)
			return error;
		walk->worker_count++;
	}
	return NULL;
}

static size_t chunk_length(const struct heap_walk *walk)
{
	return CHUNK_BYTES / walk->python->pool_size;
}

struct error *heap_walk_check(const struct heap_walk *walk)
{
	bool has_run_out = walk->is_broken || walk->python->memory->memory_ran_out;
	bool is_spent = false;

	for (size_t i = 0; i < walk->worker_count; i++) {
		const struct window_cache *memory = &walk->workers[i]->memory;

		has_run_out |= memory->memory_ran_out;
		is_spent |= window_cache_is_spent(memory);
	}
	if (has_run_out)
		return error_no_memory();
	if (is_spent)
		return error_new(ERROR_CORRUPT,
		                 "the Python heap contradicts itself: its objects share their "
		                 "memory so that walking them has no end");
	if (walk->is_excessive)
		return error_new(ERROR_CORRUPT,
		                 "the Python heap contradicts itself: its objects have more "
		                 "references than the process has memory");
	return NULL;
}

static struct error *run_workers(struct heap_walk *walk, void (*work)(void *))
{
	void *contexts[HEAP_WORKERS_MAX];
	size_t chunks = 0;

	if (walk->pool_count)
		chunks = (walk->pool_count + chunk_length(walk) - 1) / chunk_length(walk);
	for (size_t i = 0; i < walk->worker_count; i++)
		contexts[i] = walk->workers[i];
	work_queue_reset(&walk->queue, chunks);
	work_run(work, contexts, walk->worker_count);
	return heap_walk_check(walk);
}

/* The pools of a chunk: [*ret_first, return value). */
static size_t chunk_pools(const struct heap_walk *walk, size_t chunk, size_t *ret_first)
{
	size_t end = (chunk + 1) * chunk_length(walk);

	*ret_first = chunk * chunk_length(walk);
	return end < walk->pool_count ? end : walk->pool_count;
}

/* Pins pools [from, return value), which lie one behind the other. */
static size_t pin_run(struct heap_worker *worker, size_t from, size_t end)
{
	const struct heap_walk *walk = worker->walk;
	size_t next = from + 1;

	while (next < end && walk->pools[next] == walk->pools[next - 1] + walk->python->pool_size)
		next++;
	heap_worker_pin_pools(worker, walk->pools[from], next - from);
	return next;
}

/* ------------------------------------------------------------- first pass */

struct described_pool {
	struct pymalloc_pool pool;
	uint64_t objects[PYMALLOC_BITMAP_WORDS];
};

static void probe_blocks(struct heap_worker *worker, const uint8_t *bytes,
                         struct described_pool *described)
{
	const struct pymalloc_pool *pool = &described->pool;

	for (uint32_t word = 0; word * 64 < pool->blocks; word++) {
		described->objects[word] = 0;
		for (uint64_t left = pool->in_use[word]; left; left &= left - 1) {
			uint32_t bit = (uint32_t)__builtin_ctzll(left);
			const uint8_t *block = bytes + PYMALLOC_POOL_HEADER +
			                       (size_t)(word * 64 + bit) * pool->block_size;
			uint32_t offset;

			if (block_probe_object(&worker->probe, block, pool->block_size, &offset))
				described->objects[word] |= UINT64_C(1) << bit;
		}
	}
}

static void describe_pool(struct heap_worker *worker, taddr address,
                          struct described_pool *described)
{
	const uint8_t *bytes = heap_worker_pool(worker, address);

	described->pool = (struct pymalloc_pool){0};
	if (!bytes)
		return;
	if (pymalloc_pool_decode(&worker->python, address, bytes, &described->pool) != DECODE_OK)
		worker->totals.torn++;
	probe_blocks(worker, bytes, described);
	worker->totals.pool_blocks += described->pool.used;
	worker->totals.pool_in_use += (uint64_t)described->pool.used * described->pool.block_size;
}

static void commit_descriptions(struct heap_walk *walk, size_t first, size_t end,
                                const struct described_pool *described)
{
	for (size_t i = first; i < end && !walk->is_broken; i++)
		if (!block_index_describe(&walk->blocks, i, &described[i - first].pool,
		                          described[i - first].objects))
			walk->is_broken = true;
}

static void describe_pools(void *context)
{
	struct heap_worker *worker = context;
	struct heap_walk *walk = worker->walk;
	struct described_pool *described = calloc(chunk_length(walk), sizeof(*described));
	size_t chunk;

	while (work_queue_take(&walk->queue, &chunk)) {
		size_t first;
		size_t end = chunk_pools(walk, chunk, &first);
		size_t pinned = first;

		for (size_t i = first; described && i < end; i++) {
			if (i == pinned)
				pinned = pin_run(worker, i, end);
			describe_pool(worker, walk->pools[i], &described[i - first]);
		}
		work_queue_begin_commit(&walk->queue, chunk);
		if (described)
			commit_descriptions(walk, first, end, described);
		else
			walk->is_broken = true;
		work_queue_end_commit(&walk->queue);
		report(walk, worker, 0, 0.4, chunk);
	}
	free(described);
}

struct error *heap_walk_pools(struct heap_walk *walk)
{
	uint64_t *torn = &snapshot_builder_totals(walk->builder)->torn;
	struct error *error = pymalloc_pools(walk->python, &walk->pools, &walk->pool_count, torn);

	if (!error)
		error = block_index_init(&walk->blocks, walk->pools, walk->pool_count,
		                         walk->python->pool_size);
	if (!error)
		error = hire_workers(walk);
	if (!error)
		error = run_workers(walk, describe_pools);
	if (error)
		return error;
	deny_module_states(walk->workers[0]);
	if (!block_index_number(&walk->blocks, SNAPSHOT_NODES_MAX))
		walk->is_excessive = true;
	if (walk->is_excessive)
		return heap_walk_check(walk);
	if (!snapshot_builder_nodes(walk->builder, walk->blocks.node_count))
		return error_no_memory();
	return NULL;
}

/* ------------------------------------------------------------ second pass */

static void decode_pool(struct heap_worker *worker, const struct indexed_pool *pool)
{
	const struct block_index *index = &worker->walk->blocks;
	uint32_t block_size = (uint32_t)pool->units * PYMALLOC_ALIGNMENT;
	/* Readable before, it may be gone now: who reads a running process expects that. */
	const uint8_t *bytes = pool->units ? heap_worker_pool(worker, pool->address) : NULL;

	for (uint32_t word = 0; word * 64 < pool->blocks; word++) {
		const struct block_word *blocks = &index->words[pool->first_word + word];
		node_id node = blocks->first;

		for (uint64_t left = blocks->objects; left; left &= left - 1) {
			uint32_t number = word * 64 + (uint32_t)__builtin_ctzll(left);
			size_t offset = PYMALLOC_POOL_HEADER + (size_t)number * block_size;

			if (bytes)
				heap_worker_decode_block(worker, node, pool->address + offset,
				                         bytes + offset, block_size);
			else
				heap_worker_skip(worker, node);
			node++;
		}
	}
}

static void decode_pools(void *context)
{
	struct heap_worker *worker = context;
	struct heap_walk *walk = worker->walk;
	size_t chunk;

	while (work_queue_take(&walk->queue, &chunk)) {
		size_t first;
		size_t end = chunk_pools(walk, chunk, &first);
		size_t pinned = first;

		for (size_t i = first; i < end; i++) {
			if (i == pinned)
				pinned = pin_run(worker, i, end);
			decode_pool(worker, &walk->blocks.pools[i]);
		}
		work_queue_begin_commit(&walk->queue, chunk);
		heap_worker_commit(worker);
		work_queue_end_commit(&walk->queue);
		report(walk, worker, 0.4, 1, chunk);
	}
}

struct error *heap_walk_objects(struct heap_walk *walk)
{
	heap_worker_discover_list_starts(walk->workers[0]);
	for (size_t i = 0; i < walk->worker_count; i++)
		heap_worker_see_nodes(walk->workers[i]);
	return run_workers(walk, decode_pools);
}

/* ------------------------------------------------------ objects elsewhere */

static bool has_failed(const struct heap_walk *walk)
{
	return walk->is_broken || walk->is_excessive;
}

struct numbered_other {
	struct heap_other other;
	node_id number; /* in order of discovery */
};

static int compare_others(const void *left, const void *right)
{
	const struct numbered_other *a = left;
	const struct numbered_other *b = right;

	return (a->other.address > b->other.address) - (a->other.address < b->other.address);
}

static struct numbered_other *sort_others(const struct heap_walk *walk)
{
	struct numbered_other *sorted = reallocarray(NULL, walk->other_count + 1, sizeof(*sorted));

	for (size_t i = 0; sorted && i < walk->other_count; i++)
		sorted[i] = (struct numbered_other){walk->other_list[i], (node_id)i};
	if (sorted)
		qsort(sorted, walk->other_count, sizeof(*sorted), compare_others);
	return sorted;
}

/* Everybody forgets the numbers that were. A cleared map keeps its room. */
static void number_others(struct heap_walk *walk)
{
	number_map_clear(&walk->others);
	for (size_t i = 0; i < walk->other_count; i++)
		if (!number_map_put(&walk->others, walk->other_list[i].address,
		                    walk->blocks.node_count + (node_id)i))
			walk->is_broken = true;
	for (size_t i = 0; i < walk->worker_count; i++)
		heap_resolve_forget(walk->workers[i]);
}

/*
 * Which worker met an object first is chance, and so was the object's number.
 * From here on one worker goes on alone: when these are numbered by address,
 * the same heap gives the same graph each time.
 */
static struct error *order_others(struct heap_walk *walk)
{
	_cleanup_free_ struct numbered_other *sorted = sort_others(walk);
	_cleanup_free_ node_id *places = reallocarray(NULL, walk->other_count + 1, sizeof(*places));

	if (!sorted || !places)
		return error_no_memory();
	for (size_t i = 0; i < walk->other_count; i++) {
		walk->other_list[i] = sorted[i].other;
		places[sorted[i].number] = walk->blocks.node_count + (node_id)i;
	}
	number_others(walk);
	snapshot_builder_renumber(walk->builder, walk->blocks.node_count, places,
	                          (node_id)walk->other_count);
	return NULL;
}

struct error *heap_walk_more_others(struct heap_walk *walk)
{
	while (walk->others_described < walk->other_count && !has_failed(walk)) {
		struct heap_other *other = &walk->other_list[walk->others_described++];
		node_id node = snapshot_builder_node(walk->builder, other->address, other->type,
		                                     other->flags);

		if (node == NODE_NONE)
			return error_no_memory();
		heap_worker_decode_other(walk->workers[0], node);
		heap_worker_commit(walk->workers[0]);
	}
	return heap_walk_check(walk);
}

struct error *heap_walk_others(struct heap_walk *walk)
{
	struct error *error = order_others(walk);

	return error ? error : heap_walk_more_others(walk);
}

void heap_walk_complete(struct heap_walk *walk)
{
	walk->is_complete = true;
}

static void add_totals(struct snap_totals *sum, const struct snap_totals *part)
{
	sum->pool_blocks += part->pool_blocks;
	sum->pool_in_use += part->pool_in_use;
	sum->faults += part->faults;
	sum->torn += part->torn;
	sum->unknown_types += part->unknown_types;
}

static uint64_t pool_object_bytes(const struct heap_walk *walk)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < walk->pool_count; i++) {
		const struct indexed_pool *pool = &walk->blocks.pools[i];

		for (uint32_t word = 0; word * 64 < pool->blocks; word++) {
			const struct block_word *blocks =
				&walk->blocks.words[pool->first_word + word];

			bytes += (uint64_t)__builtin_popcountll(blocks->objects | blocks->claimed) *
			         pool->units * PYMALLOC_ALIGNMENT;
		}
	}
	return bytes;
}

void heap_walk_finish(struct heap_walk *walk)
{
	struct snap_totals *totals = snapshot_builder_totals(walk->builder);

	for (size_t i = 0; i < walk->worker_count; i++) {
		add_totals(totals, &walk->workers[i]->totals);
		if (walk->owners)
			account_parts_add_types(&walk->owners->parts,
			                        &walk->workers[i]->pool_storage);
	}
	for (size_t i = 0; i < walk->impostor_count; i++) {
		snapshot_builder_clear_flags(walk->builder, walk->impostors[i],
		                             NODE_IS_OBJECT | NODE_IS_TRACKED);
		snapshot_builder_sizes(walk->builder, walk->impostors[i], 0, 0);
	}
	totals->pool_objects = pool_object_bytes(walk);
	totals->pool_not_objects = totals->pool_in_use - totals->pool_objects;
}

/* ---------------------------------------------------- what workers share */

static node_id add_other_locked(struct heap_walk *walk, taddr address, type_id type,
                                unsigned int flags)
{
	node_id node = walk->blocks.node_count + (node_id)walk->other_count;
	node_id known;

	if (number_map_get(&walk->others, address, &known))
		return known;
	if (walk->is_complete)
		return NODE_NONE;
	if (walk->blocks.node_count + walk->other_count >= SNAPSHOT_NODES_MAX) {
		walk->is_excessive = true;
		return NODE_NONE;
	}
	if (!array_reserve(&walk->other_list, &walk->other_capacity, walk->other_count + 1,
	                   sizeof(*walk->other_list)) ||
	    !number_map_put(&walk->others, address, node)) {
		walk->is_broken = true;
		return NODE_NONE;
	}
	walk->other_list[walk->other_count++] = (struct heap_other){address, type, (uint8_t)flags};
	return node;
}

bool heap_walk_count_edges(struct heap_walk *walk, size_t count)
{
	walk->edge_count += count;
	if (walk->edge_count >= walk->edges_max)
		walk->is_excessive = true;
	return !walk->is_excessive;
}

node_id heap_walk_add_other(struct heap_walk *walk, taddr address, type_id type, unsigned int flags)
{
	node_id node;

	work_queue_lock(&walk->queue);
	node = add_other_locked(walk, address, type, flags);
	work_queue_unlock(&walk->queue);
	return node;
}

node_id heap_walk_find_other(struct heap_walk *walk, taddr address)
{
	node_id node = NODE_NONE;

	work_queue_lock(&walk->queue);
	number_map_get(&walk->others, address, &node);
	work_queue_unlock(&walk->queue);
	return node;
}

void heap_walk_set_flags(struct heap_walk *walk, node_id node, unsigned int flags)
{
	size_t other = (size_t)node - walk->blocks.node_count;

	if (node < walk->blocks.node_count) {
		snapshot_builder_set_flags(walk->builder, node, flags);
		return;
	}
	work_queue_lock(&walk->queue);
	if (other < walk->others_described)
		snapshot_builder_set_flags(walk->builder, node, flags);
	else
		walk->other_list[other].flags |= (uint8_t)flags;
	work_queue_unlock(&walk->queue);
}

static type_id add_type_locked(struct heap_walk *walk, const struct py_type *type)
{
	struct snapshot_builder *builder = walk->builder;
	type_id id;

	if (number_map_get(&walk->types, type->address, &id))
		return id;
	id = snapshot_builder_type(builder, type->address,
	                           snapshot_builder_string(builder, type->name, strlen(type->name)),
	                           snapshot_builder_string(builder, type->module,
	                                                   strlen(type->module)));
	if (!number_map_put(&walk->types, type->address, id))
		walk->is_broken = true;
	return id;
}

type_id heap_walk_add_type(struct heap_walk *walk, const struct py_type *type)
{
	type_id id;

	work_queue_lock(&walk->queue);
	id = add_type_locked(walk, type);
	work_queue_unlock(&walk->queue);
	return id;
}

str_id heap_walk_add_string(struct heap_walk *walk, const char *string)
{
	str_id id;

	work_queue_lock(&walk->queue);
	id = snapshot_builder_string(walk->builder, string, strlen(string));
	work_queue_unlock(&walk->queue);
	return id;
}

void heap_walk_add_impostor(struct heap_walk *walk, node_id node)
{
	work_queue_lock(&walk->queue);
	if (array_reserve(&walk->impostors, &walk->impostor_capacity, walk->impostor_count + 1,
	                  sizeof(*walk->impostors)))
		walk->impostors[walk->impostor_count++] = node;
	else
		walk->is_broken = true;
	work_queue_unlock(&walk->queue);
}

void heap_walk_break(struct heap_walk *walk)
{
	work_queue_lock(&walk->queue);
	walk->is_broken = true;
	work_queue_unlock(&walk->queue);
}

void heap_walk_note_owned(struct heap_walk *walk, taddr address, uint64_t size, type_id type,
                          bool is_object)
{
	if (walk->native)
		(void)native_blocks_claim(walk->native, address,
		                          is_object ? NATIVE_IS_OBJECT : NATIVE_IS_STORAGE);
	if (!walk->owners)
		return;
	work_queue_lock(&walk->queue);
	if (!resident_owners_note(walk->owners, address, size, type, is_object))
		walk->is_broken = true;
	work_queue_unlock(&walk->queue);
}
