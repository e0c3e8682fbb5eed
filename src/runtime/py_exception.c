/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exceptions: every builtin exception is PyBaseExceptionObject and, for a few,
 * some references more (Objects/exceptions.c). Those that add nothing inherit
 * the table of their base by their size.
 */
#include "runtime/py_fields.h"

#define BASE_ROWS                                                                                  \
	ATTR_IN("args", exception.args), ROW_IN("notes", exception.notes, 0),                      \
		ATTR_IN("__traceback__", exception.traceback),                                     \
		ATTR_IN("__context__", exception.context), ATTR_IN("__cause__", exception.cause)

#define EXCEPTION(name_, group_, ...)                                                              \
	{                                                                                          \
		name_, offsetof(struct py_layout, group_.size), true, PY_SINCE, PY_NOW,            \
			ROWS(BASE_ROWS, __VA_ARGS__)                                               \
	}

#define SYNTAX_ROWS                                                                                \
	ATTR_IN("msg", syntax_error.msg), ATTR_IN("filename", syntax_error.filename),              \
		ATTR_IN("lineno", syntax_error.lineno), ATTR_IN("offset", syntax_error.offset),    \
		ATTR_IN("end_lineno", syntax_error.end_lineno),                                    \
		ATTR_IN("end_offset", syntax_error.end_offset),                                    \
		ATTR_IN("text", syntax_error.text),                                                \
		ATTR_IN("print_file_and_line", syntax_error.print_file_and_line),                  \
		ROW_IN("metadata", syntax_error.metadata, 0)

#define UNICODE_ROWS                                                                               \
	ATTR_IN("encoding", unicode_error.encoding), ATTR_IN("object", unicode_error.object),      \
		ATTR_IN("reason", unicode_error.reason)

const struct py_fields_type py_fields_exceptions[] = {
	{"BaseException", offsetof(struct py_layout, exception.size), true, PY_SINCE, PY_NOW,
         ROWS(BASE_ROWS)},
	EXCEPTION("BaseExceptionGroup", exception_group, ATTR_IN("message", exception_group.msg),
                  ROW_IN("excs", exception_group.excs, 0),
                  ROW_IN("excs_str", exception_group.excs_str, 0)),
	EXCEPTION("OSError", os_error, ATTR_IN("errno", os_error.myerrno),
                  ATTR_IN("strerror", os_error.strerror), ATTR_IN("filename", os_error.filename),
                  ATTR_IN("filename2", os_error.filename2)),
	EXCEPTION("StopIteration", stop_iteration, ATTR_IN("value", stop_iteration.value)),
	EXCEPTION("SystemExit", system_exit, ATTR_IN("code", system_exit.code)),
	EXCEPTION("ImportError", import_error, ATTR_IN("msg", import_error.msg),
                  ATTR_IN("name", import_error.name), ATTR_IN("path", import_error.path),
                  ATTR_IN("name_from", import_error.name_from)),
	EXCEPTION("SyntaxError", syntax_error, SYNTAX_ROWS),
	EXCEPTION("UnicodeEncodeError", unicode_error, UNICODE_ROWS),
	EXCEPTION("UnicodeDecodeError", unicode_error, UNICODE_ROWS),
	EXCEPTION("UnicodeTranslateError", unicode_error, UNICODE_ROWS),
	EXCEPTION("AttributeError", attribute_error, ATTR_IN("obj", attribute_error.obj),
                  ATTR_IN("name", attribute_error.name)),
	EXCEPTION("NameError", name_error, ATTR_IN("name", name_error.name)),
	{NULL, 0, false, 0, 0, NULL},
};
