/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads and their frames. A stack may be as deep as memory allows and torn
 * into a cycle, so the walk has a budget for all threads together and knows
 * a cycle by a landmark.
 */
#include "base/cleanup.h"
#include "runtime/py_frame.h"
#include "runtime/py_line.h"
#include "runtime/py_root_walk.h"
#include "runtime/py_threads.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	FRAMES_MAX = 1 << 22, /* of all threads together */
	WORK_MAX = 1 << 28,   /* slots, and bytes of line tables, of all of them */
	FRAME_NAME_MAX = 400,
	NAME_PART_MAX = 150, /* bytes of a function's or file's name */
};

struct stack_walk {
	const struct py_root_walk *walk;
	struct py_visitor visitor; /* of the references of a frame */
	size_t frames;             /* so far, in all threads */
	uint64_t work;
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The str at a member of the code object; NULL: unreadable. The caller frees it. */
static char *code_text(struct python *python, const struct py_code *code, uint32_t member,
                       size_t limit)
{
	uint64_t string;

	if (!window_cache_u64(python->memory, code->address + member, &string))
		return NULL;
	return py_string_utf8(python, string, limit);
}

/* "handle (app.py:31)" */
static void describe(struct python *python, const struct py_frame *frame, char *buffer, size_t size)
{
	const struct py_layout *layout = &python->layout;
	_cleanup_free_ char *name =
		code_text(python, &frame->code, layout->code.co_name, NAME_PART_MAX);
	_cleanup_free_ char *path = code_text(python, &frame->code, layout->code.co_filename, 4096);
	const char *file = path ? base_name(path) : "?";
	int32_t line;

	if (py_line_of(python, &frame->code, frame->offset, &line))
		snprintf(buffer, size, "%s (%.150s:%" PRIi32 ")", name ? name : "?", file, line);
	else
		snprintf(buffer, size, "%s (%.150s)", name ? name : "?", file);
}

/*
 * Since 3.12 a class that is called may put a frame of its own below that of
 * __init__, which only checks what that returned (_Py_InitCleanup,
 * Python/specialize.c): code without a line, in the file "__init__". Python
 * does not show it.
 */
static bool is_shim(struct python *python, const struct py_frame *frame)
{
	const struct py_layout *layout = &python->layout;
	taddr code = frame->code.address;
	taddr file;
	taddr name;
	int32_t line;

	return !py_line_of(python, &frame->code, frame->offset, &line) &&
	       window_cache_u64(python->memory, code + layout->code.co_filename, &file) &&
	       window_cache_u64(python->memory, code + layout->code.co_name, &name) && file == name;
}

/* What a shim holds is told as of the frame that it called. */
static void tell_frame(struct stack_walk *stack, const struct py_frame *frame)
{
	const struct py_root_walk *walk = stack->walk;
	struct python *python = walk->python;
	char name[FRAME_NAME_MAX];

	if (!is_shim(python, frame)) {
		const struct py_root_frame told = {
			.address = frame->address,
			.object = frame->object,
			.name = name,
			.is_of_generator = py_code_makes_generator(python, &frame->code),
		};

		describe(python, frame, name, sizeof(name));
		walk->visitor->frame(walk->visitor->context, &told);
		py_frame_tell_members(python, frame, NULL, "f_code", &stack->visitor);
	}
	py_frame_tell_slots(python, frame, &stack->visitor);
	py_frame_tell_unknown_stack(python, frame, &stack->visitor);
}

static void tell_stack(struct stack_walk *stack, taddr address)
{
	struct python *python = stack->walk->python;
	taddr landmark = 0;

	for (size_t i = 0; address && address != landmark; i++) {
		struct py_frame frame;

		if (stack->frames++ >= FRAMES_MAX)
			return;
		if ((i & (i - 1)) == 0)
			landmark = address;
		if (py_frame_read(python, stack->walk->types, address, &frame) == DECODE_OK) {
			stack->work += (uint64_t)frame.code.locals + frame.code.stack +
			               py_line_table_size(python, &frame.code);
			if (stack->work > WORK_MAX)
				return;
			tell_frame(stack, &frame);
		}
		if (py_frame_previous(python, address, &address) != DECODE_OK)
			return;
	}
}

static void tell_thread(struct stack_walk *stack, const struct py_thread_names *names, taddr thread)
{
	const struct py_root_walk *walk = stack->walk;
	const struct py_root_visitor *visitor = walk->visitor;
	const struct py_visitor references = {.context = visitor->context,
	                                      .reference = visitor->thread_reference};
	char name[FRAME_NAME_MAX];

	py_thread_describe(walk->python, walk->types, names, thread, name, sizeof(name));
	visitor->thread(visitor->context, thread, name);
	py_thread_tell(walk->python, thread, &references);
	tell_stack(stack, py_thread_frame(walk->python, thread));
}

void py_roots_threads(const struct py_root_walk *walk)
{
	struct python *python = walk->python;
	struct stack_walk stack = {
		.walk = walk,
		.visitor = {.context = walk->visitor->context,
	                    .reference = walk->visitor->frame_reference},
	};
	struct py_thread_walk threads = {0};
	struct py_thread_names names = {.count = 0};
	size_t named = SIZE_MAX; /* the interpreter that names belong to */

	number_map_init(&names.by_ident);
	while (py_thread_next(python, &threads)) {
		if (threads.interpreter != named) {
			taddr interpreter = python->interpreters[threads.interpreter];

			py_thread_names_deinit(&names);
			py_thread_names_read(
				python, walk->types,
				py_root_word(walk,
			                     interpreter + python->layout.interpreter.modules),
				&names);
			named = threads.interpreter;
		}
		tell_thread(&stack, &names, threads.thread);
	}
	py_thread_names_deinit(&names);
}
