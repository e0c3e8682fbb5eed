/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Table strings: every str and bytes with its value. A value is cut to a line;
 * length and hash are of the whole of it, so that equal strings can be counted
 * by them.
 */
#include "base/content_hash.h"
#include "sql/sql_table.h"

#include <string.h>

enum column {
	COLUMN_ADDRESS,
	COLUMN_TYPE,
	COLUMN_VALUE,
	COLUMN_LENGTH,
	COLUMN_HASH,
	COLUMN_SIZE,
};

static uint64_t count(const struct sql_heap *heap)
{
	return heap->teller ? heap->snapshot->node_count : 0;
}

static bool is_row(const struct sql_heap *heap, uint64_t row)
{
	const char *type = snapshot_type_name(heap->snapshot, heap->snapshot->type[row]);

	return snapshot_is_object(heap->snapshot, (node_id)row) &&
	       (strcmp(type, "str") == 0 || strcmp(type, "bytes") == 0);
}

/* How many characters of the literal an escape takes: \n, \x41, \u0041, \U00000041. */
static size_t escape_length(char letter)
{
	switch (letter) {
	case 'x': return 4;
	case 'u': return 6;
	case 'U': return 10;
	default: return 2;
	}
}

static bool is_continued(const char *text, size_t length, size_t at)
{
	return at < length && ((unsigned char)text[at] & 0xc0) == 0x80;
}

/* The length of what a whole literal stands for: 'abc', b"x\n". */
static int64_t literal_length(const char *text, size_t length)
{
	size_t at = text[0] == 'b' ? 2 : 1;
	int64_t characters = 0;

	while (at + 1 < length) {
		at += text[at] == '\\' ? escape_length(text[at + 1]) : 1;
		while (is_continued(text, length, at))
			at++;
		characters++;
	}
	return characters;
}

static int64_t whole_length(const struct node_value *value)
{
	if (value->is_cut)
		return (int64_t)value->whole_length;
	return literal_length(value->text, value->length);
}

static int64_t whole_hash(const struct node_value *value)
{
	if (value->is_cut)
		return (int64_t)value->hash;
	return (int64_t)content_hash_add(CONTENT_HASH_START, (const uint8_t *)value->text,
	                                 value->length);
}

static void result_value(struct sql_heap *heap, node_id node, enum column index,
                         sqlite3_context *ret)
{
	struct node_value value;

	if (!sql_heap_value(heap, node, false, &value) || !value.length)
		return;
	if (index == COLUMN_VALUE)
		sqlite3_result_text64(ret, value.text, value.length, SQLITE_TRANSIENT, SQLITE_UTF8);
	else if (index == COLUMN_LENGTH)
		sqlite3_result_int64(ret, whole_length(&value));
	else
		sqlite3_result_int64(ret, whole_hash(&value));
}

static void column(struct sql_heap *heap, uint64_t row, int index, sqlite3_context *ret)
{
	const struct snapshot *snapshot = heap->snapshot;
	node_id node = (node_id)row;

	switch ((enum column)index) {
	case COLUMN_ADDRESS: sql_result_address(ret, snapshot->address[node]); break;
	case COLUMN_TYPE:
		sql_result_text(ret, snapshot_type_name(snapshot, snapshot->type[node]));
		break;
	case COLUMN_SIZE:
		sqlite3_result_int64(ret, (sqlite3_int64)snapshot_size(snapshot, node));
		break;
	case COLUMN_VALUE:
	case COLUMN_LENGTH:
	case COLUMN_HASH: result_value(heap, node, (enum column)index, ret); break;
	}
}

const struct sql_table sql_strings_table = {
	.name = "strings",
	.declaration = "CREATE TABLE strings(address INTEGER, type TEXT, value TEXT, "
		       "length INTEGER, hash INTEGER, size INTEGER)",
	.help = "every str and bytes; the value is cut to a line, length and hash are of all of it",
	.count = count,
	.is_row = is_row,
	.column = column,
};
