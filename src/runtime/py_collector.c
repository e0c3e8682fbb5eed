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

enum {
	GC_LISTS = PYTHON_GENERATIONS,
	GC_GENERATION_SIZE = 24,
	GC_THRESHOLD = 16, /* of a generation; int, as the count is */
	GC_COUNT = 20,
	GC_POINTER_MASK = 3, /* flags in the low bits of a link */
	GC_FROZEN_MAX = 1 << 24,
};

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

/* How much gc.freeze() put aside. False: the list has no end, or a long way to it. */
static bool count_frozen(struct python *python, taddr head, uint64_t *ret)
{
	taddr at;
	uint64_t count = 0;

	if (!window_cache_u64(python->memory, head, &at))
		return false;
	for (at &= ~(taddr)GC_POINTER_MASK; at != head; at &= ~(taddr)GC_POINTER_MASK)
		if (count++ == GC_FROZEN_MAX || !at || !window_cache_u64(python->memory, at, &at))
			return false;
	*ret = count;
	return true;
}

/*
 * gc_get_count_impl, gc_get_threshold_impl of Modules/gcmodule.c. Those of an
 * incremental collector take the old generations in turn, which is not known here.
 */
bool python_collector_read(struct python *python, struct py_collector *ret)
{
	taddr gc = py_gc_state(python, python->interpreters[0]);
	const struct py_layout *layout = &python->layout;
	struct py_collector collector = {
		.generation_count = python->has_incremental_gc ? 1 : GC_LISTS,
	};
	uint32_t enabled;

	if (!window_cache_u32(python->memory, gc + layout->gc.enabled, &enabled))
		return false;
	collector.is_enabled = enabled;
	for (size_t i = 0; i < collector.generation_count; i++) {
		taddr at = gc + layout->gc.generations + i * GC_GENERATION_SIZE;

		if (!window_cache_read(python->memory, at + GC_THRESHOLD, &collector.thresholds[i],
		                       sizeof(*collector.thresholds)) ||
		    !window_cache_read(python->memory, at + GC_COUNT, &collector.counts[i],
		                       sizeof(*collector.counts)))
			return false;
	}
	collector.is_frozen_known =
		count_frozen(python, gc + layout->gc.permanent_generation, &collector.frozen);
	*ret = collector;
	return true;
}
