/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each of these structs has a mark of its own, that needs no version:
 *
 * - the collector's generation0 pointer points at the first generation, in
 *   the same struct (gh-127545 moved it from 24 to 20 within 3.13); a
 *   collector without that pointer is the incremental one of 3.14.0 to 3.14.4
 *   (gh-142516 took it out again), whose lists follow each other:
 *
 *	24 young   48 old[0]   72 old[1]   96 permanent      (24 bytes each)
 *
 * - pymalloc's state starts with usedpools, pairs of pointers that point 16
 *   bytes before themselves where a size class has no pool;
 *
 * - the static types are numbered from 1 in tp_subclasses, and the array has
 *   them in that order.
 */
#include "runtime/py_fit.h"

#include "runtime/py_structure.h"

enum {
	GC_GENERATIONS = 3,
	GC_GENERATION_SIZE = 24,
	GC_INCREMENTAL_VERSION = 0x030e,
	GC_INCREMENTAL_YOUNG = 24,
	GC_INCREMENTAL_PERMANENT = 96,
	GC_INCREMENTAL_COLLECTING = 192,
	USED_POOLS = 64,
	PAGE = 4096,
	SEARCH_DISTANCE = 1024,
	SEARCH_STEP = 8,
	FIRST_WITH_STATE = 0x030c, /* pymalloc's state and static types per interpreter */
	FIRST_WITH_STATE_POINTER = 0x030d,
	STATIC_TYPES_CHECKED = 4,
};

taddr py_gc_state(const struct python *python, taddr interpreter)
{
	if (py_has(python->layout.interpreter.gc))
		return interpreter + python->layout.interpreter.gc;
	return python->runtime + python->layout.runtime.gc;
}

/* Finds the generations by the pointer at the first of them. */
static bool fit_generations(struct python *python, taddr gc)
{
	taddr first;

	if (!py_has(python->layout.gc.generation0) ||
	    !window_cache_u64(python->memory, gc + python->layout.gc.generation0, &first))
		return false;
	if (first < gc || first - gc > python->layout.gc.size)
		return false;
	python->layout.gc.generations = (uint32_t)(first - gc);
	return true;
}

static bool lists_are_incremental(struct python *python, taddr gc)
{
	for (taddr offset = GC_INCREMENTAL_YOUNG; offset <= GC_INCREMENTAL_PERMANENT;
	     offset += GC_GENERATION_SIZE) {
		if (!py_gc_head_is_sound(python->memory, gc + offset))
			return false;
	}
	return true;
}

static void fit_collector(struct python *python, taddr main)
{
	taddr gc = py_gc_state(python, main);

	python->has_incremental_gc = false;
	if (fit_generations(python, gc) || python->layout.version != GC_INCREMENTAL_VERSION ||
	    !lists_are_incremental(python, gc))
		return;
	python->has_incremental_gc = true;
	python->layout.gc.generations = GC_INCREMENTAL_YOUNG;
	python->layout.gc.generation0 = PY_ABSENT;
	python->layout.gc.permanent_generation = GC_INCREMENTAL_PERMANENT;
	python->layout.gc.collecting = GC_INCREMENTAL_COLLECTING;
}

bool py_obmalloc_state_is_sound(struct window_cache *memory, taddr address)
{
	taddr pools[USED_POOLS];
	uint64_t free_classes = 0;

	if (!address || address % 8 || !window_cache_read(memory, address, pools, sizeof(pools)))
		return false;
	for (size_t i = 0; i < USED_POOLS; i++) {
		if (pools[i] == address + i / 2 * 16 - 16)
			free_classes++;
		else if (!pools[i] || pools[i] % PAGE)
			return false;
	}
	/* All pointers at pages would be no mark at all: other arrays look like that. */
	return free_classes > 0 || pools[0] != pools[2];
}

static bool obmalloc_is_at(struct python *python, taddr address)
{
	if (python->layout.version >= FIRST_WITH_STATE_POINTER &&
	    !window_cache_u64(python->memory, address, &address))
		return false;
	return py_obmalloc_state_is_sound(python->memory, address);
}

/* Are the first static types of the array at address numbered 1, 2, ...? */
static bool static_types_are_at(struct python *python, taddr address)
{
	const struct py_layout *layout = &python->layout;

	for (uint64_t i = 0; i < STATIC_TYPES_CHECKED; i++) {
		taddr type;
		uint64_t number;

		if (!window_cache_u64(python->memory,
		                      address + i * layout->static_type_state.size +
		                              layout->static_type_state.type,
		                      &type) ||
		    !py_is_type(python->memory, layout, python->type_type, type) ||
		    !window_cache_u64(python->memory, type + layout->type.tp_subclasses, &number) ||
		    number != i + 1)
			return false;
	}
	return true;
}

/* The distance by which a member moved from where the table has it; 0 also if it was not found. */
static uint32_t find_move(struct python *python, taddr main, uint32_t member,
                          bool (*is_at)(struct python *python, taddr address))
{
	for (uint32_t distance = 0; distance <= SEARCH_DISTANCE; distance += SEARCH_STEP) {
		if (is_at(python, main + member + distance))
			return distance;
		if (distance <= member && is_at(python, main + member - distance))
			return -distance;
	}
	return 0;
}

static void move_if_present(uint32_t *member, uint32_t distance)
{
	if (py_has(*member))
		*member += distance;
}

void py_layout_fit(struct python *python, taddr main)
{
	struct py_layout *layout = &python->layout;
	uint32_t moved;

	fit_collector(python, main);
	if (py_has(layout->runtime.main_interpreter) && main > python->runtime &&
	    main - python->runtime < layout->runtime.size)
		layout->runtime.main_interpreter = (uint32_t)(main - python->runtime);
	if (layout->version < FIRST_WITH_STATE)
		return;
	moved = find_move(python, main, layout->interpreter.obmalloc, obmalloc_is_at);
	layout->interpreter.obmalloc += moved;
	moved = find_move(python, main, layout->interpreter.types_builtins, static_types_are_at);
	layout->interpreter.types_builtins += moved;
	move_if_present(&layout->interpreter.types, moved);
	move_if_present(&layout->interpreter.types_for_extensions, moved);
}
