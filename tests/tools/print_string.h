/* SPDX-License-Identifier: Apache-2.0 */
/* A text as a JSON string, for tools that print one document of a few members. */
#ifndef PLUMB_TESTS_PRINT_STRING_H
#define PLUMB_TESTS_PRINT_STRING_H

#include <stdio.h>

static inline void print_string(const char *text)
{
	putchar('"');
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c == '"' || *c == '\\')
			printf("\\%c", *c);
		else if (*c < ' ')
			printf("\\u%04x", *c);
		else
			putchar(*c);
	}
	putchar('"');
}

#endif
