/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A folder with a core and the library that its process had mapped, at BASE:
 *
 *	BASE           its first page, dumped     BASE + 0x3000  variables, dumped
 *	BASE + 0x1000  code, not dumped           BASE + 0x4000  variables, not dumped
 *	BASE + 0x2000  constants, not dumped, whose page is also the first of the variables
 *
 * and at HEAP two pages of memory of its own, one dumped. What was dumped is
 * filled with CORE_FILLER, but for the first page.
 */
#ifndef PLUMB_TESTS_CORE_PLACE_H
#define PLUMB_TESTS_CORE_PLACE_H

#include "core_writer.h"
#include "target/core_target.h"

enum {
	PAGE = 4096,
	BASE = 0x100000,
	HEAP = 0x200000,
	/* The file: a page of headers, a page of code, and a page and a half of the rest. */
	LIBRARY_SIZE = 3 * PAGE + 0x800,
	CORE_FILLER = 0xcc,
};

/* The library's build-id. */
static const char CORE_PLACE_ID[] = "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3";

struct core_place {
	char folder[32];
	char core[64];
	char library[64];
	uint8_t bytes[LIBRARY_SIZE];
	struct core_writer written;
	struct text text;
	struct core_target *open;
};

/* cmocka's setup and teardown: *state is a struct core_place. */
int core_place_make(void **state);
int core_place_remove(void **state);

void core_place_write(const char *path, const void *bytes, size_t size);

#endif
