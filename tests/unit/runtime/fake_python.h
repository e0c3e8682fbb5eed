/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A CPython of byte arrays: as much of it as finding one looks at, laid out
 * as a given table says. Tests change single words of it before they look.
 *
 *	struct fake_python *fake = fake_python_new(&py_layout_3_12, 0x030c01f0);
 *	fake_python_u64(fake, FAKE_MAIN + layout->interpreter.next, 0);
 *	error = fake_python_finish(fake, &target);    (takes fake)
 *
 * It has one executable mapped at FAKE_IMAGE without symbols, so that it is
 * found by its cookie or by a scan; two interpreters, one thread each; the
 * types object, type, dict and int; pymalloc with one arena of two pools per
 * allocator: main's, and (3.12+) the sub-interpreter's own.
 */
#ifndef PLUMB_TESTS_FAKE_PYTHON_H
#define PLUMB_TESTS_FAKE_PYTHON_H

#include "runtime/py_layout.h"
#include "target/target.h"

enum {
	FAKE_IMAGE = 0x400000,
	FAKE_DATA = 0x10000000,
	FAKE_DATA_SIZE = 0x200000,
	FAKE_SEGMENT_SIZE = 0x8000, /* of that: the executable's, the rest is anonymous */
	FAKE_RUNTIME = FAKE_DATA + 0x1000,
	FAKE_MAIN = FAKE_DATA + 0x80000,
	FAKE_SUB = FAKE_DATA + 0xe0000,
	FAKE_MAIN_THREAD = FAKE_DATA + 0x140000,
	FAKE_SUB_THREAD = FAKE_DATA + 0x141000,
	FAKE_OBJECT_TYPE = FAKE_DATA + 0x142000,
	FAKE_TYPE_TYPE = FAKE_DATA + 0x142400,
	FAKE_DICT_TYPE = FAKE_DATA + 0x142800,
	FAKE_INT_TYPE = FAKE_DATA + 0x142c00,
	FAKE_DICTS = FAKE_DATA + 0x144000, /* sysdict, builtins, modules: 256 bytes each */
	FAKE_KEYS = FAKE_DATA + 0x146000,
	FAKE_NAME = FAKE_DATA + 0x148000,
	FAKE_HEXVERSION = FAKE_DATA + 0x148100,
	FAKE_ALLOCATOR = FAKE_DATA + 0x150000,     /* struct _obmalloc_state of 3.13+, and */
	FAKE_SUB_ALLOCATOR = FAKE_DATA + 0x1a0000, /* that of the sub-interpreter */
	FAKE_ARENAS = FAKE_DATA + 0x1f0000,        /* arrays of 16 slots, the sub's 4096 further */
	FAKE_ARENAS_VARIABLE = FAKE_DATA + 0x7000,
	FAKE_ARENA = 0x20000000, /* its memory, two pools; the sub's 32 KiB further */
	FAKE_SLOTS = 16,
};

struct fake_python;

/* NULL: out of memory. layout is borrowed until finish. */
struct fake_python *fake_python_new(const struct py_layout *layout, uint32_t hexversion);
void fake_python_free(struct fake_python *fake);

/* Change what is in the data segment or the arenas; other addresses are left alone. */
void fake_python_u64(struct fake_python *fake, taddr address, uint64_t value);
void fake_python_u32(struct fake_python *fake, taddr address, uint32_t value);
void fake_python_bytes(struct fake_python *fake, taddr address, const void *bytes, size_t size);

/* Takes fake, also when it fails. */
struct error *fake_python_finish(struct fake_python *fake, struct target **ret);

#endif
