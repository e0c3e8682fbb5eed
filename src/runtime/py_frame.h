/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One activation of Python code, whatever a version keeps it in:
 *
 *   3.8 to 3.10   the frame object itself holds variables and value stack
 *   3.11 and on   a struct _PyInterpreterFrame does; it lies on the thread's
 *                 data stack while it runs, inside the generator that it
 *                 belongs to, or inside a frame object that outlived it
 *
 *   slots: | local 0 | ... | cells, free variables | value stack ... | unused |
 *                                                  ^ locals          ^ + depth
 *
 * From 3.14 on slots hold tagged references, see py_stack_object().
 */
#ifndef PLUMB_RUNTIME_PY_FRAME_H
#define PLUMB_RUNTIME_PY_FRAME_H

#include "runtime/py_code.h"
#include "runtime/py_families.h"

enum py_frame_owner { /* _PyInterpreterFrame.owner, from 3.11 on */
	              PY_FRAME_OF_THREAD = 0,
	              PY_FRAME_OF_GENERATOR = 1,
	              PY_FRAME_OF_OBJECT = 2,
	              PY_FRAME_OF_INTERPRETER = 3, /* no Python code: 3 and above */
};

struct py_frame {
	taddr address; /* of the frame object or the interpreter frame */
	taddr object;  /* of the frame object; 0: none was made */
	taddr slots;
	struct py_code code;
	bool has_depth;   /* false: it runs, and its depth is in a register */
	uint32_t depth;   /* of the value stack */
	uint32_t visible; /* slots, from the first, that tp_traverse would visit */
	int64_t offset;   /* bytes of code up to the current instruction; < 0: not begun */
	uint8_t owner;    /* enum py_frame_owner */
};

/* The object that a slot refers to; 0: none (empty, or a number). */
static inline taddr py_stack_object(const struct python *python, uint64_t slot)
{
	/*
	 * _PyStackRef since 3.14 (Include/internal/pycore_stackref.h): the two
	 * lowest bits are a tag, both set means a number, a bare tag nothing.
	 */
	if (python->minor < 14)
		return slot;
	return (slot & 3) == 3 ? 0 : slot & ~UINT64_C(3);
}

/*
 * Reads the frame object (until 3.10) or interpreter frame at address.
 * DECODE_UNKNOWN: it is a frame of the interpreter itself, without Python code.
 */
enum decode py_frame_read(struct python *python, struct py_types *types, taddr address,
                          struct py_frame *ret);

/* The frame that called this one, 0: none. DECODE_OK or DECODE_FAULT. */
enum decode py_frame_previous(struct python *python, taddr address, taddr *ret);

/* Tells the variables, then the value stack where its depth is known. */
void py_frame_tell_slots(struct python *python, const struct py_frame *frame,
                         const struct py_visitor *visitor);

/*
 * Tells what else a frame that runs holds: function, code, namespace, and its
 * frame object. (Of a frame object until 3.10 that is not all of it.)
 * object_name, code_name: how these are reached from who owns the frame.
 */
void py_frame_tell_members(struct python *python, const struct py_frame *frame,
                           const char *object_name, const char *code_name,
                           const struct py_visitor *visitor);

/*
 * For a frame that runs: tells every word of the value stack, as far as it
 * may reach, as conservative. Does nothing when the depth is known.
 */
void py_frame_tell_unknown_stack(struct python *python, const struct py_frame *frame,
                                 const struct py_visitor *visitor);

#endif
