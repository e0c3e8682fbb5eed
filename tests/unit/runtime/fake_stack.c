/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames of either kind, frame objects (to 3.10) and interpreter frames (from
 * 3.11 on), by what the layout has. All run the same code.
 */
#include "fake_stack.h"

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

	fake_python_u64(fake, FAKE_CODE_TYPE + 8, FAKE_TYPE_TYPE);
	set(fake, FAKE_CODE_TYPE, layout->type.tp_name, FAKE_CODE_NAME);
	set(fake, FAKE_CODE_TYPE, layout->type.tp_base, FAKE_OBJECT_TYPE);
	set(fake, FAKE_CODE_TYPE, layout->type.tp_basicsize, layout->code.size);
	set(fake, FAKE_CODE_TYPE, layout->type.tp_flags, UINT64_C(1) << 12);
	fake_python_bytes(fake, FAKE_CODE_NAME, "code", sizeof("code"));
	fake_python_u64(fake, FAKE_CODE + 8, FAKE_CODE_TYPE);
	set_half(fake, FAKE_CODE, layout->code.co_stacksize, FAKE_STACK_VALUES);
	set_half(fake, FAKE_CODE, layout->code.co_nlocalsplus, FAKE_STACK_LOCALS);
	set_half(fake, FAKE_CODE, layout->code.co_firstlineno, 7);
	set(fake, FAKE_CODE, layout->code.co_localsplusnames, FAKE_CODE_VARIABLES);
	/* An empty tuple is any word pair with a length of 0. */
	set(fake, FAKE_CODE, layout->code.co_varnames, FAKE_CODE_VARIABLES);
	set(fake, FAKE_CODE, layout->code.co_cellvars, FAKE_AREA + 0x700);
	set(fake, FAKE_CODE, layout->code.co_freevars, FAKE_AREA + 0x700);
	set(fake, FAKE_CODE, layout->code.co_linetable, FAKE_CODE_LINES);
	fake_python_u64(fake, FAKE_CODE_VARIABLES + 16, FAKE_STACK_LOCALS);
	fake_python_u64(fake, FAKE_CODE_LINES + 16, sizeof(table));
	fake_python_bytes(fake, FAKE_CODE_LINES + layout->bytes.ob_sval, table, sizeof(table));
}

static void fill_frame(struct fake_python *fake, const struct py_layout *layout, taddr frame,
                       taddr previous)
{
	bool is_object = !py_has(layout->interpreter_frame.localsplus);
	uint32_t slots = is_object ? layout->frame.f_localsplus
	                           : layout->interpreter_frame.localsplus;

	if (is_object) {
		set(fake, frame, layout->frame.f_back, previous);
		set(fake, frame, layout->frame.f_code, FAKE_CODE);
		set(fake, frame, layout->frame.f_valuestack, frame + slots + FAKE_STACK_LOCALS * 8);
	} else {
		set(fake, frame, layout->interpreter_frame.previous, previous);
		set(fake, frame, layout->interpreter_frame.executable, FAKE_CODE);
		set(fake, frame, layout->interpreter_frame.instruction,
		    FAKE_CODE + layout->code.co_code_adaptive + 2);
		set_half(fake, frame, layout->interpreter_frame.stacktop, FAKE_STACK_LOCALS + 1);
		set(fake, frame, layout->interpreter_frame.stackpointer,
		    frame + slots + (FAKE_STACK_LOCALS + 1) * 8);
	}
	for (unsigned int i = 0; i < FAKE_STACK_LOCALS + FAKE_STACK_VALUES; i++)
		fake_python_u64(fake, frame + slots + i * 8, FAKE_DICTS + i * 256);
}

void fake_stack_fill(struct fake_python *fake, const struct py_layout *layout)
{
	fill_code(fake, layout);
	for (unsigned int i = 0; i < FAKE_STACK_FRAMES; i++)
		fill_frame(fake, layout, FAKE_STACK + i * FAKE_STACK_FRAME,
		           i + 1 < FAKE_STACK_FRAMES ? FAKE_STACK + (i + 1) * FAKE_STACK_FRAME : 0);
	set(fake, FAKE_MAIN_THREAD, layout->thread.frame, FAKE_STACK);
	if (py_has(layout->thread.current_frame)) {
		set(fake, FAKE_MAIN_THREAD, layout->thread.current_frame, FAKE_STACK);
	} else {
		set(fake, FAKE_MAIN_THREAD, layout->thread.cframe, FAKE_CFRAME);
		set(fake, FAKE_CFRAME, layout->cframe.current_frame, FAKE_STACK);
	}
	set(fake, FAKE_MAIN_THREAD, layout->thread.exc_info, FAKE_EXCEPTION_STATE);
	set(fake, FAKE_EXCEPTION_STATE, layout->exc_stack_item.exc_value, FAKE_DICTS);
}
