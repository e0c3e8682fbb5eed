/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks of malloc for bench/leaks: as many as are asked for, of 24 to 408
 * bytes, in chains of a hundred whose heads are in an array of this library.
 * Of ten one is lost: nothing points at it. Loaded by ctypes.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

enum { CHAIN = 100, LOST_OF = 10, SIZES = 25 };

struct block {
	struct block *next;
	uint64_t number;
};

static struct block **heads;

static struct block *make_block(uint64_t number)
{
	struct block *block = malloc(24 + number % SIZES * 16);

	if (!block)
		abort();
	block->next = NULL;
	block->number = number;
	return block;
}

/* Returns how many of them are lost. */
uint64_t make_blocks(uint64_t count);

uint64_t make_blocks(uint64_t count)
{
	uint64_t lost = 0;

	heads = calloc(count / CHAIN + 1, sizeof(*heads));
	if (!heads)
		abort();
	for (uint64_t number = 0; number < count; number++) {
		struct block *block = make_block(number);
		struct block **head = &heads[number / CHAIN];

		if (number % LOST_OF == 0) {
			lost++;
			continue;
		}
		block->next = *head;
		*head = block;
	}
	return lost;
}
