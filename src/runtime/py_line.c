/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The formats, by version (Objects/lnotab_notes.txt until 3.10,
 * Objects/locations.md, Internal docs "code_objects" later):
 *
 *   3.8, 3.9   pairs (u8 bytes, s8 lines): both are added up; the line of an
 *              instruction is the sum of the lines of all pairs that begin at
 *              or before it.
 *   3.10       pairs (u8 bytes, s8 lines): after adding the lines, the next
 *              `bytes` bytes of code have that line; -128: they have none.
 *   3.11 ...   entries of a head byte 1kkkklll and what kind k needs; the
 *              next l + 1 code units of two bytes have the line.
 */
#include "runtime/py_line.h"

#include "base/cleanup.h"

enum {
	BYTES_LENGTH = 16,        /* of ob_size in a bytes object */
	TABLE_SIZE_MAX = 1 << 20, /* of a table that we are willing to read */
	NO_LINE = -128,           /* 3.10 */
	LOCATION_SHORT_LAST = 9,  /* kinds 0 to 9: same line, columns in one byte */
	LOCATION_ONE_LINE = 10,   /* kinds 10 to 12: line + 0 ... 2, two bytes of columns */
	LOCATION_ONE_LINE_LAST = 12,
	LOCATION_NO_COLUMNS = 13, /* a signed number of lines */
	LOCATION_LONG = 14,       /* the same, and three more numbers */
	LOCATION_NONE = 15,       /* no line */
};

/* Lines may overflow in hostile tables: unsigned arithmetic wraps. */
static int32_t add_lines(int32_t line, int64_t delta)
{
	return (int32_t)((uint32_t)line + (uint32_t)delta);
}

bool py_line_in_lnotab(const uint8_t *table, size_t size, int32_t first_line, int64_t offset,
                       int32_t *ret)
{
	int32_t line = first_line;
	int64_t start = 0;

	for (size_t i = 0; i + 1 < size; i += 2) {
		start += table[i];
		if (start > offset)
			break;
		line = add_lines(line, (int8_t)table[i + 1]);
	}
	*ret = line;
	return true;
}

bool py_line_in_line_table(const uint8_t *table, size_t size, int32_t first_line, int64_t offset,
                           int32_t *ret)
{
	int32_t line = first_line;
	int64_t end = 0;

	for (size_t i = 0; i + 1 < size; i += 2) {
		int8_t delta = (int8_t)table[i + 1];

		end += table[i];
		if (delta != NO_LINE)
			line = add_lines(line, delta);
		if (offset >= end)
			continue;
		if (delta == NO_LINE)
			return false;
		*ret = line;
		return true;
	}
	return false;
}

/* Six bits a byte, least significant first; bit 6 says that more follow. */
static uint32_t read_number(const uint8_t *table, size_t size, size_t *at)
{
	uint32_t number = 0;
	unsigned int shift = 0;

	while (*at < size) {
		uint8_t byte = table[(*at)++];

		if (shift < 32)
			number |= (uint32_t)(byte & 0x3f) << shift;
		shift += 6;
		if (!(byte & 0x40))
			break;
	}
	return number;
}

static int64_t read_signed(const uint8_t *table, size_t size, size_t *at)
{
	uint32_t number = read_number(table, size, at);
	int64_t magnitude = number >> 1;

	return number & 1 ? -magnitude : magnitude;
}

/* Steps over what follows the head of a location of this kind; returns its lines. */
static int64_t read_location(const uint8_t *table, size_t size, unsigned int kind, size_t *at)
{
	int64_t lines;

	if (kind <= LOCATION_SHORT_LAST) {
		*at += 1;
		return 0;
	}
	if (kind <= LOCATION_ONE_LINE_LAST) {
		*at += 2;
		return (int64_t)kind - LOCATION_ONE_LINE;
	}
	if (kind == LOCATION_NONE)
		return 0;
	lines = read_signed(table, size, at);
	if (kind == LOCATION_LONG)
		for (int i = 0; i < 3; i++)
			(void)read_number(table, size, at);
	return lines;
}

bool py_line_in_locations(const uint8_t *table, size_t size, int32_t first_line, int64_t offset,
                          int32_t *ret)
{
	int32_t line = first_line;
	int64_t end = 0;
	size_t at = 0;

	while (at < size) {
		uint8_t head = table[at++];
		unsigned int kind = (head >> 3) & 15;

		line = add_lines(line, read_location(table, size, kind, &at));
		end += ((head & 7) + 1) * 2;
		if (offset >= end)
			continue;
		if (kind == LOCATION_NONE)
			return false;
		*ret = line;
		return true;
	}
	return false;
}

/* The bytes object of the table and its length. False: there is none that we would read. */
static bool find_table(struct python *python, const struct py_code *code, taddr *ret_table,
                       uint64_t *ret_size)
{
	return window_cache_u64(python->memory, code->address + python->layout.code.co_linetable,
	                        ret_table) &&
	       window_cache_u64(python->memory, *ret_table + BYTES_LENGTH, ret_size) &&
	       *ret_size <= TABLE_SIZE_MAX;
}

uint64_t py_line_table_size(struct python *python, const struct py_code *code)
{
	taddr table;
	uint64_t size;

	return find_table(python, code, &table, &size) ? size : 0;
}

/* Reads the table; the caller frees it. */
static uint8_t *read_table(struct python *python, const struct py_code *code, size_t *ret_size)
{
	_cleanup_free_ uint8_t *bytes = NULL;
	taddr table;
	uint64_t size;

	if (!find_table(python, code, &table, &size))
		return NULL;
	bytes = malloc(size + 1);
	if (!bytes) {
		window_cache_no_memory(python->memory);
		return NULL;
	}
	if (!window_cache_read(python->memory, table + python->layout.bytes.ob_sval, bytes, size))
		return NULL;
	*ret_size = size;
	return take_ptr(bytes);
}

bool py_line_of(struct python *python, const struct py_code *code, int64_t offset, int32_t *ret)
{
	_cleanup_free_ uint8_t *table = NULL;
	size_t size;

	if (offset < 0) {
		*ret = code->first_line;
		return true;
	}
	table = read_table(python, code, &size);
	if (!table)
		return false;
	if (python->minor < 10)
		return py_line_in_lnotab(table, size, code->first_line, offset, ret);
	if (python->minor == 10)
		return py_line_in_line_table(table, size, code->first_line, offset, ret);
	return py_line_in_locations(table, size, code->first_line, offset, ret);
}
