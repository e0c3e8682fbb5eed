/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types of the extension modules of the standard library. Some were undotted
 * ("Struct") until they became heap types. Offsets were read off the DWARF
 * of CPython 3.8 to 3.15; a struct that has another size in a later version,
 * or in a later release of one, has a row of its own.
 */
#include "runtime/py_fields.h"

/* A type of one size in all versions. */
#define TYPE(name_, size_, ...)                                                                    \
	{                                                                                          \
		name_, size_, false, PY_SINCE, PY_NOW, ROWS(__VA_ARGS__)                           \
	}
/* A type of that size since and until the versions given. */
#define TYPE_OF(name_, size_, since_, until_, ...)                                                 \
	{                                                                                          \
		name_, size_, false, since_, until_, ROWS(__VA_ARGS__)                             \
	}
#define EMPTY(name_, size_)                                                                        \
	{                                                                                          \
		name_, size_, false, PY_SINCE, PY_NOW, NO_ROWS                                     \
	}

#define UNVISITED_UNTIL_11(name_, offset_)                                                         \
	ROW_AT(name_, offset_, PY_FIELD_HIDDEN, 8, 11), ROW_AT(name_, offset_, 0, 12, 255)

#define FUNCTION_AND_ITERATOR FIELD_AT("func", 16), FIELD_AT("it", 24)

#define ITERTOOLS                                                                                  \
	TYPE("itertools.accumulate", 0, FIELD_AT("total", 16), FIELD_AT("it", 24),                 \
	     FIELD_AT("binop", 32), FIELD_AT("initial", 40)),                                      \
		TYPE("itertools.batched", 0, FIELD_AT("it", 16)),                                  \
		TYPE("itertools.chain", 32, FIELD_AT("source", 16), FIELD_AT("active", 24)),       \
		TYPE("itertools.combinations", 56, FIELD_AT("pool", 16), FIELD_AT("result", 32)),  \
		TYPE("itertools.combinations_with_replacement", 56, FIELD_AT("pool", 16),          \
	             FIELD_AT("result", 32)),                                                      \
		TYPE("itertools.compress", 32, FIELD_AT("data", 16), FIELD_AT("selectors", 24)),   \
		TYPE("itertools.count", 40, FIELD_AT("long_cnt", 24), FIELD_AT("long_step", 32)),  \
		TYPE("itertools.cycle", 0, FIELD_AT("it", 16), FIELD_AT("saved", 24)),             \
		TYPE("itertools.dropwhile", 40, FUNCTION_AND_ITERATOR),                            \
		TYPE("itertools.filterfalse", 32, FUNCTION_AND_ITERATOR),                          \
		TYPE("itertools.groupby", 0, FIELD_AT("it", 16), FIELD_AT("keyfunc", 24),          \
	             FIELD_AT("tgtkey", 32), FIELD_AT("currkey", 40), FIELD_AT("currvalue", 48)),  \
		TYPE("itertools._grouper", 32, FIELD_AT("parent", 16), FIELD_AT("tgtkey", 24)),    \
		TYPE("itertools.islice", 56, FIELD_AT("it", 16)),                                  \
		TYPE_OF("itertools.pairwise", 32, 10, 12, FIELD_AT("it", 16),                      \
	                FIELD_AT("old", 24)),                                                      \
		TYPE_OF("itertools.pairwise", 40, 13, 255, FIELD_AT("it", 16),                     \
	                FIELD_AT("old", 24), FIELD_AT("result", 32)),                              \
		TYPE("itertools.permutations", 64, FIELD_AT("pool", 16), FIELD_AT("result", 40)),  \
		TYPE("itertools.product", 48, FIELD_AT("pools", 16), FIELD_AT("result", 32)),      \
		TYPE("itertools.repeat", 32, FIELD_AT("element", 16)),                             \
		TYPE("itertools.starmap", 32, FUNCTION_AND_ITERATOR),                              \
		TYPE("itertools.takewhile", 40, FUNCTION_AND_ITERATOR),                            \
		TYPE("itertools._tee", 0, FIELD_AT("dataobj", 16)),                                \
		TYPE("itertools.zip_longest", 56, FIELD_AT("ittuple", 32), FIELD_AT("result", 40), \
	             FIELD_AT("fillvalue", 48))

#define BUFFERED(name_) TYPE(name_, 152, ATTR_AT("raw", 16))

#define TEXT_ROWS                                                                                  \
	ATTR_AT("buffer", 32), ATTR_AT("encoding", 40), FIELD_AT("encoder", 48),                   \
		FIELD_AT("decoder", 56), FIELD_AT("readnl", 64), ATTR_AT("errors", 72),            \
		FIELD_AT("decoded_chars", 120), FIELD_AT("pending_bytes", 136),                    \
		FIELD_AT("snapshot", 152), FIELD_AT("raw", 168)

#define INPUT_OUTPUT                                                                               \
	TYPE("_io._IOBase", 32, NO_FIELD), TYPE("_io.FileIO", 48, NO_FIELD),                       \
		BUFFERED("_io.BufferedReader"), BUFFERED("_io.BufferedWriter"),                    \
		BUFFERED("_io.BufferedRandom"),                                                    \
		TYPE("_io.BufferedRWPair", 48, UNVISITED_UNTIL_11("reader", 16),                   \
	             UNVISITED_UNTIL_11("writer", 24)),                                            \
		TYPE("_io.BytesIO", 64, UNVISITED_UNTIL_11("buf", 16)),                            \
		TYPE("_io._BytesIOBuffer", 24, FIELD_AT("source", 16)),                            \
		TYPE_OF("_io.StringIO", 120, 8, 11, HIDDEN_AT("accu.large", 56),                   \
	                HIDDEN_AT("accu.small", 64), HIDDEN_AT("decoder", 80),                     \
	                HIDDEN_AT("readnl", 88), HIDDEN_AT("writenl", 96)),                        \
		TYPE_OF("_io.StringIO", 168, 12, 13, HIDDEN_AT("writer.buffer", 56),               \
	                FIELD_AT("decoder", 120), FIELD_AT("readnl", 128),                         \
	                FIELD_AT("writenl", 136)),                                                 \
		TYPE_OF("_io.StringIO", 120, 14, 255, FIELD_AT("decoder", 72),                     \
	                FIELD_AT("readnl", 80), FIELD_AT("writenl", 88)),                          \
		TYPE("_io.TextIOWrapper", 0, TEXT_ROWS),                                           \
		TYPE("_io.IncrementalNewlineDecoder", 40, FIELD_AT("decoder", 16),                 \
	             FIELD_AT("errors", 24))

#define FUNCTIONAL                                                                                 \
	TYPE("functools.KeyWrapper", 32, FIELD_AT("cmp", 16), ATTR_AT("obj", 24)),                 \
		TYPE("functools._lru_list_elem", 56, FIELD_AT("key", 40), FIELD_AT("result", 48)), \
		TYPE("operator.attrgetter", 0, FIELD_AT("attr", 24)),                              \
		TYPE("operator.itemgetter", 0, FIELD_AT("item", 24)),                              \
		TYPE_OF("operator.methodcaller", 40, 8, 12,                                        \
	                ROW_AT("name", 16, PY_FIELD_HIDDEN, 8, 9), ROW_AT("name", 16, 0, 10, 12),  \
	                FIELD_AT("args", 24), FIELD_AT("kwds", 32)),                               \
		TYPE_OF("operator.methodcaller", 64, 13, 255, FIELD_AT("name", 16),                \
	                FIELD_AT("xargs", 24), FIELD_AT("kwds", 32),                               \
	                ROW_AT("vectorcall_args", 40, 0, 14, 255),                                 \
	                ROW_AT("vectorcall_kwnames", 48, PY_FIELD_HIDDEN | PY_FIELD_IN_WAKE, 13,   \
	                       13),                                                                \
	                ROW_AT("vectorcall_kwnames", 48, 0, 14, 255)),                             \
		TYPE("_collections._tuplegetter", 32, ATTR_AT("__doc__", 24)),                     \
		TYPE("collections._tuplegetter", 32, ATTR_AT("__doc__", 24)),                      \
		TYPE("_collections._deque_iterator", 56, FIELD_AT("deque", 32)),                   \
		TYPE("_collections._deque_reverse_iterator", 56, FIELD_AT("deque", 32)),           \
		TYPE("collections._deque_iterator", 56, FIELD_AT("deque", 32)),                    \
		TYPE("collections._deque_reverse_iterator", 56, FIELD_AT("deque", 32)),            \
		TYPE("_abc._abc_data", 48, FIELD_AT("_abc_registry", 16),                          \
	             FIELD_AT("_abc_cache", 24), FIELD_AT("_abc_negative_cache", 32)),             \
		TYPE("_abc_data", 48, FIELD_AT("_abc_registry", 16), FIELD_AT("_abc_cache", 24),   \
	             FIELD_AT("_abc_negative_cache", 32))

/* Python shows a proxy of groupindex. */
#define PATTERN_ROWS FIELD_AT("groupindex", 32), FIELD_AT("indexgroup", 40), ATTR_AT("pattern", 48)

/* The items of a template: a number and a literal each. */
static const struct py_field_block template_items = {
	.count_at = 16, .words = 2, .references = 1, .is_inside = true};

#define EXPRESSIONS                                                                                \
	TYPE("re.Pattern", 96, PATTERN_ROWS),                                                      \
		TYPE("re.Match", 88, ATTR_AT("string", 24), FIELD_AT("regs", 32),                  \
	             ATTR_AT("re", 40)),                                                           \
		TYPE("_sre.SRE_Template", 40, FIELD_AT("literal", 32),                             \
	             BLOCK_AT("items", 48, 0, &template_items)),                                   \
		TYPE("_sre.SRE_Scanner", 0, ATTR_AT("pattern", 16), HIDDEN_AT("state.string", 56), \
	             HIDDEN_AT("state.buffer.obj", 72))

/* Until 3.11 a codec of 24 bytes refers to no module. */
#define CODECS                                                                                     \
	TYPE("_multibytecodec.MultibyteCodec", 32, FIELD_AT("cjk_module", 24)),                    \
		EMPTY("_multibytecodec.MultibyteCodec", 24)

#define TIMES                                                                                      \
	EMPTY("datetime.date", 32), EMPTY("datetime.timedelta", 40),                               \
		TYPE("datetime.timezone", 32, FIELD_AT("offset", 16), FIELD_AT("name", 24)),       \
		TYPE("zoneinfo.ZoneInfo", 208, ATTR_AT("key", 16), HIDDEN_AT("file_repr", 24),     \
	             HIDDEN_AT("tzrule_after.std.utcoff", 96),                                     \
	             HIDDEN_AT("tzrule_after.std.dstoff", 104),                                    \
	             HIDDEN_AT("tzrule_after.std.tzname", 112),                                    \
	             HIDDEN_AT("tzrule_after.dst.utcoff", 128),                                    \
	             HIDDEN_AT("tzrule_after.dst.dstoff", 136),                                    \
	             HIDDEN_AT("tzrule_after.dst.tzname", 144))

#define NUMBERS                                                                                    \
	TYPE("decimal.Context", 0, FIELD_AT("traps", 64), FIELD_AT("flags", 72)),                  \
		TYPE("decimal.ContextManager", 32, FIELD_AT("local", 16), FIELD_AT("global", 24)), \
		EMPTY("decimal.SignalDictMixin", 24), EMPTY("decimal.SignalDict", 24),             \
		EMPTY("_random.Random", 2520)

#define SCANNER_ROWS                                                                               \
	ATTR_AT("object_hook", 24), ATTR_AT("object_pairs_hook", 32), ATTR_AT("parse_float", 40),  \
		ATTR_AT("parse_int", 48), ATTR_AT("parse_constant", 56)

#define DIALECT_ROWS FIELD_AT("lineterminator", 40)

/* 3.13.0 alone lacks the member behind pers_func: shift_ is 8 elsewhere. */
#define PICKLER_ROWS(shift_)                                                                       \
	FIELD_AT("pers_func", 24), FIELD_AT("dispatch_table", 32 + (shift_)),                      \
		FIELD_AT("reducer_override", 40 + (shift_)), FIELD_AT("write", 48 + (shift_)),     \
		HIDDEN_AT("output_buffer", 56 + (shift_)), FIELD_AT("fast_memo", 128 + (shift_)),  \
		FIELD_AT("buffer_callback", 136 + (shift_))

#define UNPICKLER_ROWS(persistent_, view_, methods_)                                               \
	FIELD_AT("stack", 16), FIELD_AT("pers_func", persistent_), HIDDEN_AT("buffer.obj", view_), \
		FIELD_AT("read", methods_), FIELD_AT("readinto", (methods_) + 8),                  \
		FIELD_AT("readline", (methods_) + 16), FIELD_AT("peek", (methods_) + 24),          \
		FIELD_AT("buffers", (methods_) + 32)

/* Pdata: the stack of an unpickler at work. */
static const struct py_field_block pickle_stack = {
	.count_at = 16, .room_at = 48, .words = 1, .references = 1};

#define PARSERS                                                                                    \
	TYPE("_csv.Dialect", 48, DIALECT_ROWS),                                                    \
		TYPE("_csv.reader", 88, FIELD_AT("input_iter", 16), ATTR_AT("dialect", 24),        \
	             FIELD_AT("fields", 32)),                                                      \
		TYPE_OF("_csv.writer", 0, 8, 255, FIELD_AT("write", 16), ATTR_AT("dialect", 24),   \
	                ROW_AT("error_obj", 64, 0, 10, 255)),                                      \
		TYPE_OF("_json.Scanner", 72, 8, 14, SCANNER_ROWS,                                  \
	                ROW_AT("memo", 64, PY_FIELD_HIDDEN, 8, 8), ROW_AT("memo", 64, 0, 9, 255)), \
		TYPE_OF("_json.Scanner", 64, 13, 255, SCANNER_ROWS),                               \
		TYPE("_json.Encoder", 80, ATTR_AT("markers", 16), ATTR_AT("default", 24),          \
	             ATTR_AT("encoder", 32), ATTR_AT("indent", 40), ATTR_AT("key_separator", 48),  \
	             ATTR_AT("item_separator", 56)),                                               \
		TYPE_OF("_pickle.Pickler", 144, 13, 13, PICKLER_ROWS(0)),                          \
		TYPE_OF("_pickle.Pickler", 152, 8, 255, PICKLER_ROWS(8),                           \
	                ROW_AT("pers_func_self", 32, PY_FIELD_WEAK, 8, 12),                        \
	                ROW_AT("persistent_id_attr", 32, 0, 13, 255)),                             \
		TYPE_OF("_pickle.Unpickler", 264, 13, 13, UNPICKLER_ROWS(48, 64, 176)),            \
		TYPE_OF("_pickle.Unpickler", 272, 8, 255, UNPICKLER_ROWS(48, 72, 184),             \
	                ROW_AT("pers_func_self", 56, PY_FIELD_WEAK, 8, 12),                        \
	                ROW_AT("persistent_load_attr", 56, 0, 13, 255)),                           \
		TYPE_OF("_pickle.Unpickler", 296, 13, 14, UNPICKLER_ROWS(48, 72, 200),             \
	                FIELD_AT("persistent_load_attr", 56)),                                     \
		TYPE_OF("_pickle.Unpickler", 304, 15, 255, UNPICKLER_ROWS(56, 80, 208),            \
	                FIELD_AT("memo_dict", 48), FIELD_AT("persistent_load_attr", 64)),          \
		TYPE("_pickle.Pdata", 56, BLOCK_AT("data", 24, PY_FIELD_HIDDEN, &pickle_stack)),   \
		TYPE("_pickle.PicklerMemoProxy", 24, FIELD_AT("pickler", 16)),                     \
		TYPE("_pickle.UnpicklerMemoProxy", 24, FIELD_AT("unpickler", 16)),                 \
		TYPE("pickle.PickleBuffer", 104, FIELD_AT("view.obj", 24)),                        \
		TYPE("_struct.unpack_iterator", 112, FIELD_AT("so", 16), FIELD_AT("buf.obj", 32)), \
		TYPE("unpack_iterator", 112, FIELD_AT("so", 16), FIELD_AT("buf.obj", 32))

/* path_t grew in 3.13 and again in one of its releases. Iterators have no tp_traverse. */
#define SCANDIR(size_, path_)                                                                      \
	TYPE("posix.ScandirIterator", size_, FIELD_AT("path.object", path_),                       \
	     FIELD_AT("path.cleanup", (path_) + 8))

#define SYSTEM                                                                                     \
	EMPTY("_thread.lock", 0), EMPTY("_thread.RLock", 0), EMPTY("_thread._ThreadHandle", 24),   \
		TYPE_OF("_thread._localdummy", 32, 8, 12, FIELD_AT("localdict", 16)),              \
		TYPE_OF("_thread._local", 64, 8, 12, HIDDEN_AT("key", 16), FIELD_AT("args", 24),   \
	                FIELD_AT("kw", 32), FIELD_AT("dummies", 48),                               \
	                ROW_AT("wr_callback", 56, PY_FIELD_HIDDEN, 8, 255)),                       \
		TYPE_OF("_thread._local", 56, 13, 255, FIELD_AT("args", 16), FIELD_AT("kw", 24),   \
	                FIELD_AT("localdicts", 40), FIELD_AT("thread_watchdogs", 48)),             \
		TYPE_OF("_thread._localdummy", 24, 13, 255, NO_FIELD),                             \
		TYPE("posix.DirEntry", 72, ATTR_AT("name", 16), ATTR_AT("path", 24),               \
	             FIELD_AT("stat", 32), FIELD_AT("lstat", 40)),                                 \
		TYPE("select.poll", 48, FIELD_AT("dict", 16)), EMPTY("select.epoll", 24),          \
		EMPTY("_socket.socket", 0), EMPTY("socket", 0), EMPTY("mmap.mmap", 0),             \
		TYPE_OF("_queue.SimpleQueue", 56, 8, 12, FIELD_AT("lst", 32)), SCANDIR(104, 72),   \
		SCANDIR(120, 88), SCANDIR(128, 96)

#define HASHES                                                                                     \
	EMPTY("_hashlib.HASH", 32), EMPTY("_md5.md5", 0), EMPTY("_sha1.sha1", 0),                  \
		EMPTY("_sha256.sha224", 0), EMPTY("_sha256.sha256", 0),                            \
		EMPTY("_sha512.sha384", 0), EMPTY("_sha512.sha512", 0),                            \
		EMPTY("_sha2.SHA224Type", 0), EMPTY("_sha2.SHA256Type", 0),                        \
		EMPTY("_sha2.SHA384Type", 0), EMPTY("_sha2.SHA512Type", 0),                        \
		EMPTY("_blake2.blake2b", 0), EMPTY("_blake2.blake2s", 0)

#define TLS_CONTEXT_ROWS                                                                           \
	ATTR_AT("sni_callback", 40), FIELD_AT("msg_cb", 64),                                       \
		ROW_AT("keylog_filename", 72, PY_FIELD_ATTRIBUTE | PY_FIELD_HIDDEN, 8, 11),        \
		ROW_AT("keylog_filename", 72, PY_FIELD_ATTRIBUTE | PY_FIELD_UNSURE, 12, 13),       \
		ROW_AT("keylog_filename", 72, PY_FIELD_ATTRIBUTE, 14, 255)
/* Visited since some release of 3.13, as the file name is. */
#define TLS_KEY_ROWS                                                                               \
	ROW_AT("psk_client_callback", 96, PY_FIELD_UNSURE, 13, 13),                                \
		ROW_AT("psk_server_callback", 104, PY_FIELD_UNSURE, 13, 13),                       \
		ROW_AT("psk_client_callback", 96, 0, 14, 255),                                     \
		ROW_AT("psk_server_callback", 104, 0, 14, 255)
/* Socket and owner are weak references, which are held. */
#define TLS_SOCKET_ROWS                                                                            \
	HIDDEN_AT("Socket", 16),                                                                   \
		ROW_AT("context", 32, PY_FIELD_ATTRIBUTE | PY_FIELD_HIDDEN, 8, 255),               \
		HIDDEN_AT("owner", 48),                                                            \
		ROW_AT("server_hostname", 56, PY_FIELD_ATTRIBUTE | PY_FIELD_HIDDEN, 8, 255)

#define TLS                                                                                        \
	EMPTY("_ssl.MemoryBIO", 32), TYPE_OF("_ssl._SSLContext", 88, 8, 9, TLS_CONTEXT_ROWS),      \
		TYPE_OF("_ssl._SSLContext", 96, 10, 12, TLS_CONTEXT_ROWS),                         \
		TYPE_OF("_ssl._SSLContext", 112, 13, 13, TLS_CONTEXT_ROWS, TLS_KEY_ROWS),          \
		TYPE_OF("_ssl._SSLContext", 120, 13, 255, TLS_CONTEXT_ROWS, TLS_KEY_ROWS),         \
		TYPE_OF("_ssl._SSLSocket", 96, 8, 11, TLS_SOCKET_ROWS, FIELD_AT("exc_type", 72),   \
	                FIELD_AT("exc_value", 80), FIELD_AT("exc_tb", 88)),                        \
		TYPE_OF("_ssl._SSLSocket", 80, 12, 13, TLS_SOCKET_ROWS, FIELD_AT("exc", 72)),      \
		TYPE_OF("_ssl._SSLSocket", 88, 14, 14, TLS_SOCKET_ROWS, FIELD_AT("exc", 72)),      \
		TYPE_OF("_ssl._SSLSocket", 72, 15, 255, TLS_SOCKET_ROWS),                          \
		TYPE("_ssl.Session", 32, FIELD_AT("ctx", 24)),                                     \
		TYPE("_ssl.SSLSession", 32, FIELD_AT("ctx", 24))

/* callback_context: the function and the module. */
static const struct py_field_block sqlite_callback = {.words = 3, .references = 2};

#define CALLBACKS_AT(offset_)                                                                      \
	BLOCK_AT("trace_ctx", offset_, 0, &sqlite_callback),                                       \
		BLOCK_AT("progress_ctx", (offset_) + 8, 0, &sqlite_callback),                      \
		BLOCK_AT("authorizer_ctx", (offset_) + 16, 0, &sqlite_callback)
#define CURSOR_ROWS                                                                                \
	ATTR_AT("connection", 16), ATTR_AT("description", 24), FIELD_AT("row_cast_map", 32),       \
		ATTR_AT("lastrowid", 48), ATTR_AT("row_factory", 64), FIELD_AT("statement", 72)

/* The exceptions that a connection shows are those of the module, and borrowed. */
#define DATABASE                                                                                   \
	TYPE("sqlite3.Row", 32, FIELD_AT("data", 16), FIELD_AT("description", 24)),                \
		TYPE("sqlite3.Blob", 48, FIELD_AT("connection", 16)),                              \
		TYPE_OF("sqlite3.Connection", 240, 8, 10, ATTR_AT("isolation_level", 48),          \
	                FIELD_AT("statement_cache", 80), FIELD_AT("statements", 88),               \
	                FIELD_AT("cursors", 96), ATTR_AT("row_factory", 112),                      \
	                ATTR_AT("text_factory", 120),                                              \
	                FIELD_AT("function_pinboard_trace_callback", 128),                         \
	                FIELD_AT("function_pinboard_progress_handler", 136),                       \
	                FIELD_AT("function_pinboard_authorizer_cb", 144),                          \
	                FIELD_AT("collations", 152)),                                              \
		TYPE_OF("sqlite3.Connection", 216, 11, 11, FIELD_AT("statement_cache", 64),        \
	                FIELD_AT("cursors", 72), FIELD_AT("blobs", 80),                            \
	                ATTR_AT("row_factory", 96), ATTR_AT("text_factory", 104),                  \
	                CALLBACKS_AT(112)),                                                        \
		TYPE_OF("sqlite3.Connection", 224, 12, 14, FIELD_AT("statement_cache", 72),        \
	                FIELD_AT("cursors", 80), FIELD_AT("blobs", 88),                            \
	                ATTR_AT("row_factory", 104), ATTR_AT("text_factory", 112),                 \
	                CALLBACKS_AT(120)),                                                        \
		TYPE_OF("sqlite3.Connection", 208, 15, 255, FIELD_AT("statement_cache", 72),       \
	                FIELD_AT("blobs", 80), ATTR_AT("row_factory", 88),                         \
	                ATTR_AT("text_factory", 96), CALLBACKS_AT(104)),                           \
		TYPE_OF("sqlite3.Cursor", 112, 8, 10, CURSOR_ROWS, FIELD_AT("next_row", 96)),      \
		TYPE_OF("sqlite3.Cursor", 104, 11, 255, CURSOR_ROWS),                              \
		TYPE_OF("sqlite3.Statement", 56, 8, 10, FIELD_AT("sql", 32)),                      \
		EMPTY("sqlite3.Statement", 32),                                                    \
		TYPE_OF("sqlite3.Cache", 64, 8, 10, FIELD_AT("mapping", 24),                       \
	                ROW_AT("factory", 32, PY_FIELD_WEAK, 8, 10)),                              \
		TYPE_OF("sqlite3.Node", 56, 8, 10, FIELD_AT("key", 16), FIELD_AT("data", 24))

/* StgInfo, behind the struct of the type. */
#define TYPE_INFO_ROWS(start_)                                                                     \
	FIELD_AT("proto", (start_) + 56), FIELD_AT("argtypes", (start_) + 88),                     \
		FIELD_AT("converters", (start_) + 96), FIELD_AT("restype", (start_) + 104),        \
		FIELD_AT("checker", (start_) + 112)

#define CTYPES                                                                                     \
	TYPE("_ctypes._CData", 96, FIELD_AT("b_base", 32), ATTR_AT("_objects", 64)),               \
		TYPE("_ctypes.CFuncPtr", 160, FIELD_AT("b_base", 32), ATTR_AT("_objects", 64),     \
	             FIELD_AT("thunk", 96), FIELD_AT("callable", 104),                             \
	             FIELD_AT("converters", 112), FIELD_AT("argtypes", 120),                       \
	             FIELD_AT("restype", 128), FIELD_AT("checker", 136),                           \
	             FIELD_AT("errcheck", 144), FIELD_AT("paramflags", 152)),                      \
		TYPE("_ctypes.PyCFuncPtr", 160, FIELD_AT("b_base", 32), ATTR_AT("_objects", 64),   \
	             FIELD_AT("thunk", 96), FIELD_AT("callable", 104),                             \
	             FIELD_AT("converters", 112), FIELD_AT("argtypes", 120),                       \
	             FIELD_AT("restype", 128), FIELD_AT("checker", 136),                           \
	             FIELD_AT("errcheck", 144), FIELD_AT("paramflags", 152)),                      \
		TYPE_OF("_ctypes.CField", 72, 8, 13, FIELD_AT("proto", 40)),                       \
		TYPE_OF("_ctypes.CField", 80, 14, 255, ATTR_AT("type", 40),                        \
	                HIDDEN_AT("name", 72)),                                                    \
		TYPE_OF("ctypes.CField", 80, 14, 255, ATTR_AT("type", 40), HIDDEN_AT("name", 72)), \
		TYPE("StgDict", 192, HIDDEN_AT("proto", 96), HIDDEN_AT("argtypes", 128),           \
	             HIDDEN_AT("converters", 136), HIDDEN_AT("restype", 144),                      \
	             HIDDEN_AT("checker", 152)),                                                   \
		TYPE("_ctypes.DictRemover", 32, FIELD_AT("key", 16), FIELD_AT("dict", 24)),        \
		TYPE_OF("CArgObject", 64, 8, 13, FIELD_AT("obj", 48)),                             \
		TYPE_OF("_ctypes.CArgObject", 64, 8, 13, FIELD_AT("obj", 48)),                     \
		TYPE_OF("_ctypes.CArgObject", 80, 14, 255, FIELD_AT("obj", 64)),                   \
		TYPE("_ctypes.CThunkObject", 128, FIELD_AT("converters", 80),                      \
	             FIELD_AT("callable", 88), FIELD_AT("restype", 96)),                           \
		TYPE_OF("_ctypes.CType_Type", 1088, 13, 13, TYPE_INFO_ROWS(928),                   \
	                FIELD_AT("module", 928 + 120)),                                            \
		TYPE_OF("_ctypes.CType_Type", 1120, 14, 255, TYPE_INFO_ROWS(944),                  \
	                FIELD_AT("pointer_type", 944 + 120), FIELD_AT("module", 944 + 128))

#define INTERN_ROW(offset_) ROW_AT("intern", offset_, PY_FIELD_ATTRIBUTE | PY_FIELD_HIDDEN, 8, 255)

/* ParentLocator: the elements above the one that is next. */
static const struct py_field_block element_parents = {
	.count_at = 24, .room_at = 32, .words = 2, .references = 1};

#define XML                                                                                        \
	TYPE("xml.etree.ElementTree.Element", 56, ATTR_AT("tag", 16)),                             \
		TYPE("_elementtree._element_iterator", 64,                                         \
	             BLOCK_AT("parent_stack", 16, 0, &element_parents),                            \
	             FIELD_AT("root_element", 40), FIELD_AT("sought_tag", 48)),                    \
		TYPE("pyexpat.xmlparser", 72, INTERN_ROW(56)),                                     \
		TYPE("pyexpat.xmlparser", 80, INTERN_ROW(64)),                                     \
		TYPE("pyexpat.xmlparser", 88, INTERN_ROW(72)),                                     \
		TYPE("xml.etree.ElementTree.TreeBuilder", 0, FIELD_AT("root", 16),                 \
	             FIELD_AT("this", 24), FIELD_AT("last", 32), FIELD_AT("last_for_tail", 40),    \
	             FIELD_AT("data", 48), FIELD_AT("stack", 56), FIELD_AT("element_factory", 72), \
	             FIELD_AT("comment_factory", 80), FIELD_AT("pi_factory", 88),                  \
	             FIELD_AT("events_append", 96), FIELD_AT("start_event_obj", 104),              \
	             FIELD_AT("end_event_obj", 112), FIELD_AT("start_ns_event_obj", 120),          \
	             FIELD_AT("end_ns_event_obj", 128), FIELD_AT("comment_event_obj", 136),        \
	             FIELD_AT("pi_event_obj", 144)),                                               \
		TYPE("xml.etree.ElementTree.XMLParser", 0, FIELD_AT("target", 24),                 \
	             FIELD_AT("entity", 32), FIELD_AT("names", 40),                                \
	             FIELD_AT("handle_start_ns", 48), FIELD_AT("handle_end_ns", 56),               \
	             FIELD_AT("handle_start", 64), FIELD_AT("handle_data", 72),                    \
	             FIELD_AT("handle_end", 80), FIELD_AT("handle_comment", 88),                   \
	             FIELD_AT("handle_pi", 96), FIELD_AT("handle_doctype", 104),                   \
	             FIELD_AT("handle_close", 112),                                                \
	             ROW_AT("elementtree_module", 128, PY_FIELD_HIDDEN, 13, 255)),                 \
		TYPE_OF("_struct.Struct", 0, 8, 255, FIELD_AT("s_format", 40)),                    \
		TYPE("Struct", 56, FIELD_AT("s_format", 40))

#define COMPRESSION                                                                                \
	TYPE("zlib.Compress", 168, HIDDEN_AT("unused_data", 128),                                  \
	     HIDDEN_AT("unconsumed_tail", 136), HIDDEN_AT("zdict", 152)),                          \
		TYPE("zlib.Decompress", 168,                                                       \
	             ROW_AT("unused_data", 128, PY_FIELD_ATTRIBUTE | PY_FIELD_HIDDEN, 8, 255),     \
	             ROW_AT("unconsumed_tail", 136, PY_FIELD_ATTRIBUTE | PY_FIELD_HIDDEN, 8, 255), \
	             HIDDEN_AT("zdict", 152)),                                                     \
		TYPE("zlib._ZlibDecompressor", 184, FIELD_AT("zdict", 128),                        \
	             ATTR_AT("unused_data", 144)),                                                 \
		TYPE("compression.zstd.ZstdDict", 56, HIDDEN_AT("c_dicts", 24)),                   \
		TYPE("compression.zstd.ZstdCompressor", 56, FIELD_AT("dict", 24)),                 \
		TYPE("compression.zstd.ZstdDecompressor", 80, FIELD_AT("dict", 24),                \
	             HIDDEN_AT("unused_data", 64)),                                                \
		EMPTY("_bz2.BZ2Compressor", 0),                                                    \
		TYPE("_bz2.BZ2Decompressor", 152, ATTR_AT("unused_data", 104)),                    \
		EMPTY("_lzma.LZMACompressor", 0),                                                  \
		TYPE("_lzma.LZMADecompressor", 224, ATTR_AT("unused_data", 184))

/* Objects/typevarobject.c, from 3.12 on. Bug fix releases of 3.13 and 3.14 visit the name, too
 * (CPython's issue 140000). */
#define NAME_ROWS                                                                                  \
	ROW_AT("__name__", 16, PY_FIELD_ATTRIBUTE | PY_FIELD_HIDDEN, 12, 12),                      \
		ROW_AT("__name__", 16, PY_FIELD_ATTRIBUTE | PY_FIELD_UNSURE, 13, 14),              \
		ROW_AT("__name__", 16, PY_FIELD_ATTRIBUTE, 15, 255)

#define TYPING                                                                                     \
	TYPE_OF("typing.TypeVar", 64, 12, 12, NAME_ROWS, FIELD_AT("bound", 24),                    \
	        FIELD_AT("evaluate_bound", 32), FIELD_AT("constraints", 40),                       \
	        FIELD_AT("evaluate_constraints", 48)),                                             \
		TYPE_OF("typing.TypeVar", 80, 13, 255, NAME_ROWS, FIELD_AT("bound", 24),           \
	                FIELD_AT("evaluate_bound", 32), FIELD_AT("constraints", 40),               \
	                FIELD_AT("evaluate_constraints", 48), FIELD_AT("default_value", 56),       \
	                FIELD_AT("evaluate_default", 64)),                                         \
		TYPE_OF("typing.ParamSpec", 40, 12, 12, NAME_ROWS, ATTR_AT("__bound__", 24)),      \
		TYPE_OF("typing.ParamSpec", 56, 13, 255, NAME_ROWS, ATTR_AT("__bound__", 24),      \
	                FIELD_AT("default_value", 32), FIELD_AT("evaluate_default", 40)),          \
		TYPE_OF("typing.TypeVarTuple", 24, 12, 12, NAME_ROWS),                             \
		TYPE_OF("typing.TypeVarTuple", 40, 13, 14, NAME_ROWS,                              \
	                FIELD_AT("default_value", 24), FIELD_AT("evaluate_default", 32)),          \
		TYPE_OF("typing.TypeVarTuple", 56, 15, 255, NAME_ROWS, FIELD_AT("bound", 24),      \
	                FIELD_AT("default_value", 32), FIELD_AT("evaluate_default", 40)),          \
		TYPE("typing.ParamSpecArgs", 24, ATTR_AT("__origin__", 16)),                       \
		TYPE("typing.ParamSpecKwargs", 24, ATTR_AT("__origin__", 16)),                     \
		TYPE_OF("typing.TypeAliasType", 56, 12, 14, NAME_ROWS,                             \
	                FIELD_AT("type_params", 24), FIELD_AT("compute_value", 32),                \
	                FIELD_AT("value", 40), FIELD_AT("module", 48)),                            \
		TYPE_OF("typing.TypeAliasType", 64, 15, 255, NAME_ROWS,                            \
	                ATTR_AT("__qualname__", 24), FIELD_AT("type_params", 32),                  \
	                FIELD_AT("compute_value", 40), FIELD_AT("value", 48),                      \
	                FIELD_AT("module", 56))

#define NO_FIELD                                                                                   \
	{                                                                                          \
		NULL, 0, 0, 0, 0, NULL                                                             \
	}

#define TASKS                                                                                      \
	TYPE("_asyncio.FutureIter", 24, FIELD_AT("future", 16)),                                   \
		TYPE("_RunningLoopHolder", 32, FIELD_AT("rl_loop", 16)),                           \
		TYPE("_asyncio._RunningLoopHolder", 32, FIELD_AT("rl_loop", 16)),                  \
		TYPE("TaskStepMethWrapper", 32, FIELD_AT("sw_task", 16), FIELD_AT("sw_arg", 24)),  \
		TYPE("_asyncio.TaskStepMethWrapper", 32, FIELD_AT("sw_task", 16),                  \
	             FIELD_AT("sw_arg", 24)),                                                      \
		TYPE("TaskWakeupMethWrapper", 24, FIELD_AT("ww_task", 16))

const struct py_fields_type py_fields_library[] = {
	ITERTOOLS,
	INPUT_OUTPUT,
	FUNCTIONAL,
	EXPRESSIONS,
	CODECS,
	TIMES,
	NUMBERS,
	PARSERS,
	SYSTEM,
	HASHES,
	TLS,
	DATABASE,
	CTYPES,
	XML,
	COMPRESSION,
	TYPING,
	TASKS,
	{"arrayiterator", 40, false, 8, 9, ROWS(FIELD_AT("ao", 24))},
	TYPE("array.arrayiterator", 40, FIELD_AT("ao", 24)),
	{NULL, 0, false, 0, 0, NULL},
};
