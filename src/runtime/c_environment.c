/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that refers to `environ` may have a copy of its own, which the
 * C library then uses as well (a copy relocation): whoever defines the symbol
 * and is not empty has the right words, since both are set when the other is.
 */
#include "runtime/c_environment.h"

#include <string.h>

enum { VARIABLES_MAX = 4096, VARIABLE_MAX = 4096 };

/* The value of `environ` in the target; 0: not found. */
static taddr find_environment(struct window_cache *memory, const struct mapped_image *images,
                              size_t count)
{
	for (size_t i = 0; i < count; i++) {
		taddr symbol;
		taddr words;

		if (mapped_image_symbol(memory, &images[i], "environ", &symbol) &&
		    window_cache_u64(memory, symbol, &words) && words)
			return words;
	}
	return 0;
}

bool c_environment_visit(struct window_cache *memory, const struct mapped_image *images,
                         size_t count,
                         void (*tell)(void *context, const char *name, const char *value),
                         void *context)
{
	taddr words = find_environment(memory, images, count);
	char variable[VARIABLE_MAX];
	taddr word;

	if (!words)
		return false;
	for (size_t i = 0; i < VARIABLES_MAX; i++) {
		char *equals;

		if (!window_cache_u64(memory, words + i * sizeof(word), &word) || !word)
			break;
		if (!window_cache_string(memory, word, variable, sizeof(variable)))
			continue;
		equals = strchr(variable, '=');
		if (!equals)
			continue;
		*equals = '\0';
		tell(context, variable, equals + 1);
	}
	return true;
}
