/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Generalised paths as a trie: a place in it stands for all nodes of the heap
 * that are reached by the same words. `app.cache[*].user` is one place for a
 * million users.
 *
 * A step that keeps repeating is folded: when `.next` follows `.next` often
 * enough, the place before the first of them becomes the base of a loop, and
 * from there `.next` leads back to the base: `app.head(.next)*`. Loops of up
 * to LOOP_STEPS_MAX steps are found (`.tb_frame.f_back`), and a base may have
 * several (`root(.left|.right)*`), so chains and trees of any depth are few
 * places. A loop that is found late leaves literal places behind; has_changed
 * tells the owner to start over, with the loops known.
 *
 * The number of places is bounded: beyond it, everything further is one "...".
 */
#ifndef PLUMB_ANALYSIS_PATH_TRIE_H
#define PLUMB_ANALYSIS_PATH_TRIE_H

#include "analysis/labels.h"
#include "base/number_map.h"

#include <stdbool.h>
#include <stdint.h>

enum step_kind {
	STEP_ROOT = 1,  /* operand: a root of the snapshot, or a label for many */
	STEP_ATTRIBUTE, /* label */
	STEP_ITEM,      /* label of the key or index */
	STEP_ITEMS,     /* [*] */
	STEP_KEY,
	STEP_LOCAL, /* label */
	STEP_STACK,
	STEP_FIELD, /* label */
	STEP_TYPE,
	STEP_GUESS,
	STEP_NAMED, /* label: a running frame and the like */
	STEP_MORE,  /* beyond the bound */
};

struct step {
	enum step_kind kind;
	uint32_t operand;
};

typedef uint32_t place_id;

struct place {
	place_id parent;
	struct step step;
	node_id first;      /* the first node that came here */
	uint32_t first_via; /* and its edge */
	bool varies;        /* an item step was made with different operands */
	bool is_plural;     /* more than one node is here */
	bool is_general;    /* items from here are [*] */
	uint32_t fanout;    /* different ITEM children */
	uint32_t items;     /* nodes that came from here by an ITEM step, in this pass */
	uint64_t visits;    /* nodes that came here in this pass */
};

enum { LOOP_STEPS_MAX = 3 };

struct loop {
	place_id base;
	unsigned int length;
	struct step steps[LOOP_STEPS_MAX];
	uint32_t via; /* the edge of the last step, as first_via */
	bool varies;
};

struct path_trie {
	struct place *places; /* place 0 is above all roots */
	size_t place_count, place_capacity;
	struct loop *loops;
	size_t loop_count, loop_capacity;
	struct number_map next; /* place and step -> place */
	size_t limit;           /* places, for now; see is_full */
	bool is_full;           /* start over: there are loops, and too many places without them */
	bool has_changed;       /* a place of this pass would now be another */
	bool is_broken;         /* memory ran out */
};

bool path_trie_init(struct path_trie *trie);
void path_trie_deinit(struct path_trie *trie);

/* Forgets the nodes, keeps loops and what was decided. */
void path_trie_start_pass(struct path_trie *trie);

/* The place that step leads to from `from`; made when it is new. */
place_id path_trie_step(struct path_trie *trie, place_id from, struct step step);

/* Is it there already? Does not make it. */
bool path_trie_has_step(const struct path_trie *trie, place_id from, struct step step);

#endif
