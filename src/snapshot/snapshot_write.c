/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The graph is cut into jobs, one for each chunk: a few rows of a column, some
 * strings, the values of a range of nodes. Threads take jobs, encode and
 * compress them, and append the chunks to the file in the order of the jobs;
 * so the file is the same for any number of threads, and no thread holds more
 * than one chunk in memory.
 *
 * The first job that fails stops the rest: they are taken, and left undone.
 */
#include "snapshot/snapshot_file.h"

#include "base/bit_set.h"
#include "base/cleanup.h"
#include "base/work_queue.h"
#include "snapshot/chunk_writer.h"
#include "snapshot/file_columns.h"
#include "snapshot/file_facts.h"
#include "snapshot/file_strings.h"
#include "snapshot/value_block.h"
#include "snapshot/zstd_frame.h"

enum { THREADS = 8, THREAD_NODES = 1 << 14 };

struct job {
	const struct file_column *column; /* NULL: by kind */
	uint32_t kind;
	uint32_t rows;
	uint64_t first;
};

/* What the threads share. */
struct writing {
	const struct snapshot *snapshot;
	const struct snapshot_file_options *options;
	struct string_rows strings;
	const struct file_facts *facts;
	struct bit_set keys; /* the nodes that name others; empty without values */
	struct job *jobs;
	size_t job_count, job_capacity;
	struct work_queue queue;
	struct chunk_writer writer;
	struct error *error;
};

/* One thread. */
struct write_worker {
	struct writing *writing;
	ZSTD_CCtx *context;
	struct buffer raw;
	struct buffer packed;
	struct value_collector *values; /* NULL without */
	void *teller;
};

/* The jobs. */

static bool add_job(struct writing *writing, const struct file_column *column, uint32_t kind,
                    uint64_t first, uint64_t rows)
{
	if (!array_reserve(&writing->jobs, &writing->job_capacity, writing->job_count + 1,
	                   sizeof(*writing->jobs)))
		return false;
	writing->jobs[writing->job_count++] = (struct job){column, kind, (uint32_t)rows, first};
	return true;
}

/* Jobs of so many rows each. */
static bool add_even_jobs(struct writing *writing, const struct file_column *column, uint32_t kind,
                          uint64_t total, uint64_t rows)
{
	for (uint64_t first = 0; first < total; first += rows)
		if (!add_job(writing, column, kind, first,
		             total - first < rows ? total - first : rows))
			return false;
	return true;
}

static bool add_string_jobs(struct writing *writing, uint32_t kind, struct string_rows strings,
                            uint64_t total)
{
	uint64_t first = 0;

	while (first < total) {
		size_t rows = file_strings_fit(strings, first, total);

		if (!add_job(writing, NULL, kind, first, rows))
			return false;
		first += rows;
	}
	return true;
}

static bool add_jobs(struct writing *writing)
{
	const struct snapshot *snapshot = writing->snapshot;

	if (!add_string_jobs(writing, KIND_FACTS, file_facts_rows(writing->facts),
	                     writing->facts->count))
		return false;
	if (!add_string_jobs(writing, KIND_STRINGS, writing->strings, snapshot->string_count))
		return false;
	for (size_t i = 0; i < FILE_COLUMN_COUNT; i++) {
		const struct file_column *column = &file_columns[i];

		if (!add_even_jobs(writing, column, column->kind,
		                   file_column_rows(column, snapshot), FILE_ROWS_MAX))
			return false;
	}
	return !writing->options->values ||
	       add_even_jobs(writing, NULL, KIND_VALUES, snapshot->node_count, VALUE_RANGE);
}

static void mark_keys_of(struct writing *writing, node_id node)
{
	const struct snapshot *snapshot = writing->snapshot;

	for (uint32_t i = snapshot->edge_start[node]; i < snapshot->edge_start[node + 1]; i++) {
		node_id key = snap_edge_key(snapshot->edges[i]);

		if (snap_edge_kind(snapshot->edges[i]) == EDGE_VALUE && key != NODE_NONE)
			bit_set_add(&writing->keys, key);
	}
}

/* Which nodes are keys of others; of names alone, those of namespaces. */
static bool mark_keys(struct writing *writing)
{
	const struct snapshot *snapshot = writing->snapshot;
	bool names_only = writing->options->names_only;

	if (!writing->options->values)
		return true;
	if (!bit_set_init(&writing->keys, snapshot->node_count))
		return false;
	for (node_id node = 0; snapshot_has_edges(snapshot) && node < snapshot->node_count; node++)
		if (!names_only || snapshot->flags[node] & NODE_IS_NAMESPACE)
			mark_keys_of(writing, node);
	return true;
}

/* One job. */

static struct error *collect_values(struct write_worker *worker, const struct job *job)
{
	const struct writing *writing = worker->writing;
	const struct value_source *source = writing->options->values;

	value_collector_clear(worker->values);
	for (uint32_t i = 0; i < job->rows; i++) {
		node_id node = (node_id)(job->first + i);
		bool is_key = bit_set_has(&writing->keys, node);
		struct node_value value;

		if (!is_key && writing->options->names_only)
			continue;
		if (source->tell(worker->teller, node, is_key, &value) &&
		    !value_collector_add(worker->values, i, &value))
			return error_no_memory();
	}
	return source->has_run_out(worker->teller) ? error_no_memory() : NULL;
}

static struct error *encode(struct write_worker *worker, const struct job *job)
{
	const struct writing *writing = worker->writing;
	struct error *error;

	switch (job->kind) {
	case KIND_STRINGS:
		return file_strings_encode(writing->strings, job->first, job->rows, &worker->raw);
	case KIND_FACTS:
		return file_strings_encode(file_facts_rows(writing->facts), job->first, job->rows,
		                           &worker->raw);
	case KIND_VALUES:
		error = collect_values(worker, job);
		return error ? error : value_collector_encode(worker->values, &worker->raw);
	default: break;
	}
	if (!buffer_resize(&worker->raw, (size_t)job->rows * job->column->width))
		return error_no_memory();
	job->column->encode(writing->snapshot, job->first, job->rows, worker->raw.bytes);
	return NULL;
}

static struct error *prepare(struct write_worker *worker, const struct job *job,
                             struct file_chunk *ret)
{
	struct error *error = encode(worker, job);
	struct file_chunk chunk = {
		.kind = job->kind,
		.encoding = job->column ? job->column->encoding : ENCODING_PLAIN,
		.flags = CHUNK_IS_ZSTD,
		.first = job->first,
		.rows = job->rows,
	};

	if (!error)
		error = zstd_pack(worker->context, &worker->raw, &worker->packed);
	if (error)
		return error;
	/* Who wants no texts does not need to know how they are kept. */
	if (job->kind == KIND_VALUES || job->kind == KIND_FACTS ||
	    (job->column && file_column_is_optional(job->column)))
		chunk.flags |= CHUNK_IS_OPTIONAL;
	chunk.raw_size = worker->raw.size;
	file_chunk_seal(&chunk, worker->packed.bytes, worker->packed.size);
	*ret = chunk;
	return NULL;
}

/* A range without values needs no chunk. */
static bool is_worth_writing(const struct write_worker *worker, const struct job *job)
{
	return job->kind != KIND_VALUES || worker->values->count;
}

static bool has_failed(struct writing *writing)
{
	bool has_failed;

	work_queue_lock(&writing->queue);
	if (!writing->error && writing->options->should_stop &&
	    writing->options->should_stop(writing->options->context))
		writing->error = error_new(ERROR_IO, "interrupted: nothing was written");
	has_failed = writing->error;
	work_queue_unlock(&writing->queue);
	return has_failed;
}

static void run_worker(void *context)
{
	struct write_worker *worker = context;
	struct writing *writing = worker->writing;
	size_t number;

	while (work_queue_take(&writing->queue, &number)) {
		const struct job *job = &writing->jobs[number];
		struct file_chunk chunk = {0};
		struct error *error = NULL;
		bool is_skipped = has_failed(writing);

		if (!is_skipped)
			error = prepare(worker, job, &chunk);
		work_queue_begin_commit(&writing->queue, number);
		if (!is_skipped && !writing->error && !error && is_worth_writing(worker, job))
			error = chunk_writer_add(&writing->writer, &chunk, &worker->packed);
		if (error && !writing->error)
			writing->error = error;
		else
			error_free(error);
		if (writing->options->progress && !writing->error)
			writing->options->progress(writing->options->context,
			                           (double)number / (double)writing->job_count);
		work_queue_end_commit(&writing->queue);
	}
}

/* All threads, and what is the same for all. */

static bool init_worker(struct write_worker *worker, struct writing *writing)
{
	const struct value_source *source = writing->options->values;

	worker->writing = writing;
	worker->context = ZSTD_createCCtx();
	if (!worker->context)
		return false;
	if (!source)
		return true;
	worker->values = calloc(1, sizeof(*worker->values));
	worker->teller = source->open(source->context);
	return worker->values && worker->teller;
}

static void deinit_worker(struct write_worker *worker)
{
	ZSTD_freeCCtx(worker->context);
	buffer_deinit(&worker->raw);
	buffer_deinit(&worker->packed);
	if (worker->values)
		buffer_deinit(&worker->values->texts);
	free(worker->values);
	if (worker->teller)
		worker->writing->options->values->close(worker->teller);
}

static struct error *run_jobs(struct writing *writing)
{
	struct write_worker workers[THREADS] = {0};
	void *contexts[THREADS];
	node_id worth = writing->snapshot->node_count / THREAD_NODES;
	size_t threads = work_threads(worth < THREADS ? worth + 1 : THREADS);
	struct error *error = NULL;

	for (size_t i = 0; i < threads; i++) {
		contexts[i] = &workers[i];
		if (!init_worker(&workers[i], writing))
			error = error_no_memory();
	}
	work_queue_reset(&writing->queue, writing->job_count);
	if (!error)
		work_run(run_worker, contexts, threads);
	for (size_t i = 0; i < threads; i++)
		deinit_worker(&workers[i]);
	return error ? error : take_ptr(writing->error);
}

static struct error *write_all(struct writing *writing, const char *path, uint64_t *ret_size)
{
	uint32_t flags = 0;
	struct error *error;

	if (!add_jobs(writing) || !mark_keys(writing))
		return error_no_memory();
	if (snapshot_has_edges(writing->snapshot))
		flags |= FILE_HAS_EDGES;
	if (!writing->options->values || writing->options->names_only)
		flags |= FILE_NO_VALUES;
	error = chunk_writer_open(path, flags, &writing->writer);
	if (!error)
		error = run_jobs(writing);
	if (!error)
		error = chunk_writer_finish(&writing->writer);
	if (!error)
		*ret_size = writing->writer.file.size;
	return error;
}

struct error *snapshot_file_write(const struct snapshot *snapshot, const char *path,
                                  const struct snapshot_file_options *options, uint64_t *ret_size)
{
	_cleanup_(file_facts_deinit) struct file_facts facts = {0};
	struct writing writing = {
		.snapshot = snapshot,
		.options = options,
		.strings = {snapshot->string_bytes, snapshot->string_start},
		.facts = &facts,
	};
	struct error *error;

	if (!file_facts_tell(&snapshot->facts, &facts))
		return error_no_memory();
	work_queue_init(&writing.queue);
	error = write_all(&writing, path, ret_size);
	work_queue_deinit(&writing.queue);
	chunk_writer_deinit(&writing.writer);
	free(writing.jobs);
	bit_set_deinit(&writing.keys);
	return error;
}
