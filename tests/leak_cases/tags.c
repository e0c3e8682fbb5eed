/* SPDX-License-Identifier: Apache-2.0 */
/* Words from which a program can make the address of a block, and a tool cannot or may not. */
#include "leak_cases.h"

#include <string.h>

enum { WORDS = 9 };

static volatile uint64_t words[WORDS][COPIES];

static struct {
	char before;
	char pointers[COPIES * sizeof(void *)];
} __attribute__((packed)) unaligned;

static void make_tagged(void)
{
	for (int i = 0; i < COPIES; i++) {
		const void *block;

		words[0][i] = (uintptr_t)block_new(24) | 1;
		words[1][i] = (uintptr_t)block_new(40) | 7;
		words[2][i] = (uintptr_t)block_new(56) | UINT64_C(1) << 63;
		words[3][i] = (uintptr_t)block_new(72) | UINT64_C(1) << 48;
		words[4][i] = ~(uintptr_t)block_new(88);
		block = block_new(104);
		words[5][i] = (uintptr_t)block << 32 | (uintptr_t)block >> 32;
		words[6][i] = (uintptr_t)block_new(120) - 8;
		words[7][i] = (uintptr_t)block_new(136) + 136;
		words[8][i] = (uintptr_t)block_new(152) + 151;
		block = block_new(168);
		memcpy(unaligned.pointers + i * sizeof(block), &block, sizeof(block));
	}
}

void leak_case_tags(void (*look)(void))
{
	in_new_thread(make_tagged);
	look();
}
