/* SPDX-License-Identifier: Apache-2.0 */
/* One line per member: itself, the size that bounds it, its place in 3.13, 3.14, 3.15. */
#include "runtime/py_debug_fields.h"

#include "runtime/py_layout.h"

#define FIELD(member, limit, ...)                                                                  \
	{                                                                                          \
		offsetof(struct py_layout, member), offsetof(struct py_layout, limit),             \
		{                                                                                  \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}

const size_t py_debug_sizes[PY_DEBUG_MINORS] = {584, 760, 888};

const struct py_debug_field py_debug_fields[] = {
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

const size_t py_debug_field_count = sizeof(py_debug_fields) / sizeof(*py_debug_fields);
