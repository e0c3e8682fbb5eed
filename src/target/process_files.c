/* SPDX-License-Identifier: Apache-2.0 */
/* A process that has ended may still be listed, with empty files, until it is waited for. */
#include "target/process_files.h"

#include "base/cleanup.h"
#include "target/proc_file.h"
#include "target/process_access.h"

#include <errno.h>

enum { PARSE_ATTEMPTS = 5 };

struct error *process_file_read(pid_t pid, pid_t of, const char *name, char **ret_text,
                                size_t *ret_length)
{
	_cleanup_free_ char *text = NULL;
	size_t length;
	int number = proc_file_read(of, name, &text, &length);

	if (number == EACCES || number == EPERM)
		return process_access_error(pid);
	if (number == ENOENT || number == ESRCH || (!number && !length))
		return error_new(ERROR_GONE, "process %d has ended", pid);
	if (number)
		return error_errno(ERROR_IO, number, "cannot read /proc/%d/%s", of, name);
	*ret_text = take_ptr(text);
	*ret_length = length;
	return NULL;
}

static struct error *parse_once(pid_t pid, pid_t of, const char *name, process_file_parser *parse,
                                void *ret)
{
	_cleanup_free_ char *text = NULL;
	size_t length;
	struct error *error = process_file_read(pid, of, name, &text, &length);

	if (error)
		return error;
	error = parse(text, length, ret);
	return error ? error_wrap(error, "process %d", pid) : NULL;
}

struct error *process_file_parse(pid_t pid, pid_t of, const char *name, process_file_parser *parse,
                                 void *ret)
{
	struct error *error = parse_once(pid, of, name, parse, ret);

	for (int i = 1; i < PARSE_ATTEMPTS && error && error_kind(error) == ERROR_CORRUPT; i++) {
		error_free(error);
		error = parse_once(pid, of, name, parse, ret);
	}
	return error;
}
