/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks that lead to each other, and back: rings, trees, and a list. */
#include "leak_cases.h"

enum { LONG = 200, MIDDLE = 16 };

static void *roots[2][COPIES];

static char *pair_new(size_t size, size_t offset)
{
	char *one = block_new(size);
	char *other = block_new(size);

	block_link(one, 1, other + offset);
	block_link(other, 1, one + offset);
	return one;
}

static char *ring_new(size_t size)
{
	char *ring[3] = {block_new(size), block_new(size), block_new(size)};

	for (int i = 0; i < 3; i++)
		block_link(ring[i], 0, ring[(i + 1) % 3]);
	return ring[1];
}

static void make_rings(void)
{
	for (int i = 0; i < COPIES; i++) {
		void *leader = block_new(40);
		void *ring = ring_new(376);

		block_link(leader, 0, ring_new(56));
		block_link(block_new(392), 0, ring);

		(void)pair_new(24, 0);
		(void)pair_new(72, MIDDLE);
		roots[0][i] = pair_new(88, 0);
		roots[1][i] = pair_new(104, 0) + MIDDLE;
	}
}

static void make_selves(void)
{
	for (int i = 0; i < COPIES; i++) {
		char *block = block_new(120); /* leads to itself, */

		block_link(block, 0, block);
		block = block_new(136); /* to its middle, */
		block_link(block, 0, block + MIDDLE);
		block = block_new(152); /* and to itself and another */
		block_link(block, 0, block);
		block_link(block, 1, block_new(168));
	}
}

static void make_trees(void)
{
	for (int i = 0; i < COPIES; i++) {
		void *child = block_new(184); /* comes before its parents */
		void *tree = block_new(200);

		for (int j = 0; j < 2; j++)
			block_link(block_new(216), 0, child);
		for (int j = 0; j < 2; j++) {
			void *branch = block_new(232);

			block_link(tree, j, branch);
			block_link(branch, 0, block_new(248));
			block_link(branch, 1, block_new(248));
		}
	}
}

static void make_list(void)
{
	void *last = block_new(344);

	for (int i = 0; i < LONG; i++) {
		void *next = block_new(360);

		block_link(last, 0, next);
		last = next;
	}
}

static void make_shapes(void)
{
	make_rings();
	make_selves();
	make_trees();
	make_list();
}

void leak_case_shapes(void (*look)(void))
{
	in_new_thread(make_shapes);
	look();
}
