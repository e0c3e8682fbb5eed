/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interpreters.head leads by next through all of them, newest first;
 * interpreters.main is the last. A list that runs into itself, or leaves
 * readable memory, ends there: what was found before is sound.
 */
#include "runtime/py_interpreters.h"

#include "base/array.h"
#include "base/cleanup.h"

#include <inttypes.h>

struct interpreter_list {
	taddr *items;
	size_t count;
	size_t capacity;
};

static bool list_has(const struct interpreter_list *list, taddr address)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i] == address)
			return true;
	}
	return false;
}

static bool list_append(struct interpreter_list *list, taddr address)
{
	if (!array_reserve(&list->items, &list->capacity, list->count + 1, sizeof(*list->items)))
		return false;
	list->items[list->count++] = address;
	return true;
}

/* The last word that plumb reads of an interpreter has to be there too. */
static bool interpreter_is_readable(struct python *python, taddr address)
{
	const struct py_layout *layout = &python->layout;
	uint64_t word;

	return address % 8 == 0 &&
	       window_cache_u64(python->memory, address + layout->interpreter.id, &word) &&
	       window_cache_u64(python->memory, address + layout->interpreter.sysdict, &word);
}

struct error *py_interpreters_read(struct python *python)
{
	const struct py_layout *layout = &python->layout;
	struct interpreter_list list = {0};
	taddr address;
	taddr main;

	if (!window_cache_u64(python->memory, python->runtime + layout->runtime.interpreters_main,
	                      &main) ||
	    !window_cache_u64(python->memory, python->runtime + layout->runtime.interpreters_head,
	                      &address) ||
	    !main || !interpreter_is_readable(python, main))
		return error_new(ERROR_UNREADY,
		                 "CPython's runtime at 0x%" PRIx64
		                 " has no main interpreter (is it just starting, or ending?)",
		                 python->runtime);
	if (!list_append(&list, main))
		return error_no_memory();
	while (address && list.count < PYTHON_INTERPRETERS_MAX &&
	       interpreter_is_readable(python, address)) {
		if (address != main && list_has(&list, address))
			break;
		if (address != main && !list_append(&list, address)) {
			free(list.items);
			return error_no_memory();
		}
		if (!window_cache_u64(python->memory, address + layout->interpreter.next, &address))
			break;
	}
	free(python->interpreters);
	python->interpreters = list.items;
	python->interpreter_count = list.count;
	return NULL;
}
