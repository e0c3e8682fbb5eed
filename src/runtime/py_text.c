/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strings. Three forms (Include/cpython/unicodeobject.h): compact ASCII, the
 * characters behind PyASCIIObject; compact, behind PyCompactUnicodeObject,
 * in 1, 2 or 4 bytes each; and in a block of their own (instances of
 * subclasses of str). Until 3.11 a string may also have, or only have, wide
 * characters (wstr).
 */
#include "base/text.h"
#include "runtime/py_families.h"
#include "runtime/py_string.h"

static const uint64_t MAX_CHARACTERS = UINT64_C(1) << 44;

enum { /* the word "state" */
       STATE_KIND_SHIFT = 2,
       STATE_KIND_MASK = 7,
       STATE_COMPACT = 1 << 5,
       STATE_ASCII = 1 << 6,
};

enum decode py_string_read(struct python *python, const struct py_object *object,
                           struct py_string *ret)
{
	const struct py_layout *layout = &python->layout;
	struct py_string string = {0};
	uint32_t state;

	if (!py_object_word(python, object, layout->ascii.length, &string.length) ||
	    !py_object_read(python, object, layout->ascii.state, &state, sizeof(state)))
		return DECODE_FAULT;
	if (string.length > MAX_CHARACTERS)
		return DECODE_TORN;
	string.kind = state >> STATE_KIND_SHIFT & STATE_KIND_MASK;
	string.is_compact = state & STATE_COMPACT;
	string.is_ascii = state & STATE_ASCII;
	if (string.kind == 0 && py_has(layout->ascii.wstr))
		string.kind = 4; /* never made ready: wide characters only */
	else if (string.kind != 1 && string.kind != 2 && string.kind != 4)
		return DECODE_TORN;
	string.is_wide = !(state >> STATE_KIND_SHIFT & STATE_KIND_MASK);
	if (string.is_wide) {
		if (!py_object_word(python, object, layout->ascii.wstr, &string.data) ||
		    !py_object_word(python, object, layout->compact_unicode.wstr_length,
		                    &string.length))
			return DECODE_FAULT;
		if (string.length > MAX_CHARACTERS)
			return DECODE_TORN;
	} else if (string.is_compact) {
		string.data = object->address +
		              (string.is_ascii ? layout->ascii.size : layout->compact_unicode.size);
	} else if (!py_object_word(python, object, layout->unicode.data, &string.data)) {
		return DECODE_FAULT;
	}
	*ret = string;
	return DECODE_OK;
}

/* The blocks besides the characters: UTF-8 that was asked for, and wstr. */
struct extra_blocks {
	taddr utf8;
	uint64_t utf8_size;
	taddr wide;
	uint64_t wide_size;
};

static enum decode read_extra(struct python *python, const struct py_object *object,
                              const struct py_string *string, struct extra_blocks *ret)
{
	const struct py_layout *layout = &python->layout;
	struct extra_blocks extra = {0};
	bool is_compact_ascii = string->is_compact && string->is_ascii;

	if (!is_compact_ascii &&
	    (!py_object_word(python, object, layout->compact_unicode.utf8, &extra.utf8) ||
	     !py_object_word(python, object, layout->compact_unicode.utf8_length,
	                     &extra.utf8_size)))
		return DECODE_FAULT;
	if (extra.utf8 == string->data)
		extra.utf8 = 0;
	if (py_has(layout->ascii.wstr) &&
	    !py_object_word(python, object, layout->ascii.wstr, &extra.wide))
		return DECODE_FAULT;
	if (extra.wide == string->data)
		extra.wide = 0;
	extra.wide_size = string->length;
	if (extra.wide && !is_compact_ascii &&
	    !py_object_word(python, object, layout->compact_unicode.wstr_length, &extra.wide_size))
		return DECODE_FAULT;
	if (extra.utf8_size > MAX_CHARACTERS || extra.wide_size > MAX_CHARACTERS)
		return DECODE_TORN;
	extra.utf8_size = extra.utf8 ? extra.utf8_size + 1 : 0;
	extra.wide_size = extra.wide ? (extra.wide_size + 1) * 4 : 0;
	*ret = extra;
	return DECODE_OK;
}

enum decode py_string_visit(struct python *python, struct py_types *types,
                            const struct py_object *object, const struct py_visitor *visitor)
{
	struct py_string string;
	struct extra_blocks extra;
	enum decode state;

	(void)types;
	if (!visitor->storage)
		return DECODE_OK;
	state = py_string_read(python, object, &string);
	if (state != DECODE_OK)
		return state;
	if (string.is_compact && string.is_ascii && !py_has(python->layout.ascii.wstr))
		return DECODE_OK;
	state = read_extra(python, object, &string, &extra);
	if (state != DECODE_OK)
		return state;
	if (!string.is_compact)
		py_tell_storage(visitor, string.data, (string.length + 1) * string.kind);
	py_tell_storage(visitor, extra.utf8, extra.utf8_size);
	py_tell_storage(visitor, extra.wide, extra.wide_size);
	return DECODE_OK;
}

/* Objects/unicodeobject.c: unicode_sizeof_impl */
enum decode py_string_size(struct python *python, const struct py_object *object, uint64_t *ret)
{
	const struct py_layout *layout = &python->layout;
	struct py_string string;
	struct extra_blocks extra;
	enum decode state = py_string_read(python, object, &string);
	uint64_t size;

	if (state == DECODE_OK)
		state = read_extra(python, object, &string, &extra);
	if (state != DECODE_OK)
		return state;
	if (string.is_compact && string.is_ascii)
		size = layout->ascii.size + string.length + 1;
	else if (string.is_compact)
		size = layout->compact_unicode.size + (string.length + 1) * string.kind;
	else
		size = layout->unicode.size +
		       (string.data && !string.is_wide ? (string.length + 1) * string.kind : 0);
	if (string.is_wide && string.data)
		size += (string.length + 1) * 4;
	*ret = size + extra.utf8_size + extra.wide_size;
	return DECODE_OK;
}

static void append_code_point(struct text *text, uint32_t point)
{
	if (point == 0 || (point >= 0xd800 && point <= 0xdfff) || point > 0x10ffff) {
		text_printf(text,
		            point > 0xffff ? "\\U%08x"
		            : point        ? "\\u%04x"
		                           : "\\x%02x",
		            point);
	} else if (point < 0x80) {
		text_append_char(text, (char)point);
	} else if (point < 0x800) {
		text_append_char(text, (char)(0xc0 | point >> 6));
		text_append_char(text, (char)(0x80 | (point & 0x3f)));
	} else if (point < 0x10000) {
		text_append_char(text, (char)(0xe0 | point >> 12));
		text_append_char(text, (char)(0x80 | (point >> 6 & 0x3f)));
		text_append_char(text, (char)(0x80 | (point & 0x3f)));
	} else {
		text_append_char(text, (char)(0xf0 | point >> 18));
		text_append_char(text, (char)(0x80 | (point >> 12 & 0x3f)));
		text_append_char(text, (char)(0x80 | (point >> 6 & 0x3f)));
		text_append_char(text, (char)(0x80 | (point & 0x3f)));
	}
}

static uint32_t load_character(const uint8_t *bytes, unsigned int kind)
{
	uint16_t two;
	uint32_t four;

	if (kind == 1)
		return *bytes;
	if (kind == 2) {
		memcpy(&two, bytes, sizeof(two));
		return two;
	}
	memcpy(&four, bytes, sizeof(four));
	return four;
}

bool py_string_append(struct python *python, const struct py_string *string, size_t limit,
                      bool is_literal, struct text *text)
{
	size_t start = text->length;
	uint8_t chunk[256];

	for (uint64_t first = 0; first < string->length; first += 64) {
		uint64_t left = string->length - first;
		size_t count = left < 64 ? (size_t)left : 64;

		if (!window_cache_read(python->memory, string->data + first * string->kind, chunk,
		                       count * string->kind))
			return false;
		for (size_t i = 0; i < count; i++) {
			uint32_t point = load_character(chunk + i * string->kind, string->kind);

			if (text->length - start + 4 > limit)
				return true;
			if (is_literal && (point < ' ' || point == 0x7f))
				text_printf(text,
				            point == '\n'   ? "\\n"
				            : point == '\t' ? "\\t"
				            : point == '\r' ? "\\r"
				                            : "\\x%02x",
				            point);
			else if (is_literal && (point == '\\' || point == '\''))
				text_printf(text, "\\%c", (char)point);
			else
				append_code_point(text, point);
		}
	}
	return true;
}

char *py_string_utf8(struct python *python, taddr address, size_t limit)
{
	struct py_object object = {.address = address};
	struct py_string string;
	struct text text;
	taddr type;
	uint32_t flags;

	/* Asked while types are being read: the registry is not at hand. */
	if (!window_cache_u64(python->memory, address + 8, &type) ||
	    !window_cache_u32(python->memory, type + python->layout.type.tp_flags, &flags) ||
	    !(flags & PY_TYPE_UNICODE_SUBCLASS) ||
	    py_string_read(python, &object, &string) != DECODE_OK)
		return NULL;
	text_init(&text);
	if (py_string_append(python, &string, limit, false, &text)) {
		text_append(&text, "");
		if (!text.is_broken)
			return text_take(&text);
		window_cache_no_memory(python->memory);
	}
	text_deinit(&text);
	return NULL;
}
