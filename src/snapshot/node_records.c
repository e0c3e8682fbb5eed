/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sorting is least-significant-digit radix over the bytes of the node: it is
 * linear, stable (so that the last record of a node can win), and does not
 * care whether the records came in order. The usual case, already in order
 * without duplicates, is seen in one pass and costs nothing more.
 */
#include "snapshot/node_records.h"

#include "base/cleanup.h"

#include <string.h>

enum { DIGIT_BITS = 11, DIGIT_VALUES = 1 << DIGIT_BITS };

static node_id record_node(const char *records, size_t index, size_t record_size)
{
	node_id node;

	memcpy(&node, records + index * record_size, sizeof(node));
	return node;
}

static bool is_strictly_sorted(const char *records, size_t count, size_t record_size)
{
	for (size_t i = 1; i < count; i++)
		if (record_node(records, i - 1, record_size) >=
		    record_node(records, i, record_size))
			return false;
	return true;
}

/* Distributes from into to by the digit at shift, keeping the order of equals. */
static void sort_pass(const char *from, char *to, size_t count, size_t record_size,
                      unsigned int shift)
{
	size_t start[DIGIT_VALUES] = {0};
	size_t sum = 0;

	for (size_t i = 0; i < count; i++)
		start[(record_node(from, i, record_size) >> shift) % DIGIT_VALUES]++;
	for (size_t i = 0; i < DIGIT_VALUES; i++) {
		size_t here = start[i];

		start[i] = sum;
		sum += here;
	}
	for (size_t i = 0; i < count; i++) {
		size_t digit = (record_node(from, i, record_size) >> shift) % DIGIT_VALUES;

		memcpy(to + start[digit]++ * record_size, from + i * record_size, record_size);
	}
}

/* Keeps the last of each run of equal nodes; returns how many are left. */
static size_t drop_repeats(char *records, size_t count, size_t record_size)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (i + 1 < count && record_node(records, i, record_size) ==
		                             record_node(records, i + 1, record_size))
			continue;
		memmove(records + kept++ * record_size, records + i * record_size, record_size);
	}
	return kept;
}

bool node_records_sort(void *records, size_t *count, size_t record_size)
{
	_cleanup_free_ char *other = NULL;
	char *from = records;
	char *to;

	if (is_strictly_sorted(records, *count, record_size))
		return true;
	other = reallocarray(NULL, *count, record_size);
	if (!other)
		return false;
	to = other;
	for (unsigned int shift = 0; shift < 32; shift += DIGIT_BITS) {
		char *swap = from;

		sort_pass(from, to, *count, record_size, shift);
		from = to;
		to = swap;
	}
	if (from != (char *)records)
		memcpy(records, from, *count * record_size);
	*count = drop_repeats(records, *count, record_size);
	return true;
}

const void *node_records_find(const void *records, size_t count, size_t record_size, node_id node)
{
	const char *bytes = records;
	size_t low = 0;
	size_t high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		node_id here = record_node(bytes, middle, record_size);

		if (here == node)
			return bytes + middle * record_size;
		if (here < node)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}
