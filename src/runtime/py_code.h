/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code objects, as frames need them: how many variables and how deep a value
 * stack a frame of this code has, and what its variables are called.
 *
 * The variables of a frame are one row of slots: locals, then cells, then
 * free variables. Until 3.10 three tuples name them, from 3.11 on one tuple
 * (co_localsplusnames), where a variable that is captured has one slot only.
 */
#ifndef PLUMB_RUNTIME_PY_CODE_H
#define PLUMB_RUNTIME_PY_CODE_H

#include "runtime/python.h"

enum {
	PY_CODE_SLOTS_MAX = 1 << 20, /* more variables or stack than this is torn */
	PY_CODE_NAME_TUPLES = 3,
};

struct py_code {
	taddr address;
	uint32_t locals; /* slots of variables, cells and free variables together */
	uint32_t stack;  /* slots of the value stack */
	int32_t first_line;
	taddr names[PY_CODE_NAME_TUPLES]; /* tuples of str, in the order of the slots */
	uint32_t name_counts[PY_CODE_NAME_TUPLES];
};

/* Reads the code object at address. The caller knows that it is one. */
enum decode py_code_read(struct python *python, taddr address, struct py_code *ret);

/* Does a call of it make a generator, coroutine or asynchronous generator? Unreadable: no. */
bool py_code_makes_generator(struct python *python, const struct py_code *code);

/* The str that names slot number slot; 0: it has none. */
taddr py_code_local_name(struct python *python, const struct py_code *code, uint32_t slot);

#endif
