/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over the threads of each interpreter, which have their names in common. */
#include "capture/thread_names.h"

#include "base/array.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS_MAX = 1 << 16 }; /* that are given their names */

/* "thread 4242 (MainThread)" */
static bool note_id(struct thread_names *names, size_t number)
{
	static const char beginning[] = "thread ";
	const char *name = names->all[number];
	uint64_t id = 0;
	uint32_t earlier;

	if (strncmp(name, beginning, sizeof(beginning) - 1) == 0)
		id = strtoull(name + sizeof(beginning) - 1, NULL, 10);
	return !id || number_map_get(&names->by_id, id, &earlier) ||
	       number_map_put(&names->by_id, id, (uint32_t)number);
}

static bool add_name(struct thread_names *names, struct python *python, struct py_types *types,
                     const struct py_thread_names *known, taddr thread)
{
	char name[THREAD_NAME_MAX];
	char *copy;

	if (names->count == THREADS_MAX)
		return true;
	py_thread_describe(python, types, known, thread, name, sizeof(name));
	copy = strdup(name);
	if (!copy ||
	    !array_reserve(&names->all, &names->capacity, names->count + 1, sizeof(*names->all))) {
		free(copy);
		return false;
	}
	names->all[names->count++] = copy;
	return note_id(names, names->count - 1);
}

static void read_known(struct python *python, struct py_types *types, size_t interpreter,
                       struct py_thread_names *known)
{
	taddr modules = 0;

	(void)window_cache_u64(
		python->memory,
		python->interpreters[interpreter] + python->layout.interpreter.modules, &modules);
	py_thread_names_deinit(known);
	py_thread_names_read(python, types, modules, known);
}

bool thread_names_read(struct thread_names *names, struct python *python, struct py_types *types)
{
	struct py_thread_walk threads = {0};
	struct py_thread_names known = {.count = 0};
	size_t named = SIZE_MAX; /* the interpreter that these are of */
	bool is_added = true;

	number_map_init(&known.by_ident);
	while (is_added && py_thread_next(python, &threads)) {
		if (threads.interpreter != named)
			read_known(python, types, threads.interpreter, &known);
		named = threads.interpreter;
		is_added = add_name(names, python, types, &known, threads.thread);
	}
	py_thread_names_deinit(&known);
	return is_added;
}

void thread_names_deinit(struct thread_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->all[i]);
	free(names->all);
	number_map_deinit(&names->by_id);
	*names = (struct thread_names){0};
}

void thread_names_tell(const struct thread_names *names, int32_t id, char *buffer, size_t size)
{
	uint32_t number;

	if (number_map_get(&names->by_id, (uint64_t)id, &number))
		snprintf(buffer, size, "%s", names->all[number]);
	else
		snprintf(buffer, size, "thread %" PRId32, id);
}
