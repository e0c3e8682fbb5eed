/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two sweeps over the order of discovery, in which parents stand before their
 * children. Backwards: each node hands its weight to its parent. Forwards: a
 * node's place is a step from its parent's place. What a step is depends on
 * the edge, and for keys and indexes on what is known of the parent's place;
 * when that was not known in time (a loop, a place that turns out to be
 * general), the forward sweep is done again, with it known. Each sweep is
 * linear, and there are at most PASSES_MAX.
 *
 * Most nodes of a heap are on no path that was asked for: a bit of each says
 * so, and weight and place are kept of the others only.
 */
#include "analysis/path_map.h"

#include "analysis/path_map_roots.h"
#include "base/cleanup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	PASSES_MAX = 12,
	DOMINANT_PERCENT = 80,
	RECORD_KEYS_MAX = 32, /* a dict with more keys is a collection, no record */
	RECORD_TUPLE_MAX = 8,
};

/* Nearly all that is chosen below parent is below node. */
static bool is_dominant(const struct path_map *map, node_id parent, node_id node)
{
	uint64_t part = path_map_node(map, node)->weight;
	uint64_t all = path_map_node(map, parent)->weight;

	return part == all || (part >= 2 && part * 100 >= all * DOMINANT_PERCENT);
}

static label_id number_label(struct labels *labels, uint32_t number)
{
	char digits[16];

	snprintf(digits, sizeof(digits), "%u", number);
	return labels_word(labels, digits);
}

static bool item_label(struct path_map *map, struct snap_edge edge, label_id *ret)
{
	if (snap_edge_kind(edge) == EDGE_VALUE)
		return labels_key(&map->labels, snap_edge_key(edge), ret);
	*ret = number_label(&map->labels, snap_edge_operand(edge));
	return true;
}

/* May the items of this container have names of their own? */
static bool is_record(const struct path_map *map, node_id container, enum edge_kind kind)
{
	const struct snapshot *snapshot = map->snapshot;
	uint64_t length;

	if (!snapshot_length(snapshot, container, &length))
		return false;
	if (kind == EDGE_VALUE)
		return length <= RECORD_KEYS_MAX;
	return length <= RECORD_TUPLE_MAX &&
	       strcmp(snapshot_type_name(snapshot, snapshot->type[container]), "tuple") == 0;
}

static void make_general(struct path_map *map, place_id place)
{
	map->trie.places[place].is_general = true;
	map->trie.has_changed = true;
}

static struct step item_step(struct path_map *map, node_id parent, node_id node,
                             struct snap_edge edge)
{
	static const struct step any = {STEP_ITEMS, 0};
	place_id from = path_map_node(map, parent)->place;
	struct place *place = &map->trie.places[from];
	label_id label;

	if (!place->is_plural) {
		if (!is_dominant(map, parent, node) || !item_label(map, edge, &label))
			return any;
		return (struct step){STEP_ITEM, label};
	}
	if (place->is_general || !is_record(map, parent, snap_edge_kind(edge)))
		return any;
	if (!item_label(map, edge, &label) || place->fanout > RECORD_KEYS_MAX) {
		make_general(map, from);
		return any;
	}
	place->items++;
	return (struct step){STEP_ITEM, label};
}

static bool is_named(const struct snapshot *snapshot, node_id node)
{
	return (snapshot->flags[node] & NODE_IS_SYNTHETIC) && snapshot_node_name(snapshot, node);
}

/* The __dict__ of an object, or the C field in which a type keeps its own. */
static bool is_namespace_step(struct path_map *map, struct step step)
{
	const char *words = labels_text(&map->labels, step.operand);

	return (step.kind == STEP_ATTRIBUTE && strcmp(words, "__dict__") == 0) ||
	       (step.kind == STEP_FIELD && strcmp(words, "tp_dict") == 0);
}

static bool is_namespace_place(struct path_map *map, node_id node)
{
	return (map->snapshot->flags[node] & NODE_IS_NAMESPACE) &&
	       is_namespace_step(map, map->trie.places[path_map_node(map, node)->place].step);
}

/* obj.__dict__['x'] is obj.x, from the place of obj. */
static bool namespace_step(struct path_map *map, node_id parent, struct snap_edge edge,
                           place_id *ret_from, struct step *ret_step)
{
	label_id label;

	if (snap_edge_kind(edge) != EDGE_VALUE || !is_namespace_place(map, parent) ||
	    !labels_name_key(&map->labels, snap_edge_key(edge), &label))
		return false;
	*ret_from = map->trie.places[path_map_node(map, parent)->place].parent;
	*ret_step = (struct step){STEP_ATTRIBUTE, label};
	return true;
}

static struct step plain_step(struct path_map *map, node_id parent, node_id node,
                              struct snap_edge edge)
{
	uint32_t operand = snap_edge_operand(edge);
	struct labels *labels = &map->labels;

	switch (snap_edge_kind(edge)) {
	case EDGE_ATTRIBUTE: return (struct step){STEP_ATTRIBUTE, labels_string(labels, operand)};
	case EDGE_LOCAL: return (struct step){STEP_LOCAL, labels_string(labels, operand)};
	case EDGE_FIELD: return (struct step){STEP_FIELD, labels_string(labels, operand)};
	case EDGE_INDEX:
	case EDGE_VALUE: return item_step(map, parent, node, edge);
	case EDGE_KEY: return (struct step){STEP_KEY, 0};
	case EDGE_STACK: return (struct step){STEP_STACK, 0};
	case EDGE_TYPE: return (struct step){STEP_TYPE, 0};
	default: return (struct step){STEP_GUESS, 0};
	}
}

/* The step to a running frame: from its thread, whatever frames lie between. */
static struct step frame_step(struct path_map *map, node_id node, place_id *from)
{
	label_id name = labels_word(&map->labels, snapshot_node_name(map->snapshot, node));

	if (map->trie.places[*from].step.kind == STEP_NAMED)
		*from = map->trie.places[*from].parent;
	return (struct step){STEP_NAMED, name};
}

/* Do the two edges of one place differ in their key or index? */
static bool items_differ(const struct snapshot *snapshot, uint32_t one, uint32_t other)
{
	return snapshot->edges[one].label != snapshot->edges[other].label;
}

/* A step led back to the base of a loop: is its key or index always the same? */
static void note_loop(struct path_map *map, place_id to, struct step step, uint32_t via)
{
	struct path_trie *trie = &map->trie;

	if (step.kind != STEP_ITEMS)
		return;
	for (size_t i = 0; i < trie->loop_count; i++) {
		struct loop *loop = &trie->loops[i];

		if (loop->base != to || loop->steps[loop->length - 1].kind != STEP_ITEMS)
			continue;
		if (loop->via == UINT32_MAX)
			loop->via = via;
		else if (items_differ(map->snapshot, loop->via, via))
			loop->varies = true;
	}
}

/* Takes node one step on from a place. */
static void visit(struct path_map *map, node_id node, place_id from, struct step step)
{
	place_id to = path_trie_step(&map->trie, from, step);
	struct place *place = &map->trie.places[to];
	uint32_t via = map->reach->via[node];

	path_map_node(map, node)->place = to;
	place->visits++;
	if (place->first == NODE_NONE) {
		place->first = node;
		place->first_via = via;
		return;
	}
	place->is_plural = true;
	if (place->parent != from)
		note_loop(map, to, step, via);
	else if (step.kind == STEP_ITEMS && items_differ(map->snapshot, place->first_via, via))
		place->varies = true;
}

static void place_node(struct path_map *map, node_id parent, node_id node)
{
	const struct snapshot *snapshot = map->snapshot;
	struct snap_edge edge;
	place_id from;
	struct step step;
	size_t root;

	if (reach_root(map->reach, node, &root)) {
		visit(map, node, 0, (struct step){STEP_ROOT, map->root_step[root]});
		return;
	}
	from = path_map_node(map, parent)->place;
	edge = snapshot->edges[map->reach->via[node]];
	if (is_named(snapshot, node))
		step = frame_step(map, node, &from);
	else if (!namespace_step(map, parent, edge, &from, &step))
		step = plain_step(map, parent, node, edge);
	visit(map, node, from, step);
}

/* Keys of records are met again and again; keys that are not are no names. */
static void judge_records(struct path_map *map)
{
	for (place_id id = 0; id < map->trie.place_count; id++) {
		struct place *place = &map->trie.places[id];

		if (place->is_plural && !place->is_general && place->items > 2 &&
		    place->fanout > 2 && place->items < 2 * place->fanout)
			make_general(map, id);
	}
}

static void place_all(struct path_map *map, bool is_last)
{
	node_id last = NODE_NONE;

	path_trie_start_pass(&map->trie);
	for (node_id i = 0; i < map->reach->order_count; i++) {
		node_id node = map->reach->order[i];

		if (!path_map_has(map, node))
			continue;
		place_node(map, reach_next_parent(map->reach, node, &last), node);
		if (map->trie.is_broken || (map->trie.is_full && !is_last))
			return;
	}
	judge_records(map);
}

/* Children stand after their parents, so one sweep backwards finds all that is on a path. */
static bool find_nodes(struct path_map *map, const struct bit_set *chosen)
{
	const struct reach *reach = map->reach;
	node_id last = NODE_NONE;
	size_t count = 0;

	for (node_id i = reach->order_count; i-- > 0;) {
		node_id node = reach->order[i];

		if (bit_set_has(chosen, node))
			bit_set_add(&map->on_path, node);
		if (path_map_has(map, node) && reach_next_parent(reach, node, &last) != NODE_NONE)
			bit_set_add(&map->on_path, last);
	}
	if (!bit_set_rank_all(&map->on_path, &count))
		return false;
	map->nodes = calloc(count + 1, sizeof(*map->nodes));
	return map->nodes;
}

/* Another one sums. */
static void weigh_all(struct path_map *map, const struct bit_set *chosen)
{
	const struct reach *reach = map->reach;
	node_id last = NODE_NONE;

	for (node_id i = reach->order_count; i-- > 0;) {
		node_id node = reach->order[i];
		struct path_node *known;

		if (!path_map_has(map, node))
			continue;
		known = path_map_node(map, node);
		known->weight += bit_set_has(chosen, node);
		if (reach_next_parent(reach, node, &last) != NODE_NONE)
			path_map_node(map, last)->weight += known->weight;
	}
}

static struct path_map *path_map_new(const struct snapshot *snapshot, const struct reach *reach)
{
	struct path_map *map = calloc(1, sizeof(*map));

	if (!map)
		return NULL;
	map->snapshot = snapshot;
	map->reach = reach;
	labels_init(&map->labels, snapshot);
	if (!path_trie_init(&map->trie) || !bit_set_init(&map->on_path, snapshot->node_count)) {
		path_map_free(map);
		return NULL;
	}
	return map;
}

struct error *path_map_make(const struct snapshot *snapshot, const struct reach *reach,
                            const struct bit_set *chosen, const uint8_t *births,
                            struct path_map **ret)
{
	_cleanup_(cleanup_path_map) struct path_map *map = path_map_new(snapshot, reach);

	if (!map || !find_nodes(map, chosen))
		return error_no_memory();
	weigh_all(map, chosen);
	if (!path_map_name_roots(map, births))
		return error_no_memory();
	for (int pass = 0; pass < PASSES_MAX; pass++) {
		place_all(map, pass == PASSES_MAX - 1);
		if (map->trie.is_broken || map->labels.is_broken)
			return error_no_memory();
		if (!map->trie.has_changed)
			break;
	}
	*ret = take_ptr(map);
	return NULL;
}

void path_map_free(struct path_map *map)
{
	if (!map)
		return;
	labels_deinit(&map->labels);
	path_trie_deinit(&map->trie);
	bit_set_deinit(&map->on_path);
	free(map->nodes);
	free(map->root_step);
	free(map);
}
