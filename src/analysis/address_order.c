/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Captures number most nodes by address: only those after the first one that
 * does not ascend are sorted, by radix, and the two rows are merged.
 */
#include "analysis/address_order.h"

#include "base/cleanup.h"

#include <stdlib.h>

enum {
	ADDRESS_BITS = 48, /* of user space; what differs only above keeps its order */
	DIGIT_BITS = 12,
	DIGIT_VALUES = 1 << DIGIT_BITS,
};

static size_t digit_of(const struct snapshot *snapshot, node_id node, unsigned int shift)
{
	return snapshot->address[node] >> shift & (DIGIT_VALUES - 1);
}

static void sort_pass(const struct snapshot *snapshot, const node_id *from, node_id *to,
                      size_t count, unsigned int shift)
{
	size_t start[DIGIT_VALUES] = {0};
	size_t sum = 0;

	for (size_t i = 0; i < count; i++)
		start[digit_of(snapshot, from[i], shift)]++;
	for (size_t i = 0; i < DIGIT_VALUES; i++) {
		size_t here = start[i];

		start[i] = sum;
		sum += here;
	}
	for (size_t i = 0; i < count; i++)
		to[start[digit_of(snapshot, from[i], shift)]++] = from[i];
}

/* An even number of passes: the result is where it was. */
static bool sort_by_address(const struct snapshot *snapshot, node_id *nodes, size_t count)
{
	_cleanup_free_ node_id *swapped = reallocarray(NULL, count + 1, sizeof(*swapped));

	if (!swapped)
		return false;
	for (unsigned int shift = 0; shift < ADDRESS_BITS; shift += 2 * DIGIT_BITS) {
		sort_pass(snapshot, nodes, swapped, count, shift);
		sort_pass(snapshot, swapped, nodes, count, shift + DIGIT_BITS);
	}
	return true;
}

static node_id count_ascending(const struct snapshot *snapshot)
{
	node_id node = 1;

	while (node < snapshot->node_count && snapshot->address[node - 1] < snapshot->address[node])
		node++;
	return node < snapshot->node_count ? node : snapshot->node_count;
}

bool address_order_init(struct address_order *order, const struct snapshot *snapshot)
{
	*order = (struct address_order){.snapshot = snapshot, .end = count_ascending(snapshot)};
	order->others = reallocarray(NULL, (size_t)(snapshot->node_count - order->end) + 1,
	                             sizeof(*order->others));
	if (!order->others)
		return false;
	for (node_id node = order->end; node < snapshot->node_count; node++)
		if (snapshot_is_object(snapshot, node))
			order->others[order->other_count++] = node;
	if (sort_by_address(snapshot, order->others, order->other_count))
		return true;
	address_order_deinit(order);
	return false;
}

void address_order_deinit(struct address_order *order)
{
	free(order->others);
	*order = (struct address_order){0};
}

bool address_order_next(struct address_order *order, node_id *ret)
{
	const struct snapshot *snapshot = order->snapshot;
	bool has_other = order->next_other < order->other_count;

	while (order->next < order->end && !snapshot_is_object(snapshot, order->next))
		order->next++;
	if (order->next == order->end && !has_other)
		return false;
	if (order->next == order->end ||
	    (has_other &&
	     snapshot->address[order->others[order->next_other]] < snapshot->address[order->next]))
		*ret = order->others[order->next_other++];
	else
		*ret = order->next++;
	return true;
}
