/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pass over the name. What is begun and not ended stands on a stack: a
 * nested name (N ... E), the arguments of a template (I ... E) or a pack of
 * them (J ... E); the whole is on the bottom. In each of these but a nested
 * name one type after the other is read, which pointers and such around it
 * follow when it ends: PKc is "char", " const", "*".
 *
 * A name may refer back to its parts: S_ is the first, S0_ the second, S1_ ...
 * Parts are counted when they end: each class, namespace, template with and
 * without its arguments, each pointer and qualified type. What a part is called
 * stands in the text already, and is copied.
 */
#include "image/cxx_name.h"

#include <string.h>

enum {
	DEPTH_MAX = 16,
	AROUND_MAX = 8, /* pointers, references and qualifiers around one type */
	LENGTH_DIGITS = 4,
	PARTS_MAX = 64,
	SEQUENCE_DIGITS = 2, /* of a part that is referred to, to base 36 */
};

#define ANONYMOUS "_GLOBAL__N_1"

enum level_kind { LEVEL_WHOLE, LEVEL_NESTED, LEVEL_TEMPLATE, LEVEL_PACK };

struct level {
	enum level_kind kind;
	size_t start;            /* in the text: of the type that is being read */
	unsigned int count;      /* of its parts so far */
	char around[AROUND_MAX]; /* the type that is being read */
	size_t around_count;
};

struct reading {
	const char *at;
	char *text;
	size_t length, size;
	struct level levels[DEPTH_MAX];
	size_t depth; /* the current level; 0: the whole */
	struct {
		size_t start, end; /* in the text */
	} parts[PARTS_MAX];
	size_t part_count;
	bool is_done;
};

static bool write(struct reading *reading, const char *bytes, size_t length)
{
	if (length >= reading->size - reading->length)
		return false;
	memcpy(reading->text + reading->length, bytes, length);
	reading->length += length;
	reading->text[reading->length] = '\0';
	return true;
}

static bool write_string(struct reading *reading, const char *string)
{
	return write(reading, string, strlen(string));
}

static struct level *level_of(struct reading *reading)
{
	return &reading->levels[reading->depth];
}

static bool begin_level(struct reading *reading, enum level_kind kind)
{
	if (reading->depth + 1 == DEPTH_MAX)
		return false;
	reading->levels[++reading->depth] = (struct level){.kind = kind, .start = reading->length};
	reading->at++;
	return kind != LEVEL_TEMPLATE || write_string(reading, "<");
}

/* What the current level has read so far may be referred to. */
static bool add_part(struct reading *reading)
{
	if (reading->part_count == PARTS_MAX)
		return false;
	reading->parts[reading->part_count].start = level_of(reading)->start;
	reading->parts[reading->part_count++].end = reading->length;
	return true;
}

/* The type that the current level reads is complete. */
static bool end_type(struct reading *reading)
{
	struct level *level = level_of(reading);

	while (level->around_count) {
		const char *word = "";

		switch (level->around[--level->around_count]) {
		case 'P': word = "*"; break;
		case 'R': word = "&"; break;
		case 'O': word = "&&"; break;
		case 'K': word = " const"; break;
		case 'V': word = " volatile"; break;
		}
		if (!write_string(reading, word) || !add_part(reading))
			return false;
	}
	reading->is_done = level->kind == LEVEL_WHOLE;
	return true;
}

/* A name is there; arguments of a template may follow it. */
static bool end_name(struct reading *reading)
{
	if (*reading->at == 'I')
		return begin_level(reading, LEVEL_TEMPLATE);
	return level_of(reading)->kind == LEVEL_NESTED || end_type(reading);
}

static bool end_level(struct reading *reading)
{
	enum level_kind kind = level_of(reading)->kind;

	if (kind == LEVEL_WHOLE || (kind == LEVEL_NESTED && !level_of(reading)->count))
		return false;
	reading->at++;
	reading->depth--;
	if (kind == LEVEL_TEMPLATE && (!write_string(reading, ">") || !add_part(reading)))
		return false;
	/* What is nested may go on behind its template. */
	return level_of(reading)->kind == LEVEL_NESTED || end_type(reading);
}

/* "7Session" */
static bool read_source_name(struct reading *reading)
{
	size_t length = 0;

	for (int i = 0; i < LENGTH_DIGITS && *reading->at >= '0' && *reading->at <= '9'; i++)
		length = length * 10 + (size_t)(*reading->at++ - '0');
	if (!length || strnlen(reading->at, length) < length)
		return false;
	if (length == strlen(ANONYMOUS) && !memcmp(reading->at, ANONYMOUS, length)) {
		if (!write_string(reading, "(anonymous namespace)"))
			return false;
	} else if (!write(reading, reading->at, length)) {
		return false;
	}
	reading->at += length;
	return add_part(reading) && end_name(reading);
}

static int digit_of(char letter)
{
	if (letter >= '0' && letter <= '9')
		return letter - '0';
	return letter >= 'A' && letter <= 'Z' ? letter - 'A' + 10 : -1;
}

/* "S_", "S0_", "S1_" ... */
static bool read_back_reference(struct reading *reading)
{
	size_t part = 0;

	reading->at++;
	for (int i = 0; i < SEQUENCE_DIGITS && digit_of(*reading->at) >= 0; i++)
		part = (i ? (part - 1) * 36 : 0) + (size_t)digit_of(*reading->at++) + 1;
	if (*reading->at != '_' || part >= reading->part_count)
		return false;
	reading->at++;
	return write(reading, reading->text + reading->parts[part].start,
	             reading->parts[part].end - reading->parts[part].start) &&
	       end_name(reading);
}

/* "St6vector", or a class of the standard library that has a letter of its own. */
static bool read_standard(struct reading *reading)
{
	char letter = reading->at[1];

	if (letter == '_' || digit_of(letter) >= 0)
		return read_back_reference(reading);
	reading->at += letter ? 2 : 1;
	switch (letter) {
	case 't':
		if (level_of(reading)->kind == LEVEL_NESTED)
			return write_string(reading, "std");
		return write_string(reading, "std::") && read_source_name(reading);
	case 'a': return write_string(reading, "std::allocator") && end_name(reading);
	case 's': return write_string(reading, "std::string") && end_name(reading);
	default: return false;
	}
}

static const char *builtin(char letter)
{
	switch (letter) {
	case 'v': return "void";
	case 'w': return "wchar_t";
	case 'b': return "bool";
	case 'c': return "char";
	case 'a': return "signed char";
	case 'h': return "unsigned char";
	case 's': return "short";
	case 't': return "unsigned short";
	case 'i': return "int";
	case 'j': return "unsigned int";
	case 'l': return "long";
	case 'm': return "unsigned long";
	case 'x': return "long long";
	case 'y': return "unsigned long long";
	case 'n': return "__int128";
	case 'f': return "float";
	case 'd': return "double";
	case 'e': return "long double";
	default: return NULL;
	}
}

/* "Lj16E": an integer, whose type is left out. */
static bool read_literal(struct reading *reading)
{
	size_t digits;

	if (!builtin(reading->at[1]))
		return false;
	reading->at += 2;
	if (*reading->at == 'n') {
		reading->at++;
		if (!write_string(reading, "-"))
			return false;
	}
	digits = strspn(reading->at, "0123456789");
	if (!digits || reading->at[digits] != 'E' || !write(reading, reading->at, digits))
		return false;
	reading->at += digits + 1;
	return end_type(reading);
}

static bool read_around(struct reading *reading)
{
	struct level *level = level_of(reading);

	if (level->around_count == AROUND_MAX)
		return false;
	level->around[level->around_count++] = *reading->at++;
	return true;
}

static bool read_type(struct reading *reading)
{
	const char *word = builtin(*reading->at);

	/* Packs and literals are arguments, and no names by themselves. */
	if (!reading->depth && (*reading->at == 'J' || *reading->at == 'L'))
		return false;
	if (word) {
		reading->at++;
		return write_string(reading, word) && end_type(reading);
	}
	switch (*reading->at) {
	case 'N': return begin_level(reading, LEVEL_NESTED);
	case 'J': return begin_level(reading, LEVEL_PACK);
	case 'L': return read_literal(reading);
	case 'S': return read_standard(reading);
	default: return read_source_name(reading);
	}
}

/* What stands between two parts of a level. */
static bool write_separator(struct reading *reading)
{
	struct level *level = level_of(reading);

	bool is_first = !level->count++;

	if (level->kind == LEVEL_NESTED)
		return is_first || write_string(reading, "::");
	if (!is_first && !write_string(reading, ", "))
		return false;
	level->start = reading->length;
	return true;
}

static bool read_part(struct reading *reading)
{
	struct level *level = level_of(reading);
	bool is_type = level->kind != LEVEL_NESTED;

	if (*reading->at == 'E')
		return !level->around_count && end_level(reading);
	if (is_type && *reading->at && strchr("PROKV", *reading->at))
		return read_around(reading);
	if (!write_separator(reading))
		return false;
	if (is_type)
		return read_type(reading);
	return *reading->at == 'S' ? read_standard(reading) : read_source_name(reading);
}

bool cxx_name_read(const char *mangled, char *ret, size_t size)
{
	char text[CXX_NAME_MAX] = "";
	struct reading reading = {.at = mangled, .text = text, .size = sizeof(text)};

	while (!reading.is_done)
		if (!read_part(&reading))
			return false;
	if (*reading.at || reading.length >= size)
		return false;
	memcpy(ret, text, reading.length + 1);
	return true;
}
