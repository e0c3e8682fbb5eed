/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where references start: what Python itself holds on to. Modules, the frames
 * and exception states of every thread, the fields of the interpreters,
 * interned strings, static types, pending calls and atexit callbacks.
 */
#ifndef PLUMB_RUNTIME_PY_ROOTS_H
#define PLUMB_RUNTIME_PY_ROOTS_H

#include "runtime/py_refs.h"

enum py_root_kind {
	PY_ROOT_MODULE,      /* a value of sys.modules; name: its key */
	PY_ROOT_INTERPRETER, /* a field of the interpreter's state; name: "interpreter.atexit" */
	PY_ROOT_STATIC_TYPE, /* a type in the data of a module of the target */
	PY_ROOT_MEMORY,      /* a word of the runtime's memory that looks like a reference */
};

struct py_root_frame {
	taddr address;
	taddr object;         /* its PyFrameObject; 0: there is none */
	const char *name;     /* "handle (app.py:31)"; valid during the call */
	bool is_of_generator; /* or of a coroutine, which refers to the same as the frame */
};

struct py_root_visitor {
	void *context;
	/* A root. name is valid during the call. */
	void (*root)(void *context, enum py_root_kind kind, const char *name, taddr to);
	/*
	 * A thread, name "thread 4242 (MainThread)"; what it refers to follows
	 * by thread_reference, its running frames (innermost first) by frame
	 * and frame_reference, until the next thread.
	 */
	void (*thread)(void *context, taddr address, const char *name);
	void (*thread_reference)(void *context, const struct py_ref *reference);
	void (*frame)(void *context, const struct py_root_frame *frame);
	void (*frame_reference)(void *context, const struct py_ref *reference);
};

enum decode py_roots_visit(struct python *python, struct py_types *types,
                           const struct py_root_visitor *visitor);

/* How many threads the interpreters have. */
size_t py_threads_count(struct python *python);

#endif
