/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an object looks like, in a few characters: the Python literal where
 * there is one, else the type in angle brackets. Only for what is shown to a
 * person; nothing here follows more than one level of a container.
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "runtime/py_families.h"
#include "runtime/py_string.h"

#include <stdio.h>

enum { NAME_MAX_BYTES = 256 };
static const uint64_t MAX_BYTES = UINT64_C(1) << 44;

/* The most significant digits of big numbers cost quadratic time: longer ones are told by size. */
enum { INTEGER_DIGITS_MAX = 40, DIGIT_BITS = 30, NESTED_ITEMS_MAX = 8, CUT_MARGIN = 8 };

/* Divides the number (digits of 30 bits, least significant first) by 10^9; returns the rest. */
static uint32_t divide(uint32_t *digits, size_t count)
{
	uint64_t rest = 0;

	while (count--) {
		uint64_t value = rest << DIGIT_BITS | digits[count];

		digits[count] = (uint32_t)(value / 1000000000);
		rest = value % 1000000000;
	}
	return (uint32_t)rest;
}

static void append_number(struct text *text, uint32_t *digits, size_t count, bool is_negative)
{
	uint32_t groups[INTEGER_DIGITS_MAX * 2];
	size_t group_count = 0;

	do {
		groups[group_count++] = divide(digits, count);
		while (count && !digits[count - 1])
			count--;
	} while (count);
	text_printf(text, "%s%u", is_negative ? "-" : "", groups[--group_count]);
	while (group_count--)
		text_printf(text, "%09u", groups[group_count]);
}

static bool append_integer(struct python *python, const struct py_object *object, struct text *text)
{
	const struct py_layout *layout = &python->layout;
	uint32_t digits[INTEGER_DIGITS_MAX] = {0};
	uint64_t word;
	uint64_t count;
	bool is_negative;

	if (!py_object_word(python, object, 16, &word))
		return false;
	if (py_has(layout->integer.lv_tag)) {
		count = word >> 3;
		is_negative = (word & 3) == 2;
	} else {
		is_negative = (int64_t)word < 0;
		count = is_negative ? -word : word;
	}
	if (!strcmp(object->type->name, "bool")) {
		text_append(text, count ? "True" : "False");
		return true;
	}
	if (count > INTEGER_DIGITS_MAX) {
		text_printf(text, "<int of %llu bits>", (unsigned long long)count * DIGIT_BITS);
		return true;
	}
	if (count && !py_object_read(python, object, layout->integer.ob_digit, digits, count * 4))
		return false;
	append_number(text, digits, (size_t)count, is_negative);
	return true;
}

/* The shortest text that reads back as the same number. */
static void append_double(struct text *text, double value)
{
	char buffer[40];

	for (int precision = 15; precision <= 17; precision++) {
		snprintf(buffer, sizeof(buffer), "%.*g", precision, value);
		if (strtod(buffer, NULL) == value)
			break;
	}
	text_append(text, buffer);
	if (!strpbrk(buffer, ".en"))
		text_append(text, ".0");
}

static bool append_bytes(struct python *python, const struct py_object *object, size_t limit,
                         struct text *text)
{
	struct py_string string = {.kind = 1};

	if (!py_object_word(python, object, 16, &string.length) || string.length > MAX_BYTES)
		return false;
	string.data = object->address + python->layout.bytes.ob_sval;
	text_append(text, "b'");
	for (uint64_t i = 0; i < string.length && text->length < limit; i++) {
		uint8_t byte;

		if (!window_cache_u8(python->memory, string.data + i, &byte))
			return false;
		if (byte < ' ' || byte >= 0x7f)
			text_printf(text, "\\x%02x", byte);
		else
			text_printf(text, byte == '\\' || byte == '\'' ? "\\%c" : "%c", byte);
	}
	text_append_char(text, '\'');
	return true;
}

/* The name that a type, function or module has of its own: its str at offset. */
static bool append_named(struct python *python, const struct py_object *object, const char *what,
                         uint32_t offset, struct text *text)
{
	_cleanup_free_ char *name = NULL;
	taddr string;

	if (!py_object_word(python, object, offset, &string))
		return false;
	name = string ? py_string_utf8(python, string, NAME_MAX_BYTES) : NULL;
	text_printf(text, "<%s %s>", what, name ? name : "?");
	return true;
}

/* Everything but what contains other objects. */
static bool append_simple(struct python *python, struct py_types *types,
                          const struct py_object *object, size_t limit, struct text *text)
{
	const struct py_layout *layout = &python->layout;
	const struct py_type *type;
	struct py_string string;
	double value;

	switch (object->type->shape) {
	case PY_SHAPE_NONE:
		text_append(text, object->type->name[1] == 'o' && object->type->name[2] == 'n'
		                          ? "None"
		                  : object->type->name[0] == 'e' ? "Ellipsis"
		                                                 : "NotImplemented");
		return true;
	case PY_SHAPE_INT: return append_integer(python, object, text);
	case PY_SHAPE_FLOAT:
		if (!py_object_read(python, object, layout->floating.ob_fval, &value,
		                    sizeof(value)))
			return false;
		append_double(text, value);
		return true;
	case PY_SHAPE_STR:
		if (py_string_read(python, object, &string) != DECODE_OK)
			return false;
		text_append_char(text, '\'');
		/* More than the limit, so that cut() sees that there is more. */
		if (!py_string_append(python, &string, limit + CUT_MARGIN, true, text))
			return false;
		text_append_char(text, '\'');
		return true;
	case PY_SHAPE_BYTES: return append_bytes(python, object, limit, text);
	case PY_SHAPE_TYPE:
		type = py_types_get(types, object->address);
		text_printf(text, "<class '%s'>", type ? type->name : "?");
		return true;
	case PY_SHAPE_MODULE:
		return append_named(python, object, "module", layout->module.md_name, text);
	case PY_SHAPE_FUNCTION:
		return append_named(python, object, "function", layout->function.func_qualname,
		                    text);
	default: text_printf(text, "<%s>", object->type->name); return true;
	}
}

/* The items of a tuple; tuples among them are not followed. */
static bool append_tuple(struct python *python, struct py_types *types,
                         const struct py_object *object, size_t limit, struct text *text)
{
	uint64_t count;

	if (!py_object_word(python, object, 16, &count))
		return false;
	text_append_char(text, '(');
	for (uint64_t i = 0; i < count && i < NESTED_ITEMS_MAX && text->length < limit; i++) {
		struct py_object item;
		taddr address;

		if (i)
			text_append(text, ", ");
		if (!py_object_word(python, object, (int64_t)(python->layout.tuple.ob_item + i * 8),
		                    &address) ||
		    py_object_at(python, types, address, &item) != DECODE_OK)
			return false;
		if (item.type->shape == PY_SHAPE_TUPLE)
			text_append(text, "(...)");
		else if (!append_simple(python, types, &item, limit, text))
			return false;
	}
	text_append(text, count > NESTED_ITEMS_MAX ? ", ...)" : count == 1 ? ",)" : ")");
	return true;
}

/* Cuts text to limit bytes, "..." included, never inside a character. */
static void cut(struct text *text, size_t limit)
{
	size_t length = limit > 3 ? limit - 3 : 0;

	if (text->is_broken || text->length <= limit)
		return;
	while (length && ((unsigned char)text->bytes[length] & 0xc0) == 0x80)
		length--;
	text->length = length;
	text->bytes[length] = '\0';
	text_append_bytes(text, "...", limit < 3 ? limit : 3);
}

char *py_object_text(struct python *python, struct py_types *types, taddr address, size_t limit)
{
	struct py_object object;
	struct text text;
	bool is_readable;

	if (py_object_at(python, types, address, &object) != DECODE_OK)
		return NULL;
	text_init(&text);
	if (object.type->shape == PY_SHAPE_TUPLE && !object.type->has_python_slots)
		is_readable = append_tuple(python, types, &object, limit, &text);
	else
		is_readable = append_simple(python, types, &object, limit, &text);
	if (text.is_broken)
		window_cache_no_memory(python->memory);
	if (!is_readable) {
		text_deinit(&text);
		return NULL;
	}
	cut(&text, limit);
	return text_take(&text);
}
