/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plumb sql TARGET [QUERY]: runs the query, or those that come in on stdin, one
 * after the other. At a terminal a mistake in one is told and the next is
 * asked for; in a script it ends the program.
 */
#include "base/cleanup.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/source.h"
#include "report/rows_report.h"
#include "sql/sql_session.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FLUSH_BYTES = 64 << 10 };

/* Rows on their way to stdout. */
struct printer {
	struct rows_report report;
	struct layout layout;
	struct text text;
	struct error *error; /* of writing */
};

static bool flush(struct printer *printer)
{
	if (!printer->error && printer->text.length)
		printer->error = output_text(&printer->text);
	text_init(&printer->text);
	return !printer->error;
}

static bool on_begin(void *context, const char *const *names, size_t count)
{
	struct printer *printer = context;

	rows_report_begin(&printer->report, names, count);
	return true;
}

static bool on_row(void *context, const struct sql_cell *cells, size_t count)
{
	static const enum rows_kind kinds[] = {
		[SQL_NULL] = ROWS_NULL, [SQL_INTEGER] = ROWS_INTEGER, [SQL_ADDRESS] = ROWS_ADDRESS,
		[SQL_REAL] = ROWS_REAL, [SQL_TEXT] = ROWS_TEXT,
	};
	struct printer *printer = context;
	_cleanup_free_ struct rows_cell *row = calloc(count + 1, sizeof(*row));

	if (!row) {
		printer->report.is_broken = true;
		return false;
	}
	for (size_t i = 0; i < count; i++)
		row[i] = (struct rows_cell){kinds[cells[i].kind], cells[i].integer, cells[i].real,
		                            cells[i].text};
	rows_report_row(&printer->report, row);
	return printer->text.length < FLUSH_BYTES || flush(printer);
}

static void on_end(void *context)
{
	struct printer *printer = context;

	rows_report_end(&printer->report);
}

static struct error *run_query(struct sql_session *session, struct printer *printer,
                               const char *query)
{
	const struct sql_sink sink = {printer, on_begin, on_row, on_end};
	struct error *error = sql_session_run(session, query, &sink);

	if (!printer->report.is_json)
		flush(printer);
	if (!error)
		error = take_ptr(printer->error);
	if (!error && printer->report.is_broken)
		error = error_no_memory();
	return error;
}

/* At a terminal */

/* The handler of SIGINT has no other way to know what runs. */
static struct sql_session *interruptible;

static void on_interrupt(int number)
{
	(void)number;
	if (interruptible)
		sql_session_interrupt(interruptible);
}

static void catch_interrupts(struct sql_session *session)
{
	struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = SA_RESTART};

	interruptible = session;
	sigaction(SIGINT, session ? &action : &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
}

/* A line that starts with a dot. False: it ends the conversation. */
static bool obey(const char *line)
{
	struct text text;

	text_init(&text);
	if (strncmp(line, ".quit", 5) == 0 || strncmp(line, ".exit", 5) == 0)
		return false;
	if (strncmp(line, ".schema", 7) == 0 || strncmp(line, ".tables", 7) == 0)
		sql_schema(&text);
	else
		text_append(&text, "end a query with ; and see what there is with .schema; .quit "
		                   "ends\n");
	output_error(output_text(&text));
	return true;
}

static void prompt(bool is_first_line)
{
	fputs(is_first_line ? "plumb> " : "   ...> ", stdout);
	fflush(stdout);
}

static void converse(struct sql_session *session, struct printer *printer)
{
	_cleanup_free_ char *line = NULL;
	size_t room = 0;
	struct text query;

	text_init(&query);
	catch_interrupts(session);
	prompt(true);
	while (getline(&line, &room, stdin) > 0) {
		if (!query.length && line[0] == '.') {
			if (!obey(line))
				break;
		} else {
			text_append(&query, line);
		}
		if (query.length && sql_is_complete(text_string(&query))) {
			output_error(run_query(session, printer, text_string(&query)));
			text_clear(&query);
		}
		prompt(!query.length);
	}
	catch_interrupts(NULL);
	text_deinit(&query);
	fputc('\n', stdout);
}

/* All of stdin, as one text. */
static struct error *read_input(struct text *ret)
{
	char bytes[4096];
	ssize_t count;

	while ((count = read(STDIN_FILENO, bytes, sizeof(bytes))) > 0)
		text_append_bytes(ret, bytes, (size_t)count);
	if (count < 0)
		return error_errno(ERROR_IO, errno, "cannot read the query from standard input");
	return ret->is_broken ? error_no_memory() : NULL;
}

static struct error *run_script(struct sql_session *session, struct printer *printer)
{
	struct error *error;
	struct text script;

	text_init(&script);
	error = read_input(&script);
	if (!error)
		error = run_query(session, printer, text_string(&script));
	text_deinit(&script);
	return error;
}

static struct error *answer(const struct options *options, struct sql_session *session,
                            struct printer *printer)
{
	struct error *error = NULL;

	rows_report_init(&printer->report, &printer->layout, options->is_json, &printer->text);
	if (options->word_count == 2)
		error = run_query(session, printer, options->words[1]);
	else if (isatty(STDIN_FILENO) && !options->is_json)
		converse(session, printer);
	else
		error = run_script(session, printer);
	rows_report_finish(&printer->report);
	if (!error && !flush(printer))
		error = take_ptr(printer->error);
	return error;
}

static struct error *ask(const struct options *options, struct source *source)
{
	_cleanup_(cleanup_sql_session) struct sql_session *session = NULL;
	struct value_source values = source_values(source);
	struct printer printer = {.layout = output_layout()};
	struct sql_heap heap;
	struct error *error;

	text_init(&printer.text);
	if (!sql_heap_init(&heap, source_snapshot(source),
	                   source_has_values(source) ? &values : NULL))
		return error_no_memory();
	error = sql_session_open(&heap, &session);
	if (!error)
		error = answer(options, session, &printer);
	rows_report_deinit(&printer.report);
	text_deinit(&printer.text);
	error_free(printer.error);
	/* Its statements look into the heap. */
	sql_session_free(take_ptr(session));
	sql_heap_deinit(&heap);
	return error;
}

struct error *cmd_sql(const struct options *options)
{
	_cleanup_(cleanup_source) struct source *source = NULL;
	struct progress progress;
	struct error *error;

	if (options->word_count < 1 || options->word_count > 2)
		return error_new(ERROR_USAGE, "sql takes a target and a query (plumb sql --help)");
	progress_start(&progress, options->is_json);
	error = source_open(options, options->words[0], true, &progress, &source);
	progress_end(&progress);
	return error ? error : ask(options, source);
}
