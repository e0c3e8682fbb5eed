/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A column view of the heap as an SQLite virtual table. A table here says only
 * how many rows there may be, which of them are rows, what stands in a column,
 * and for some columns which rows have a given value; SQLite does the rest,
 * a row at a time.
 */
#ifndef PLUMB_SQL_SQL_TABLE_H
#define PLUMB_SQL_SQL_TABLE_H

#include "sql/sql_heap.h"

#include <sqlite3.h>

enum { SQL_KEYS_MAX = 3 };

/* Some of a table's rows, in ascending order. */
struct sql_rows {
	uint64_t next;
	uint64_t end;         /* exclusive */
	const uint32_t *list; /* rows are list[next] ...; NULL: they are the numbers themselves */
};

/* A column by whose value rows are found without looking at all of them. */
struct sql_key {
	int column;
	double rows; /* how many are expected, for SQLite's planner */
	/* The rows whose column has the value. False: out of memory. */
	bool (*find)(struct sql_heap *heap, int64_t value, struct sql_rows *ret);
};

struct sql_table {
	const char *name;
	const char *declaration; /* CREATE TABLE ..., its columns in the order of their numbers */
	const char *help;        /* one line */
	uint64_t (*count)(const struct sql_heap *heap);
	bool (*is_row)(const struct sql_heap *heap, uint64_t row); /* NULL: all are */
	void (*column)(struct sql_heap *heap, uint64_t row, int column, sqlite3_context *ret);
	struct sql_key keys[SQL_KEYS_MAX];
	size_t key_count;
};

/* All of them, in the order in which they are explained. */
extern const struct sql_table *const sql_tables[];
extern const size_t sql_table_count;

extern const struct sql_table sql_objects_table;
extern const struct sql_table sql_refs_table;
extern const struct sql_table sql_types_table;
extern const struct sql_table sql_strings_table;
extern const struct sql_table sql_roots_table;
extern const struct sql_table sql_modules_table;
extern const struct sql_table sql_threads_table;
extern const struct sql_table sql_frames_table;

/* Makes the tables known to a connection; heap must outlive it. Returns SQLite's code. */
int sql_tables_register(sqlite3 *database, struct sql_heap *heap);

/* An integer column of an address, or NULL for none. */
void sql_result_address(sqlite3_context *ret, uint64_t address);

/* A text that lives as long as the heap. */
void sql_result_text(sqlite3_context *ret, const char *text);

#endif
