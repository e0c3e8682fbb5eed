/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Futures and tasks of the C accelerator. A task begins with the members of
 * a future. What is linked through task_node (the list of all tasks, 3.14+)
 * keeps no task alive and is no reference.
 *
 * Source: Modules/_asynciomodule.c (FutureObj_traverse, TaskObj_traverse).
 */
#include "runtime/py_families.h"

enum { WORD = 8 };

struct future_member {
	uint32_t offset;
	enum py_ref_kind kind;
	const char *name;
};

static void tell_members(struct python *python, const struct py_object *object,
                         const struct future_member *members, size_t count,
                         const struct py_visitor *visitor)
{
	for (size_t i = 0; i < count; i++) {
		taddr to;

		if (py_has(members[i].offset) &&
		    py_object_word(python, object, members[i].offset, &to))
			py_tell(visitor, members[i].kind, 0, members[i].name, to);
	}
}

/* 3.9 and 3.10 keep the three parts of the exception that cancelled it. */
static void tell_cancelled_state(struct python *python, const struct py_object *object,
                                 const struct py_visitor *visitor)
{
	uint32_t value = python->layout.library.future.cancelled_exc_state;
	const struct future_member members[] = {
		{value - WORD, PY_REF_FIELD, "fut_cancelled_exc_state.exc_type"},
		{value, PY_REF_FIELD, "fut_cancelled_exc_state.exc_value"},
		{value + WORD, PY_REF_FIELD, "fut_cancelled_exc_state.exc_traceback"},
	};

	if (py_has(value))
		tell_members(python, object, members, sizeof(members) / sizeof(members[0]),
		             visitor);
}

enum decode py_future_visit(struct python *python, struct py_types *types,
                            const struct py_object *object, const struct py_visitor *visitor)
{
	const struct py_layout *layout = &python->layout;
	const struct future_member members[] = {
		{layout->library.future.loop, PY_REF_ATTRIBUTE, "_loop"},
		{layout->library.future.callback0, PY_REF_FIELD, "fut_callback0"},
		{layout->library.future.context0, PY_REF_FIELD, "fut_context0"},
		{layout->library.future.callbacks, PY_REF_FIELD, "fut_callbacks"},
		{layout->library.future.exception, PY_REF_ATTRIBUTE, "_exception"},
		{layout->library.future.exception_tb, PY_REF_FIELD, "fut_exception_tb"},
		{layout->library.future.result, PY_REF_ATTRIBUTE, "_result"},
		{layout->library.future.source_tb, PY_REF_ATTRIBUTE, "_source_traceback"},
		{layout->library.future.cancel_msg, PY_REF_ATTRIBUTE, "_cancel_message"},
		{layout->library.future.cancelled_exc, PY_REF_FIELD, "fut_cancelled_exc"},
		{layout->library.future.awaited_by, PY_REF_FIELD, "fut_awaited_by"},
	};

	(void)types;
	tell_members(python, object, members, sizeof(members) / sizeof(members[0]), visitor);
	tell_cancelled_state(python, object, visitor);
	return DECODE_OK;
}

enum decode py_task_visit(struct python *python, struct py_types *types,
                          const struct py_object *object, const struct py_visitor *visitor)
{
	const struct py_layout *layout = &python->layout;
	const struct future_member members[] = {
		{layout->library.task.fut_waiter, PY_REF_ATTRIBUTE, "_fut_waiter"},
		{layout->library.task.coro, PY_REF_ATTRIBUTE, "_coro"},
		{layout->library.task.name, PY_REF_FIELD, "task_name"},
		{layout->library.task.context, PY_REF_FIELD, "task_context"},
	};
	enum decode status = py_future_visit(python, types, object, visitor);

	tell_members(python, object, members, sizeof(members) / sizeof(members[0]), visitor);
	return status;
}
