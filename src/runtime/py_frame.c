/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a frame holds is what its tp_traverse visits, plus what that leaves
 * out. The interpreter keeps the depth of the value stack in a register while
 * a frame runs and writes it back only when
 *
 *   3.8 to 3.10   a generator is suspended
 *   3.11 to 3.13  another Python function is called, or a generator suspended
 *   3.14 and on   anything is called that may look at the frame
 *
 * Without a depth 3.11 and later visit no slot at all, so the variables of
 * such a frame are hidden ones; they are as alive as any.
 *
 * Sources: Objects/frameobject.c (frame_traverse), Python/frame.c
 * (_PyFrame_Traverse), Python/gc.c (_PyGC_VisitFrameStack).
 */
#include "runtime/py_frame.h"

enum {
	SLOT = 8,
	SLOTS_AT_ONCE = 64,
	CODE_UNIT = 2,
};

static bool read_word(struct python *python, taddr address, uint32_t member, uint64_t *ret)
{
	*ret = 0;
	return !py_has(member) || window_cache_u64(python->memory, address + member, ret);
}

static bool is_code(struct python *python, struct py_types *types, taddr address)
{
	const struct py_type *type;
	taddr type_address;

	/* ob_type is the second word in every build that plumb reads. */
	if (!address || !window_cache_u64(python->memory, address + SLOT, &type_address))
		return false;
	type = py_types_get(types, type_address);
	return type && type->shape == PY_SHAPE_CODE;
}

/* 3.8 to 3.10: the depth is known in frames that do not run. */
static enum decode read_old_depth(struct python *python, struct py_frame *frame)
{
	const struct py_layout *layout = &python->layout;
	uint64_t base, top;
	uint32_t depth;

	if (py_has(layout->frame.f_stackdepth)) {
		if (!window_cache_u32(python->memory, frame->address + layout->frame.f_stackdepth,
		                      &depth))
			return DECODE_FAULT;
		frame->has_depth = (int32_t)depth >= 0;
		frame->depth = depth;
	} else {
		if (!read_word(python, frame->address, layout->frame.f_stacktop, &top) ||
		    !read_word(python, frame->address, layout->frame.f_valuestack, &base))
			return DECODE_FAULT;
		frame->has_depth = top != 0;
		if (top < base || (top - base) / SLOT > UINT32_MAX)
			base = top;
		frame->depth = (uint32_t)((top - base) / SLOT);
	}
	if (!frame->has_depth)
		frame->depth = 0;
	if (frame->depth > frame->code.stack)
		return DECODE_TORN;
	frame->visible = frame->code.locals + frame->depth;
	return DECODE_OK;
}

static enum decode read_frame_object(struct python *python, struct py_types *types,
                                     struct py_frame *frame)
{
	const struct py_layout *layout = &python->layout;
	uint32_t last;
	taddr code;
	enum decode status;

	if (!read_word(python, frame->address, layout->frame.f_code, &code) ||
	    !window_cache_u32(python->memory, frame->address + layout->frame.f_lasti, &last))
		return DECODE_FAULT;
	if (!is_code(python, types, code))
		return DECODE_TORN;
	status = py_code_read(python, code, &frame->code);
	if (status != DECODE_OK)
		return status;
	frame->object = frame->address;
	frame->slots = frame->address + layout->frame.f_localsplus;
	frame->owner = PY_FRAME_OF_OBJECT;
	/* f_lasti counts bytes until 3.9, then instructions of two. */
	frame->offset = (int64_t)(int32_t)last * (python->minor < 10 ? 1 : CODE_UNIT);
	return read_old_depth(python, frame);
}

/* 3.11+: slots in use, when the interpreter has written their number back. */
static enum decode read_depth(struct python *python, struct py_frame *frame)
{
	const struct py_layout *layout = &python->layout;
	uint64_t limit = (uint64_t)frame->code.locals + frame->code.stack;
	uint64_t used;

	if (py_has(layout->interpreter_frame.stackpointer)) {
		if (!read_word(python, frame->address, layout->interpreter_frame.stackpointer,
		               &used))
			return DECODE_FAULT;
		/* NULL while it runs, then used is more than any limit. */
		used = (used - frame->slots) / SLOT;
	} else {
		uint32_t top;

		if (!window_cache_u32(python->memory,
		                      frame->address + layout->interpreter_frame.stacktop, &top))
			return DECODE_FAULT;
		used = top; /* -1 while it runs */
	}
	if (used > limit)
		return DECODE_OK;
	frame->visible = (uint32_t)used;
	frame->has_depth = used >= frame->code.locals;
	frame->depth = frame->has_depth ? frame->visible - frame->code.locals : 0;
	return DECODE_OK;
}

static enum decode read_interpreter_frame(struct python *python, struct py_types *types,
                                          struct py_frame *frame)
{
	const struct py_layout *layout = &python->layout;
	taddr code, instruction;
	enum decode status;

	if (!read_word(python, frame->address, layout->interpreter_frame.executable, &code) ||
	    !read_word(python, frame->address, layout->interpreter_frame.instruction,
	               &instruction) ||
	    !read_word(python, frame->address, layout->interpreter_frame.frame_object,
	               &frame->object) ||
	    !window_cache_u8(python->memory, frame->address + layout->interpreter_frame.owner,
	                     &frame->owner))
		return DECODE_FAULT;
	code = py_stack_object(python, code);
	if (frame->owner >= PY_FRAME_OF_INTERPRETER || !is_code(python, types, code))
		return DECODE_UNKNOWN;
	status = py_code_read(python, code, &frame->code);
	if (status != DECODE_OK)
		return status;
	frame->slots = frame->address + layout->interpreter_frame.localsplus;
	frame->offset = (int64_t)(instruction - (code + layout->code.co_code_adaptive));
	return read_depth(python, frame);
}

enum decode py_frame_read(struct python *python, struct py_types *types, taddr address,
                          struct py_frame *ret)
{
	struct py_frame frame = {.address = address};
	enum decode status;

	if (python->minor < 11)
		status = read_frame_object(python, types, &frame);
	else
		status = read_interpreter_frame(python, types, &frame);
	if (status == DECODE_OK)
		*ret = frame;
	return status;
}

enum decode py_frame_previous(struct python *python, taddr address, taddr *ret)
{
	uint32_t member = python->minor < 11 ? python->layout.frame.f_back
	                                     : python->layout.interpreter_frame.previous;

	return read_word(python, address, member, ret) ? DECODE_OK : DECODE_FAULT;
}

static void tell_slot(struct python *python, const struct py_frame *frame, uint32_t slot, taddr to,
                      const struct py_visitor *visitor)
{
	unsigned int flags = slot < frame->visible ? 0 : PY_REF_HIDDEN;

	if (!to)
		return;
	if (slot < frame->code.locals)
		py_tell_named(visitor, PY_REF_LOCAL, flags,
		              py_code_local_name(python, &frame->code, slot), slot, to);
	else
		py_tell_number(visitor, PY_REF_STACK, flags, slot - frame->code.locals, to);
}

void py_frame_tell_slots(struct python *python, const struct py_frame *frame,
                         const struct py_visitor *visitor)
{
	uint32_t count = frame->code.locals + frame->depth;
	uint64_t slots[SLOTS_AT_ONCE];

	for (uint32_t first = 0; first < count; first += SLOTS_AT_ONCE) {
		uint32_t some = count - first < SLOTS_AT_ONCE ? count - first : SLOTS_AT_ONCE;

		if (!window_cache_read(python->memory, frame->slots + (taddr)first * SLOT, slots,
		                       some * sizeof(slots[0])))
			return;
		for (uint32_t i = 0; i < some; i++)
			tell_slot(python, frame, first + i, py_stack_object(python, slots[i]),
			          visitor);
	}
}

void py_frame_tell_unknown_stack(struct python *python, const struct py_frame *frame,
                                 const struct py_visitor *visitor)
{
	taddr stack = frame->slots + (taddr)frame->code.locals * SLOT;

	if (frame->has_depth)
		return;
	for (uint32_t i = 0; i < frame->code.stack; i++) {
		uint64_t word;

		if (!window_cache_u64(python->memory, stack + (taddr)i * SLOT, &word))
			return;
		py_tell_number(visitor, PY_REF_CONSERVATIVE, PY_REF_HIDDEN, i,
		               py_stack_object(python, word));
	}
}

void py_frame_tell_members(struct python *python, const struct py_frame *frame,
                           const char *object_name, const char *code_name,
                           const struct py_visitor *visitor)
{
	const struct py_layout *layout = &python->layout;
	enum py_ref_kind object_kind = object_name ? PY_REF_ATTRIBUTE : PY_REF_FIELD;
	enum py_ref_kind locals_kind = object_name ? PY_REF_FIELD : PY_REF_ATTRIBUTE;
	uint32_t namespace = python->minor < 11 ? layout->frame.f_locals
	                                        : layout->interpreter_frame.locals;
	taddr function, locals;

	/* f_globals and f_builtins are borrowed from the function. */
	if (read_word(python, frame->address, layout->interpreter_frame.function, &function))
		py_tell(visitor, PY_REF_FIELD, 0, "f_funcobj", py_stack_object(python, function));
	if (read_word(python, frame->address, namespace, &locals))
		py_tell(visitor, locals_kind, 0, "f_locals", locals);
	py_tell(visitor, PY_REF_ATTRIBUTE, 0, code_name, frame->code.address);
	if (python->minor >= 11)
		py_tell(visitor, object_kind, 0, object_name ? object_name : "frame_obj",
		        frame->object);
}

struct frame_member {
	uint32_t offset;
	enum py_ref_kind kind;
	const char *name;
};

/* The members of a frame object that all versions visit, as far as they have them. */
static void tell_object_members(struct python *python, const struct py_object *object,
                                const struct py_visitor *visitor)
{
	const struct py_layout *layout = &python->layout;
	const struct frame_member members[] = {
		{layout->frame.f_back, PY_REF_ATTRIBUTE, "f_back"},
		{layout->frame.f_code, PY_REF_ATTRIBUTE, "f_code"},
		{layout->frame.f_builtins, PY_REF_ATTRIBUTE, "f_builtins"},
		{layout->frame.f_globals, PY_REF_ATTRIBUTE, "f_globals"},
		{layout->frame.f_locals, PY_REF_ATTRIBUTE, "f_locals"},
		{layout->frame.f_trace, PY_REF_ATTRIBUTE, "f_trace"},
		{layout->frame.f_extra_locals, PY_REF_FIELD, "f_extra_locals"},
		{layout->frame.f_locals_cache, PY_REF_FIELD, "f_locals_cache"},
		{layout->frame.f_overwritten_fast_locals, PY_REF_FIELD,
	         "f_overwritten_fast_locals"},
	};

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		taddr to;

		if (py_has(members[i].offset) &&
		    py_object_word(python, object, members[i].offset, &to))
			py_tell(visitor, members[i].kind, 0, members[i].name, to);
	}
}

/* Reads the frame that a frame object stands for. */
static enum decode read_frame_of(struct python *python, struct py_types *types,
                                 const struct py_object *object, struct py_frame *ret)
{
	taddr address = object->address;

	if (python->minor >= 11 &&
	    !py_object_word(python, object, python->layout.frame.f_frame, &address))
		return DECODE_FAULT;
	return py_frame_read(python, types, address, ret);
}

enum decode py_frame_visit(struct python *python, struct py_types *types,
                           const struct py_object *object, const struct py_visitor *visitor)
{
	struct py_frame frame;
	enum decode status;

	tell_object_members(python, object, visitor);
	status = read_frame_of(python, types, object, &frame);
	if (status != DECODE_OK)
		return status == DECODE_UNKNOWN ? DECODE_OK : status;
	/* A frame that still belongs to a thread or a generator is told by that. */
	if (frame.owner != PY_FRAME_OF_OBJECT)
		return DECODE_OK;
	if (python->minor >= 11)
		py_frame_tell_members(python, &frame, NULL, "f_code", visitor);
	py_frame_tell_slots(python, &frame, visitor);
	return DECODE_OK;
}

/* The code of a frame object, without the registry of types (a size has none). */
static enum decode read_code_of(struct python *python, const struct py_object *object,
                                struct py_code *ret)
{
	taddr holder = object->address;
	taddr code;

	if (python->minor >= 11) {
		if (!py_object_word(python, object, python->layout.frame.f_frame, &holder) ||
		    !read_word(python, holder, python->layout.interpreter_frame.executable, &code))
			return DECODE_FAULT;
		code = py_stack_object(python, code);
	} else if (!read_word(python, holder, python->layout.frame.f_code, &code)) {
		return DECODE_FAULT;
	}
	return py_code_read(python, code, ret);
}

/* frame_sizeof(): head and slots. */
enum decode py_frame_size(struct python *python, const struct py_object *object, uint64_t *ret)
{
	const struct py_layout *layout = &python->layout;
	uint64_t head = layout->frame.f_localsplus;
	struct py_code code;
	enum decode status = read_code_of(python, object, &code);

	if (status != DECODE_OK)
		return status;
	if (python->minor >= 11)
		head = (uint64_t)layout->frame.f_frame_data + layout->interpreter_frame.localsplus;
	*ret = head + SLOT * ((uint64_t)code.locals + code.stack);
	return DECODE_OK;
}
