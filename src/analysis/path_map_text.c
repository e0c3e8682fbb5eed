/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of a place: the steps from its root, and behind the base of a loop
 * what is repeated there, "(.next)*". A key or an index that never varied is
 * written as it is.
 */
#include "analysis/path_map.h"
#include "analysis/step_text.h"

enum { PLACE_DEPTH_MAX = 256, LOOPS_SHOWN_MAX = 4 };

/* Without a name in the picture, what never varied is still [*]. */
static struct step settled_step(struct path_map *map, struct step step, uint32_t via, bool varies)
{
	if (step.kind != STEP_ITEMS || varies || via >= REACH_NONE - map->snapshot->root_count)
		return step;
	return step_of_edge(&map->labels, map->snapshot->edges[via]);
}

static node_id owner_of(const struct path_map *map, const struct place *place)
{
	return place->first == NODE_NONE ? NODE_NONE : reach_parent(map->reach, place->first);
}

static void append_step(struct path_map *map, place_id id, struct text *text)
{
	const struct place *place = &map->trie.places[id];
	enum step_kind before = map->trie.places[place->parent].step.kind;
	struct step step = settled_step(map, place->step, place->first_via, place->varies);

	if (step.kind == STEP_ROOT)
		text_append(text, path_map_root(map, id));
	else
		step_text(&map->labels, step, owner_of(map, place), before, text);
}

static void append_loop(struct path_map *map, const struct loop *loop, struct text *text)
{
	enum step_kind before = map->trie.places[loop->base].step.kind;

	for (unsigned int i = 0; i < loop->length; i++) {
		struct step step = loop->steps[i];

		if (i + 1 == loop->length)
			step = settled_step(map, step, loop->via, loop->varies);
		step_text(&map->labels, step, NODE_NONE, before, text);
		before = step.kind;
	}
}

/* Is it a way back of one step? */
static bool is_short_loop(const struct path_trie *trie, place_id base, struct step step)
{
	for (size_t i = 0; i < trie->loop_count; i++) {
		const struct loop *loop = &trie->loops[i];

		if (loop->base == base && loop->length == 1 && loop->steps[0].kind == step.kind &&
		    loop->steps[0].operand == step.operand)
			return true;
	}
	return false;
}

/* (.left|.right)* says (.left.right)* as well. */
static bool is_implied(const struct path_trie *trie, const struct loop *loop)
{
	for (unsigned int i = 0; i < loop->length; i++)
		if (!is_short_loop(trie, loop->base, loop->steps[i]))
			return false;
	return loop->length > 1;
}

static void append_loops(struct path_map *map, place_id base, struct text *text)
{
	unsigned int shown = 0;

	for (size_t i = 0; i < map->trie.loop_count && shown < LOOPS_SHOWN_MAX; i++) {
		if (map->trie.loops[i].base != base || is_implied(&map->trie, &map->trie.loops[i]))
			continue;
		text_append(text, shown++ ? "|" : "(");
		append_loop(map, &map->trie.loops[i], text);
	}
	if (shown)
		text_append(text, ")*");
}

void path_map_text(struct path_map *map, place_id place, struct text *text)
{
	place_id places[PLACE_DEPTH_MAX];
	size_t count = 0;

	for (; place && count < PLACE_DEPTH_MAX; place = map->trie.places[place].parent)
		places[count++] = place;
	if (place)
		text_append(text, "...");
	while (count-- > 0) {
		append_step(map, places[count], text);
		append_loops(map, places[count], text);
	}
}

const char *path_map_root(struct path_map *map, place_id place)
{
	const struct snapshot *snapshot = map->snapshot;
	uint32_t root;

	while (place && map->trie.places[place].step.kind != STEP_ROOT)
		place = map->trie.places[place].parent;
	if (!place)
		return "";
	root = map->trie.places[place].step.operand;
	if (root & MANY_ROOTS)
		return labels_text(&map->labels, root & ~MANY_ROOTS);
	return snapshot_string(snapshot, snapshot->roots[root].name);
}
