/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pass over the nodes adds each object to the row of its group. The group
 * of a type, a module, a size class or a line is a small dense number (type_id,
 * str_id, the position of the highest bit, analysis/trace_lines.h), so that no
 * hashing is needed.
 */
#include "analysis/heap_table.h"

#include "analysis/native_owners.h"
#include "base/cleanup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 0 for no bytes, otherwise c with 2^(c-1) < size <= 2^c, starting at 16. */
static uint32_t size_class(uint64_t size)
{
	if (size <= 16)
		return size == 0 ? 0 : 4;
	return 64 - (uint32_t)__builtin_clzll(size - 1);
}

static void name_power(char *to, size_t room, uint32_t power)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

	snprintf(to, room, "%u %s", 1u << power % 10, units[power / 10]);
}

/* "64 B to 128 B": over the first, up to the second. */
static void name_size_class(char *name, uint32_t class)
{
	char low[16];
	char high[16];

	if (class == 0) {
		snprintf(name, HEAP_SIZE_NAME_MAX, "0 B");
		return;
	}
	name_power(high, sizeof(high), class < 64 ? class : 63);
	name_power(low, sizeof(low), class - 1);
	if (class == 4)
		snprintf(name, HEAP_SIZE_NAME_MAX, "up to %s", high);
	else if (class == 64)
		snprintf(name, HEAP_SIZE_NAME_MAX, "over %s", low);
	else
		snprintf(name, HEAP_SIZE_NAME_MAX, "%.12s to %.12s", low, high);
}

static size_t group_count(const struct heap_table *table, const struct snapshot *snapshot,
                          enum heap_by by)
{
	switch (by) {
	case HEAP_BY_TYPE: return snapshot->type_count;
	case HEAP_BY_MODULE: return snapshot->string_count;
	case HEAP_BY_SIZE: return HEAP_SIZE_CLASSES;
	case HEAP_BY_LINE: return table->lines->count;
	}
	return 0;
}

static uint32_t group_of(const struct heap_table *table, const struct snapshot *snapshot,
                         enum heap_by by, node_id node, uint64_t size)
{
	switch (by) {
	case HEAP_BY_TYPE: return snapshot->type[node];
	case HEAP_BY_MODULE: return snapshot->types[snapshot->type[node]].module;
	case HEAP_BY_SIZE: return size_class(size);
	case HEAP_BY_LINE: return trace_lines_of(table->lines, snapshot, node);
	}
	return 0;
}

static void name_row(struct heap_table *table, const struct snapshot *snapshot, enum heap_by by,
                     uint32_t group, struct heap_row *row)
{
	switch (by) {
	case HEAP_BY_TYPE:
		row->name = snapshot_type_name(snapshot, group);
		row->address = snapshot->types[group].address;
		break;
	case HEAP_BY_MODULE: row->name = snapshot_string(snapshot, group); break;
	case HEAP_BY_SIZE:
		name_size_class(table->size_names[group], group);
		row->name = table->size_names[group];
		break;
	case HEAP_BY_LINE:
		row->name = table->lines->lines[group].name;
		row->file = table->lines->lines[group].file;
		row->line = table->lines->lines[group].line;
		break;
	}
}

static void add_nodes(struct heap_table *table, const struct snapshot *snapshot, enum heap_by by)
{
	for (node_id node = 0; node < snapshot->node_count; node++) {
		uint64_t size, memory;
		struct heap_row *row;

		if (!snapshot_is_object(snapshot, node))
			continue;
		size = snapshot_size(snapshot, node);
		memory = snapshot_memory(snapshot, node);
		row = &table->rows[group_of(table, snapshot, by, node, size)];
		row->objects++;
		row->bytes += size;
		row->memory += memory;
		table->objects++;
		table->bytes += size;
		table->memory += memory;
	}
}

/* May all objects of one type be in one row? */
static bool is_by_type(enum heap_by by)
{
	return by == HEAP_BY_TYPE || by == HEAP_BY_MODULE;
}

static void add_block(struct heap_table *table, const struct snapshot *snapshot, enum heap_by by,
                      struct native_owner owner, uint64_t memory)
{
	uint32_t group;

	switch (owner.kind) {
	case NATIVE_OWNER_NOBODY: table->native.nobody += memory; return;
	case NATIVE_OWNER_MEMORY: table->native.memory += memory; return;
	case NATIVE_OWNER_OBJECTS: table->native.shared += memory; return;
	case NATIVE_OWNER_TYPE:
	case NATIVE_OWNER_OBJECT: break;
	}
	if (!snapshot_is_object(snapshot, owner.node) ||
	    (owner.kind == NATIVE_OWNER_TYPE && !is_by_type(by))) {
		table->native.shared += memory;
		return;
	}
	group = group_of(table, snapshot, by, owner.node, snapshot_size(snapshot, owner.node));
	table->rows[group].native += memory;
	table->native.owned += memory;
}

static struct error *add_blocks(struct heap_table *table, const struct snapshot *snapshot,
                                enum heap_by by)
{
	_cleanup_(native_owners_deinit) struct native_owners owners = {0};
	struct error *error;

	table->has_native = snapshot_has_edges(snapshot) && snapshot_has_native(snapshot);
	if (!table->has_native)
		return NULL;
	error = native_owners_init(&owners, snapshot);
	if (error)
		return error;
	for (node_id node = 0; node < snapshot->node_count; node++)
		if (native_owners_is_block(&owners, node))
			add_block(table, snapshot, by, native_owners_of(&owners, node),
			          snapshot_memory(snapshot, node));
	return NULL;
}

/* Names the rows that have objects and moves them together. */
static void compact_rows(struct heap_table *table, const struct snapshot *snapshot, enum heap_by by,
                         size_t groups)
{
	for (size_t group = 0; group < groups; group++) {
		struct heap_row row = table->rows[group];

		if (row.objects == 0)
			continue;
		name_row(table, snapshot, by, (uint32_t)group, &row);
		table->rows[table->row_count++] = row;
	}
}

static int compare_names(const void *left, const void *right)
{
	const struct heap_row *a = left;
	const struct heap_row *b = right;
	int by_name = strcmp(a->name, b->name);

	return by_name ? by_name : (a->address > b->address) - (a->address < b->address);
}

static int compare_numbers(uint64_t a, uint64_t b, const void *left, const void *right)
{
	return a == b ? compare_names(left, right) : (a < b) - (a > b);
}

static int compare_memory(const void *left, const void *right)
{
	const struct heap_row *a = left;
	const struct heap_row *b = right;

	return compare_numbers(a->memory + a->native, b->memory + b->native, left, right);
}

static int compare_bytes(const void *left, const void *right)
{
	const struct heap_row *a = left;
	const struct heap_row *b = right;

	return compare_numbers(a->bytes, b->bytes, left, right);
}

static int compare_objects(const void *left, const void *right)
{
	const struct heap_row *a = left;
	const struct heap_row *b = right;

	return compare_numbers(a->objects, b->objects, left, right);
}

static void sort_rows(struct heap_table *table, enum heap_sort sort)
{
	static int (*const compare[])(const void *, const void *) = {
		[HEAP_SORT_MEMORY] = compare_memory,
		[HEAP_SORT_BYTES] = compare_bytes,
		[HEAP_SORT_OBJECTS] = compare_objects,
		[HEAP_SORT_NAME] = compare_names,
	};

	qsort(table->rows, table->row_count, sizeof(*table->rows), compare[sort]);
}

/* Sorted by name, rows of one name are neighbours. */
static void mark_ambiguous(struct heap_table *table)
{
	sort_rows(table, HEAP_SORT_NAME);
	for (size_t i = 1; i < table->row_count; i++)
		if (strcmp(table->rows[i - 1].name, table->rows[i].name) == 0)
			table->rows[i - 1].is_ambiguous = table->rows[i].is_ambiguous = true;
}

struct error *heap_table_make(const struct snapshot *snapshot, enum heap_by by, enum heap_sort sort,
                              struct heap_table **ret)
{
	_cleanup_(cleanup_heap_table) struct heap_table *table = calloc(1, sizeof(*table));
	struct error *error = NULL;
	size_t groups;

	if (!table)
		return error_no_memory();
	if (by == HEAP_BY_LINE)
		error = trace_lines_check(snapshot);
	if (!error && by == HEAP_BY_LINE)
		error = trace_lines_make(snapshot, &table->lines);
	if (error)
		return error;
	groups = group_count(table, snapshot, by);
	table->rows = calloc(groups ? groups : 1, sizeof(*table->rows));
	if (!table->rows)
		return error_no_memory();
	add_nodes(table, snapshot, by);
	error = add_blocks(table, snapshot, by);
	if (error)
		return error;
	compact_rows(table, snapshot, by, groups);
	mark_ambiguous(table);
	sort_rows(table, sort);
	*ret = take_ptr(table);
	return NULL;
}

void heap_table_free(struct heap_table *table)
{
	if (!table)
		return;
	trace_lines_free(table->lines);
	free(table->rows);
	free(table);
}
