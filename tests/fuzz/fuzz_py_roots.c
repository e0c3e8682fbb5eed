/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Property: whatever a process has where its threads, frames, code objects
 * and exception states should be, telling the roots ends in bounded time and
 * reads nothing of ours out of bounds; no reference told is null; and as long
 * as nothing was changed, every frame of the made-up stack is told.
 *
 * An input is a recipe: its first byte chooses a layout, of which a whole
 * made-up CPython with one stack of frames is written; each further 8
 * bytes change one word of it:
 *
 *	0  place   one of the structs below
 *	1  offset  of the word in it, ...
 *	2          ... in units of 4 bytes, little-endian
 *	3  kind    4 bytes as they are, all ones, or an address in one of the places
 *	4  value   4 bytes
 */
#include "fuzz_target.h"

#include "../unit/runtime/fake_stack.h"
#include "base/cleanup.h"
#include "runtime/py_roots.h"
#include "runtime/python.h"

#include <assert.h>
#include <string.h>

enum {
	CACHE = 1 << 20,
	CHANGE = 8,
	CHANGES_MAX = 64,
};

static const taddr places[] = {
	FAKE_MAIN,
	FAKE_MAIN_THREAD,
	FAKE_SUB,
	FAKE_SUB_THREAD,
	FAKE_CODE_TYPE,
	FAKE_CODE_NAME,
	FAKE_CODE,
	FAKE_CODE_VARIABLES,
	FAKE_CODE_LINES,
	FAKE_CFRAME,
	FAKE_EXCEPTION_STATE,
	FAKE_STACK,
	FAKE_STACK + FAKE_STACK_FRAME,
	FAKE_STACK + (FAKE_STACK_FRAMES - 1) * FAKE_STACK_FRAME,
	FAKE_DICTS,
	FAKE_KEYS,
};

enum { PLACES = sizeof(places) / sizeof(*places) };

struct told {
	size_t frames;
	size_t references;
};

static void see_root(void *context, enum py_root_kind kind, const char *name, taddr to)
{
	struct told *told = context;

	assert(to && name && kind <= PY_ROOT_MEMORY);
	told->references++;
}

static void see_thread(void *context, taddr address, const char *name)
{
	(void)context;
	assert(address && strncmp(name, "thread ", 7) == 0);
}

static void see_reference(void *context, const struct py_ref *reference)
{
	struct told *told = context;

	assert(reference->to);
	told->references++;
}

static void see_frame(void *context, const struct py_root_frame *frame)
{
	struct told *told = context;

	assert(frame->address && frame->name);
	told->frames++;
}

static const struct py_layout *choose_layout(uint8_t number)
{
	size_t count = 0;

	while (py_layouts[count])
		count++;
	return py_layouts[number % count];
}

static void change(struct fake_python *fake, const uint8_t *recipe)
{
	uint16_t offset;
	uint32_t value;
	taddr address;

	memcpy(&offset, recipe + 1, sizeof(offset));
	memcpy(&value, recipe + 4, sizeof(value));
	address = places[recipe[0] % PLACES] + (taddr)offset * 4;
	if (recipe[3] == 0)
		fake_python_u32(fake, address, value);
	else if (recipe[3] == 1)
		fake_python_u64(fake, address, UINT64_MAX);
	else
		fake_python_u64(fake, address, places[recipe[3] % PLACES] + value % 0x4000);
}

static void tell(struct target *target, bool is_sound)
{
	_cleanup_(window_cache_deinit) struct window_cache memory = {0};
	struct told told = {0};
	const struct py_root_visitor visitor = {&told,         see_root,  see_thread,
	                                        see_reference, see_frame, see_reference};
	struct py_types *types = NULL;
	struct python python;
	struct error *error = window_cache_init(&memory, target, CACHE);

	if (!error)
		error = python_find(&memory, &python);
	assert(!error || !is_sound);
	if (error) {
		error_free(error);
		return;
	}
	error = py_types_new(&python, &types);
	if (!error)
		(void)py_roots_visit(&python, types, &visitor);
	error_free(error);
	assert(!is_sound || (told.frames == FAKE_STACK_FRAMES &&
	                     told.references > FAKE_STACK_FRAMES * FAKE_STACK_LOCALS));
	py_types_free(types);
	python_deinit(&python);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(cleanup_target) struct target *target = NULL;
	const struct py_layout *layout;
	struct fake_python *fake;
	struct error *error;

	if (!size)
		return 0;
	layout = choose_layout(data[0]);
	fake = fake_python_new(layout, layout->version << 16 | 0x01f0);
	if (!fake)
		return 0;
	fake_stack_fill(fake, layout);
	for (size_t i = 0; i < CHANGES_MAX && 1 + (i + 1) * CHANGE <= size; i++)
		change(fake, data + 1 + i * CHANGE);
	error = fake_python_finish(fake, &target);
	if (!error)
		tell(target, size < 1 + CHANGE);
	error_free(error);
	return 0;
}
