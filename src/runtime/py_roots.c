/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order is from what a programmer knows best to what is least certain:
 * modules, threads, fields of the interpreters, static types, bare words. An
 * object that several roots hold is explained by the first.
 */
#include "runtime/py_roots.h"

#include "base/cleanup.h"
#include "runtime/py_lookup.h"
#include "runtime/py_root_walk.h"

#include <inttypes.h>
#include <stdio.h>

enum { NAME_MAX_BYTES = 512, KEY_MAX_BYTES = 400 };

void py_root_tell(const struct py_root_walk *walk, enum py_root_kind kind, taddr to,
                  const char *format, ...)
{
	char name[NAME_MAX_BYTES];
	va_list arguments;

	if (!to)
		return;
	va_start(arguments, format);
	vsnprintf(name, sizeof(name), format, arguments);
	va_end(arguments);
	walk->visitor->root(walk->visitor->context, kind, name, to);
}

void py_root_interpreter_name(const struct py_root_walk *walk, size_t interpreter, char *buffer,
                              size_t size)
{
	uint64_t id = interpreter;

	if (interpreter == 0) {
		snprintf(buffer, size, "interpreter");
		return;
	}
	/* Interpreters end, so the number of one is not its place in the list. */
	(void)window_cache_u64(
		walk->python->memory,
		walk->python->interpreters[interpreter] + walk->python->layout.interpreter.id, &id);
	snprintf(buffer, size, "interpreter %" PRIi64, (int64_t)id);
}

struct module_walk {
	const struct py_root_walk *walk;
	size_t interpreter;
};

/* One item of sys.modules. */
static void tell_module(void *context, const struct py_ref *reference)
{
	const struct module_walk *modules = context;
	const struct py_root_walk *walk = modules->walk;
	_cleanup_free_ char *name = NULL;
	char interpreter[64];

	if (reference->kind != PY_REF_VALUE)
		return;
	name = py_string_utf8(walk->python, reference->name_object, KEY_MAX_BYTES);
	if (!name)
		name = py_object_text(walk->python, walk->types, reference->name_object,
		                      KEY_MAX_BYTES);
	if (modules->interpreter == 0) {
		py_root_tell(walk, PY_ROOT_MODULE, reference->to, "%s", name ? name : "?");
		return;
	}
	py_root_interpreter_name(walk, modules->interpreter, interpreter, sizeof(interpreter));
	py_root_tell(walk, PY_ROOT_MODULE, reference->to, "%s: %s", interpreter, name ? name : "?");
}

void py_roots_modules(const struct py_root_walk *walk)
{
	const struct python *python = walk->python;

	for (size_t i = 0; i < python->interpreter_count; i++) {
		struct module_walk modules = {walk, i};
		const struct py_visitor visitor = {.context = &modules, .reference = tell_module};
		taddr dict = py_root_word(walk, python->interpreters[i] +
		                                        python->layout.interpreter.modules);

		if (dict)
			(void)py_lookup_all(walk->python, walk->types, dict, &visitor);
	}
}

enum decode py_roots_visit(struct python *python, struct py_types *types,
                           const struct py_root_visitor *visitor)
{
	const struct py_root_walk walk = {python, types, visitor};

	if (!python->interpreter_count)
		return DECODE_TORN;
	py_roots_modules(&walk);
	py_roots_threads(&walk);
	py_roots_interpreters(&walk);
	py_roots_static_types(&walk);
	py_roots_memory(&walk);
	return DECODE_OK;
}
