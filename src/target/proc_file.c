/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of /proc have no size that stat could tell, so they are read until
 * the end. A limit keeps a broken kernel or a fake /proc from filling memory.
 */
#include "target/proc_file.h"

#include "base/array.h"
#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 65530 mappings, the kernel's default limit, are about 8 MiB of text. */
static const size_t MAX_LENGTH = (size_t)256 << 20;

static int read_all(int fd, char **ret_text, size_t *ret_length)
{
	_cleanup_free_ char *text = NULL;
	size_t capacity = 0;
	size_t length = 0;

	for (;;) {
		ssize_t got;

		if (length > MAX_LENGTH)
			return EFBIG;
		if (!array_reserve(&text, &capacity, length + 4096, 1))
			return ENOMEM;
		got = read(fd, text + length, capacity - length - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno;
		if (got == 0)
			break;
		length += (size_t)got;
	}
	text[length] = '\0';
	*ret_text = take_ptr(text);
	*ret_length = length;
	return 0;
}

static int read_path(const char *path, char **ret_text, size_t *ret_length)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno;
	return read_all(fd, ret_text, ret_length);
}

int proc_file_read(pid_t pid, const char *name, char **ret_text, size_t *ret_length)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return read_path(path, ret_text, ret_length);
}

int proc_file_read_thread(pid_t pid, pid_t tid, const char *name, char **ret_text,
                          size_t *ret_length)
{
	char path[96];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", pid, tid, name);
	return read_path(path, ret_text, ret_length);
}

const char *proc_status_value(const char *status, const char *key)
{
	size_t length = strlen(key);
	const char *line = status;

	while (line) {
		if (strncmp(line, key, length) == 0 && line[length] == ':') {
			line += length + 1;
			return line + strspn(line, " \t");
		}
		line = strchr(line, '\n');
		if (line)
			line++;
	}
	return NULL;
}

bool proc_status_number(const char *status, const char *key, int base, uint64_t *ret)
{
	const char *value = proc_status_value(status, key);
	char *end;
	uint64_t number;

	if (!value)
		return false;
	number = strtoull(value, &end, base);
	if (end == value)
		return false;
	*ret = number;
	return true;
}

bool proc_stat_number(const char *stat, unsigned int field, uint64_t *ret)
{
	const char *text = strrchr(stat, ')');
	char *end;
	uint64_t number;

	/* Behind the name: " S 4 5 ...", of which S is the third. */
	for (unsigned int i = 2; text && i < field; i++)
		text = strchr(text + 1, ' ');
	if (!text)
		return false;
	number = strtoull(text, &end, 10);
	if (end == text)
		return false;
	*ret = number;
	return true;
}

char proc_status_state(const char *status)
{
	const char *value = proc_status_value(status, "State");

	return value && *value ? *value : '?';
}
