/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Property: of any text, a field is one line that is not empty and fits; a name
 * that was normalised stays as it is when that is done again; and each line names
 * a module that lies within it, in which no part of a path is left.
 */
#include "fuzz_target.h"

#include "capture/distribution_words.h"

#include <stdlib.h>
#include <string.h>

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_field(const char *text, const char *field)
{
	char value[DISTRIBUTION_FIELD_MAX];
	char again[DISTRIBUTION_FIELD_MAX];

	if (!distribution_field(text, field, value))
		return;
	check(*value && strlen(value) < sizeof(value) && !strpbrk(value, "\r\n"));
	distribution_normalise(value);
	memcpy(again, value, sizeof(again));
	distribution_normalise(again);
	check(!strcmp(value, again));
}

static void check_modules(const char *text, bool are_paths)
{
	const char *line = text;

	while (*line) {
		const char *before = line;
		size_t length;
		const char *module = distribution_next_module(&line, are_paths, &length);

		check(line > before && line <= text + strlen(text));
		check(module >= before && module + length <= line);
		check(!memchr(module, '\n', length) && !memchr(module, '\r', length));
		check(!are_paths || !memchr(module, '/', length));
		check(!are_paths || !memchr(module, '.', length));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	check_field(text, "Name:");
	check_field(text, "Version:");
	check_modules(text, false);
	check_modules(text, true);
	free(text);
	return 0;
}
