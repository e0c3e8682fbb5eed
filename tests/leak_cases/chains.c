/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The nine ways in which a root R, a block A and a block B can hang together,
 * by pointers to the start (->) or into the middle (?>) of a block.
 */
#include "leak_cases.h"

enum { MIDDLE = 10 }; /* bytes */

static char *roots[9][COPIES];

static void make_chains(void)
{
	for (int i = 0; i < COPIES; i++) {
		char *block;

		roots[0][i] = block_new(24); /* R -> A */

		roots[1][i] = block_new(40); /* R -> A -> B */
		block_link(roots[1][i], 1, block_new(56));

		(void)block_new(72); /* R    B */

		block = block_new(88); /* R    A -> B */
		block_link(block, 1, block_new(104));

		roots[4][i] = (char *)block_new(120) + MIDDLE; /* R ?> A */

		roots[5][i] = block_new(136); /* R -> A ?> B */
		block_link(roots[5][i], 1, (char *)block_new(152) + MIDDLE);

		block = block_new(168); /* R ?> A -> B */
		block_link(block, 1, block_new(184));
		roots[6][i] = block + MIDDLE;

		block = block_new(200); /* R ?> A ?> B */
		block_link(block, 1, (char *)block_new(216) + MIDDLE);
		roots[7][i] = block + MIDDLE;

		block = block_new(232); /* R    A ?> B */
		block_link(block, 1, (char *)block_new(248) + MIDDLE);
	}
}

void leak_case_chains(void (*look)(void))
{
	in_new_thread(make_chains);
	look();
}
