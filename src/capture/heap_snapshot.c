/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of things. Roots are visited before the objects are decoded, so
 * that what only a root refers to is found, and again at the end, when every
 * node has its number; in between the walk goes from pools to what lies
 * outside of them. Types get their nodes last, since any object may have
 * shown a new one, and memory of C after them, as it is what is left; and last
 * of all the nodes learn where they were allocated, if the target knows.
 */
#include "capture/heap_snapshot.h"

#include "base/cleanup.h"
#include "capture/heap_resolve.h"
#include "capture/pool_owners.h"
#include "capture/root_walk.h"
#include "capture/trace_walk.h"

/*
 * Types say which node they are. And the first worker, which names the roots,
 * learns of the types that only others met.
 */
static void link_types(struct heap_walk *walk)
{
	for (size_t i = 0; i < walk->types.capacity; i++) {
		const struct number_map_slot *type = &walk->types.slots[i];

		if (!type->key)
			continue;
		(void)py_types_get(walk->workers[0]->types, type->key);
		snapshot_builder_type_node(walk->builder, type->value,
		                           heap_resolve(walk->workers[0], type->key, false));
	}
}

/* All objects, by whatever leads to them. */
static struct error *walk_objects(struct heap_walk *walk, struct root_walk *roots,
                                  struct native_walk *native)
{
	struct error *error = root_walk_discover(roots);

	if (!error)
		error = heap_walk_objects(walk);
	if (!error)
		error = heap_walk_others(walk);
	if (!error && native)
		error = native_walk_discover(native);
	if (!error)
		heap_walk_complete(walk);
	return error;
}

static struct error *walk_heap(struct heap_walk *walk, const struct native_wish *wish,
                               size_t *ret_threads)
{
	_cleanup_(cleanup_root_walk) struct root_walk *roots = NULL;
	_cleanup_(cleanup_native_walk) struct native_walk *native = NULL;
	struct error *error = heap_walk_pools(walk);

	if (!error && wish)
		error = native_walk_new(walk, wish, &native);
	if (error)
		return error;
	roots = root_walk_new(walk);
	if (!roots)
		return error_no_memory();
	error = walk_objects(walk, roots, native);
	if (error)
		return error;
	link_types(walk);
	error = root_walk_record(roots);
	heap_walk_finish(walk);
	if (!error && native)
		error = native_walk_record(native);
	if (error)
		return error;
	*ret_threads = root_walk_thread_count(roots);
	return NULL;
}

static void add_sums(struct snapshot *snapshot)
{
	struct snap_totals *totals = &snapshot->totals;

	for (node_id node = 0; node < snapshot->node_count; node++) {
		if (!snapshot_is_object(snapshot, node))
			continue;
		totals->objects++;
		totals->bytes += snapshot_size(snapshot, node);
		totals->memory += snapshot_memory(snapshot, node);
	}
}

static void cleanup_heap_walk(struct heap_walk *walk)
{
	heap_walk_deinit(walk);
}

/* The account is asked for last: which blocks are whose, the walk has found out. */
static struct error *take(struct heap_walk *walk, const struct heap_wish *wish,
                          struct snapshot **ret)
{
	struct snapshot_builder *builder = walk->builder;
	struct snapshot *snapshot;
	size_t threads = 0;
	struct error *error = walk_heap(walk, wish->with_edges ? wish->native : NULL, &threads);

	if (!error && wish->with_traces)
		error = trace_walk(walk);
	if (!error && walk->owners)
		error = pool_owners_add(walk, walk->owners);
	if (!error && walk->owners)
		error = malloc_owners_add(walk, wish->account);
	if (!error)
		error = snapshot_builder_seal(builder, &snapshot);
	if (error)
		return error;
	add_sums(snapshot);
	snapshot->facts.interpreters = walk->python->interpreter_count;
	snapshot->facts.threads = threads;
	*ret = snapshot;
	return NULL;
}

struct error *heap_snapshot_take(struct python *python, const struct heap_wish *wish,
                                 struct snapshot **ret)
{
	_cleanup_(cleanup_snapshot_builder) struct snapshot_builder *builder =
		snapshot_builder_new();
	_cleanup_(cleanup_heap_walk) struct heap_walk walk = {0};
	_cleanup_(resident_owners_deinit) struct resident_owners owners = {0};
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = NULL;
	struct error *error;

	if (!builder)
		return error_no_memory();
	error = heap_walk_init(&walk, python, builder, wish->with_edges);
	if (!error && wish->account)
		error = resident_owners_init(&owners, wish->account->resident);
	if (error)
		return error;
	walk.owners = wish->account ? &owners : NULL;
	walk.progress = wish->progress;
	walk.progress_context = wish->progress_context;
	error = take(&walk, wish, &snapshot);
	if (!error && wish->account)
		error = resident_owners_finish(&owners, snapshot);
	if (error)
		return error;
	snapshot->account.is_of_core = wish->account && wish->account->is_of_core;
	*ret = take_ptr(snapshot);
	return NULL;
}
