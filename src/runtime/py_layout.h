/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where CPython keeps things: the offsets, in bytes, of the members that
 * plumb reads, as data. One table per build family lies in
 * runtime/layouts/; each was read off the DWARF of the build that it names,
 * by tools/layout-tables, which parses this header: the comment after a
 * struct's closing brace names the C struct(s) that it describes, the
 * comment after a member its path in there, where the name differs.
 *
 * A member that a version does not have is PY_ABSENT. What moves inside a
 * minor version is corrected at run time from the target itself, see
 * runtime/py_version.h; a table alone is never trusted.
 *
 * Structs of the standard library's modules are in py_layout_library.h.
 */
#ifndef PLUMB_RUNTIME_PY_LAYOUT_H
#define PLUMB_RUNTIME_PY_LAYOUT_H

#include "runtime/py_layout_library.h"

#include <stdbool.h>
#include <stdint.h>

#define PY_ABSENT UINT32_C(0xffffffff) /* a member that this version does not have */

static inline bool py_has(uint32_t offset)
{
	return offset != PY_ABSENT;
}

struct py_layout {
	const char *source; /* the build that the numbers were read off */
	uint32_t version;   /* major << 8 | minor: 0x030c */

	struct {
		uint32_t size;
		uint32_t interpreters_head; /* interpreters.head */
		uint32_t interpreters_main; /* interpreters.main */
		uint32_t gc;
		uint32_t main_interpreter; /* _main_interpreter */
		uint32_t allocators;
		uint32_t obmalloc;
		uint32_t static_objects;
		uint32_t cached_objects;
		uint32_t main_tstate;
	} runtime; /* _PyRuntimeState | pyruntimestate */
	struct {
		uint32_t size;
		uint32_t next;
		uint32_t id;
		uint32_t threads_head; /* threads.head | tstate_head */
		uint32_t gc;
		uint32_t modules;                 /* imports.modules | modules */
		uint32_t modules_by_index;        /* imports.modules_by_index | modules_by_index */
		uint32_t importlib;               /* imports.importlib | importlib */
		uint32_t import_func;             /* imports.import_func | import_func */
		uint32_t lazy_modules;            /* imports.lazy_modules */
		uint32_t lazy_import_func;        /* imports.lazy_import_func */
		uint32_t lazy_imports_filter;     /* imports.lazy_imports_filter */
		uint32_t lazy_pending_submodules; /* imports.lazy_pending_submodules */
		uint32_t sysdict;
		uint32_t builtins;
		uint32_t builtins_copy;
		uint32_t sysdict_copy;
		uint32_t codec_search_path;    /* codecs.search_path | codec_search_path */
		uint32_t codec_search_cache;   /* codecs.search_cache | codec_search_cache */
		uint32_t codec_error_registry; /* codecs.error_registry | codec_error_registry */
		uint32_t dict;
		uint32_t before_forkers;
		uint32_t after_forkers_parent;
		uint32_t after_forkers_child;
		uint32_t warnings;
		uint32_t warnings_filters;        /* warnings.filters */
		uint32_t warnings_once_registry;  /* warnings.once_registry */
		uint32_t warnings_default_action; /* warnings.default_action */
		uint32_t atexit;
		uint32_t atexit_callbacks; /* atexit.callbacks */
		uint32_t audit_hooks;
		uint32_t pyexitmodule;
		uint32_t obmalloc;
		uint32_t types;
		uint32_t type_cache;           /* types.type_cache | type_cache */
		uint32_t func_version_cache;   /* func_state.func_version_cache */
		uint32_t types_builtins;       /* types.builtins.initialized | types.builtins */
		uint32_t types_for_extensions; /* types.for_extensions.initialized */
		uint32_t interned_strings;     /* cached_objects.interned_strings */
		uint32_t cached_objects;
		uint32_t static_objects;
		uint32_t object_state;
		uint32_t dict_state;
		uint32_t monitoring_callables;
		uint32_t monitoring_tool_names;
		uint32_t initial_thread; /* _initial_thread */
		uint32_t ceval;
	} interpreter; /* PyInterpreterState | _is */
	struct {
		uint32_t size;
		uint32_t generations;
		uint32_t generation0;
		uint32_t permanent_generation;
		uint32_t collecting;
		uint32_t garbage;
		uint32_t callbacks;
		uint32_t enabled;
	} gc; /* _gc_runtime_state */
	struct {
		uint32_t size;
		uint32_t next;
		uint32_t interp;
		uint32_t frame;
		uint32_t cframe;
		uint32_t current_frame;
		uint32_t base_frame;
		uint32_t c_profileobj;
		uint32_t c_traceobj;
		uint32_t current_exception;
		uint32_t curexc_type;
		uint32_t curexc_value;
		uint32_t curexc_traceback;
		uint32_t exc_state;
		uint32_t exc_info;
		uint32_t dict;
		uint32_t async_exc;
		uint32_t thread_id;
		uint32_t native_thread_id;
		uint32_t async_gen_firstiter;
		uint32_t async_gen_finalizer;
		uint32_t context;
		uint32_t id;
		/* clang-format off */
		uint32_t trash_delete_later; /* trash_delete_later | trash.delete_later | delete_later */
		/* clang-format on */
		uint32_t datastack_chunk;
		uint32_t threading_local_key;
		uint32_t threading_local_sentinel;
	} thread; /* PyThreadState | _ts */
	struct {
		uint32_t size;
		uint32_t asyncio_running_loop;
		uint32_t asyncio_running_task;
		uint32_t lazy_imports;
	} thread_implementation; /* _PyThreadStateImpl */
	struct {
		uint32_t size;
		uint32_t exc_type;
		uint32_t exc_value;
		uint32_t exc_traceback;
		uint32_t previous_item;
	} exc_stack_item; /* _err_stackitem */
	struct {
		uint32_t size;
		uint32_t current_frame;
	} cframe; /* _PyCFrame | CFrame | _cframe */

	struct {
		uint32_t size;
		uint32_t tp_name;
		uint32_t tp_basicsize;
		uint32_t tp_itemsize;
		uint32_t tp_flags;
		uint32_t tp_traverse;
		uint32_t tp_weaklistoffset;
		uint32_t tp_methods;
		uint32_t tp_members;
		uint32_t tp_base;
		uint32_t tp_dict;
		uint32_t tp_dictoffset;
		uint32_t tp_is_gc;
		uint32_t tp_bases;
		uint32_t tp_mro;
		uint32_t tp_cache;
		uint32_t tp_subclasses;
		uint32_t tp_weaklist;
		uint32_t tp_dealloc;
		uint32_t tp_free;
	} type; /* _typeobject */
	struct {
		uint32_t size;
		uint32_t ht_name;
		uint32_t ht_slots;
		uint32_t ht_qualname;
		uint32_t ht_cached_keys;
		uint32_t ht_module;
		uint32_t spec_cache_getitem; /* _spec_cache.getitem */
		uint32_t spec_cache_init;    /* _spec_cache.init */
	} heap_type;                         /* PyHeapTypeObject | _heaptypeobject */
	struct {
		uint32_t size;
		uint32_t type; /* type */
		uint32_t tp_dict;
		uint32_t tp_subclasses;
		uint32_t tp_weaklist;
	} static_type_state; /* static_builtin_state | managed_static_type_state */

	struct {
		uint32_t size;
		uint32_t length;
		uint32_t state;
		uint32_t wstr;
	} ascii; /* PyASCIIObject */
	struct {
		uint32_t size;
		uint32_t utf8_length;
		uint32_t utf8;
		uint32_t wstr_length;
	} compact_unicode; /* PyCompactUnicodeObject */
	struct {
		uint32_t size;
		uint32_t data;
	} unicode; /* PyUnicodeObject */
	struct {
		uint32_t size;
		uint32_t ob_sval;
	} bytes; /* PyBytesObject */
	struct {
		uint32_t size;
		uint32_t ob_alloc;
		uint32_t ob_bytes;
		uint32_t ob_bytes_object;
	} bytearray; /* PyByteArrayObject */
	struct {
		uint32_t size;
		uint32_t lv_tag;   /* long_value.lv_tag */
		uint32_t ob_digit; /* long_value.ob_digit | ob_digit */
	} integer;                 /* PyLongObject | _longobject */
	struct {
		uint32_t size;
		uint32_t ob_fval;
	} floating; /* PyFloatObject */
	struct {
		uint32_t size;
		uint32_t ob_item;
		uint32_t allocated;
	} list; /* PyListObject */
	struct {
		uint32_t size;
		uint32_t ob_item;
	} tuple; /* PyTupleObject */
	struct {
		uint32_t size;
		uint32_t ma_used;
		uint32_t ma_keys;
		uint32_t ma_values;
	} dict; /* PyDictObject */
	struct {
		uint32_t size;
		uint32_t dk_refcnt;
		uint32_t dk_log2_size;
		uint32_t dk_log2_index_bytes;
		uint32_t dk_kind;
		uint32_t dk_size;
		uint32_t dk_usable;
		uint32_t dk_nentries;
		uint32_t dk_indices;
	} dict_keys; /* PyDictKeysObject | _dictkeysobject */
	struct {
		uint32_t size;
		uint32_t capacity;
		uint32_t used; /* size */
		uint32_t embedded;
		uint32_t valid;
		uint32_t values;
	} dict_values; /* PyDictValues | _dictvalues */
	struct {
		uint32_t size;
		uint32_t fill;
		uint32_t used;
		uint32_t mask;
		uint32_t table;
		uint32_t smalltable;
		uint32_t weakreflist;
	} set; /* PySetObject */
	struct {
		uint32_t size;
		uint32_t od_first;
		uint32_t od_last;
		uint32_t od_fast_nodes;
		uint32_t od_fast_nodes_size;
		uint32_t od_inst_dict;
		uint32_t od_weakreflist;
	} odict; /* PyODictObject | _odictobject */
	struct {
		uint32_t size;
		uint32_t key;
		uint32_t next;
	} odict_node; /* _odictnode */

	struct {
		uint32_t size;
		uint32_t func_code;
		uint32_t func_globals;
		uint32_t func_builtins;
		uint32_t func_defaults;
		uint32_t func_kwdefaults;
		uint32_t func_closure;
		uint32_t func_doc;
		uint32_t func_name;
		uint32_t func_dict;
		uint32_t func_weakreflist;
		uint32_t func_module;
		uint32_t func_annotations;
		uint32_t func_annotate;
		uint32_t func_typeparams;
		uint32_t func_qualname;
	} function; /* PyFunctionObject */
	struct {
		uint32_t size;
		uint32_t co_argcount;
		uint32_t co_nlocals;
		uint32_t co_stacksize;
		uint32_t co_flags;
		uint32_t co_firstlineno;
		uint32_t co_nlocalsplus;
		uint32_t co_ncellvars;
		uint32_t co_nfreevars;
		uint32_t co_framesize;
		uint32_t co_code;
		uint32_t co_consts;
		uint32_t co_names;
		uint32_t co_exceptiontable;
		uint32_t co_varnames;
		uint32_t co_freevars;
		uint32_t co_cellvars;
		uint32_t co_cell2arg;
		uint32_t co_filename;
		uint32_t co_name;
		uint32_t co_qualname;
		uint32_t co_linetable; /* co_linetable | co_lnotab */
		uint32_t co_localsplusnames;
		uint32_t co_localspluskinds;
		uint32_t co_zombieframe;
		uint32_t co_weakreflist;
		uint32_t co_extra;
		uint32_t co_code_adaptive;
		uint32_t co_cached;      /* _co_cached */
		uint32_t co_code_cached; /* _co_code */
		uint32_t co_executors;
		uint32_t co_monitoring; /* _co_monitoring */
		uint32_t co_opcache_map;
		uint32_t co_opcache;
		uint32_t co_opcache_size;
	} code; /* PyCodeObject */
	struct {
		uint32_t size;
		uint32_t co_code;     /* _co_code */
		uint32_t co_varnames; /* _co_varnames */
		uint32_t co_cellvars; /* _co_cellvars */
		uint32_t co_freevars; /* _co_freevars */
	} code_cached;                /* _PyCoCached */
	struct {
		uint32_t size;
		uint32_t executable;   /* f_executable | f_code */
		uint32_t function;     /* f_funcobj | f_func */
		uint32_t globals;      /* f_globals */
		uint32_t builtins;     /* f_builtins */
		uint32_t locals;       /* f_locals */
		uint32_t frame_object; /* frame_obj */
		uint32_t instruction;  /* instr_ptr | prev_instr */
		uint32_t stackpointer;
		uint32_t stacktop;
		uint32_t previous;
		uint32_t owner;
		uint32_t localsplus;
	} interpreter_frame; /* _PyInterpreterFrame | _interpreter_frame */
	struct {
		uint32_t size;
		uint32_t f_back;
		uint32_t f_frame;
		uint32_t f_code;
		uint32_t f_builtins;
		uint32_t f_globals;
		uint32_t f_locals;
		uint32_t f_valuestack;
		uint32_t f_stacktop;
		uint32_t f_stackdepth;
		uint32_t f_trace;
		uint32_t f_gen;
		uint32_t f_lasti;
		uint32_t f_lineno;
		uint32_t f_state;
		uint32_t f_executing;
		uint32_t f_localsplus;
		uint32_t f_extra_locals;
		uint32_t f_locals_cache;
		uint32_t f_overwritten_fast_locals;
		uint32_t f_frame_data; /* _f_frame_data */
	} frame;                       /* PyFrameObject | _frame */
	struct {
		uint32_t size;
		uint32_t gi_frame;
		uint32_t gi_running;
		uint32_t gi_code;
		uint32_t gi_weakreflist;
		uint32_t gi_name;
		uint32_t gi_qualname;
		uint32_t gi_exc_state;
		uint32_t gi_origin_or_finalizer;
		uint32_t gi_frame_state;
		uint32_t gi_iframe;
	} generator; /* PyGenObject */
	struct {
		uint32_t size;
		uint32_t cr_origin;
	} coroutine; /* PyCoroObject */
	struct {
		uint32_t size;
		uint32_t ag_finalizer;
	} async_generator; /* PyAsyncGenObject */
	struct {
		uint32_t size;
		uint32_t md_dict;
		uint32_t md_def;
		uint32_t md_state;
		uint32_t md_state_size;
		uint32_t md_weaklist;
		uint32_t md_name;
	} module; /* PyModuleObject */
	struct {
		uint32_t size;
		uint32_t tb_next;
		uint32_t tb_frame;
		uint32_t tb_lasti;
		uint32_t tb_lineno;
	} traceback; /* PyTracebackObject | _traceback */
	struct {
		uint32_t size;
		uint32_t dict;
		uint32_t args;
		uint32_t notes;
		uint32_t traceback;
		uint32_t context;
		uint32_t cause;
	} exception; /* PyBaseExceptionObject */
	struct {
		uint32_t size;
		uint32_t msg;
		uint32_t excs;
		uint32_t excs_str;
	} exception_group; /* PyBaseExceptionGroupObject */
	struct {
		uint32_t size;
		uint32_t myerrno;
		uint32_t strerror;
		uint32_t filename;
		uint32_t filename2;
	} os_error; /* PyOSErrorObject */
	struct {
		uint32_t size;
		uint32_t value;
	} stop_iteration; /* PyStopIterationObject */
	struct {
		uint32_t size;
		uint32_t code;
	} system_exit; /* PySystemExitObject */
	struct {
		uint32_t size;
		uint32_t msg;
		uint32_t name;
		uint32_t path;
		uint32_t name_from;
	} import_error; /* PyImportErrorObject */
	struct {
		uint32_t size;
		uint32_t msg;
		uint32_t filename;
		uint32_t lineno;
		uint32_t offset;
		uint32_t end_lineno;
		uint32_t end_offset;
		uint32_t text;
		uint32_t print_file_and_line;
		uint32_t metadata;
	} syntax_error; /* PySyntaxErrorObject */
	struct {
		uint32_t size;
		uint32_t encoding;
		uint32_t object;
		uint32_t reason;
	} unicode_error; /* PyUnicodeErrorObject */
	struct {
		uint32_t size;
		uint32_t obj;
		uint32_t name;
	} attribute_error; /* PyAttributeErrorObject */
	struct {
		uint32_t size;
		uint32_t name;
	} name_error; /* PyNameErrorObject */
	struct {
		uint32_t size;
		uint32_t wr_object;
		uint32_t wr_callback;
		uint32_t wr_next;
	} weakref; /* PyWeakReference | _PyWeakReference */
	struct {
		uint32_t size;
		uint32_t mbuf;
		uint32_t view;
		uint32_t ob_array;
		uint32_t view_obj;  /* view.obj */
		uint32_t view_ndim; /* view.ndim */
	} memoryview;               /* PyMemoryViewObject */
	struct {
		uint32_t size;
		uint32_t master_obj; /* master.obj */
	} managed_buffer;            /* _PyManagedBufferObject */
	struct {
		uint32_t size;
		uint32_t ctx_prev;
		uint32_t ctx_vars;
		uint32_t ctx_weakreflist;
	} context; /* PyContext | _pycontextobject */
	struct {
		uint32_t size;
		uint32_t var_name;
		uint32_t var_default;
		uint32_t var_cached;
	} context_var; /* PyContextVar | _pycontextvarobject */
	struct {
		uint32_t size;
		uint32_t tok_ctx;
		uint32_t tok_var;
		uint32_t tok_oldval;
	} context_token; /* PyContextToken | _pycontexttokenobject */
	struct {
		uint32_t size;
		uint32_t h_root;
		uint32_t h_weakreflist;
	} hamt; /* PyHamtObject */
	struct {
		uint32_t size;
		uint32_t b_array;
	} hamt_bitmap; /* PyHamtNode_Bitmap */
	struct {
		uint32_t size;
		uint32_t a_array;
	} hamt_array; /* PyHamtNode_Array */
	struct {
		uint32_t size;
		uint32_t c_array;
	} hamt_collision; /* PyHamtNode_Collision */

	struct {
		uint32_t size;
		uint32_t address;
		uint32_t pool_address;
		uint32_t nfreepools;
		uint32_t ntotalpools;
		uint32_t freepools;
	} arena; /* arena_object */
	struct {
		uint32_t size;
		uint32_t freeblock;
		uint32_t nextpool;
		uint32_t arenaindex;
		uint32_t szidx;
		uint32_t nextoffset;
		uint32_t maxnextoffset;
	} pool; /* pool_header */
	struct {
		uint32_t size;
		uint32_t arenas;               /* mgmt.arenas */
		uint32_t maxarenas;            /* mgmt.maxarenas */
		uint32_t raw_allocated_blocks; /* mgmt.raw_allocated_blocks */
	} obmalloc_state;                      /* _obmalloc_state */

	struct py_library_layout library;
};

/* All tables, ended by NULL. Newest build family of a minor version first. */
extern const struct py_layout *const py_layouts[];

#endif
