/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chain that is followed: interpreter -> thread -> interpreter, and
 * interpreter -> sys.__dict__ -> dict -> type -> type. The flags of the types
 * are checked and not their names, which lie in read-only memory that a core
 * file does not have.
 */
#include "runtime/py_structure.h"

enum {
	FLAG_DICT_SUBCLASS = 29, /* bits of tp_flags; Include/object.h */
	FLAG_TYPE_SUBCLASS = 31,
	FLAG_LONG_SUBCLASS = 24,
	DICT_ENTRIES_MAX = 1 << 14,
	DIGIT_BITS = 30,
	STATE_COMPACT_ASCII = 3 << 5, /* bits 5 and 6; Include/cpython/unicodeobject.h */
	KEYS_GENERAL = 0,             /* DICT_KEYS_GENERAL; pycore_dict.h, 3.11+ */
	GC_POINTER_MASK = 3,
};

static bool type_has_flag(struct window_cache *memory, const struct py_layout *layout, taddr type,
                          int flag)
{
	uint64_t flags;

	return window_cache_u64(memory, type + layout->type.tp_flags, &flags) && flags >> flag & 1;
}

bool py_is_type(struct window_cache *memory, const struct py_layout *layout, taddr type_type,
                taddr address)
{
	taddr metatype;

	if (!address || address % 8)
		return false;
	if (!window_cache_u64(memory, address + PY_OBJECT_TYPE, &metatype))
		return false;
	return metatype == type_type && type_has_flag(memory, layout, metatype, FLAG_TYPE_SUBCLASS);
}

/* The type of a dict, or 0 when there is no dict (or subclass of it) at address. */
static taddr dict_type(struct window_cache *memory, const struct py_layout *layout, taddr address)
{
	taddr type;

	if (!address || address % 8 || !window_cache_u64(memory, address + PY_OBJECT_TYPE, &type) ||
	    type % 8 || !type_has_flag(memory, layout, type, FLAG_DICT_SUBCLASS))
		return 0;
	return type;
}

static bool thread_points_back(struct window_cache *memory, const struct py_layout *layout,
                               taddr interpreter)
{
	taddr thread;
	taddr back;

	return window_cache_u64(memory, interpreter + layout->interpreter.threads_head, &thread) &&
	       thread && thread % 8 == 0 &&
	       window_cache_u64(memory, thread + layout->thread.interp, &back) &&
	       back == interpreter;
}

static bool find_anchors(struct window_cache *memory, const struct py_layout *layout, taddr sysdict,
                         struct py_anchors *ret)
{
	struct py_anchors anchors;
	taddr base;
	uint64_t basic_size;

	anchors.dict_type = dict_type(memory, layout, sysdict);
	if (!anchors.dict_type ||
	    !window_cache_u64(memory, anchors.dict_type + PY_OBJECT_TYPE, &anchors.type_type) ||
	    !py_is_type(memory, layout, anchors.type_type, anchors.type_type) ||
	    !window_cache_u64(memory, anchors.dict_type + layout->type.tp_base,
	                      &anchors.base_object_type) ||
	    !py_is_type(memory, layout, anchors.type_type, anchors.base_object_type))
		return false;
	/* object is the one type without a base, and its instances are a bare PyObject. */
	if (!window_cache_u64(memory, anchors.base_object_type + layout->type.tp_base, &base) ||
	    base ||
	    !window_cache_u64(memory, anchors.base_object_type + layout->type.tp_basicsize,
	                      &basic_size) ||
	    basic_size != PY_OBJECT_SIZE)
		return false;
	*ret = anchors;
	return true;
}

bool py_interpreter_is_sound(struct window_cache *memory, const struct py_layout *layout,
                             taddr address, struct py_anchors *ret)
{
	taddr sysdict;
	taddr builtins;
	taddr modules;
	struct py_anchors anchors;

	if (!address || address % 8 || !thread_points_back(memory, layout, address) ||
	    !window_cache_u64(memory, address + layout->interpreter.sysdict, &sysdict) ||
	    !window_cache_u64(memory, address + layout->interpreter.builtins, &builtins) ||
	    !window_cache_u64(memory, address + layout->interpreter.modules, &modules))
		return false;
	if (!find_anchors(memory, layout, sysdict, &anchors) ||
	    !dict_type(memory, layout, builtins) || !dict_type(memory, layout, modules))
		return false;
	*ret = anchors;
	return true;
}

/* Where the entries of a key table are. */
struct key_table {
	taddr entries;
	uint64_t count;
	uint32_t entry_size;
	uint32_t key; /* offset in an entry; the value follows */
};

/* 3.8 to 3.10: the width of an index follows from the size. */
static bool read_old_key_table(struct window_cache *memory, const struct py_layout *layout,
                               taddr keys, struct key_table *ret)
{
	uint64_t size;
	uint64_t width;

	if (!window_cache_u64(memory, keys + layout->dict_keys.dk_size, &size) ||
	    !window_cache_u64(memory, keys + layout->dict_keys.dk_nentries, &ret->count) ||
	    size > DICT_ENTRIES_MAX * 2)
		return false;
	width = size <= UINT8_MAX ? 1 : 2;
	ret->entries = keys + layout->dict_keys.dk_indices + size * width;
	ret->entry_size = 24;
	ret->key = 8;
	return true;
}

static bool read_key_table(struct window_cache *memory, const struct py_layout *layout, taddr keys,
                           struct key_table *ret)
{
	uint8_t log2_bytes;
	uint8_t kind;

	if (!py_has(layout->dict_keys.dk_log2_index_bytes))
		return read_old_key_table(memory, layout, keys, ret);
	if (!window_cache_u64(memory, keys + layout->dict_keys.dk_nentries, &ret->count) ||
	    !window_cache_u8(memory, keys + layout->dict_keys.dk_log2_index_bytes, &log2_bytes) ||
	    !window_cache_u8(memory, keys + layout->dict_keys.dk_kind, &kind) || log2_bytes > 20)
		return false;
	ret->entries = keys + layout->dict_keys.dk_indices + (UINT64_C(1) << log2_bytes);
	ret->entry_size = kind == KEYS_GENERAL ? 24 : 16;
	ret->key = kind == KEYS_GENERAL ? 8 : 0;
	return true;
}

static bool string_equals(struct window_cache *memory, const struct py_layout *layout,
                          taddr address, const char *text)
{
	uint64_t length;
	uint32_t state;
	const uint8_t *bytes;
	size_t size = strlen(text);

	if (!address || !window_cache_u64(memory, address + layout->ascii.length, &length) ||
	    length != size || !window_cache_u32(memory, address + layout->ascii.state, &state) ||
	    (state & STATE_COMPACT_ASCII) != STATE_COMPACT_ASCII)
		return false;
	bytes = window_cache_view(memory, address + layout->ascii.size, size);
	return bytes && memcmp(bytes, text, size) == 0;
}

taddr py_dict_find(struct window_cache *memory, const struct py_layout *layout, taddr dict,
                   const char *key)
{
	struct key_table table;
	taddr keys;

	if (!window_cache_u64(memory, dict + layout->dict.ma_keys, &keys) || !keys ||
	    !read_key_table(memory, layout, keys, &table) || table.count > DICT_ENTRIES_MAX)
		return 0;
	for (uint64_t i = 0; i < table.count; i++) {
		taddr pair[2]; /* key, value */

		if (!window_cache_read(memory, table.entries + i * table.entry_size + table.key,
		                       pair, sizeof(pair)))
			return 0;
		if (string_equals(memory, layout, pair[0], key))
			return pair[1];
	}
	return 0;
}

bool py_small_int(struct window_cache *memory, const struct py_layout *layout, taddr address,
                  uint32_t *ret)
{
	taddr type;
	uint64_t size;
	uint32_t digit;

	if (!window_cache_u64(memory, address + PY_OBJECT_TYPE, &type) ||
	    !type_has_flag(memory, layout, type, FLAG_LONG_SUBCLASS) ||
	    !window_cache_u64(memory, address + PY_OBJECT_SIZE, &size))
		return false;
	/* 3.12+: the number of digits is above three bits of sign, 0 for positive. */
	if (py_has(layout->integer.lv_tag) && (size & 3))
		return false;
	if (py_has(layout->integer.lv_tag))
		size >>= 3;
	if (size != 1 || !window_cache_u32(memory, address + layout->integer.ob_digit, &digit) ||
	    digit >> DIGIT_BITS)
		return false;
	*ret = digit;
	return true;
}

bool py_gc_head_is_sound(struct window_cache *memory, taddr head)
{
	taddr next;
	taddr previous;
	taddr back;

	if (!window_cache_u64(memory, head, &next) ||
	    !window_cache_u64(memory, head + 8, &previous) || !next || !previous)
		return false;
	if (!window_cache_u64(memory, (next & ~(taddr)GC_POINTER_MASK) + 8, &back) ||
	    (back & ~(taddr)GC_POINTER_MASK) != head)
		return false;
	return window_cache_u64(memory, previous & ~(taddr)GC_POINTER_MASK, &back) &&
	       (back & ~(taddr)GC_POINTER_MASK) == head;
}
