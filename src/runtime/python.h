/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One CPython in a target: where its runtime is, which version it is and
 * how its structs are laid out. Everything else in this layer starts from
 * struct python.
 *
 * Nothing here is guessed from a version number alone: a candidate counts
 * only when its interpreters, threads and dicts point at each other as
 * CPython's do.
 */
#ifndef PLUMB_RUNTIME_PYTHON_H
#define PLUMB_RUNTIME_PYTHON_H

#include "base/decode.h"
#include "base/error.h"
#include "runtime/py_layout.h"
#include "target/window_cache.h"

enum {
	PYTHON_INTERPRETERS_MAX = 4096,
	PYTHON_THREADS_MAX = 1 << 20,
	PYTHON_GENERATIONS = 3,
};

/* pymalloc's array of struct arena_object; an interpreter with its own GIL has its own. */
struct py_arena_table {
	taddr arenas;
	uint32_t count; /* maxarenas: used and unused slots */
};

struct python {
	struct window_cache *memory; /* borrowed */
	struct py_layout layout;     /* a table, corrected from the target itself */
	uint32_t hexversion;         /* PY_VERSION_HEX: 0x030c01f0 */
	unsigned int minor;          /* 8 ... 15 */
	taddr runtime;               /* _PyRuntime */
	taddr type_type;             /* PyType_Type */
	taddr base_object_type;      /* PyBaseObject_Type (object) */
	taddr *interpreters;         /* main first; owned */
	size_t interpreter_count;
	taddr module_start;                  /* the mapped file that holds _PyRuntime ... */
	taddr module_end;                    /* ... with its .bss; exclusive */
	char *module_name;                   /* "libpython3.11.so.1.0"; owned */
	struct py_arena_table *arena_tables; /* owned; none with PYTHONMALLOC=malloc */
	size_t arena_table_count;
	taddr arenas_variable;    /* 3.8 to 3.11: the static variable `arenas`, ... */
	taddr maxarenas_variable; /* ... and `maxarenas`; 0: stripped, searched for at each look */
	uint64_t arena_size;      /* bytes: 256 KiB, 1 MiB or 2 MiB */
	uint32_t pool_size;       /* bytes: 4 or 16 KiB */
	bool is_debug_allocator;  /* PYTHONMALLOC=debug, -X dev: blocks have a header */
	uint32_t debug_header_size; /* bytes before each block's data when is_debug_allocator: 16 */
	bool has_incremental_gc;    /* 3.14.0 to 3.14.4: young, old[2], permanent */
};

/*
 * Finds CPython in the target behind memory. Errors: ERROR_NOT_PYTHON (says
 * what the process is), ERROR_UNSUPPORTED (a version outside 3.8 to 3.15, a
 * free-threaded build, PyPy), ERROR_UNREADY (it may be just starting, or
 * ending), ERROR_CORRUPT.
 */
struct error *python_find(struct window_cache *memory, struct python *ret);
void python_deinit(struct python *python);

/*
 * Looks again, at another picture of the same process: interpreters and
 * arenas come and go, the rest stays. memory (borrowed) replaces the old one.
 */
struct error *python_refresh(struct python *python, struct window_cache *memory);

/* The heads (struct PyGC_Head) of all lists of the collector. At most capacity are written. */
size_t python_gc_heads(struct python *python, taddr *ret_heads, size_t capacity);

/* True while some interpreter's collector runs. */
bool python_is_collecting(struct python *python);

/* What the module gc says of the main interpreter's collector; none of it is guessed. */
struct py_collector {
	bool is_enabled;         /* gc.isenabled() */
	size_t generation_count; /* that are known: 3; of an incremental one only the young */
	int32_t counts[PYTHON_GENERATIONS];     /* gc.get_count() */
	int32_t thresholds[PYTHON_GENERATIONS]; /* gc.get_threshold() */
	bool is_frozen_known;
	uint64_t frozen; /* gc.get_freeze_count() */
};

/* False: it cannot be read. Walks over what is frozen, up to 2^24 objects. */
bool python_collector_read(struct python *python, struct py_collector *ret);

/* "3.12.1" or "3.15.0b2". */
void python_version_text(const struct python *python, char *buffer, size_t size);

#endif
