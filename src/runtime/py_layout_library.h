/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of py_layout.h that is about C modules of the standard library
 * (Modules/ in CPython's tree): they are built with the interpreter, and their
 * structs move with it. Written like py_layout.h, for tools/layout-tables.
 *
 * Of most modules the structs hardly ever move: their offsets are numbers in
 * py_fields_library.c, py_library.c and py_tables.c, which hold for one size.
 */
#ifndef PLUMB_RUNTIME_PY_LAYOUT_LIBRARY_H
#define PLUMB_RUNTIME_PY_LAYOUT_LIBRARY_H

#include <stdint.h>

struct py_library_layout {
	struct {
		uint32_t size;
		uint32_t default_factory;
	} defaultdict; /* defdictobject */
	struct {
		uint32_t size;
		uint32_t leftblock;
		uint32_t rightblock;
		uint32_t leftindex;
		uint32_t rightindex;
		uint32_t numfreeblocks;
		uint32_t freeblocks;
		uint32_t weakreflist;
	} deque; /* dequeobject */
	struct {
		uint32_t size;
		uint32_t root;
		uint32_t cache;
		uint32_t func;
		uint32_t kwd_mark;
		uint32_t lru_list_elem_type;
		uint32_t cache_info_type;
		uint32_t dict;
		uint32_t weakreflist;
	} lru_cache; /* lru_cache_object */
	struct {
		uint32_t size;
		uint32_t next;
		uint32_t key;
		uint32_t result;
	} lru_element; /* lru_list_elem */
	struct {
		uint32_t size;
		uint32_t ob_item;
		uint32_t allocated;
		uint32_t ob_descr;
	} array; /* arrayobject */
	struct {
		uint32_t size;
		uint32_t loop;              /* fut_loop | task_loop */
		uint32_t callback0;         /* fut_callback0 | task_callback0 */
		uint32_t context0;          /* fut_context0 | task_context0 */
		uint32_t callbacks;         /* fut_callbacks | task_callbacks */
		uint32_t exception;         /* fut_exception | task_exception */
		uint32_t exception_tb;      /* fut_exception_tb | task_exception_tb */
		uint32_t result;            /* fut_result | task_result */
		uint32_t source_tb;         /* fut_source_tb | task_source_tb */
		uint32_t cancel_msg;        /* fut_cancel_msg | task_cancel_msg */
		uint32_t cancelled_exc;     /* fut_cancelled_exc | task_cancelled_exc */
		uint32_t awaited_by;        /* fut_awaited_by | task_awaited_by */
		uint32_t awaited_by_is_set; /* fut_awaited_by_is_set | task_awaited_by_is_set */
		uint32_t dict;
		uint32_t weakreflist;         /* fut_weakreflist */
		uint32_t cancelled_exc_state; /* fut_cancelled_exc_state.exc_value */
	} future;                             /* FutureObj */
	struct {
		uint32_t size;
		uint32_t fut_waiter; /* task_fut_waiter */
		uint32_t coro;       /* task_coro */
		uint32_t name;       /* task_name */
		uint32_t context;    /* task_context */
		uint32_t node;       /* task_node */
	} task;                      /* TaskObj */
};

#endif
