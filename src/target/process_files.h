/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of /proc/PID that plumb cannot do without, with the words for a user
 * when they cannot be had. target/proc_file.h reads what may be missing.
 */
#ifndef PLUMB_TARGET_PROCESS_FILES_H
#define PLUMB_TARGET_PROCESS_FILES_H

#include "base/error.h"

#include <stddef.h>
#include <sys/types.h>

/*
 * Reads /proc/OF/name whole, of process pid: of is itself, a thread of it that
 * lives on, or a picture of it. *ret_text is followed by a NUL that is not
 * counted; the caller frees it. Errors: ERROR_GONE, ERROR_PERMISSION, ERROR_IO, in words
 * of pid.
 */
struct error *process_file_read(pid_t pid, pid_t of, const char *name, char **ret_text,
                                size_t *ret_length);

/* Takes text apart. ERROR_CORRUPT: it contradicts itself. */
typedef struct error *process_file_parser(const char *text, size_t length, void *ret);

/*
 * Reads and parses. The kernel writes a list page by page: one that changes
 * meanwhile may contradict itself, and is read again, a few times.
 */
struct error *process_file_parse(pid_t pid, pid_t of, const char *name, process_file_parser *parse,
                                 void *ret);

#endif
