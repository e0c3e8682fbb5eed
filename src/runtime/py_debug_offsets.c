/* SPDX-License-Identifier: Apache-2.0 */
/*
 * struct _Py_DebugOffsets of CPython (Include/internal/pycore_debug_offsets.h
 * in 3.14 and 3.15, pycore_runtime.h in 3.13; all members are 64-bit):
 *
 *	  0  cookie "xdebugpy"
 *	  8  version         PY_VERSION_HEX
 *	 16  free_threaded   0 or 1
 *	 24  offsets and sizes, in groups by struct; each version adds some
 *
 * Where each of ours is found in there is the table `fields`, per minor
 * version. The target is not trusted: an offset has to lie within the size
 * that the target gives for that struct, and sizes have a limit.
 */
#include "runtime/py_debug_offsets.h"

#include <inttypes.h>
#include <stddef.h>

enum {
	FIRST_MINOR = 13,
	LAST_MINOR = 15,
	MINORS = LAST_MINOR - FIRST_MINOR + 1,
	DEBUG_SIZE_MAX = 888,
	STRUCT_SIZE_MAX = 1 << 24,
	HEAD_SIZE = 24,
};

const char py_debug_cookie[8] = {'x', 'd', 'e', 'b', 'u', 'g', 'p', 'y'};

static const size_t debug_sizes[MINORS] = {584, 760, 888};

struct field {
	uint16_t member;     /* offset in struct py_layout, */
	uint16_t limit;      /* of the size of the struct that the member is in */
	uint16_t at[MINORS]; /* offset in _Py_DebugOffsets; 0: not in this version */
};

#define FIELD(member, limit, ...)                                                                  \
	{                                                                                          \
		offsetof(struct py_layout, member), offsetof(struct py_layout, limit),             \
		{                                                                                  \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}

static const struct field fields[] = {
	/* clang-format off */
	FIELD(runtime.size, runtime.size, 24, 24, 24),
	FIELD(runtime.interpreters_head, runtime.size, 40, 40, 40),
	FIELD(interpreter.size, interpreter.size, 48, 48, 48),
	FIELD(interpreter.id, interpreter.size, 56, 56, 56),
	FIELD(interpreter.next, interpreter.size, 64, 64, 64),
	FIELD(interpreter.threads_head, interpreter.size, 72, 72, 72),
	FIELD(interpreter.gc, interpreter.size, 80, 88, 88),
	FIELD(interpreter.modules, interpreter.size, 88, 96, 96),
	FIELD(interpreter.sysdict, interpreter.size, 96, 104, 104),
	FIELD(interpreter.builtins, interpreter.size, 104, 112, 112),
	FIELD(thread.size, thread.size, 152, 176, 176),
	FIELD(thread.next, thread.size, 168, 192, 192),
	FIELD(thread.interp, thread.size, 176, 200, 200),
	FIELD(thread.current_frame, thread.size, 184, 208, 208),
	FIELD(thread.base_frame, thread.size, 0, 0, 216),
	FIELD(thread.thread_id, thread.size, 192, 216, 240),
	FIELD(thread.native_thread_id, thread.size, 200, 224, 248),
	FIELD(thread.datastack_chunk, thread.size, 208, 232, 256),
	FIELD(interpreter_frame.size, interpreter_frame.size, 224, 248, 312),
	FIELD(interpreter_frame.previous, interpreter_frame.size, 232, 256, 320),
	FIELD(interpreter_frame.executable, interpreter_frame.size, 240, 264, 328),
	FIELD(interpreter_frame.instruction, interpreter_frame.size, 248, 272, 336),
	FIELD(interpreter_frame.localsplus, interpreter_frame.size, 256, 280, 344),
	FIELD(interpreter_frame.owner, interpreter_frame.size, 264, 288, 352),
	FIELD(interpreter_frame.stackpointer, interpreter_frame.size, 0, 296, 360),
	FIELD(code.size, code.size, 272, 312, 376),
	FIELD(code.co_filename, code.size, 280, 320, 384),
	FIELD(code.co_name, code.size, 288, 328, 392),
	FIELD(code.co_qualname, code.size, 296, 336, 400),
	FIELD(code.co_linetable, code.size, 304, 344, 408),
	FIELD(code.co_firstlineno, code.size, 312, 352, 416),
	FIELD(code.co_argcount, code.size, 320, 360, 424),
	FIELD(code.co_localsplusnames, code.size, 328, 368, 432),
	FIELD(code.co_localspluskinds, code.size, 336, 376, 440),
	FIELD(code.co_code_adaptive, code.size, 344, 384, 448),
	FIELD(type.size, type.size, 368, 416, 480),
	FIELD(type.tp_name, type.size, 376, 424, 488),
	FIELD(type.tp_flags, type.size, 392, 440, 504),
	FIELD(type.tp_basicsize, type.size, 0, 0, 512),
	FIELD(type.tp_dictoffset, type.size, 0, 0, 520),
	FIELD(heap_type.size, heap_type.size, 0, 0, 528),
	FIELD(heap_type.ht_cached_keys, heap_type.size, 0, 0, 536),
	FIELD(tuple.size, tuple.size, 400, 448, 544),
	FIELD(tuple.ob_item, tuple.size, 408, 456, 552),
	FIELD(list.size, list.size, 424, 472, 568),
	FIELD(list.ob_item, list.size, 432, 480, 576),
	FIELD(set.size, set.size, 0, 496, 592),
	FIELD(set.used, set.size, 0, 504, 600),
	FIELD(set.table, set.size, 0, 512, 608),
	FIELD(set.mask, set.size, 0, 520, 616),
	FIELD(dict.size, dict.size, 448, 528, 624),
	FIELD(dict.ma_keys, dict.size, 456, 536, 632),
	FIELD(dict.ma_values, dict.size, 464, 544, 640),
	FIELD(floating.size, floating.size, 472, 552, 648),
	FIELD(floating.ob_fval, floating.size, 480, 560, 656),
	FIELD(integer.size, integer.size, 488, 568, 664),
	FIELD(integer.lv_tag, integer.size, 496, 576, 672),
	FIELD(integer.ob_digit, integer.size, 504, 584, 680),
	FIELD(bytes.size, bytes.size, 512, 592, 688),
	FIELD(bytes.ob_sval, bytes.size, 528, 608, 704),
	FIELD(ascii.state, ascii.size, 544, 624, 720),
	FIELD(ascii.length, ascii.size, 552, 632, 728),
	FIELD(ascii.size, ascii.size, 560, 640, 736),
	FIELD(gc.size, gc.size, 568, 648, 752),
	FIELD(gc.collecting, gc.size, 576, 656, 760),
	FIELD(generator.size, generator.size, 0, 664, 792),
	FIELD(generator.gi_name, generator.size, 0, 672, 800),
	FIELD(generator.gi_iframe, generator.size, 0, 680, 808),
	FIELD(generator.gi_frame_state, generator.size, 0, 688, 816),
	/* clang-format on */
};

enum { FIELD_COUNT = sizeof(fields) / sizeof(*fields) };

static uint32_t *member_of(struct py_layout *layout, uint16_t offset)
{
	return (uint32_t *)(void *)((char *)layout + offset);
}

static uint32_t member_value(const struct py_layout *layout, uint16_t offset)
{
	uint32_t value;

	memcpy(&value, (const char *)layout + offset, sizeof(value));
	return value;
}

bool py_debug_head_read(struct window_cache *memory, taddr address, struct py_debug_head *ret)
{
	uint64_t head[HEAD_SIZE / 8];

	if (!window_cache_read(memory, address, head, sizeof(head)) ||
	    memcmp(head, py_debug_cookie, sizeof(py_debug_cookie)) != 0 || head[1] > UINT32_MAX)
		return false;
	ret->hexversion = (uint32_t)head[1];
	ret->is_free_threaded = head[2] != 0;
	return true;
}

/* Fills the members that the target knows in an otherwise empty layout. */
static struct error *read_fields(const uint8_t *bytes, size_t minor, taddr address,
                                 struct py_layout *ret)
{
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		uint64_t value;

		*member_of(ret, fields[i].member) = PY_ABSENT;
		if (!fields[i].at[minor])
			continue;
		memcpy(&value, bytes + fields[i].at[minor], sizeof(value));
		if (value > STRUCT_SIZE_MAX)
			return error_new(ERROR_CORRUPT,
			                 "the debug offsets at 0x%" PRIx64
			                 " hold an offset of %" PRIu64,
			                 address, value);
		*member_of(ret, fields[i].member) = (uint32_t)value;
	}
	return NULL;
}

/* A member lies within its struct; one that is the struct's open end, at it. */
static struct error *check_fields(struct py_layout *said, taddr address)
{
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		uint32_t value = member_value(said, fields[i].member);
		uint32_t limit = member_value(said, fields[i].limit);

		if (value == PY_ABSENT)
			continue;
		if (!limit || value > limit)
			return error_new(ERROR_CORRUPT,
			                 "debug offsets at 0x%" PRIx64 " put a member at %" PRIu32
			                 " of a struct of %" PRIu32 " bytes",
			                 address, value, limit);
	}
	return NULL;
}

static size_t count_agreements(const struct py_layout *table, const struct py_layout *said)
{
	size_t count = 0;

	for (size_t i = 0; i < FIELD_COUNT; i++)
		count += member_value(table, fields[i].member) ==
		         member_value(said, fields[i].member);
	return count;
}

static const struct py_layout *best_table(uint32_t version, const struct py_layout *said)
{
	const struct py_layout *best = NULL;
	size_t most = 0;

	for (size_t i = 0; py_layouts[i]; i++) {
		size_t count;

		if (py_layouts[i]->version != version)
			continue;
		count = count_agreements(py_layouts[i], said) + 1;
		if (count > most) {
			best = py_layouts[i];
			most = count;
		}
	}
	return best;
}

/*
 * The collector's state lies inside the interpreter's, and what follows it
 * moved with its size (3.14.5: 240 -> 264 bytes). imports.modules, which both
 * tables have, tells by how much.
 */
static void move_interpreter(struct py_layout *layout, const struct py_layout *said)
{
	uint32_t *first = &layout->interpreter.next;
	uint32_t *last = &layout->interpreter.ceval;
	uint32_t moved = said->interpreter.modules - layout->interpreter.modules;

	for (uint32_t *member = first; member <= last; member++) {
		if (py_has(*member) && *member > layout->interpreter.gc)
			*member += moved;
	}
}

struct error *py_debug_layout_read(struct window_cache *memory, taddr address, uint32_t hexversion,
                                   struct py_layout *ret)
{
	size_t minor = (hexversion >> 16 & 0xff) - FIRST_MINOR;
	uint8_t bytes[DEBUG_SIZE_MAX];
	struct py_layout said = {0};
	struct py_layout layout;
	const struct py_layout *table;
	struct error *error;

	if (minor >= MINORS || !window_cache_read(memory, address, bytes, debug_sizes[minor]))
		return error_new(ERROR_CORRUPT, "no debug offsets at 0x%" PRIx64, address);
	error = read_fields(bytes, minor, address, &said);
	if (!error)
		error = check_fields(&said, address);
	if (error)
		return error;
	table = best_table(hexversion >> 16, &said);
	if (!table)
		return error_new(ERROR_UNSUPPORTED, "no layout for CPython 3.%zu",
		                 minor + FIRST_MINOR);
	layout = *table;
	move_interpreter(&layout, &said);
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		uint16_t member = fields[i].member;

		if (fields[i].at[minor])
			*member_of(&layout, member) = member_value(&said, member);
	}
	layout.runtime.interpreters_main = layout.runtime.interpreters_head + sizeof(taddr);
	*ret = layout;
	return NULL;
}
