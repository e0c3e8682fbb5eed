/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Property: whatever a process has where its threads, frames, code objects
 * and exception states should be, telling the roots ends in bounded time and
 * reads nothing of ours out of bounds; no reference told is null; and as long
 * as nothing was changed, every frame of the made-up stack is told.
 *
 * An input is a recipe: its first byte chooses a layout, of which a whole
 * made-up CPython with one stack of FRAMES frames is written; each further 8
 * bytes change one word of it:
 *
 *	0  place   one of the structs below
 *	1  offset  of the word in it, ...
 *	2          ... in units of 4 bytes, little-endian
 *	3  kind    4 bytes as they are, all ones, or an address in one of the places
 *	4  value   4 bytes
 */
#include "fuzz_target.h"

#include "../unit/runtime/fake_python.h"
#include "base/cleanup.h"
#include "runtime/py_roots.h"
#include "runtime/python.h"

#include <assert.h>
#include <string.h>

enum {
	CACHE = 1 << 20,
	CHANGE = 8,
	CHANGES_MAX = 64,
	FRAMES = 8,
	LOCALS = 3,
	STACK = 2,
	AREA = FAKE_DATA + 0x149000,   /* behind the names of the made-up CPython */
	CODE_TYPE = FAKE_DATA + 0x400, /* a bare name counts in CPython's own file only */
	TYPE_NAME = AREA + 0x600,
	CODE = AREA + 0x800,
	NAMES = AREA + 0xc00, /* of the variables: a tuple */
	TABLE = AREA + 0xd00, /* of lines: a bytes object */
	CFRAME = AREA + 0xe00,
	EXCEPTION_STATE = AREA + 0xf00,
	STACK_OF_FRAMES = AREA + 0x1000, /* FRAME bytes each */
	FRAME = 0x400,
};

static const taddr places[] = {
	FAKE_MAIN,
	FAKE_MAIN_THREAD,
	FAKE_SUB,
	FAKE_SUB_THREAD,
	CODE_TYPE,
	TYPE_NAME,
	CODE,
	NAMES,
	TABLE,
	CFRAME,
	EXCEPTION_STATE,
	STACK_OF_FRAMES,
	STACK_OF_FRAMES + FRAME,
	STACK_OF_FRAMES + (FRAMES - 1) * FRAME,
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

static void see_frame(void *context, taddr address, taddr frame_object, const char *name)
{
	struct told *told = context;

	(void)frame_object;
	assert(address && name);
	told->frames++;
}

static const struct py_layout *choose_layout(uint8_t number)
{
	size_t count = 0;

	while (py_layouts[count])
		count++;
	return py_layouts[number % count];
}

/* Sets a member that not every version has. */
static void set(struct fake_python *fake, taddr address, uint32_t member, uint64_t value)
{
	if (py_has(member))
		fake_python_u64(fake, address + member, value);
}

static void set_half(struct fake_python *fake, taddr address, uint32_t member, uint32_t value)
{
	if (py_has(member))
		fake_python_u32(fake, address + member, value);
}

static void fill_code(struct fake_python *fake, const struct py_layout *layout)
{
	static const uint8_t table[] = {4, 1, 4, 1, 0x80, 0x12, 0xff, 0xff};

	fake_python_u64(fake, CODE_TYPE + 8, FAKE_TYPE_TYPE);
	set(fake, CODE_TYPE, layout->type.tp_name, TYPE_NAME);
	set(fake, CODE_TYPE, layout->type.tp_base, FAKE_OBJECT_TYPE);
	set(fake, CODE_TYPE, layout->type.tp_basicsize, layout->code.size);
	set(fake, CODE_TYPE, layout->type.tp_flags, UINT64_C(1) << 12);
	fake_python_bytes(fake, TYPE_NAME, "code", sizeof("code"));
	fake_python_u64(fake, CODE + 8, CODE_TYPE);
	set_half(fake, CODE, layout->code.co_stacksize, STACK);
	set_half(fake, CODE, layout->code.co_nlocalsplus, LOCALS);
	set_half(fake, CODE, layout->code.co_firstlineno, 7);
	set(fake, CODE, layout->code.co_localsplusnames, NAMES);
	/* An empty tuple is any word pair with a length of 0. */
	set(fake, CODE, layout->code.co_varnames, NAMES);
	set(fake, CODE, layout->code.co_cellvars, AREA + 0x700);
	set(fake, CODE, layout->code.co_freevars, AREA + 0x700);
	set(fake, CODE, layout->code.co_linetable, TABLE);
	fake_python_u64(fake, NAMES + 16, LOCALS);
	fake_python_u64(fake, TABLE + 16, sizeof(table));
	fake_python_bytes(fake, TABLE + layout->bytes.ob_sval, table, sizeof(table));
}

static void fill_frame(struct fake_python *fake, const struct py_layout *layout, taddr frame,
                       taddr previous)
{
	bool is_object = !py_has(layout->interpreter_frame.localsplus);
	uint32_t slots = is_object ? layout->frame.f_localsplus
	                           : layout->interpreter_frame.localsplus;

	if (is_object) {
		set(fake, frame, layout->frame.f_back, previous);
		set(fake, frame, layout->frame.f_code, CODE);
		set(fake, frame, layout->frame.f_valuestack, frame + slots + LOCALS * 8);
	} else {
		set(fake, frame, layout->interpreter_frame.previous, previous);
		set(fake, frame, layout->interpreter_frame.executable, CODE);
		set(fake, frame, layout->interpreter_frame.instruction,
		    CODE + layout->code.co_code_adaptive + 2);
		set_half(fake, frame, layout->interpreter_frame.stacktop, LOCALS + 1);
		set(fake, frame, layout->interpreter_frame.stackpointer,
		    frame + slots + (LOCALS + 1) * 8);
	}
	for (unsigned int i = 0; i < LOCALS + STACK; i++)
		fake_python_u64(fake, frame + slots + i * 8, FAKE_DICTS + i * 256);
}

static void fill_stack(struct fake_python *fake, const struct py_layout *layout)
{
	fill_code(fake, layout);
	for (unsigned int i = 0; i < FRAMES; i++)
		fill_frame(fake, layout, STACK_OF_FRAMES + i * FRAME,
		           i + 1 < FRAMES ? STACK_OF_FRAMES + (i + 1) * FRAME : 0);
	set(fake, FAKE_MAIN_THREAD, layout->thread.frame, STACK_OF_FRAMES);
	if (py_has(layout->thread.current_frame)) {
		set(fake, FAKE_MAIN_THREAD, layout->thread.current_frame, STACK_OF_FRAMES);
	} else {
		set(fake, FAKE_MAIN_THREAD, layout->thread.cframe, CFRAME);
		set(fake, CFRAME, layout->cframe.current_frame, STACK_OF_FRAMES);
	}
	set(fake, FAKE_MAIN_THREAD, layout->thread.exc_info, EXCEPTION_STATE);
	set(fake, EXCEPTION_STATE, layout->exc_stack_item.exc_value, FAKE_DICTS);
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
	assert(!is_sound || (told.frames == FRAMES && told.references > FRAMES * LOCALS));
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
	fill_stack(fake, layout);
	for (size_t i = 0; i < CHANGES_MAX && 1 + (i + 1) * CHANGE <= size; i++)
		change(fake, data + 1 + i * CHANGE);
	error = fake_python_finish(fake, &target);
	if (!error)
		tell(target, size < 1 + CHANGE);
	error_free(error);
	return 0;
}
