/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The map holds 64-bit hashes. Two strings with one hash are told apart by
 * their bytes: the second is filed under the next free number, and lookups
 * walk the same way.
 */
#include "snapshot/string_table.h"

#include "base/array.h"

#include <stdlib.h>
#include <string.h>

void string_table_init(struct string_table *table)
{
	*table = (struct string_table){0};
	number_map_init(&table->ids);
}

void string_table_deinit(struct string_table *table)
{
	free(table->bytes);
	free(table->start);
	number_map_deinit(&table->ids);
	string_table_init(table);
}

const char *string_table_get(const struct string_table *table, str_id string)
{
	return string < table->count ? table->bytes + table->start[string] : "";
}

/* FNV-1a; strings are short. Never 0, which the map reserves. */
static uint64_t hash_bytes(const char *bytes, size_t length)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)bytes[i]) * 0x100000001b3ULL;
	return hash ? hash : 1;
}

static bool string_equals(const struct string_table *table, str_id string, const char *bytes,
                          size_t length)
{
	const char *known = string_table_get(table, string);

	/* strncmp stops at the terminator of known, so it cannot overrun. */
	return strncmp(known, bytes, length) == 0 && known[length] == '\0';
}

static bool append_string(struct string_table *table, const char *bytes, size_t length)
{
	if (!array_reserve(&table->start, &table->start_capacity, table->count + 1,
	                   sizeof(*table->start)) ||
	    !array_reserve(&table->bytes, &table->byte_capacity, table->byte_count + length + 1, 1))
		return false;
	table->start[table->count++] = table->byte_count;
	memcpy(table->bytes + table->byte_count, bytes, length);
	table->bytes[table->byte_count + length] = '\0';
	table->byte_count += length + 1;
	return true;
}

bool string_table_add(struct string_table *table, const char *bytes, size_t length, str_id *ret)
{
	uint64_t hash;
	str_id id;

	length = strnlen(bytes, length);
	hash = hash_bytes(bytes, length);
	while (number_map_get(&table->ids, hash, &id)) {
		if (string_equals(table, id, bytes, length)) {
			*ret = id;
			return true;
		}
		hash = hash + 1 ? hash + 1 : 1;
	}
	id = (str_id)table->count;
	if (id == UINT32_MAX || !append_string(table, bytes, length))
		return false;
	if (!number_map_put(&table->ids, hash, id)) {
		table->byte_count = table->start[--table->count];
		return false;
	}
	*ret = id;
	return true;
}
