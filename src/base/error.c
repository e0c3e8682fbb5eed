/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An error is its kind and its finished message: wrapping joins the texts at
 * once, so there is no chain to walk or free. When even that allocation
 * fails, the static out-of-memory instance takes its place, which error_free
 * leaves alone.
 */
#include "base/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct error {
	enum error_kind kind;
	char *message;
};

static char no_memory_message[] = "out of memory";
static struct error no_memory_instance = {ERROR_MEMORY, no_memory_message};

struct error *error_no_memory(void)
{
	return &no_memory_instance;
}

/* Takes message; NULL means that making it failed. */
static struct error *error_take(enum error_kind kind, char *message)
{
	struct error *error;

	if (!message)
		return error_no_memory();
	error = malloc(sizeof(*error));
	if (!error) {
		free(message);
		return error_no_memory();
	}
	error->kind = kind;
	error->message = message;
	return error;
}

static char *format_message(const char *format, va_list arguments)
	__attribute__((format(printf, 1, 0)));

static char *format_message(const char *format, va_list arguments)
{
	char *message;

	if (vasprintf(&message, format, arguments) < 0)
		return NULL;
	return message;
}

/* "<head>: <tail>"; frees head. */
static char *join_messages(char *head, const char *tail)
{
	char *joined;

	if (!head)
		return NULL;
	if (asprintf(&joined, "%s: %s", head, tail) < 0)
		joined = NULL;
	free(head);
	return joined;
}

struct error *error_new(enum error_kind kind, const char *format, ...)
{
	va_list arguments;
	char *message;

	va_start(arguments, format);
	message = format_message(format, arguments);
	va_end(arguments);
	return error_take(kind, message);
}

struct error *error_errno(enum error_kind kind, int number, const char *format, ...)
{
	char reason[128];
	va_list arguments;
	char *message;

	va_start(arguments, format);
	message = format_message(format, arguments);
	va_end(arguments);
	return error_take(kind, join_messages(message, strerror_r(number, reason, sizeof(reason))));
}

struct error *error_wrap(struct error *cause, const char *format, ...)
{
	struct error *wrapped;
	va_list arguments;
	char *message;

	va_start(arguments, format);
	message = format_message(format, arguments);
	va_end(arguments);
	wrapped = error_take(cause->kind, join_messages(message, cause->message));
	error_free(cause);
	return wrapped;
}

enum error_kind error_kind(const struct error *error)
{
	return error->kind;
}

const char *error_message(const struct error *error)
{
	return error->message;
}

void error_free(struct error *error)
{
	if (!error || error == &no_memory_instance)
		return;
	free(error->message);
	free(error);
}
