/* SPDX-License-Identifier: Apache-2.0 */
/* Variables of a module: of each section that a linker puts them in. */
#include "leak_cases.h"

#include <stdlib.h>
#include <sys/mman.h>

enum { PAGE = 4096 };

void *of_all_modules[COPIES];
static void *initialised[COPIES] = {initialised};
static void *uninitialised[COPIES];
static void *middles[COPIES];
static void *overwritten[COPIES];
static void *closed[PAGE / sizeof(void *)] __attribute__((aligned(PAGE)));

static void **of_a_function(void)
{
	static void *variable[COPIES] = {variable};

	return variable;
}

static void make_globals(void)
{
	for (int i = 0; i < COPIES; i++) {
		of_all_modules[i] = block_new(24);
		initialised[i] = block_new(40);
		uninitialised[i] = block_new(56);
		of_a_function()[i] = block_new(72);
		middles[i] = (char *)block_new(88) + sizeof(void *);
		overwritten[i] = block_new(104);
		overwritten[i] = NULL;
		closed[i] = block_new(120);
	}
}

void leak_case_globals(void (*look)(void))
{
	in_new_thread(make_globals);
	if (mprotect(closed, sizeof(closed), PROT_READ) != 0)
		abort();
	look();
}
