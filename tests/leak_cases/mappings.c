/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that the program mapped itself, with the pointers in it. */
#include "leak_cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, MAPPINGS = 7 };

static void **volatile mappings[MAPPINGS];

static void **map(int flags, int file)
{
	void *mapped = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, flags, file, 0);

	if (mapped == MAP_FAILED)
		abort();
	return mapped;
}

static int open_file(void)
{
	FILE *file = tmpfile();

	if (!file || ftruncate(fileno(file), PAGE) != 0)
		abort();
	return fileno(file);
}

static void make_mappings(void)
{
	mappings[0] = map(MAP_PRIVATE | MAP_ANONYMOUS, -1);
	mappings[1] = map(MAP_SHARED | MAP_ANONYMOUS, -1);
	mappings[2] = map(MAP_PRIVATE, open_file());
	mappings[3] = map(MAP_SHARED, open_file());
	mappings[4] = map(MAP_PRIVATE | MAP_ANONYMOUS, -1);
	mappings[5] = map(MAP_PRIVATE | MAP_ANONYMOUS, -1);
	mappings[6] = map(MAP_PRIVATE | MAP_ANONYMOUS, -1);
	for (int i = 0; i < COPIES; i++) {
		mappings[0][i] = block_new(24);
		mappings[1][i] = block_new(40);
		mappings[2][i] = block_new(56);
		mappings[3][i] = block_new(72);
		mappings[4][i] = block_new(88);
		mappings[5][i] = block_new(104);
		mappings[6][i] = block_new(120);
	}
	if (mprotect(mappings[4], PAGE, PROT_READ) != 0 ||
	    mprotect(mappings[5], PAGE, PROT_NONE) != 0 || munmap(mappings[6], PAGE) != 0)
		abort();
}

void leak_case_mappings(void (*look)(void))
{
	in_new_thread(make_mappings);
	look();
}
