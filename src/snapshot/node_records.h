/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Side tables of the snapshot: records that only some nodes have. Each starts
 * with its node_id; a table is sorted by it and names a node at most once, so
 * that a lookup is a binary search.
 */
#ifndef PLUMB_SNAPSHOT_NODE_RECORDS_H
#define PLUMB_SNAPSHOT_NODE_RECORDS_H

#include "snapshot/snapshot.h"

/*
 * Sorts count records of record_size bytes and keeps the last one of each
 * node. Returns false when memory ran out; otherwise *count is what is left.
 */
bool node_records_sort(void *records, size_t *count, size_t record_size);

/* The record of node, or NULL. */
const void *node_records_find(const void *records, size_t count, size_t record_size, node_id node);

#endif
