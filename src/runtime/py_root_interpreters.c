/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the state of an interpreter refers to by fields of its own.
 *
 * atexit has moved: its callbacks lie in the state of the module `atexit` in
 * 3.8 and 3.9, in an array of the interpreter from 3.10, in a list object
 * from 3.14 on.
 *
 * Sources: Include/internal/pycore_interp.h and pycore_interp_structs.h,
 * Python/pystate.c (interpreter_clear), Modules/atexitmodule.c.
 */
#include "runtime/py_root_walk.h"

#include <stdio.h>

enum {
	WORD = 8,
	ATEXIT_CALLBACKS_MAX = 1 << 16,
	MONITORING_TOOLS = 8, /* PY_MONITORING_TOOL_IDS */
	MONITORING_WORDS_MAX = 8 * 64,
};

struct interpreter_member {
	uint32_t offset;
	const char *name;
};

static void tell_members(const struct py_root_walk *walk, taddr base, const char *owner,
                         const struct interpreter_member *members, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (py_has(members[i].offset))
			py_root_tell(walk, PY_ROOT_INTERPRETER,
			             py_root_word(walk, base + members[i].offset), "%s.%s", owner,
			             members[i].name);
}

static void tell_fields(const struct py_root_walk *walk, taddr interpreter, const char *owner)
{
	const struct py_layout *layout = &walk->python->layout;
	const struct interpreter_member members[] = {
		{layout->interpreter.modules, "modules"},
		{layout->interpreter.sysdict, "sysdict"},
		{layout->interpreter.builtins, "builtins"},
		{layout->interpreter.importlib, "importlib"},
		{layout->interpreter.import_func, "import_func"},
		{layout->interpreter.modules_by_index, "modules_by_index"},
		{layout->interpreter.lazy_modules, "lazy_modules"},
		{layout->interpreter.lazy_import_func, "lazy_import_func"},
		{layout->interpreter.lazy_imports_filter, "lazy_imports_filter"},
		{layout->interpreter.lazy_pending_submodules, "lazy_pending_submodules"},
		{layout->interpreter.sysdict_copy, "sysdict_copy"},
		{layout->interpreter.builtins_copy, "builtins_copy"},
		{layout->interpreter.codec_search_path, "codec_search_path"},
		{layout->interpreter.codec_search_cache, "codec_search_cache"},
		{layout->interpreter.codec_error_registry, "codec_error_registry"},
		{layout->interpreter.dict, "dict"},
		{layout->interpreter.before_forkers, "before_forkers"},
		{layout->interpreter.after_forkers_parent, "after_forkers_parent"},
		{layout->interpreter.after_forkers_child, "after_forkers_child"},
		{layout->interpreter.warnings_filters, "warnings.filters"},
		{layout->interpreter.warnings_once_registry, "warnings.once_registry"},
		{layout->interpreter.warnings_default_action, "warnings.default_action"},
		{layout->interpreter.audit_hooks, "audit_hooks"},
		{layout->interpreter.pyexitmodule, "pyexitmodule"},
		{layout->interpreter.interned_strings, "interned_strings"},
	};

	tell_members(walk, interpreter, owner, members, sizeof(members) / sizeof(members[0]));
}

/* The collector's lists: one collector for all interpreters in 3.8. */
static void tell_collector(const struct py_root_walk *walk, size_t interpreter, const char *owner)
{
	const struct python *python = walk->python;
	const struct interpreter_member members[] = {
		{python->layout.gc.garbage, "gc.garbage"},
		{python->layout.gc.callbacks, "gc.callbacks"},
	};
	taddr collector;

	if (py_has(python->layout.interpreter.gc))
		collector = python->interpreters[interpreter] + python->layout.interpreter.gc;
	else if (interpreter == 0)
		collector = python->runtime + python->layout.runtime.gc;
	else
		return;
	tell_members(walk, collector, owner, members, sizeof(members) / sizeof(members[0]));
}

/* An array of pointers to {function, arguments, keyword arguments}. */
static void tell_callback_array(const struct py_root_walk *walk, taddr array, const char *owner)
{
	static const char *const parts[] = {"func", "args", "kwargs"};
	taddr callbacks = py_root_word(walk, array);
	uint32_t count;

	if (!callbacks || !window_cache_u32(walk->python->memory, array + WORD, &count) ||
	    count > ATEXIT_CALLBACKS_MAX)
		return;
	for (uint32_t i = 0; i < count; i++) {
		taddr callback = py_root_word(walk, callbacks + (taddr)i * WORD);

		for (size_t part = 0; callback && part < 3; part++)
			py_root_tell(walk, PY_ROOT_INTERPRETER,
			             py_root_word(walk, callback + part * WORD), "%s.atexit[%u].%s",
			             owner, i, parts[part]);
	}
}

static void tell_atexit(const struct py_root_walk *walk, taddr interpreter, const char *owner)
{
	const struct py_layout *layout = &walk->python->layout;
	taddr module;

	if (!py_has(layout->interpreter.atexit_callbacks)) {
		if (!py_has(layout->interpreter.pyexitmodule))
			return;
		module = py_root_word(walk, interpreter + layout->interpreter.pyexitmodule);
		if (module)
			tell_callback_array(
				walk, py_root_word(walk, module + layout->module.md_state), owner);
	} else if (walk->python->minor < 14) {
		tell_callback_array(walk, interpreter + layout->interpreter.atexit_callbacks,
		                    owner);
	} else {
		py_root_tell(walk, PY_ROOT_INTERPRETER,
		             py_root_word(walk, interpreter + layout->interpreter.atexit_callbacks),
		             "%s.atexit", owner);
	}
}

/* 3.12+: PyObject *callables[tools][events], then the tools' names. */
static void tell_monitoring(const struct py_root_walk *walk, taddr interpreter, const char *owner)
{
	const struct py_layout *layout = &walk->python->layout;
	uint32_t start = layout->interpreter.monitoring_callables;
	uint32_t end = layout->interpreter.monitoring_tool_names;
	uint32_t events;

	if (!py_has(start) || !py_has(end) || end <= start)
		return;
	if ((end - start) / WORD > MONITORING_WORDS_MAX)
		return;
	events = (end - start) / WORD / MONITORING_TOOLS;
	for (uint32_t i = 0; i < events * MONITORING_TOOLS; i++)
		py_root_tell(walk, PY_ROOT_INTERPRETER,
		             py_root_word(walk, interpreter + start + (taddr)i * WORD),
		             "%s.monitoring[%u][%u]", owner, i / events, i % events);
	for (uint32_t i = 0; i < MONITORING_TOOLS; i++)
		py_root_tell(walk, PY_ROOT_INTERPRETER,
		             py_root_word(walk, interpreter + end + (taddr)i * WORD),
		             "%s.monitoring_tool_names[%u]", owner, i);
}

void py_roots_interpreters(const struct py_root_walk *walk)
{
	for (size_t i = 0; i < walk->python->interpreter_count; i++) {
		taddr interpreter = walk->python->interpreters[i];
		char owner[64];

		py_root_interpreter_name(walk, i, owner, sizeof(owner));
		tell_fields(walk, interpreter, owner);
		tell_collector(walk, i, owner);
		tell_atexit(walk, interpreter, owner);
		tell_monitoring(walk, interpreter, owner);
	}
}
