/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strings of a snapshot while it is built: each distinct sequence of bytes is
 * kept once and has a dense id. All bytes lie in one buffer, each string
 * terminated.
 */
#ifndef PLUMB_SNAPSHOT_STRING_TABLE_H
#define PLUMB_SNAPSHOT_STRING_TABLE_H

#include "base/number_map.h"
#include "snapshot/snapshot.h"

struct string_table {
	char *bytes;
	size_t byte_count;
	size_t byte_capacity;
	uint64_t *start; /* count of them */
	size_t count;
	size_t start_capacity;
	struct number_map ids; /* hash of the bytes -> id */
};

void string_table_init(struct string_table *table);
void string_table_deinit(struct string_table *table);

/* The id of the bytes, new or old. A NUL inside ends the string. False: no memory. */
bool string_table_add(struct string_table *table, const char *bytes, size_t length, str_id *ret);

/* The string of an id. Borrowed until the next string is added. */
const char *string_table_get(const struct string_table *table, str_id string);

#endif
