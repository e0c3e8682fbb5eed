/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The target is not trusted: an offset has to lie within the size that the
 * target gives for that struct, and sizes have a limit. What is believed then
 * still has to lead to a sound interpreter, see py_version.c.
 */
#include "runtime/py_debug_offsets.h"

#include "runtime/py_debug_fields.h"

#include <inttypes.h>

enum { STRUCT_SIZE_MAX = 1 << 24, HEAD_SIZE = 24 };

const char py_debug_cookie[8] = {'x', 'd', 'e', 'b', 'u', 'g', 'p', 'y'};

static uint32_t *member_of(struct py_layout *layout, uint16_t offset)
{
	return (uint32_t *)(void *)((char *)layout + offset);
}

static uint32_t member_value(const struct py_layout *layout, uint16_t offset)
{
	uint32_t value;

	memcpy(&value, (const char *)layout + offset, sizeof(value));
	return value;
}

bool py_debug_head_read(struct window_cache *memory, taddr address, struct py_debug_head *ret)
{
	uint64_t head[HEAD_SIZE / 8];

	if (!window_cache_read(memory, address, head, sizeof(head)) ||
	    memcmp(head, py_debug_cookie, sizeof(py_debug_cookie)) != 0 || head[1] > UINT32_MAX)
		return false;
	ret->hexversion = (uint32_t)head[1];
	ret->is_free_threaded = head[2] != 0;
	return true;
}

/* Fills the members that the target knows in an otherwise empty layout. */
static struct error *read_fields(const uint8_t *bytes, size_t minor, taddr address,
                                 struct py_layout *ret)
{
	for (size_t i = 0; i < py_debug_field_count; i++) {
		uint64_t value;

		*member_of(ret, py_debug_fields[i].member) = PY_ABSENT;
		if (!py_debug_fields[i].at[minor])
			continue;
		memcpy(&value, bytes + py_debug_fields[i].at[minor], sizeof(value));
		if (value > STRUCT_SIZE_MAX)
			return error_new(ERROR_CORRUPT,
			                 "the debug offsets at 0x%" PRIx64
			                 " hold an offset of %" PRIu64,
			                 address, value);
		*member_of(ret, py_debug_fields[i].member) = (uint32_t)value;
	}
	return NULL;
}

/* A member lies within its struct; one that is the struct's open end, at it. */
static struct error *check_fields(struct py_layout *said, taddr address)
{
	for (size_t i = 0; i < py_debug_field_count; i++) {
		uint32_t value = member_value(said, py_debug_fields[i].member);
		uint32_t limit = member_value(said, py_debug_fields[i].limit);

		if (value == PY_ABSENT)
			continue;
		if (!limit || value > limit)
			return error_new(ERROR_CORRUPT,
			                 "debug offsets at 0x%" PRIx64 " put a member at %" PRIu32
			                 " of a struct of %" PRIu32 " bytes",
			                 address, value, limit);
	}
	return NULL;
}

static size_t count_agreements(const struct py_layout *table, const struct py_layout *said)
{
	size_t count = 0;

	for (size_t i = 0; i < py_debug_field_count; i++)
		count += member_value(table, py_debug_fields[i].member) ==
		         member_value(said, py_debug_fields[i].member);
	return count;
}

static const struct py_layout *best_table(uint32_t version, const struct py_layout *said)
{
	const struct py_layout *best = NULL;
	size_t most = 0;

	for (size_t i = 0; py_layouts[i]; i++) {
		size_t count;

		if (py_layouts[i]->version != version)
			continue;
		count = count_agreements(py_layouts[i], said) + 1;
		if (count > most) {
			best = py_layouts[i];
			most = count;
		}
	}
	return best;
}

/*
 * The collector's state lies inside the interpreter's, and what follows it
 * moved with its size (3.14.5: 240 -> 264 bytes). imports.modules, which both
 * tables have, tells by how much.
 */
static void move_interpreter(struct py_layout *layout, const struct py_layout *said)
{
	uint32_t *first = &layout->interpreter.next;
	uint32_t *last = &layout->interpreter.ceval;
	uint32_t moved = said->interpreter.modules - layout->interpreter.modules;

	for (uint32_t *member = first; member <= last; member++) {
		if (py_has(*member) && *member > layout->interpreter.gc)
			*member += moved;
	}
}

struct error *py_debug_layout_read(struct window_cache *memory, taddr address, uint32_t hexversion,
                                   struct py_layout *ret)
{
	size_t minor = (hexversion >> 16 & 0xff) - PY_DEBUG_FIRST_MINOR;
	uint8_t bytes[PY_DEBUG_SIZE_MAX];
	struct py_layout said = {0};
	struct py_layout layout;
	const struct py_layout *table;
	struct error *error;

	if (minor >= PY_DEBUG_MINORS ||
	    !window_cache_read(memory, address, bytes, py_debug_sizes[minor]))
		return error_new(ERROR_CORRUPT, "no debug offsets at 0x%" PRIx64, address);
	error = read_fields(bytes, minor, address, &said);
	if (!error)
		error = check_fields(&said, address);
	if (error)
		return error;
	table = best_table(hexversion >> 16, &said);
	if (!table)
		return error_new(ERROR_UNSUPPORTED, "no layout for CPython 3.%zu",
		                 minor + PY_DEBUG_FIRST_MINOR);
	layout = *table;
	move_interpreter(&layout, &said);
	for (size_t i = 0; i < py_debug_field_count; i++) {
		uint16_t member = py_debug_fields[i].member;

		if (py_debug_fields[i].at[minor])
			*member_of(&layout, member) = member_value(&said, member);
	}
	layout.runtime.interpreters_main = layout.runtime.interpreters_head + sizeof(taddr);
	*ret = layout;
	return NULL;
}
