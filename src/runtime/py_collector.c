/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cyclic garbage collector: its lists, and whether it runs. A generation is
 * 24 bytes that start with the head of its list (struct gc_generation: head,
 * threshold, count). 3.8 has one set in the runtime, later versions one per
 * interpreter:
 *
 *	generations[0], [1], [2], permanent              3.8 to 3.13, 3.14.5+
 *	young, old[0], old[1], permanent                 3.14.0 to 3.14.4
 */
#include "runtime/py_fit.h"

enum { GC_LISTS = 3, GC_GENERATION_SIZE = 24, GC_THRESHOLD = 16 };

/* One state per interpreter, or (3.8) one for all. */
static size_t state_count(const struct python *python)
{
	return py_has(python->layout.interpreter.gc) ? python->interpreter_count : 1;
}

size_t python_gc_heads(struct python *python, taddr *ret_heads, size_t capacity)
{
	size_t count = 0;

	for (size_t i = 0; i < state_count(python); i++) {
		taddr gc = py_gc_state(python, python->interpreters[i]);

		for (taddr list = 0; list < GC_LISTS && count < capacity; list++)
			ret_heads[count++] =
				gc + python->layout.gc.generations + list * GC_GENERATION_SIZE;
		if (count < capacity)
			ret_heads[count++] = gc + python->layout.gc.permanent_generation;
	}
	return count;
}

bool python_is_collecting(struct python *python)
{
	for (size_t i = 0; i < state_count(python); i++) {
		taddr gc = py_gc_state(python, python->interpreters[i]);
		taddr at = gc + python->layout.gc.collecting;
		uint32_t collecting;

		if (window_cache_u32(python->memory, at, &collecting) && collecting)
			return true;
	}
	return false;
}

/* Who does not know is not told that it is off. */
static bool starts_by_itself(struct python *python, taddr gc)
{
	uint32_t enabled;
	uint32_t threshold;

	if (!window_cache_u32(python->memory, gc + python->layout.gc.enabled, &enabled) ||
	    !window_cache_u32(python->memory, gc + python->layout.gc.generations + GC_THRESHOLD,
	                      &threshold))
		return true;
	return enabled && threshold;
}

bool python_collector_is_off(struct python *python)
{
	for (size_t i = 0; i < state_count(python); i++)
		if (starts_by_itself(python, py_gc_state(python, python->interpreters[i])))
			return false;
	return true;
}
