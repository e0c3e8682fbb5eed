/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both what is known and the table of the next graph are sorted by name, and
 * merged like two halves of a list.
 */
#include "analysis/diff_lines.h"

#include "base/cleanup.h"

#include <stdlib.h>
#include <string.h>

static void free_lines(struct diff_line *lines, size_t count)
{
	for (size_t i = 0; lines && i < count; i++) {
		free(lines[i].name);
		free(lines[i].file);
	}
	free(lines);
}

void diff_lines_deinit(struct diff_lines *lines)
{
	free_lines(lines->lines, lines->count);
	*lines = (struct diff_lines){0};
}

static bool name_line(struct diff_line *line, const struct heap_row *row)
{
	line->name = strdup(row->name);
	line->file = row->file ? strdup(row->file) : NULL;
	line->line = row->line;
	return line->name && (line->file || !row->file);
}

/* Adds all rows of one name, which are neighbours; moves *next behind them. */
static void add_rows(struct diff_line *line, const struct heap_table *table, unsigned int graph,
                     size_t *next)
{
	while (*next < table->row_count && strcmp(table->rows[*next].name, line->name) == 0) {
		line->objects[graph] += table->rows[*next].objects;
		line->bytes[graph] += table->rows[*next].bytes;
		++*next;
	}
}

/* merged has room for both. False: out of memory; what was taken over has left lines. */
static bool merge(struct diff_lines *lines, const struct heap_table *table,
                  struct diff_line *merged, size_t *ret_count)
{
	size_t known = 0;
	size_t next = 0;

	while (known < lines->count || next < table->row_count) {
		struct diff_line *line = &merged[(*ret_count)++];
		int order = known == lines->count ? 1
		            : next == table->row_count
		                    ? -1
		                    : strcmp(lines->lines[known].name, table->rows[next].name);

		if (order <= 0) {
			*line = lines->lines[known];
			lines->lines[known++] = (struct diff_line){0};
		} else if (!name_line(line, &table->rows[next])) {
			return false;
		}
		add_rows(line, table, lines->graphs, &next);
	}
	return true;
}

struct error *diff_lines_add(struct diff_lines *lines, const struct snapshot *snapshot)
{
	_cleanup_(cleanup_heap_table) struct heap_table *table = NULL;
	struct error *error = heap_table_make(snapshot, HEAP_BY_LINE, HEAP_SORT_NAME, &table);
	struct diff_line *merged;
	size_t count = 0;
	bool is_merged;

	if (error)
		return error;
	merged = calloc(lines->count + table->row_count + 1, sizeof(*merged));
	if (!merged)
		return error_no_memory();
	is_merged = merge(lines, table, merged, &count);
	free_lines(lines->lines, lines->count);
	lines->lines = merged;
	lines->count = count;
	lines->graphs++;
	return is_merged ? NULL : error_no_memory();
}

static bool is_told(const struct diff_line *line, unsigned int graphs)
{
	bool more_objects = true;
	bool more_bytes = true;

	if (graphs == 2)
		return line->objects[0] != line->objects[1] || line->bytes[0] != line->bytes[1];
	for (unsigned int i = 1; i < graphs; i++) {
		more_objects &= line->objects[i] > line->objects[i - 1];
		more_bytes &= line->bytes[i] > line->bytes[i - 1];
	}
	return more_objects || more_bytes;
}

static int compare_growth(const void *left, const void *right, void *context)
{
	const struct diff_line *a = left;
	const struct diff_line *b = right;
	unsigned int last = *(const unsigned int *)context - 1;
	int64_t by_a = (int64_t)(a->bytes[last] - a->bytes[0]);
	int64_t by_b = (int64_t)(b->bytes[last] - b->bytes[0]);

	if (by_a != by_b)
		return by_a < by_b ? 1 : -1;
	return strcmp(a->name, b->name);
}

void diff_lines_finish(struct diff_lines *lines)
{
	size_t kept = 0;

	for (size_t i = 0; i < lines->count; i++) {
		struct diff_line line = lines->lines[i];

		if (is_told(&line, lines->graphs)) {
			lines->lines[kept++] = line;
		} else {
			free(line.name);
			free(line.file);
		}
	}
	lines->count = kept;
	if (kept)
		qsort_r(lines->lines, kept, sizeof(*lines->lines), compare_growth, &lines->graphs);
}
