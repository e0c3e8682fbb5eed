/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Generators, coroutines and asynchronous generators: one C struct, with
 * other names. Until 3.10 the generator refers to a frame object; from 3.11
 * on its frame lies inside of it, so its variables are its own references.
 *
 * Sources: Objects/genobject.c (gen_traverse, async_gen_traverse,
 * _PyGen_yf), Include/internal/pycore_frame.h (enum _framestate) and, from
 * 3.15, pycore_interpframe_structs.h.
 */
#include "runtime/py_frame.h"

enum {
	SLOT = 8,
	CODE_UNIT = 2,
	OPCODE_RESUME = 151, /* 3.11 and 3.12: Include/opcode.h */
	RESUME_AFTER_YIELD_FROM = 2,
};

/* What Python calls the members of each of the three. */
struct generator_names {
	const char *frame;
	const char *code;
	const char *awaited;
};

static const struct generator_names *names_of(const struct py_object *object)
{
	static const struct generator_names generator = {"gi_frame", "gi_code", "gi_yieldfrom"};
	static const struct generator_names coroutine = {"cr_frame", "cr_code", "cr_await"};
	static const struct generator_names asynchronous = {"ag_frame", "ag_code", "ag_await"};

	switch (object->type->shape) {
	case PY_SHAPE_COROUTINE: return &coroutine;
	case PY_SHAPE_ASYNC_GENERATOR: return &asynchronous;
	default: return &generator;
	}
}

static void tell_member(struct python *python, const struct py_object *object, uint32_t offset,
                        enum py_ref_kind kind, unsigned int flags, const char *name,
                        const struct py_visitor *visitor)
{
	taddr to;

	if (py_has(offset) && py_object_word(python, object, offset, &to))
		py_tell(visitor, kind, flags, name, to);
}

/* The exception that the generator was handling when it was suspended. */
static void tell_exception_state(struct python *python, const struct py_object *object,
                                 const struct py_visitor *visitor)
{
	const struct py_layout *layout = &python->layout;
	uint32_t state = layout->generator.gi_exc_state;

	if (py_has(layout->exc_stack_item.exc_type))
		tell_member(python, object, state + layout->exc_stack_item.exc_type, PY_REF_FIELD,
		            0, "gi_exc_state.exc_type", visitor);
	tell_member(python, object, state + layout->exc_stack_item.exc_value, PY_REF_FIELD, 0,
	            "gi_exc_state.exc_value", visitor);
	if (py_has(layout->exc_stack_item.exc_traceback))
		tell_member(python, object, state + layout->exc_stack_item.exc_traceback,
		            PY_REF_FIELD, 0, "gi_exc_state.exc_traceback", visitor);
}

/* cr_origin holds tuples, str and int only and is not visited; a finalizer is. */
static void tell_origin_or_finalizer(struct python *python, const struct py_object *object,
                                     const struct py_visitor *visitor)
{
	const struct py_layout *layout = &python->layout;
	bool is_merged = py_has(layout->generator.gi_origin_or_finalizer);
	uint32_t merged = layout->generator.gi_origin_or_finalizer;

	if (object->type->shape == PY_SHAPE_COROUTINE)
		tell_member(python, object, is_merged ? merged : layout->coroutine.cr_origin,
		            PY_REF_ATTRIBUTE, PY_REF_HIDDEN, "cr_origin", visitor);
	if (object->type->shape == PY_SHAPE_ASYNC_GENERATOR)
		tell_member(python, object,
		            is_merged ? merged : layout->async_generator.ag_finalizer, PY_REF_FIELD,
		            0, "ag_finalizer", visitor);
}

/* enum _framestate: below `cleared` there is a frame to speak of. */
static bool has_frame(const struct python *python, int8_t state)
{
	return state < (python->minor >= 15 ? 5 : 4);
}

/* 3.11 and 3.12: a frame suspended in `yield from` or `await` goes on with RESUME 2 or 3. */
static bool resumes_after_yield_from(struct python *python, const struct py_frame *frame)
{
	taddr code = frame->code.address + python->layout.code.co_code_adaptive;
	uint8_t instruction[CODE_UNIT];

	return frame->offset >= 0 &&
	       window_cache_read(python->memory, code + (taddr)frame->offset + CODE_UNIT,
	                         instruction, sizeof(instruction)) &&
	       instruction[0] == OPCODE_RESUME && instruction[1] >= RESUME_AFTER_YIELD_FROM;
}

/* Is the top of the value stack what the generator waits for? */
static bool is_awaiting(struct python *python, const struct py_frame *frame, int8_t state)
{
	if (!frame->has_depth || !frame->depth)
		return false;
	if (python->minor >= 15)
		return state == 2 || state == 3;
	if (python->minor >= 13)
		return state == -1;
	return state == -1 && resumes_after_yield_from(python, frame);
}

static void tell_awaited(struct python *python, const struct py_frame *frame, const char *name,
                         const struct py_visitor *visitor)
{
	uint64_t top;

	if (window_cache_u64(python->memory,
	                     frame->slots + ((taddr)frame->code.locals + frame->depth - 1) * SLOT,
	                     &top))
		py_tell(visitor, PY_REF_ATTRIBUTE, 0, name, py_stack_object(python, top));
}

static enum decode tell_frame(struct python *python, struct py_types *types,
                              const struct py_object *object, int8_t state,
                              const struct py_visitor *visitor)
{
	const struct generator_names *names = names_of(object);
	struct py_frame frame;
	bool awaits;
	enum decode status = py_frame_read(
		python, types, object->address + python->layout.generator.gi_iframe, &frame);

	if (status != DECODE_OK)
		return status;
	py_frame_tell_members(python, &frame, names->frame, names->code, visitor);
	awaits = is_awaiting(python, &frame, state);
	if (awaits)
		frame.depth--;
	py_frame_tell_slots(python, &frame, visitor);
	if (awaits) {
		frame.depth++;
		tell_awaited(python, &frame, names->awaited, visitor);
	}
	return DECODE_OK;
}

/* 3.11+: the frame inside of the generator, or the code that is left of it. */
static enum decode tell_embedded_frame(struct python *python, struct py_types *types,
                                       const struct py_object *object,
                                       const struct py_visitor *visitor)
{
	const struct py_layout *layout = &python->layout;
	uint64_t code;
	int8_t state;

	if (!py_object_read(python, object, layout->generator.gi_frame_state, &state,
	                    sizeof(state)))
		return DECODE_FAULT;
	if (has_frame(python, state))
		return tell_frame(python, types, object, state, visitor);
	/* 3.11 lets go of the code and has gi_code; 3.12 and 3.13 do not visit it. */
	if (python->minor < 12 || !py_object_word(python, object,
	                                          (int64_t)layout->generator.gi_iframe +
	                                                  layout->interpreter_frame.executable,
	                                          &code))
		return DECODE_OK;
	py_tell(visitor, PY_REF_ATTRIBUTE, python->minor < 14 ? PY_REF_HIDDEN : 0,
	        names_of(object)->code, py_stack_object(python, code));
	return DECODE_OK;
}

enum decode py_generator_visit(struct python *python, struct py_types *types,
                               const struct py_object *object, const struct py_visitor *visitor)
{
	const struct py_layout *layout = &python->layout;
	const struct generator_names *names = names_of(object);

	tell_member(python, object, layout->generator.gi_frame, PY_REF_ATTRIBUTE, 0, names->frame,
	            visitor);
	tell_member(python, object, layout->generator.gi_code, PY_REF_ATTRIBUTE, 0, names->code,
	            visitor);
	tell_member(python, object, layout->generator.gi_name, PY_REF_ATTRIBUTE, 0, "__name__",
	            visitor);
	tell_member(python, object, layout->generator.gi_qualname, PY_REF_ATTRIBUTE, 0,
	            "__qualname__", visitor);
	tell_exception_state(python, object, visitor);
	tell_origin_or_finalizer(python, object, visitor);
	if (!py_has(layout->generator.gi_iframe))
		return DECODE_OK;
	return tell_embedded_frame(python, types, object, visitor);
}

/* gen_sizeof(), 3.11+: head and slots; the plain struct before. */
enum decode py_generator_size(struct python *python, const struct py_object *object, uint64_t *ret)
{
	const struct py_layout *layout = &python->layout;
	uint64_t executable;
	struct py_code code;
	enum decode status;

	if (!py_has(layout->generator.gi_iframe)) {
		*ret = (uint64_t)object->type->basicsize;
		return DECODE_OK;
	}
	/* 3.11 clears the frame's own reference to the code at the end, never gi_code. */
	if (!py_object_word(python, object,
	                    py_has(layout->generator.gi_code)
	                            ? layout->generator.gi_code
	                            : (int64_t)layout->generator.gi_iframe +
	                                      layout->interpreter_frame.executable,
	                    &executable))
		return DECODE_FAULT;
	status = py_code_read(python, py_stack_object(python, executable), &code);
	if (status != DECODE_OK)
		return status;
	*ret = (uint64_t)layout->generator.gi_iframe + layout->interpreter_frame.localsplus +
	       SLOT * ((uint64_t)code.locals + code.stack);
	return DECODE_OK;
}
