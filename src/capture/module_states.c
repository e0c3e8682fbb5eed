/* SPDX-License-Identifier: Apache-2.0 */
/* Visits the modules among the roots, and of them only the storage. */
#include "capture/module_states.h"

#include "runtime/py_roots.h"

static void ignore_reference(void *context, const struct py_ref *reference)
{
	(void)context;
	(void)reference;
}

static void ignore_thread(void *context, taddr address, const char *name)
{
	(void)context;
	(void)address;
	(void)name;
}

static void ignore_frame(void *context, const struct py_root_frame *frame)
{
	ignore_thread(context, frame->address, frame->name);
}

static void deny_storage(void *context, taddr address, uint64_t size)
{
	struct heap_worker *worker = context;
	struct block_place place;

	(void)size;
	if (block_index_place(&worker->walk->blocks, address, &place))
		block_index_deny(&worker->walk->blocks, &place);
}

static void deny_state(void *context, enum py_root_kind kind, const char *name, taddr to)
{
	const struct py_visitor visitor = {context, ignore_reference, deny_storage, NULL};
	struct heap_worker *worker = context;
	struct py_object module;

	(void)name;
	if (kind != PY_ROOT_MODULE ||
	    py_object_at(&worker->python, worker->types, to, &module) != DECODE_OK ||
	    module.type->shape != PY_SHAPE_MODULE)
		return;
	(void)py_refs_visit(&worker->python, worker->types, &module, &visitor);
}

void deny_module_states(struct heap_worker *worker)
{
	const struct py_root_visitor visitor = {
		.context = worker,
		.root = deny_state,
		.thread = ignore_thread,
		.thread_reference = ignore_reference,
		.frame = ignore_frame,
		.frame_reference = ignore_reference,
	};

	(void)py_roots_visit(&worker->python, worker->types, &visitor);
}
