/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What malloc's relatives give out and take back; blocks with a mapping of their
 * own, at addresses that were not in use before: words lead to such as were.
 */
#include "leak_cases.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { LARGE = 3 << 16 };

static void *volatile held[8];
static char *volatile middle;

static void *sure(void *block)
{
	if (!block)
		abort();
	return block;
}

static void *aligned_new(size_t alignment, size_t size)
{
	void *block = NULL;

	if (posix_memalign(&block, alignment, size) != 0)
		abort();
	return memset(block, 0, size);
}

static char *reserve(size_t size)
{
	void *mapped =
		mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return mapped == MAP_FAILED ? NULL : mapped;
}

/* The kernel maps below what is mapped, where no hole is large enough: closes the holes. */
static void use_new_addresses(void)
{
	enum { SMALLEST = 64 << 10, LARGEST = 256 << 20, HOLES_MAX = 64 };
	const char *below = reserve((size_t)4 * LARGEST);

	for (size_t size = LARGEST; below && size >= SMALLEST; size /= 4)
		for (int left = HOLES_MAX; left && reserve(size) > below; left--)
			;
}

static void make_blocks(void)
{
	for (int i = 0; i < COPIES; i++) {
		(void)sure(malloc(0));
		(void)sure(calloc(0, 8));
		(void)sure(calloc(5, 8)); /* 40 */
		(void)sure(strdup("a text of 56 bytes, its end included; nobody has it now"));
		(void)sure(realloc(block_new(888), 72));
		(void)sure(realloc(NULL, 88));
	}
	held[0] = aligned_new(64, 392);
	(void)aligned_new(64, 456);
	held[1] = memset(sure(memalign(4096, 520)), 0, 520);
	(void)memset(sure(memalign(4096, 584)), 0, 584);
	held[2] = memset(sure(aligned_alloc(32, 640)), 0, 640);
	(void)memset(sure(aligned_alloc(32, 704)), 0, 704);

	(void)mallopt(M_MMAP_THRESHOLD, LARGE / 2);
	(void)block_new(LARGE);
	(void)aligned_new(65536, 2 * LARGE);
	held[3] = block_new(4 * LARGE);
	middle = (char *)block_new(8 * LARGE) + 3 * LARGE;
	held[4] = aligned_new(65536, 16 * LARGE);
}

static void make_and_free(void)
{
	void *blocks[COPIES];

	for (int i = 0; i < COPIES; i++)
		blocks[i] = block_new(920);
	for (int i = 0; i < COPIES; i++)
		free(blocks[i]);
}

static void make_all(void)
{
	use_new_addresses();
	make_blocks();
	make_and_free();
}

void leak_case_blocks(void (*look)(void))
{
	in_new_thread(make_all);
	look();
}
