/* SPDX-License-Identifier: Apache-2.0 */
/* Lines may end as on any system, and the last one not at all. */
#include "capture/distribution_words.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

bool distribution_field(const char *head, const char *field, char ret[DISTRIBUTION_FIELD_MAX])
{
	size_t length = strlen(field);

	for (const char *line = head; *line && *line != '\n' && *line != '\r';) {
		size_t size = strcspn(line, "\r\n");

		if (size > length && !strncasecmp(line, field, length)) {
			const char *value = line + length + strspn(line + length, " \t");
			size_t left = size - (size_t)(value - line);

			snprintf(ret, DISTRIBUTION_FIELD_MAX, "%.*s",
			         left < DISTRIBUTION_FIELD_MAX ? (int)left : DISTRIBUTION_FIELD_MAX,
			         value);
			return *ret;
		}
		line += size + (line[size] == '\r');
		line += *line == '\n';
	}
	return false;
}

void distribution_normalise(char *name)
{
	char *to = name;

	for (const char *from = name; *from; from++) {
		bool is_mark = strchr("-_.", *from);

		if (is_mark && to > name && to[-1] == '-')
			continue;
		*to++ = is_mark ? '-' : (char)tolower((unsigned char)*from);
	}
	*to = '\0';
}

/* The module that the first part of a path in RECORD is, if it is one: its bytes, or 0. */
static size_t module_of_path(const char *path, size_t length)
{
	size_t first = strcspn(path, "/,\r\n");
	const char *dot = memchr(path, '.', first);

	if (first > length)
		return 0;
	if (path[first] == '/')
		return dot ? 0 : first; /* a folder with a dot is metadata, or ".." */
	if (!dot || !(memmem(dot, first - (size_t)(dot - path), ".py", 3) ||
	              memmem(dot, first - (size_t)(dot - path), ".so", 3)))
		return 0;
	return (size_t)(dot - path);
}

const char *distribution_next_module(const char **line, bool are_paths, size_t *ret_length)
{
	const char *module = *line;
	size_t length = strcspn(module, "\r\n");

	*ret_length = are_paths ? module_of_path(module, length) : strcspn(module, " \t\r\n");
	*line += length;
	*line += strspn(*line, "\r\n");
	return module;
}
