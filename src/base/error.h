/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The world's faults: permission, missing files, corrupt input, lack of
 * memory. A function that can meet one returns struct error *, NULL meaning
 * success; the caller owns it and frees it, wraps it or hands it up. The
 * message reads: what failed, on what, why, what to do.
 *
 * Not for our own bugs (assert), nor for the target's mess (enum decode in
 * base/decode.h), which is frequent and costs no allocation.
 */
#ifndef PLUMB_BASE_ERROR_H
#define PLUMB_BASE_ERROR_H

#include <stdarg.h>

/* What the caller may want to tell apart; everything else is in the words. */
enum error_kind {
	ERROR_IO,          /* a system call or a file failed */
	ERROR_MEMORY,      /* plumb itself ran out of memory */
	ERROR_USAGE,       /* the caller asked for something that makes no sense */
	ERROR_NO_TARGET,   /* no such process or file */
	ERROR_GONE,        /* the target ended while it was read */
	ERROR_PERMISSION,  /* the kernel does not let us look */
	ERROR_NOT_PYTHON,  /* it runs, but not CPython */
	ERROR_UNREADY,     /* it cannot be read now (it starts, it is not let run); later it may */
	ERROR_UNSUPPORTED, /* CPython, or a machine, that plumb does not know */
	ERROR_CORRUPT,     /* bytes that contradict their format */
	ERROR_NOT_FOUND,   /* the thing asked for is not in the target */
};

struct error;

/* Makes an error. Never fails: without memory it returns a static instance. */
struct error *error_new(enum error_kind kind, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* As error_new, followed by ": " and the text of errno value number. */
struct error *error_errno(enum error_kind kind, int number, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Takes cause; returns an error of the same kind that reads "<format>: <cause>". */
struct error *error_wrap(struct error *cause, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The static instance for lack of memory. */
struct error *error_no_memory(void);

enum error_kind error_kind(const struct error *error);

/* The whole message, one line, without a final full stop. Borrowed. */
const char *error_message(const struct error *error);

void error_free(struct error *error);

static inline void cleanup_error(struct error **error)
{
	error_free(*error);
}

#endif
