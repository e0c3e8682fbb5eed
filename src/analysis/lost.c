/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose fault comes first claims first. An object with a count that is too high
 * stays, whatever happens to the rest, and keeps what it leads to; then cycles
 * that are never collected; what is left of the cycles waits for the collector.
 *
 * A lost block may refer to objects, like one that C filled with references
 * and forgot. Such references do not count as found: they are what is too much
 * in the counts of these objects. So blocks that are lost by themselves come
 * before the cycles.
 *
 * An object on no cycle, to which all counted references are found, is owned
 * by somebody, so it is claimed. Unless its count is 0: it is about to be freed,
 * or what is read is no object any more. These are only counted.
 */
#include "analysis/lost.h"

#include "analysis/lost_components.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "base/number_map.h"

#include <stdlib.h>
#include <string.h>

enum {
	EXACT_CLASSES_MAX = 1024, /* bytes: to here each size is a class, and then powers of two */
	BLOCK_CLASSES = EXACT_CLASSES_MAX + 64,
};

#define GARBAGE_ROOT "gc.garbage"

struct sorting {
	struct lost *lost;
	struct lost_graph graph;
	struct lost_components components;
	struct number_map group_places;
	struct number_map block_places;
	size_t group_capacity, block_capacity;
	bool is_broken; /* memory ran out */
	/* While something is claimed. */
	struct lost_sum claimed;
	uint64_t claimed_blocks;
};

/* ------------------------------------------------------------------ groups */

/* The row of a key, made when it is new. NULL: memory ran out. */
static void *find_row(struct sorting *sorting, struct number_map *places, uint64_t key, void *rows,
                      size_t *count, size_t *capacity, size_t size)
{
	uint32_t place;

	if (!number_map_get(places, key, &place)) {
		place = (uint32_t)*count;
		if (!array_reserve(rows, capacity, *count + 1, size) ||
		    !number_map_put(places, key, place)) {
			sorting->is_broken = true;
			return NULL;
		}
		memset(*(char **)rows + *count * size, 0, size);
		++*count;
	}
	return *(char **)rows + place * size;
}

static struct lost_group *find_group(struct sorting *sorting, node_id head, enum lost_cause cause)
{
	struct lost *lost = sorting->lost;
	type_id type = sorting->graph.snapshot->type[head];
	str_id name = sorting->graph.snapshot->types[type].name;
	uint64_t key = ((uint64_t)name * LOST_CAUSE_COUNT + cause) + 1;
	struct lost_group *group = find_row(sorting, &sorting->group_places, key, &lost->groups,
	                                    &lost->group_count, &sorting->group_capacity,
	                                    sizeof(*group));

	if (group && !group->islands) {
		group->type = type;
		group->cause = cause;
		group->example = head;
		group->counted = snapshot_refcount(sorting->graph.snapshot, head);
	}
	return group;
}

static void add_sum(struct lost_sum *sum, uint64_t count, uint64_t objects, uint64_t bytes)
{
	sum->count += count;
	sum->objects += objects;
	sum->bytes += bytes;
}

/* What is larger than the largest power of two has no class of its own. */
uint64_t lost_size_class(uint64_t size)
{
	uint64_t class = EXACT_CLASSES_MAX;

	if (size <= EXACT_CLASSES_MAX)
		return size;
	while (class < size && class << 1)
		class <<= 1;
	return class < size ? UINT64_MAX : class;
}

/* Each class has a number below BLOCK_CLASSES. */
static uint64_t class_number(uint64_t class)
{
	if (class <= EXACT_CLASSES_MAX)
		return class;
	return class == UINT64_MAX ? EXACT_CLASSES_MAX + 1
	                           : EXACT_CLASSES_MAX + (uint64_t)__builtin_ctzll(class);
}

static void add_block(struct sorting *sorting, node_id node, enum lost_kind kind)
{
	struct lost *lost = sorting->lost;
	uint64_t size = snapshot_size(sorting->graph.snapshot, node);
	uint64_t class = lost_size_class(size);
	type_id sort = sorting->graph.snapshot->type[node];
	uint64_t key =
		((uint64_t)sort * BLOCK_CLASSES + class_number(class)) * LOST_KIND_COUNT + kind + 1;
	struct lost_blocks *row = find_row(sorting, &sorting->block_places, key, &lost->blocks,
	                                   &lost->block_count, &sorting->block_capacity,
	                                   sizeof(*row));

	if (!row)
		return;
	if (!row->blocks) {
		row->kind = kind;
		row->sort = sort;
		row->size_class = class;
		row->example = node;
	}
	row->blocks++;
	row->bytes += size;
	add_sum(&lost->kinds[kind], 1, 0, size);
}

/* ------------------------------------------------------------------ islands */

static void count_claimed(void *context, node_id node)
{
	struct sorting *sorting = context;
	const struct snapshot *snapshot = sorting->graph.snapshot;

	if (snapshot_is_object(snapshot, node))
		sorting->claimed.objects++;
	else
		sorting->claimed_blocks++;
	sorting->claimed.bytes += snapshot_memory(snapshot, node);
}

static void claim(struct sorting *sorting, uint32_t head)
{
	sorting->claimed = (struct lost_sum){.count = 1};
	sorting->claimed_blocks = 0;
	lost_graph_claim(&sorting->graph, head, count_claimed, sorting);
}

static void add_island(struct sorting *sorting, uint32_t head, enum lost_cause cause)
{
	struct lost_group *group = find_group(sorting, sorting->graph.nodes[head], cause);
	const struct lost_sum *claimed = &sorting->claimed;

	claim(sorting, head);
	if (!group)
		return;
	if (!group->islands)
		group->found = sorting->graph.found[head];
	group->islands++;
	group->objects += claimed->objects;
	group->blocks += sorting->claimed_blocks;
	group->bytes += claimed->bytes;
	add_sum(&sorting->lost->causes[cause], 1, claimed->objects, claimed->bytes);
}

/*
 * All that are counted too high are heads, also where one leads to another: to
 * give back the reference to one leaves the other where it is.
 */
static void claim_overcounted(struct sorting *sorting)
{
	struct lost_graph *graph = &sorting->graph;
	_cleanup_(bit_set_deinit) struct bit_set heads = {0};

	if (!bit_set_init(&heads, graph->count)) {
		sorting->is_broken = true;
		return;
	}
	for (uint32_t member = 0; member < graph->count; member++) {
		if (bit_set_has(&graph->claimed, member) ||
		    !lost_graph_is_overcounted(graph, member))
			continue;
		bit_set_add(&heads, member);
		bit_set_add(&graph->claimed, member);
	}
	for (uint32_t member = 0; member < graph->count; member++)
		if (bit_set_has(&heads, member))
			add_island(sorting, member, LOST_REFCOUNT);
}

static void claim_cycles(struct sorting *sorting, unsigned int with, enum lost_cause cause)
{
	const struct lost_components *components = &sorting->components;

	for (uint32_t i = components->count; i-- > 0;) {
		const struct lost_component *component = &components->list[i];

		if ((component->flags & with) == with &&
		    !bit_set_has(&sorting->graph.claimed, component->head))
			add_island(sorting, component->head, cause);
	}
}

/* Objects that no cause was found for; and what only they lead to. */
static void claim_rest(struct sorting *sorting)
{
	const struct lost_components *components = &sorting->components;

	for (uint32_t i = components->count; i-- > 0;) {
		uint32_t head = components->list[i].head;

		if (bit_set_has(&sorting->graph.claimed, head))
			continue;
		claim(sorting, head);
		add_sum(&sorting->lost->dying, 1, sorting->claimed.objects, sorting->claimed.bytes);
	}
}

/* The items of the list gc.garbage, each of which is an object that was given up. */
static void add_garbage(struct sorting *sorting, node_id list)
{
	const struct snapshot *snapshot = sorting->graph.snapshot;

	for (uint32_t i = snapshot->edge_start[list]; i < snapshot->edge_start[list + 1]; i++) {
		struct snap_edge edge = snapshot->edges[i];
		uint64_t bytes;
		struct lost_group *group;

		if (snap_edge_kind(edge) != EDGE_INDEX)
			continue;
		group = find_group(sorting, edge.to, LOST_GARBAGE_LIST);
		if (!group)
			return;
		bytes = snapshot_memory(snapshot, edge.to);
		group->islands++;
		group->objects++;
		group->bytes += bytes;
		add_sum(&sorting->lost->causes[LOST_GARBAGE_LIST], 1, 1, bytes);
	}
}

static bool is_garbage_list(const struct snapshot *snapshot, const struct snap_root *root)
{
	const char *name = snapshot_string(snapshot, root->name);
	size_t length = strlen(name);
	size_t end = strlen(GARBAGE_ROOT);

	return root->kind == ROOT_INTERPRETER && length >= end &&
	       strcmp(name + length - end, GARBAGE_ROOT) == 0;
}

static void claim_garbage(struct sorting *sorting)
{
	const struct snapshot *snapshot = sorting->graph.snapshot;

	for (size_t i = 0; i < snapshot->root_count; i++)
		if (is_garbage_list(snapshot, &snapshot->roots[i]))
			add_garbage(sorting, snapshot->roots[i].node);
}

/* ------------------------------------------------------------------- blocks */

/*
 * A block that is lost by itself, and the blocks that it leads to. Objects are
 * left, but not as they were: a lost reference is none.
 */
static void claim_block(struct sorting *sorting, uint32_t head)
{
	struct lost_graph *graph = &sorting->graph;
	const struct snapshot *snapshot = graph->snapshot;
	enum lost_kind kind = LOST_DEFINITE;
	size_t count = 0;
	uint32_t to;

	bit_set_add(&graph->claimed, head);
	graph->todo[count++] = head;
	while (count) {
		uint32_t from = graph->todo[--count];
		node_id node = graph->nodes[from];

		add_block(sorting, node, kind);
		kind = LOST_INDIRECT;
		for (uint32_t i = snapshot->edge_start[node]; i < snapshot->edge_start[node + 1];
		     i++) {
			if (!lost_graph_follow(graph, from, snapshot->edges[i], &to))
				continue;
			if (!snapshot_is_native(snapshot, graph->nodes[to]))
				graph->found[to]--;
			else if (bit_set_add_new(&graph->claimed, to))
				graph->todo[count++] = to;
		}
	}
}

static void claim_blocks(struct sorting *sorting)
{
	const struct lost_components *components = &sorting->components;

	for (uint32_t i = components->count; i-- > 0;) {
		const struct lost_component *component = &components->list[i];

		if (!(component->flags & (LOST_HAS_OBJECT | LOST_HAS_PARENT)))
			claim_block(sorting, component->head);
	}
}

static void add_possible(struct sorting *sorting)
{
	const struct lost_graph *graph = &sorting->graph;

	for (node_id node = 0; node < graph->snapshot->node_count; node++)
		if (bit_set_has(&graph->possible, node) &&
		    snapshot_is_native(graph->snapshot, node))
			add_block(sorting, node, LOST_POSSIBLE);
}

/* -------------------------------------------------------------------- whole */

static int compare_groups(const void *left, const void *right)
{
	const struct lost_group *one = left;
	const struct lost_group *other = right;

	if (one->bytes != other->bytes)
		return one->bytes < other->bytes ? 1 : -1;
	return (one->example > other->example) - (one->example < other->example);
}

static int compare_blocks(const void *left, const void *right)
{
	const struct lost_blocks *one = left;
	const struct lost_blocks *other = right;

	if (one->kind != other->kind)
		return one->kind > other->kind ? 1 : -1;
	if (one->bytes != other->bytes)
		return one->bytes < other->bytes ? 1 : -1;
	if (one->size_class != other->size_class)
		return one->size_class > other->size_class ? 1 : -1;
	return (one->sort > other->sort) - (one->sort < other->sort);
}

static struct error *sort(struct sorting *sorting)
{
	struct lost *lost = sorting->lost;
	struct error *error;

	claim_overcounted(sorting);
	error = lost_components_init(&sorting->components, &sorting->graph);
	if (error)
		return error;
	claim_blocks(sorting);
	claim_overcounted(sorting);
	claim_cycles(sorting, LOST_IS_UNSEEN, LOST_CYCLE_WITHOUT_GC);
	claim_cycles(sorting, LOST_IS_CYCLE | LOST_HAS_OBJECT, LOST_AWAITING);
	claim_rest(sorting);
	claim_garbage(sorting);
	add_possible(sorting);
	if (sorting->is_broken)
		return error_no_memory();
	if (lost->group_count)
		qsort(lost->groups, lost->group_count, sizeof(*lost->groups), compare_groups);
	if (lost->block_count)
		qsort(lost->blocks, lost->block_count, sizeof(*lost->blocks), compare_blocks);
	return NULL;
}

static bool tell_previews(struct lost *lost, const struct snapshot *snapshot)
{
	for (size_t i = 0; i < lost->block_count && snapshot->node_text; i++)
		if (!snapshot->node_text(snapshot->node_text_context, lost->blocks[i].example,
		                         &lost->blocks[i].preview))
			return false;
	return true;
}

static void sorting_deinit(struct sorting *sorting)
{
	lost_graph_deinit(&sorting->graph);
	lost_components_deinit(&sorting->components);
	number_map_deinit(&sorting->group_places);
	number_map_deinit(&sorting->block_places);
}

struct error *lost_make(const struct snapshot *snapshot, struct lost **ret)
{
	_cleanup_(cleanup_lost) struct lost *lost = NULL;
	_cleanup_(sorting_deinit) struct sorting sorting = {0};
	struct error *error;

	if (!snapshot_has_edges(snapshot))
		return error_new(ERROR_USAGE,
		                 "cannot search for what is lost: captured without references");
	lost = calloc(1, sizeof(*lost));
	if (!lost)
		return error_no_memory();
	number_map_init(&sorting.group_places);
	number_map_init(&sorting.block_places);
	sorting.lost = lost;
	lost->knows_memory = snapshot_has_native(snapshot);
	error = lost_graph_init(&sorting.graph, snapshot);
	if (!error)
		error = sort(&sorting);
	if (!error && !tell_previews(lost, snapshot))
		error = error_no_memory();
	if (error)
		return error;
	*ret = take_ptr(lost);
	return NULL;
}

void lost_free(struct lost *lost)
{
	if (!lost)
		return;
	for (size_t i = 0; i < lost->block_count; i++)
		free(lost->blocks[i].preview);
	free(lost->groups);
	free(lost->blocks);
	free(lost);
}

bool lost_is_leaking(const struct lost *lost)
{
	return lost->causes[LOST_REFCOUNT].count || lost->causes[LOST_CYCLE_WITHOUT_GC].count ||
	       lost->kinds[LOST_DEFINITE].count;
}

const char *lost_cause_name(enum lost_cause cause)
{
	static const char *const names[LOST_CAUSE_COUNT] = {
		[LOST_REFCOUNT] = "refcount",
		[LOST_CYCLE_WITHOUT_GC] = "cycle-without-gc",
		[LOST_AWAITING] = "awaiting-collection",
		[LOST_GARBAGE_LIST] = "gc.garbage",
	};

	return names[cause];
}

const char *lost_kind_name(enum lost_kind kind)
{
	static const char *const names[LOST_KIND_COUNT] = {
		[LOST_DEFINITE] = "definite",
		[LOST_INDIRECT] = "indirect",
		[LOST_POSSIBLE] = "possible",
	};

	return names[kind];
}
