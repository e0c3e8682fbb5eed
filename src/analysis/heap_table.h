/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the heap is made of: objects, summed by type, by the module of their
 * type, by size class, or by the line that allocated them. Only objects count
 * (NODE_IS_OBJECT); threads and running frames, which are nodes too, do not.
 *
 * Two types of one name are two rows; is_ambiguous says that the name alone
 * does not tell them apart and the address should be shown.
 *
 * Where memory of C is in the graph, its blocks count with whom they belong to
 * (analysis/native_owners.h): a block that objects of one group own is in the
 * row of that group.
 */
#ifndef PLUMB_ANALYSIS_HEAP_TABLE_H
#define PLUMB_ANALYSIS_HEAP_TABLE_H

#include "analysis/trace_lines.h"

enum heap_by {
	HEAP_BY_TYPE,
	HEAP_BY_MODULE,
	HEAP_BY_SIZE, /* of sys.getsizeof, in powers of two */
	HEAP_BY_LINE, /* where the target records it */
};

enum heap_sort {
	HEAP_SORT_MEMORY,
	HEAP_SORT_BYTES,
	HEAP_SORT_OBJECTS,
	HEAP_SORT_NAME,
};

struct heap_row {
	const char *name; /* borrowed from the snapshot or the table */
	uint64_t address; /* of the type; 0 in the other groupings */
	const char *file; /* by line alone; borrowed; NULL: not traced */
	uint32_t line;
	bool is_ambiguous;
	uint64_t objects;
	uint64_t bytes;
	uint64_t memory;
	uint64_t native; /* blocks of C that these objects own, in bytes of memory */
};

/* Blocks of C by their owners, in bytes of memory. */
struct heap_native {
	uint64_t owned;  /* in the rows */
	uint64_t shared; /* by objects of several rows */
	uint64_t memory; /* what only memory of C holds: modules, stacks */
	uint64_t nobody; /* what nothing leads to */
};

enum { HEAP_SIZE_CLASSES = 65, HEAP_SIZE_NAME_MAX = 32 };

struct heap_table {
	struct heap_row *rows; /* only those with objects */
	size_t row_count;
	uint64_t objects; /* the sums of the rows */
	uint64_t bytes;
	uint64_t memory;
	bool has_native; /* memory of C is in the graph */
	struct heap_native native;
	struct trace_lines *lines; /* by line alone */
	char size_names[HEAP_SIZE_CLASSES][HEAP_SIZE_NAME_MAX];
};

/*
 * Sorted by memory, what is native counts too. ERROR_NOT_FOUND: by line, of a
 * target that does not record lines.
 */
struct error *heap_table_make(const struct snapshot *snapshot, enum heap_by by, enum heap_sort sort,
                              struct heap_table **ret);
void heap_table_free(struct heap_table *table);

static inline void cleanup_heap_table(struct heap_table **table)
{
	heap_table_free(*table);
}

#endif
