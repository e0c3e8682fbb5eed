/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is in the chunks: one entry for each column and table of the graph
 * whose rows are all equally wide, with both directions, so that writer and
 * reader cannot disagree. (Strings, values and facts are of varying length
 * and have files of their own.) Private to this folder.
 */
#ifndef PLUMB_SNAPSHOT_FILE_COLUMNS_H
#define PLUMB_SNAPSHOT_FILE_COLUMNS_H

#include "snapshot/file_format.h"
#include "snapshot/sealed.h"

/* What the rows of a column are. */
enum column_of { OF_NODES, OF_EDGES, OF_TABLE, OF_TOTALS };

struct file_column {
	uint32_t kind;
	uint16_t encoding;
	uint8_t width; /* bytes of a row, in the file */
	uint8_t of;    /* enum column_of */

	size_t array_at;     /* of its array within struct sealed_snapshot; none of the totals */
	size_t element_size; /* of that array */

	void (*encode)(const struct snapshot *snapshot, uint64_t first, size_t rows, uint8_t *to);
	/* The array has room for these rows; that of edges, and edge_start, are complete. */
	void (*decode)(struct sealed_snapshot *sealed, uint64_t first, size_t rows,
	               const uint8_t *from);
};

enum { FILE_COLUMN_COUNT = 19 };
extern const struct file_column file_columns[FILE_COLUMN_COUNT];

/* NULL: the kind is none of them. */
const struct file_column *file_column_of_kind(uint32_t kind);

/* Who does not know it reads the file without: what format 1.0 did not have. */
bool file_column_is_optional(const struct file_column *column);

/* How many rows the snapshot has of it. */
uint64_t file_column_rows(const struct file_column *column, const struct snapshot *snapshot);

#endif
