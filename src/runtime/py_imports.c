/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys.modules and the dict of sys hang from the interpreter itself
 * (PyInterpreterState.modules and .sysdict, Include/internal/pycore_interp.h),
 * so that nothing a program does to its names can hide them.
 */
#include "runtime/py_imports.h"

#include "base/array.h"
#include "base/cleanup.h"
#include "runtime/py_lookup.h"

#include <stdlib.h>

enum { IMPORTS_MAX = 1 << 17, STRINGS_MAX = 4096, TEXT_MAX = 1024 };

struct reading {
	struct python *python;
	struct py_import_list imports;
};

void py_import_list_deinit(struct py_import_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->all[i].name);
	free(list->all);
	*list = (struct py_import_list){0};
}

static void add_import(void *context, const struct py_ref *reference)
{
	struct reading *reading = context;
	struct py_import_list *imports = &reading->imports;
	char *name;

	if (reference->kind != PY_REF_VALUE || !reference->name_object ||
	    imports->count >= IMPORTS_MAX)
		return;
	name = py_string_utf8(reading->python, reference->name_object, TEXT_MAX);
	if (!name)
		return;
	if (!array_reserve(&imports->all, &imports->capacity, imports->count + 1,
	                   sizeof(*imports->all))) {
		free(name);
		window_cache_no_memory(reading->python->memory);
		return;
	}
	imports->all[imports->count++] = (struct py_import){name, reference->to};
}

/* A member of the main interpreter; 0: unreadable. */
static taddr read_member(struct python *python, uint32_t offset)
{
	uint64_t word;

	if (!python->interpreter_count ||
	    !window_cache_u64(python->memory, python->interpreters[0] + offset, &word))
		return 0;
	return word;
}

bool py_imports_read(struct python *python, struct py_types *types, struct py_import_list *ret)
{
	struct reading reading = {.python = python};
	const struct py_visitor visitor = {.context = &reading, .reference = add_import};
	taddr modules = read_member(python, python->layout.interpreter.modules);

	if (modules)
		(void)py_lookup_all(python, types, modules, &visitor);
	if (python->memory->memory_ran_out) {
		py_import_list_deinit(&reading.imports);
		return false;
	}
	*ret = reading.imports;
	return true;
}

taddr py_imports_sys(struct python *python, struct py_types *types, const char *name)
{
	taddr dict = read_member(python, python->layout.interpreter.sysdict);

	return dict ? py_lookup_key(python, types, dict, name) : 0;
}

/* Only of a str: what is none has no text that could be taken for one. */
static char *read_text(struct python *python, struct py_types *types, taddr address)
{
	struct py_object object;

	if (!address || py_object_at(python, types, address, &object) != DECODE_OK ||
	    object.type->shape != PY_SHAPE_STR)
		return NULL;
	return py_string_utf8(python, address, TEXT_MAX);
}

char *py_imports_sys_text(struct python *python, struct py_types *types, const char *name)
{
	return read_text(python, types, py_imports_sys(python, types, name));
}

char *py_imports_text(struct python *python, struct py_types *types, taddr object, const char *name)
{
	return read_text(python, types, py_lookup_attribute(python, types, object, name));
}

struct items {
	struct window_cache *memory;
	taddr *all;
	size_t count;
	size_t capacity;
};

static void add_item(void *context, const struct py_ref *reference)
{
	struct items *items = context;

	if (reference->kind != PY_REF_INDEX || items->count >= STRINGS_MAX)
		return;
	if (array_reserve(&items->all, &items->capacity, items->count + 1, sizeof(*items->all)))
		items->all[items->count++] = reference->to;
	else
		window_cache_no_memory(items->memory);
}

void py_imports_strings(struct python *python, struct py_types *types, taddr list,
                        void (*tell)(void *context, const char *text), void *context)
{
	struct items items = {.memory = python->memory};
	const struct py_visitor visitor = {.context = &items, .reference = add_item};

	if (list)
		(void)py_lookup_all(python, types, list, &visitor);
	for (size_t i = 0; i < items.count; i++) {
		_cleanup_free_ char *text = read_text(python, types, items.all[i]);

		if (text)
			tell(context, text);
	}
	free(items.all);
}
