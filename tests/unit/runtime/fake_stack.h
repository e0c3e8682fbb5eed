/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stack of frames for the main thread of a made-up CPython: what telling
 * roots walks over. The locals and stack values of each frame are its dicts.
 */
#ifndef PLUMB_TESTS_FAKE_STACK_H
#define PLUMB_TESTS_FAKE_STACK_H

#include "fake_python.h"

enum {
	FAKE_STACK_FRAMES = 8,
	FAKE_STACK_LOCALS = 3,
	FAKE_STACK_VALUES = 2,
	FAKE_AREA = FAKE_DATA + 0x149000,   /* behind the names of the made-up CPython */
	FAKE_CODE_TYPE = FAKE_DATA + 0x400, /* a bare name counts in CPython's own file only */
	FAKE_CODE_NAME = FAKE_AREA + 0x600,
	FAKE_CODE = FAKE_AREA + 0x800,
	FAKE_CODE_VARIABLES = FAKE_AREA + 0xc00, /* their names: a tuple */
	FAKE_CODE_LINES = FAKE_AREA + 0xd00,     /* a bytes object */
	FAKE_CFRAME = FAKE_AREA + 0xe00,
	FAKE_EXCEPTION_STATE = FAKE_AREA + 0xf00,
	FAKE_STACK = FAKE_AREA + 0x1000, /* the frames, FAKE_STACK_FRAME bytes each */
	FAKE_STACK_FRAME = 0x400,
};

void fake_stack_fill(struct fake_python *fake, const struct py_layout *layout);

#endif
