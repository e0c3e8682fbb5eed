/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over the chunks, then what must hold between the columns. */
#include "snapshot/file_plan.h"

#include "snapshot/file_strings.h"
#include "snapshot/snapshot_builder.h"

#include <inttypes.h>

uint64_t file_plan_rows(const struct file_plan *plan, uint32_t kind)
{
	return plan->rows[file_column_of_kind(kind) - file_columns];
}

/* The chunk continues what has come to rows so far. */
static struct error *check_first(const struct file_chunk *chunk, uint64_t rows)
{
	if (chunk->first == rows)
		return NULL;
	return error_new(ERROR_CORRUPT, "it should begin with row %" PRIu64, rows);
}

static struct error *check_encoding(const struct file_chunk *chunk, uint16_t encoding)
{
	if (chunk->encoding == encoding)
		return NULL;
	return error_new(ERROR_UNSUPPORTED, "it has encoding %u, this plumb reads %u",
	                 chunk->encoding, encoding);
}

static struct error *add_column(struct file_plan *plan, const struct file_column *column,
                                const struct file_chunk *chunk)
{
	uint64_t *rows = &plan->rows[column - file_columns];
	struct error *error = check_encoding(chunk, column->encoding);

	if (!error)
		error = check_first(chunk, *rows);
	if (!error && chunk->raw_size != chunk->rows * column->width)
		error = error_new(ERROR_CORRUPT,
		                  "%" PRIu64 " rows of %u bytes cannot be %" PRIu64 " bytes",
		                  chunk->rows, column->width, chunk->raw_size);
	if (error)
		return error;
	*rows += chunk->rows;
	return NULL;
}

static struct error *add_strings(uint64_t *rows, uint64_t *bytes, const struct file_chunk *chunk)
{
	struct error *error = check_encoding(chunk, ENCODING_PLAIN);

	if (!error)
		error = check_first(chunk, *rows);
	if (!error && chunk->raw_size < 4 * chunk->rows)
		error = error_new(ERROR_CORRUPT, "%" PRIu64 " bytes cannot be %" PRIu64 " strings",
		                  chunk->raw_size, chunk->rows);
	if (error)
		return error;
	*rows += chunk->rows;
	*bytes += file_strings_bytes(chunk->raw_size, chunk->rows);
	return NULL;
}

static struct error *add_values(struct file_plan *plan, const struct file_chunk *chunk)
{
	if (chunk->first < plan->values_end)
		return error_new(ERROR_CORRUPT, "node %" PRIu64 " has had its values before",
		                 chunk->first);
	plan->values_end = chunk->first + chunk->rows;
	return check_encoding(chunk, ENCODING_PLAIN);
}

static struct error *add_chunk(struct file_plan *plan, const struct file_chunk *chunk)
{
	const struct file_column *column = file_column_of_kind(chunk->kind);

	if (column)
		return add_column(plan, column, chunk);
	if (chunk->kind == KIND_STRINGS)
		return add_strings(&plan->strings, &plan->string_bytes, chunk);
	if (chunk->kind == KIND_FACTS)
		return add_strings(&plan->fact_words, &plan->fact_bytes, chunk);
	if (chunk->kind == KIND_VALUES)
		return add_values(plan, chunk);
	if (chunk->flags & CHUNK_IS_OPTIONAL)
		return NULL;
	return error_new(ERROR_UNSUPPORTED, "this plumb does not know what it is: read the file "
	                                    "with a later one");
}

static struct error *check_column(const struct chunk_reader *reader, const struct file_plan *plan,
                                  const struct file_column *column)
{
	uint64_t rows = plan->rows[column - file_columns];
	uint64_t expected = column->of == OF_NODES ? plan->nodes : plan->edges;

	if (column->kind == KIND_EDGE_COUNTS && !(reader->flags & FILE_HAS_EDGES))
		expected = 0;
	if (column->kind == KIND_NODE_TRACES && !rows)
		return NULL;
	if (column->of == OF_TABLE || column->of == OF_TOTALS || rows == expected)
		return NULL;
	return error_new(ERROR_CORRUPT, "%s: column %s has %" PRIu64 " rows instead of %" PRIu64,
	                 reader->path, file_kind_name(column->kind).letters, rows, expected);
}

static struct error *check_counts(const struct chunk_reader *reader, const struct file_plan *plan)
{
	if (plan->nodes > SNAPSHOT_NODES_MAX || plan->edges > SNAPSHOT_EDGES_MAX)
		return error_new(ERROR_UNSUPPORTED,
		                 "%s has %" PRIu64 " nodes and %" PRIu64
		                 " references, more than plumb can number",
		                 reader->path, plan->nodes, plan->edges);
	if (plan->edges && !(reader->flags & FILE_HAS_EDGES))
		return error_new(ERROR_CORRUPT, "%s: it has references, and says it has none",
		                 reader->path);
	if (plan->strings >= UINT32_MAX || file_plan_rows(plan, KIND_TYPES) >= UINT32_MAX)
		return error_new(ERROR_CORRUPT, "%s: it has too many strings or types",
		                 reader->path);
	if (plan->values_end > plan->nodes)
		return error_new(ERROR_CORRUPT,
		                 "%s: node %" PRIu64 " cannot have a value, there are %" PRIu64,
		                 reader->path, plan->values_end - 1, plan->nodes);
	return NULL;
}

struct error *file_plan_make(const struct chunk_reader *reader, struct file_plan *ret)
{
	struct file_plan plan = {0};
	struct error *error;

	for (size_t i = 0; i < reader->chunk_count; i++) {
		error = add_chunk(&plan, &reader->chunks[i]);
		if (error)
			return chunk_reader_blame(reader, &reader->chunks[i], error);
	}
	plan.nodes = file_plan_rows(&plan, KIND_NODE_TYPES);
	plan.edges = file_plan_rows(&plan, KIND_EDGE_TARGETS);
	error = check_counts(reader, &plan);
	for (size_t i = 0; !error && i < FILE_COLUMN_COUNT; i++)
		error = check_column(reader, &plan, &file_columns[i]);
	if (error)
		return error;
	*ret = plan;
	return NULL;
}
