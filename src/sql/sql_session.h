/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions in SQL to one heap. The tables are views: nothing is copied into
 * the database, which holds nothing and can reach no file.
 *
 * Besides the tables there are two functions:
 *
 *	path(address)   the way that holds the object: app.cache['k'].user
 *	hex(address)    SQLite's own hex() of a number is of no use here, so it
 *	                gives 0x7f31c0a81f40
 */
#ifndef PLUMB_SQL_SQL_SESSION_H
#define PLUMB_SQL_SQL_SESSION_H

#include "base/error.h"
#include "base/text.h"
#include "sql/sql_heap.h"

struct sql_session;

/* heap is borrowed and outlives the session. */
struct error *sql_session_open(struct sql_heap *heap, struct sql_session **ret);
void sql_session_free(struct sql_session *session);

static inline void cleanup_sql_session(struct sql_session **session)
{
	sql_session_free(*session);
}

enum sql_kind {
	SQL_NULL,
	SQL_INTEGER,
	SQL_ADDRESS, /* an integer of a column of addresses */
	SQL_REAL,
	SQL_TEXT, /* a blob too */
};

struct sql_cell {
	enum sql_kind kind;
	int64_t integer;
	double real;
	const char *text; /* valid until the row is done; terminated */
};

/* Where rows go, one by one. Both may say no (false): then the query ends. */
struct sql_sink {
	void *context;
	/* Before the first row of each statement that gives rows. */
	bool (*begin)(void *context, const char *const *names, size_t count);
	bool (*row)(void *context, const struct sql_cell *cells, size_t count);
	void (*end)(void *context);
};

/*
 * Runs all statements of a text. ERROR_USAGE: what SQLite says of a mistake in
 * it. Ending by the sink is no error.
 */
struct error *sql_session_run(struct sql_session *session, const char *text,
                              const struct sql_sink *sink);

/* Is it a whole statement, ended by a semicolon? For who reads it line by line. */
bool sql_is_complete(const char *text);

/* All tables with their columns, as CREATE TABLE statements with comments. */
void sql_schema(struct text *text);

/* Ends a running query soon; may be called from a signal handler or another thread. */
void sql_session_interrupt(struct sql_session *session);

#endif
