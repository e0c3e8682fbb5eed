/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The threads that run Python: a linked list per interpreter. Names are those
 * of Python's `threading` module, which keeps them in a dict of its own.
 */
#ifndef PLUMB_RUNTIME_PY_THREADS_H
#define PLUMB_RUNTIME_PY_THREADS_H

#include "runtime/py_refs.h"

/* Where a walk over all threads is. Start with {0}. */
struct py_thread_walk {
	size_t interpreter; /* index of the interpreter of `thread` */
	taddr thread;       /* PyThreadState; 0: before the first one */
	taddr landmark;     /* an earlier thread: meeting it again means a cycle */
	size_t steps;       /* in this interpreter */
	size_t total;
	bool has_begun;
};

/* Moves to the next thread. False: there is none, or the list is no list. */
bool py_thread_next(struct python *python, struct py_thread_walk *walk);

/* The names of the threads of one interpreter, by thread identifier. */
struct py_thread_names {
	struct number_map by_ident; /* -> index of objects */
	taddr *objects;             /* threading.Thread */
	size_t count;
	size_t capacity;
};

/* modules: the dict sys.modules. Without names, or memory, all threads are nameless. */
void py_thread_names_read(struct python *python, struct py_types *types, taddr modules,
                          struct py_thread_names *ret);
void py_thread_names_deinit(struct py_thread_names *names);

/*
 * What a thread is called here: "thread 4242 (MainThread)". The number is the
 * one that the system uses; until 3.10 only `threading` knows it, and a thread
 * that was not started by it has pthread's.
 */
void py_thread_describe(struct python *python, struct py_types *types,
                        const struct py_thread_names *names, taddr thread, char *buffer,
                        size_t size);

/*
 * The innermost frame of a thread: a frame object until 3.10, then an
 * interpreter frame. 0: it runs no Python code.
 */
taddr py_thread_frame(struct python *python, taddr thread);

/* Tells what the thread state refers to; its frames are not among it. */
void py_thread_tell(struct python *python, taddr thread, const struct py_visitor *visitor);

#endif
