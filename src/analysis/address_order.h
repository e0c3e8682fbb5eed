/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The objects of a snapshot in ascending order of their addresses. Looks at
 * one process at different times number its objects differently, but each has
 * them in this order.
 */
#ifndef PLUMB_ANALYSIS_ADDRESS_ORDER_H
#define PLUMB_ANALYSIS_ADDRESS_ORDER_H

#include "snapshot/snapshot.h"

struct address_order {
	const struct snapshot *snapshot; /* borrowed */
	node_id next;                    /* of those that are in order by themselves ... */
	node_id end;                     /* ... which are the nodes below this one */
	node_id *others;                 /* the rest, sorted */
	size_t next_other;
	size_t other_count;
};

/* Starts before the first object. False: out of memory. */
bool address_order_init(struct address_order *order, const struct snapshot *snapshot);
void address_order_deinit(struct address_order *order);

/* False: that was the last one. */
bool address_order_next(struct address_order *order, node_id *ret);

#endif
