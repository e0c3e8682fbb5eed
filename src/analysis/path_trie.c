/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The map from (place, step) to place is the automaton; a loop is nothing but
 * an entry that leads back. Repetition is looked for only when a place is
 * made: the last steps of the new place are compared with those before, a
 * bounded number of times.
 */
#include "analysis/path_trie.h"

#include "base/array.h"

#include <stdlib.h>

enum {
	PLACE_LIMIT_FIRST = 1 << 13,
	PLACE_LIMIT_LAST = 1 << 18,
	LOOP_COUNT_MAX = 1024,
	REPEATS_OF_ONE_STEP = 4, /* a[*][*][*] is still a matrix */
	REPEATS_OF_MORE_STEPS = 3,
};

static bool add_place(struct path_trie *trie, place_id parent, struct step step)
{
	if (!array_reserve(&trie->places, &trie->place_capacity, trie->place_count + 1,
	                   sizeof(*trie->places))) {
		trie->is_broken = true;
		return false;
	}
	trie->places[trie->place_count++] =
		(struct place){.parent = parent, .step = step, .first = NODE_NONE};
	return true;
}

bool path_trie_init(struct path_trie *trie)
{
	*trie = (struct path_trie){0};
	trie->limit = PLACE_LIMIT_FIRST;
	number_map_init(&trie->next);
	return add_place(trie, 0, (struct step){0});
}

void path_trie_deinit(struct path_trie *trie)
{
	free(trie->places);
	free(trie->loops);
	number_map_deinit(&trie->next);
	*trie = (struct path_trie){0};
}

void path_trie_start_pass(struct path_trie *trie)
{
	trie->has_changed = false;
	if (trie->is_full)
		trie->limit = trie->place_count + PLACE_LIMIT_FIRST;
	trie->is_full = false;
	for (size_t i = 0; i < trie->place_count; i++) {
		trie->places[i].first = NODE_NONE;
		trie->places[i].varies = false;
		trie->places[i].items = 0;
		trie->places[i].visits = 0;
	}
	for (size_t i = 0; i < trie->loop_count; i++) {
		trie->loops[i].varies = false;
		trie->loops[i].via = UINT32_MAX;
	}
}

/* Unique: places are below 2^19, kinds below 2^8, and no kind is 0. */
static uint64_t step_key(place_id from, struct step step)
{
	return (uint64_t)from << 40 | (uint64_t)step.kind << 32 | step.operand;
}

static bool steps_are_equal(struct step a, struct step b)
{
	return a.kind == b.kind && a.operand == b.operand;
}

bool path_trie_has_step(const struct path_trie *trie, place_id from, struct step step)
{
	place_id known;

	return number_map_get(&trie->next, step_key(from, step), &known);
}

static void link_step(struct path_trie *trie, place_id from, struct step step, place_id to)
{
	if (!number_map_put(&trie->next, step_key(from, step), to))
		trie->is_broken = true;
}

/*
 * Is the path to last, taken `length` steps at a time, the same unit
 * `repeats` times over? *ret_base is the place before the first of them.
 */
static bool ends_in_repeats(const struct path_trie *trie, place_id last, unsigned int length,
                            unsigned int repeats, place_id *ret_base)
{
	struct step unit[LOOP_STEPS_MAX];
	place_id place = last;

	for (unsigned int i = 0; i < length * repeats; i++) {
		const struct place *here = &trie->places[place];

		if (place == 0 || here->step.kind == STEP_ROOT || here->step.kind == STEP_MORE)
			return false;
		if (i < length)
			unit[i] = here->step;
		else if (!steps_are_equal(unit[i % length], here->step))
			return false;
		place = here->parent;
	}
	*ret_base = place;
	return place != 0;
}

/* The last `length` steps to `last` lead from base back to base from now on. */
static void add_loop(struct path_trie *trie, place_id base, place_id last, unsigned int length)
{
	struct loop loop = {.base = base, .length = length, .via = UINT32_MAX};
	place_id from = base;

	if (trie->loop_count >= LOOP_COUNT_MAX)
		return;
	if (!array_reserve(&trie->loops, &trie->loop_capacity, trie->loop_count + 1,
	                   sizeof(*trie->loops))) {
		trie->is_broken = true;
		return;
	}
	for (unsigned int i = length; i-- > 0;) {
		loop.steps[i] = trie->places[last].step;
		last = trie->places[last].parent;
	}
	for (unsigned int i = 0; i + 1 < length; i++)
		if (!number_map_get(&trie->next, step_key(from, loop.steps[i]), &from))
			return;
	link_step(trie, from, loop.steps[length - 1], base);
	trie->places[base].is_plural = true;
	trie->loops[trie->loop_count++] = loop;
	trie->has_changed = true;
}

/* Folds what the new place repeats; returns where a step to it leads now. */
static place_id fold_repeats(struct path_trie *trie, place_id last)
{
	for (unsigned int length = 1; length <= LOOP_STEPS_MAX; length++) {
		unsigned int repeats = length == 1 ? REPEATS_OF_ONE_STEP : REPEATS_OF_MORE_STEPS;
		place_id base;

		if (ends_in_repeats(trie, last, length, repeats, &base)) {
			add_loop(trie, base, last, length);
			return base;
		}
	}
	return last;
}

/* Is there room for another place? Without loops to fold, the limit gives way, up to the last. */
static bool has_room(struct path_trie *trie)
{
	while (trie->place_count >= trie->limit && !trie->has_changed &&
	       trie->limit < PLACE_LIMIT_LAST)
		trie->limit *= 2;
	if (trie->place_count < trie->limit && trie->place_count < PLACE_LIMIT_LAST)
		return true;
	trie->is_full = trie->has_changed;
	return false;
}

place_id path_trie_step(struct path_trie *trie, place_id from, struct step step)
{
	place_id to;

	if (trie->places[from].step.kind == STEP_MORE)
		return from;
	if (number_map_get(&trie->next, step_key(from, step), &to))
		return to;
	if (!has_room(trie)) {
		step = (struct step){STEP_MORE, 0};
		if (number_map_get(&trie->next, step_key(from, step), &to))
			return to;
		if (trie->place_count >= PLACE_LIMIT_LAST + PLACE_LIMIT_LAST / 2)
			return from;
	}
	to = (place_id)trie->place_count;
	if (!add_place(trie, from, step))
		return from;
	link_step(trie, from, step, to);
	if (step.kind == STEP_ITEM)
		trie->places[from].fanout++;
	return fold_repeats(trie, to);
}
