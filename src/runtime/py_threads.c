/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All lists here are linked through the target's memory, so they may be torn
 * into cycles: the walk keeps a landmark (the thread at the last power of two
 * of steps) and ends when it meets that again.
 *
 * Source: Include/cpython/pystate.h (struct _ts), Python/pystate.c
 * (PyThreadState_Clear lists what a thread owns), Lib/threading.py (_active).
 */
#include "runtime/py_threads.h"

#include "base/array.h"
#include "base/cleanup.h"
#include "runtime/py_families.h"
#include "runtime/py_lookup.h"
#include "runtime/py_roots.h"

#include <inttypes.h>
#include <stdio.h>

enum {
	EXCEPTION_STATES_MAX = 1 << 16, /* handlers inside handlers */
	THREAD_NAME_MAX = 200,          /* bytes */
	DIGIT_BITS = 30,                /* of a Python int */
	VAR_SIZE = 16,                  /* of ob_size */
};

static taddr word_at(struct python *python, taddr address)
{
	uint64_t word;

	return window_cache_u64(python->memory, address, &word) ? word : 0;
}

static bool begin_interpreter(struct python *python, struct py_thread_walk *walk)
{
	walk->steps = 0;
	walk->landmark = 0;
	walk->thread = word_at(python, python->interpreters[walk->interpreter] +
	                                       python->layout.interpreter.threads_head);
	return walk->thread != 0;
}

bool py_thread_next(struct python *python, struct py_thread_walk *walk)
{
	bool is_there = false;

	if (++walk->total > PYTHON_THREADS_MAX)
		return false;
	if (walk->has_begun) {
		if ((walk->steps & (walk->steps - 1)) == 0)
			walk->landmark = walk->thread;
		walk->steps++;
		walk->thread = word_at(python, walk->thread + python->layout.thread.next);
		is_there = walk->thread && walk->thread != walk->landmark;
		if (is_there)
			return true;
		walk->interpreter++;
	}
	walk->has_begun = true;
	for (; walk->interpreter < python->interpreter_count; walk->interpreter++)
		if (begin_interpreter(python, walk))
			return true;
	return false;
}

size_t py_threads_count(struct python *python)
{
	struct py_thread_walk walk = {0};
	size_t count = 0;

	while (py_thread_next(python, &walk))
		count++;
	return count;
}

taddr py_thread_frame(struct python *python, taddr thread)
{
	const struct py_layout *layout = &python->layout;
	taddr cframe;

	if (py_has(layout->thread.frame))
		return word_at(python, thread + layout->thread.frame);
	if (py_has(layout->thread.current_frame))
		return word_at(python, thread + layout->thread.current_frame);
	/* 3.11 and 3.12 go through the C stack. */
	cframe = word_at(python, thread + layout->thread.cframe);
	return cframe ? word_at(python, cframe + layout->cframe.current_frame) : 0;
}

/* A non-negative int below 2^64; 0: anything else. */
static uint64_t read_int(struct python *python, taddr object)
{
	const struct py_layout *layout = &python->layout;
	uint64_t head = word_at(python, object + VAR_SIZE);
	uint64_t digits = py_has(layout->integer.lv_tag) ? head >> 3 : head;
	uint64_t value = 0;

	if (digits == 0 || digits > 3)
		return 0;
	for (unsigned int i = 0; i < digits; i++) {
		uint32_t digit;

		if (!window_cache_u32(python->memory, object + layout->integer.ob_digit + 4 * i,
		                      &digit))
			return 0;
		value |= (uint64_t)digit << (DIGIT_BITS * i);
	}
	return value;
}

struct name_reader {
	struct python *python;
	struct py_thread_names *names;
};

/* One item of threading._active: {identifier: Thread}. */
static void read_thread(void *context, const struct py_ref *reference)
{
	struct name_reader *reader = context;
	struct py_thread_names *names = reader->names;
	uint64_t ident;

	if (reference->kind != PY_REF_VALUE || names->count >= PYTHON_THREADS_MAX)
		return;
	ident = read_int(reader->python, reference->name_object);
	if (!ident)
		return;
	if (!array_reserve(&names->objects, &names->capacity, names->count + 1,
	                   sizeof(*names->objects)) ||
	    !number_map_put(&names->by_ident, ident, (uint32_t)names->count))
		window_cache_no_memory(reader->python->memory);
	else
		names->objects[names->count++] = reference->to;
}

void py_thread_names_read(struct python *python, struct py_types *types, taddr modules,
                          struct py_thread_names *ret)
{
	struct name_reader reader = {python, ret};
	const struct py_visitor visitor = {.context = &reader, .reference = read_thread};
	taddr threading = py_lookup_key(python, types, modules, "threading");
	taddr active = 0;

	*ret = (struct py_thread_names){.count = 0};
	number_map_init(&ret->by_ident);
	if (threading)
		active = py_lookup_attribute(python, types, threading, "_active");
	if (active)
		(void)py_lookup_all(python, types, active, &visitor);
}

void py_thread_names_deinit(struct py_thread_names *names)
{
	number_map_deinit(&names->by_ident);
	free(names->objects);
}

/* The threading.Thread of an identifier; 0: it has none. */
static taddr object_of(const struct py_thread_names *names, uint64_t ident)
{
	uint32_t index;

	return number_map_get(&names->by_ident, ident, &index) ? names->objects[index] : 0;
}

/* Thread._name; NULL: not known. The caller frees it. */
static char *name_of(struct python *python, struct py_types *types, taddr object)
{
	taddr name = object ? py_lookup_attribute(python, types, object, "_name") : 0;

	return name ? py_string_utf8(python, name, THREAD_NAME_MAX) : NULL;
}

/* The number that the system uses: of the thread state, or Thread._native_id; else pthread's. */
static uint64_t number_of(struct python *python, struct py_types *types, taddr thread, taddr object,
                          uint64_t ident)
{
	const struct py_layout *layout = &python->layout;
	uint64_t number = 0;
	taddr native;

	if (py_has(layout->thread.native_thread_id))
		return word_at(python, thread + layout->thread.native_thread_id);
	native = object ? py_lookup_attribute(python, types, object, "_native_id") : 0;
	if (native)
		number = read_int(python, native);
	return number ? number : ident;
}

void py_thread_describe(struct python *python, struct py_types *types,
                        const struct py_thread_names *names, taddr thread, char *buffer,
                        size_t size)
{
	uint64_t ident = word_at(python, thread + python->layout.thread.thread_id);
	taddr object = object_of(names, ident);
	uint64_t number = number_of(python, types, thread, object, ident);
	_cleanup_free_ char *name = name_of(python, types, object);

	if (name)
		snprintf(buffer, size, "thread %" PRIu64 " (%s)", number, name);
	else
		snprintf(buffer, size, "thread %" PRIu64, number);
}

struct thread_member {
	uint32_t offset;
	const char *name;
};

static void tell_members(struct python *python, taddr base, const struct thread_member *members,
                         size_t count, const struct py_visitor *visitor)
{
	for (size_t i = 0; i < count; i++)
		if (py_has(members[i].offset))
			py_tell(visitor, PY_REF_FIELD, 0, members[i].name,
			        word_at(python, base + members[i].offset));
}

/* The exceptions that are being handled: innermost first, one per handler that is active. */
static void tell_exception_states(struct python *python, taddr thread,
                                  const struct py_visitor *visitor)
{
	const struct py_layout *layout = &python->layout;
	const struct thread_member members[] = {
		{layout->exc_stack_item.exc_type, "exc_info.type"},
		{layout->exc_stack_item.exc_value, "exc_info.value"},
		{layout->exc_stack_item.exc_traceback, "exc_info.traceback"},
	};
	taddr item = word_at(python, thread + layout->thread.exc_info);
	taddr landmark = 0;

	for (size_t i = 0; item && i < EXCEPTION_STATES_MAX; i++) {
		if (item == landmark)
			return;
		if ((i & (i - 1)) == 0)
			landmark = item;
		tell_members(python, item, members, sizeof(members) / sizeof(members[0]), visitor);
		item = word_at(python, item + layout->exc_stack_item.previous_item);
	}
}

void py_thread_tell(struct python *python, taddr thread, const struct py_visitor *visitor)
{
	const struct py_layout *layout = &python->layout;
	const struct thread_member members[] = {
		{layout->thread.current_exception, "current_exception"},
		{layout->thread.curexc_type, "curexc_type"},
		{layout->thread.curexc_value, "curexc_value"},
		{layout->thread.curexc_traceback, "curexc_traceback"},
		{layout->thread.dict, "dict"},
		{layout->thread.context, "context"},
		{layout->thread.async_exc, "async_exc"},
		{layout->thread.c_profileobj, "c_profileobj"},
		{layout->thread.c_traceobj, "c_traceobj"},
		{layout->thread.async_gen_firstiter, "async_gen_firstiter"},
		{layout->thread.async_gen_finalizer, "async_gen_finalizer"},
		{layout->thread.threading_local_key, "threading_local_key"},
		{layout->thread.threading_local_sentinel, "threading_local_sentinel"},
		{layout->thread_implementation.asyncio_running_loop, "asyncio_running_loop"},
		{layout->thread_implementation.asyncio_running_task, "asyncio_running_task"},
		{layout->thread_implementation.lazy_imports, "lazy_imports"},
	};

	tell_members(python, thread, members, sizeof(members) / sizeof(members[0]), visitor);
	tell_exception_states(python, thread, visitor);
}
