/* SPDX-License-Identifier: Apache-2.0 */
/* What is resident of C's blocks, by the type, the memory or the size that has it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/native_shares.h"
#include "graph.h"

static void point(struct graph *graph, node_id from, node_id to)
{
	graph_edge(graph, from, to, EDGE_CONSERVATIVE, 0);
}

static void check(const struct native_shares *shares, enum native_share_kind kind, const char *name,
                  uint64_t size, uint64_t blocks, uint64_t bytes)
{
	for (size_t i = 0; i < shares->count; i++) {
		const struct native_share *share = &shares->all[i];

		if (share->kind != kind || share->size != size || !share->name != !name ||
		    (name && strcmp(share->name, name) != 0))
			continue;
		assert_int_equal(share->blocks, blocks);
		assert_int_equal(share->bytes, bytes);
		return;
	}
	fail_msg("no share of %s, size %u", name ? name : "-", (unsigned int)size);
}

static void shares_go_by_name_and_lost_ones_by_size(void **state)
{
	struct graph *graph = *state;
	node_id one = graph_object(graph, "app.Order", 48);
	node_id two = graph_object(graph, "app.Order", 48);
	node_id other = graph_object(graph, "app.Item", 48);
	node_id data = graph_memory(graph, "libz.so.1 data");
	node_id stack = graph_stack(graph, "stack of thread 7");
	node_id blocks[8];
	uint64_t memory[8];
	struct snap_absent absent[2];
	struct native_shares shares;
	struct snapshot with_account;

	for (size_t i = 0; i < 8; i++)
		blocks[i] = graph_block(graph, i < 6 ? 100 : 129);
	point(graph, one, blocks[0]);
	point(graph, two, blocks[1]);
	point(graph, one, blocks[2]);
	point(graph, other, blocks[2]);
	point(graph, data, blocks[3]);
	point(graph, data, blocks[4]);
	point(graph, stack, blocks[5]);
	with_account = *graph_seal(graph);
	for (size_t i = 0; i < 8; i++)
		memory[i] = snapshot_memory(&with_account, blocks[i]);
	absent[0] = (struct snap_absent){blocks[1], 40};
	absent[1] = (struct snap_absent){blocks[7], memory[7] + 1}; /* more than it has */
	with_account.account = (struct snap_account){.absent = absent, .absent_count = 2};
	assert_null(native_shares_init(&shares, &with_account));
	assert_int_equal(shares.count, 5);
	check(&shares, NATIVE_SHARE_OWNED, "app.Order", 0, 2, memory[0] + memory[1] - 40);
	check(&shares, NATIVE_SHARE_OWNED, NULL, 0, 1, memory[2]);
	check(&shares, NATIVE_SHARE_MODULE, "libz.so.1 data", 0, 2, memory[3] + memory[4]);
	check(&shares, NATIVE_SHARE_MODULE, "stack of thread 7", 0, 1, memory[5]);
	check(&shares, NATIVE_SHARE_LOST, NULL, 256, 2, memory[6]);
	assert_int_equal(shares.sums[NATIVE_SHARE_OWNED], memory[0] + memory[1] + memory[2] - 40);
	assert_int_equal(shares.sums[NATIVE_SHARE_MODULE], memory[3] + memory[4] + memory[5]);
	assert_int_equal(shares.sums[NATIVE_SHARE_LOST], memory[6]);
	native_shares_deinit(&shares);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(shares_go_by_name_and_lost_ones_by_size,
	                                        graph_set_up, graph_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
