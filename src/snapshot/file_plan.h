/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a file's directory promises, held against the rules before anything is
 * allocated: how many rows each column has, that its chunks follow each other
 * without gap, that widths and encodings are known. Private to this folder.
 */
#ifndef PLUMB_SNAPSHOT_FILE_PLAN_H
#define PLUMB_SNAPSHOT_FILE_PLAN_H

#include "snapshot/chunk_reader.h"
#include "snapshot/file_columns.h"

struct file_plan {
	uint64_t rows[FILE_COLUMN_COUNT]; /* of file_columns */
	uint64_t nodes;
	uint64_t edges;
	uint64_t strings;
	uint64_t string_bytes; /* in memory */
	uint64_t fact_words;
	uint64_t fact_bytes;
	uint64_t values_end; /* behind the last node that a chunk of values is of */
};

/* How many rows the column of that kind has. */
uint64_t file_plan_rows(const struct file_plan *plan, uint32_t kind);

/* ERROR_CORRUPT, or ERROR_UNSUPPORTED for what a later version may have. */
struct error *file_plan_make(const struct chunk_reader *reader, struct file_plan *ret);

#endif
