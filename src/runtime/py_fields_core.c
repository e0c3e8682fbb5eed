/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions and what surrounds them, descriptors, wrappers, small builtins.
 * Objects that have a decoder for the rest (weakref, memoryview ...) have
 * their plain references here as well.
 */
#include "runtime/py_fields.h"

/* Objects/descrobject.c: d_name and d_qualname are strings and not visited. */
#define DESCRIPTOR_ROWS                                                                            \
	ATTR_AT("__objclass__", 16),                                                               \
		ROW_AT("__name__", 24, PY_FIELD_ATTRIBUTE | PY_FIELD_HIDDEN, 8, 255),              \
		HIDDEN_AT("d_qualname", 32)

#define VARIABLE_ROWS                                                                              \
	ROW_IN("name", context_var.var_name, PY_FIELD_ATTRIBUTE),                                  \
		ROW_IN("var_default", context_var.var_default, 0),                                 \
		ROW_IN("var_cached", context_var.var_cached, PY_FIELD_WEAK)

#define TOKEN_ROWS                                                                                 \
	ROW_IN("tok_ctx", context_token.tok_ctx, 0),                                               \
		ROW_IN("var", context_token.tok_var, PY_FIELD_ATTRIBUTE),                          \
		ROW_IN("tok_oldval", context_token.tok_oldval, 0)

/* Python/symtable.c: without support for the collector. */
#define SYMBOL_ROWS                                                                                \
	ROWS(ATTR_AT("id", 16), ATTR_AT("symbols", 24), ATTR_AT("name", 32),                       \
	     ATTR_AT("varnames", 40), ATTR_AT("children", 48), FIELD_AT("ste_directives", 56),     \
	     ROW_AT("ste_mangled_names", 64, 0, 13, 255))

const struct py_fields_type py_fields_core[] = {
	{"function", offsetof(struct py_layout, function.size), true, 8, 255,
         ROWS(ATTR_IN("__code__", function.func_code),
              ATTR_IN("__globals__", function.func_globals),
              ATTR_IN("__builtins__", function.func_builtins),
              ATTR_IN("__defaults__", function.func_defaults),
              ATTR_IN("__kwdefaults__", function.func_kwdefaults),
              ATTR_IN("__closure__", function.func_closure), ATTR_IN("__doc__", function.func_doc),
              ATTR_IN("__name__", function.func_name), ATTR_IN("__module__", function.func_module),
              ROW_IN("func_annotations", function.func_annotations, 0),
              ROW_IN("func_annotate", function.func_annotate, 0),
              ATTR_IN("__type_params__", function.func_typeparams),
              ATTR_IN("__qualname__", function.func_qualname))},
	{"cell", 24, false, 8, 255, ROWS(ATTR_AT("cell_contents", 16))},
	{"method", 48, false, 8, 255, ROWS(ATTR_AT("__func__", 16), ATTR_AT("__self__", 24))},
	{"instancemethod", 24, false, 8, 255, ROWS(ATTR_AT("__func__", 16))},
	{"builtin_function_or_method", 56, false, 8, 255, ROWS(ATTR_AT("__module__", 32))},
	{"builtin_method", 64, false, 9, 255,
         ROWS(ATTR_AT("__module__", 32), FIELD_AT("mm_class", 56))},
	{"property", 0, false, 8, 255,
         ROWS(ATTR_AT("fget", 16), ATTR_AT("fset", 24), ATTR_AT("fdel", 32), ATTR_AT("__doc__", 40),
              ROW_AT("prop_name", 48, 0, 10, 255))},
	{"staticmethod", 32, false, 8, 255, ROWS(ATTR_AT("__func__", 16))},
	{"classmethod", 32, false, 8, 255, ROWS(ATTR_AT("__func__", 16))},
	{"super", 40, false, 8, 255,
         ROWS(ATTR_AT("__thisclass__", 16), ATTR_AT("__self__", 24),
              ATTR_AT("__self_class__", 32))},
	{"mappingproxy", 24, false, 8, 255, ROWS(FIELD_AT("mapping", 16))},
	{"slice", 40, false, 8, 255,
         ROWS(ATTR_AT("start", 16), ATTR_AT("stop", 24), ATTR_AT("step", 32))},
	{"range", 48, false, 8, 255,
         ROWS(ATTR_AT("start", 16), ATTR_AT("stop", 24), ATTR_AT("step", 32),
              FIELD_AT("length", 40))},
	{"method_descriptor", 56, false, 8, 255, ROWS(DESCRIPTOR_ROWS)},
	{"classmethod_descriptor", 56, false, 8, 255, ROWS(DESCRIPTOR_ROWS)},
	{"member_descriptor", 48, false, 8, 255, ROWS(DESCRIPTOR_ROWS)},
	{"getset_descriptor", 48, false, 8, 255, ROWS(DESCRIPTOR_ROWS)},
	{"wrapper_descriptor", 56, false, 8, 255, ROWS(DESCRIPTOR_ROWS)},
	{"method-wrapper", 32, false, 8, 255, ROWS(FIELD_AT("descr", 16), ATTR_AT("__self__", 24))},
	{"traceback", offsetof(struct py_layout, traceback.size), true, 8, 255,
         ROWS(ATTR_IN("tb_next", traceback.tb_next), ATTR_IN("tb_frame", traceback.tb_frame))},
	{"types.SimpleNamespace", 24, false, 8, 255, NO_ROWS},
	{"types.GenericAlias", 0, false, 9, 255,
         ROWS(ATTR_AT("__origin__", 16), ATTR_AT("__args__", 24), ATTR_AT("__parameters__", 32))},
	{"types.UnionType", 32, false, 10, 13,
         ROWS(ATTR_AT("__args__", 16), ATTR_AT("__parameters__", 24))},
	{"typing.Union", 56, false, 14, 255,
         ROWS(ATTR_AT("__args__", 16), FIELD_AT("hashable_args", 24),
              FIELD_AT("unhashable_args", 32), ATTR_AT("__parameters__", 40))},
	{"moduledef", 0, false, 8, 255, ROWS(HIDDEN_AT("m_copy", 32))},
	{"functools.partial", 0, false, 8, 255,
         ROWS(ATTR_AT("func", 16), ATTR_AT("args", 24), ATTR_AT("keywords", 32))},
	{"weakref", 0, false, 8, 11,
         ROWS(ROW_AT("wr_object", 16, PY_FIELD_WEAK, 8, 255), ATTR_AT("__callback__", 24))},
	{"weakproxy", 0, false, 8, 11,
         ROWS(ROW_AT("wr_object", 16, PY_FIELD_WEAK, 8, 255), FIELD_AT("wr_callback", 24))},
	{"weakcallableproxy", 0, false, 8, 11,
         ROWS(ROW_AT("wr_object", 16, PY_FIELD_WEAK, 8, 255), FIELD_AT("wr_callback", 24))},
	{"weakref.ReferenceType", 0, false, 8, 255,
         ROWS(ROW_AT("wr_object", 16, PY_FIELD_WEAK, 8, 255), ATTR_AT("__callback__", 24))},
	{"weakref.ProxyType", 0, false, 8, 255,
         ROWS(ROW_AT("wr_object", 16, PY_FIELD_WEAK, 8, 255), FIELD_AT("wr_callback", 24))},
	{"weakref.CallableProxyType", 0, false, 8, 255,
         ROWS(ROW_AT("wr_object", 16, PY_FIELD_WEAK, 8, 255), FIELD_AT("wr_callback", 24))},
	{"managedbuffer", 0, false, 8, 255, ROWS(ROW_IN("obj", managed_buffer.master_obj, 0))},
	{"Context", offsetof(struct py_layout, context.size), true, 8, 9,
         ROWS(ROW_IN("ctx_prev", context.ctx_prev, 0), ROW_IN("ctx_vars", context.ctx_vars, 0))},
	{"_contextvars.Context", offsetof(struct py_layout, context.size), true, 10, 255,
         ROWS(ROW_IN("ctx_prev", context.ctx_prev, 0), ROW_IN("ctx_vars", context.ctx_vars, 0))},
	{"ContextVar", offsetof(struct py_layout, context_var.size), true, 8, 9,
         ROWS(VARIABLE_ROWS)},
	{"_contextvars.ContextVar", offsetof(struct py_layout, context_var.size), true, 10, 255,
         ROWS(VARIABLE_ROWS)},
	{"Token", offsetof(struct py_layout, context_token.size), true, 8, 9, ROWS(TOKEN_ROWS)},
	{"_contextvars.Token", offsetof(struct py_layout, context_token.size), true, 10, 255,
         ROWS(TOKEN_ROWS)},
	{"hamt", offsetof(struct py_layout, hamt.size), true, 8, 255,
         ROWS(ROW_IN("h_root", hamt.h_root, 0))},
	/* PyHamtIterator: its stack grew by a level in bug fix releases (CPython's issue 93065). */
	{"keys", 152, false, 8, 255, ROWS(FIELD_AT("hi_obj", 16))},
	{"values", 152, false, 8, 255, ROWS(FIELD_AT("hi_obj", 16))},
	{"items", 152, false, 8, 255, ROWS(FIELD_AT("hi_obj", 16))},
	{"keys", 168, false, 8, 255, ROWS(FIELD_AT("hi_obj", 16))},
	{"values", 168, false, 8, 255, ROWS(FIELD_AT("hi_obj", 16))},
	{"items", 168, false, 8, 255, ROWS(FIELD_AT("hi_obj", 16))},
	{"anext_awaitable", 32, false, 10, 255,
         ROWS(FIELD_AT("wrapped", 16), FIELD_AT("default_value", 24))},
	{"async_generator_asend", 40, false, 8, 255,
         ROWS(FIELD_AT("ags_gen", 16), FIELD_AT("ags_sendval", 24))},
	{"async_generator_athrow", 40, false, 8, 14,
         ROWS(FIELD_AT("agt_gen", 16), FIELD_AT("agt_args", 24))},
	{"async_generator_athrow", 56, false, 15, 255,
         ROWS(FIELD_AT("agt_gen", 16), FIELD_AT("agt_typ", 24), FIELD_AT("agt_tb", 32),
              FIELD_AT("agt_val", 40))},
	{"lazy_import", 56, false, 15, 255,
         ROWS(FIELD_AT("lz_builtins", 16), FIELD_AT("lz_from", 24), FIELD_AT("lz_attr", 32),
              FIELD_AT("lz_code", 40))},
	{"sentinel", 40, false, 15, 255,
         ROWS(ATTR_AT("__name__", 16), ATTR_AT("__module__", 24), FIELD_AT("repr", 32))},
	{"async_generator_wrapped_value", 24, false, 8, 255, ROWS(FIELD_AT("agw_val", 16))},
	{"coroutine_wrapper", 24, false, 8, 255, ROWS(FIELD_AT("cw_coroutine", 16))},
	{"FrameLocalsProxy", 24, false, 13, 255, ROWS(FIELD_AT("frame", 16))},
	{"symtable entry", 0, false, 8, 14, SYMBOL_ROWS},
	{"symtable entry", 0, false, 15, 255,
         ROWS(ATTR_AT("id", 16), ATTR_AT("symbols", 24), ATTR_AT("name", 32),
              FIELD_AT("ste_function_name", 40), ATTR_AT("varnames", 48), ATTR_AT("children", 56),
              FIELD_AT("ste_directives", 64), FIELD_AT("ste_mangled_names", 72))},
	{"generic_alias_iterator", 24, false, 11, 255, ROWS(FIELD_AT("obj", 16))},
	{"_buffer_wrapper", 32, false, 12, 255, ROWS(FIELD_AT("mv", 16), FIELD_AT("obj", 24))},
	{"string.templatelib.Template", 32, false, 14, 255,
         ROWS(ATTR_AT("strings", 16), ATTR_AT("interpolations", 24))},
	{"string.templatelib.Interpolation", 48, false, 14, 255,
         ROWS(ATTR_AT("value", 16), ATTR_AT("expression", 24), ATTR_AT("conversion", 32),
              ATTR_AT("format_spec", 40))},
	{"string.templatelib.TemplateIter", 40, false, 14, 255,
         ROWS(FIELD_AT("stringsiter", 16), FIELD_AT("interpolationsiter", 24))},
	{NULL, 0, false, 0, 0, NULL},
};
