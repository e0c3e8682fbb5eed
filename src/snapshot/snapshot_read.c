/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From chunks to a graph. The plan says how long each column is; memory is
 * taken; threads unfold the chunks into it, each to its own rows: first all
 * but the edges, then the edges, whose numbers count from the node that they
 * start from. Last the graph is held against its own invariants.
 *
 * Memory: the columns wanted, which the size of the file bounds (see
 * chunk_reader.c), and one chunk for each thread.
 */
#include "snapshot/snapshot_file.h"

#include "base/cleanup.h"
#include "base/work_queue.h"
#include "snapshot/file_facts.h"
#include "snapshot/file_plan.h"
#include "snapshot/snapshot_builder.h"
#include "snapshot/value_cache.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

enum { THREADS = 8, THREAD_BYTES = 4 << 20 };

struct snapshot_file {
	struct chunk_reader reader;
	struct sealed_snapshot *sealed;
	struct value_cache values;
};

/* A chunk to be unfolded. */
struct item {
	const struct file_chunk *chunk;
	const struct file_column *column; /* NULL: strings or facts */
	uint64_t place;                   /* of strings: of their first byte in memory */
};

/* Words of the file that are no column of the graph. */
struct fact_words {
	char *bytes;
	uint64_t *start;
};

/* What the threads share. */
struct reading {
	const struct chunk_reader *reader;
	struct sealed_snapshot *sealed;
	struct fact_words facts;
	struct item *items;
	size_t item_count;
	struct work_queue queue;
	struct error *error; /* of the first item that failed, in the order of the file */
	size_t failed;
};

struct read_worker {
	struct reading *reading;
	struct chunk_buffers buffers;
};

static struct error *decode(struct reading *reading, const struct item *item,
                            const struct buffer *raw)
{
	const struct file_chunk *chunk = item->chunk;
	struct sealed_snapshot *sealed = reading->sealed;
	size_t rows = (size_t)chunk->rows;

	if (chunk->kind == KIND_STRINGS)
		return file_strings_decode(raw, rows, item->place, sealed->string_bytes,
		                           sealed->string_start + chunk->first);
	if (chunk->kind == KIND_FACTS)
		return file_strings_decode(raw, rows, item->place, reading->facts.bytes,
		                           reading->facts.start + chunk->first);
	item->column->decode(sealed, chunk->first, rows, raw->bytes);
	return NULL;
}

static void note_error(struct reading *reading, size_t number, struct error *error)
{
	work_queue_lock(&reading->queue);
	if (!reading->error || number < reading->failed) {
		error_free(reading->error);
		reading->error = error;
		reading->failed = number;
	} else {
		error_free(error);
	}
	work_queue_unlock(&reading->queue);
}

static void run_worker(void *context)
{
	struct read_worker *worker = context;
	struct reading *reading = worker->reading;
	struct error *error = NULL;
	size_t number;

	while (!error && work_queue_take(&reading->queue, &number)) {
		const struct item *item = &reading->items[number];

		error = chunk_reader_read(reading->reader, item->chunk, &worker->buffers);
		if (!error) {
			error = decode(reading, item, &worker->buffers.raw);
			if (error)
				error = chunk_reader_blame(reading->reader, item->chunk, error);
		}
		if (error)
			note_error(reading, number, error);
	}
}

/* A thread costs more than it brings for less than that. */
static size_t threads_for(const struct reading *reading)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < reading->item_count; i++)
		bytes += reading->items[i].chunk->raw_size;
	return work_threads(bytes / THREAD_BYTES < THREADS ? (size_t)(bytes / THREAD_BYTES) + 1
	                                                   : THREADS);
}

static struct error *run_items(struct reading *reading)
{
	struct read_worker workers[THREADS] = {0};
	void *contexts[THREADS];
	size_t threads = threads_for(reading);
	bool is_ready = true;

	for (size_t i = 0; i < threads; i++) {
		contexts[i] = &workers[i];
		workers[i].reading = reading;
		is_ready = chunk_buffers_init(&workers[i].buffers) && is_ready;
	}
	work_queue_init(&reading->queue);
	work_queue_reset(&reading->queue, reading->item_count);
	if (is_ready)
		work_run(run_worker, contexts, threads);
	work_queue_deinit(&reading->queue);
	for (size_t i = 0; i < threads; i++)
		chunk_buffers_deinit(&workers[i].buffers);
	return is_ready ? take_ptr(reading->error) : error_no_memory();
}

/* Which columns the caller wants. */
static bool is_wanted(const struct file_column *column, unsigned int parts)
{
	switch (column->kind) {
	case KIND_ADDRESSES:
	case KIND_REFCOUNTS: return parts & SNAPSHOT_FILE_ADDRESSES;
	case KIND_EDGE_COUNTS:
	case KIND_EDGE_TARGETS:
	case KIND_EDGE_LABELS: return parts & SNAPSHOT_FILE_EDGES;
	case KIND_NODE_TRACES:
	case KIND_TRACES:
	case KIND_TRACE_FRAMES: return parts & SNAPSHOT_FILE_TRACES;
	default: return true;
	}
}

static void add_items(struct reading *reading, unsigned int parts, bool are_edges)
{
	uint64_t string_place = 0;
	uint64_t fact_place = 0;

	reading->item_count = 0;
	for (size_t i = 0; i < reading->reader->chunk_count; i++) {
		const struct file_chunk *chunk = &reading->reader->chunks[i];
		struct item item = {chunk, file_column_of_kind(chunk->kind), 0};
		bool is_edges = item.column && item.column->of == OF_EDGES;
		bool is_words = chunk->kind == KIND_STRINGS || chunk->kind == KIND_FACTS;
		uint64_t *place = chunk->kind == KIND_FACTS ? &fact_place : &string_place;

		if (is_words) {
			item.place = *place;
			*place += file_strings_bytes(chunk->raw_size, chunk->rows);
		}
		if (is_edges == are_edges &&
		    (is_words || (item.column && is_wanted(item.column, parts))))
			reading->items[reading->item_count++] = item;
	}
}

/* Memory. */

static bool new_array(struct sealed_snapshot *sealed, const struct file_column *column,
                      uint64_t rows)
{
	void *array;

	memcpy(&array, (char *)sealed + column->array_at, sizeof(array));
	if (array || (!rows && column->kind == KIND_NODE_TRACES))
		return true;
	/* One more: edge_start has it, and nothing is of no size. */
	array = sealed_column_new((size_t)rows + 1, column->element_size);
	memcpy((char *)sealed + column->array_at, &array, sizeof(array));
	return array;
}

static struct error *take_memory(struct reading *reading, const struct file_plan *plan,
                                 unsigned int parts)
{
	struct sealed_snapshot *sealed = reading->sealed;

	for (size_t i = 0; i < FILE_COLUMN_COUNT; i++) {
		const struct file_column *column = &file_columns[i];

		if (column->of == OF_TOTALS || !is_wanted(column, parts))
			continue;
		if (!new_array(sealed, column, plan->rows[i]))
			return error_no_memory();
	}
	sealed->string_bytes = calloc((size_t)plan->string_bytes + 1, 1);
	sealed->string_start = calloc((size_t)plan->strings + 1, sizeof(*sealed->string_start));
	reading->facts.bytes = calloc((size_t)plan->fact_bytes + 1, 1);
	reading->facts.start = calloc((size_t)plan->fact_words + 1, sizeof(*reading->facts.start));
	reading->items = calloc(reading->reader->chunk_count + 1, sizeof(*reading->items));
	if (!sealed->string_bytes || !sealed->string_start || !reading->facts.bytes ||
	    !reading->facts.start || !reading->items)
		return error_no_memory();
	return NULL;
}

static void show(struct sealed_snapshot *sealed, const struct file_plan *plan, unsigned int parts)
{
	struct snapshot *snapshot = &sealed->snapshot;

	snapshot->node_count = (node_id)plan->nodes;
	snapshot->type_count = (type_id)file_plan_rows(plan, KIND_TYPES);
	snapshot->string_count = (str_id)plan->strings;
	snapshot->root_count = (size_t)file_plan_rows(plan, KIND_ROOTS);
	snapshot->container_count = (size_t)file_plan_rows(plan, KIND_CONTAINERS);
	snapshot->name_count = (size_t)file_plan_rows(plan, KIND_NAMES);
	snapshot->large_count = (size_t)file_plan_rows(plan, KIND_LARGE);
	snapshot->many_count = (size_t)file_plan_rows(plan, KIND_MANY);
	if (parts & SNAPSHOT_FILE_TRACES) {
		snapshot->trace_count = (size_t)file_plan_rows(plan, KIND_TRACES);
		snapshot->frame_count = (size_t)file_plan_rows(plan, KIND_TRACE_FRAMES);
	}
	sealed_show(sealed);
}

/* The steps. */

/* From how many edges each node has to where they start. */
static struct error *sum_edges(const struct reading *reading, const struct file_plan *plan)
{
	uint32_t *start = reading->sealed->edge_start;
	uint64_t sum = 0;

	for (uint64_t node = 0; node < plan->nodes; node++) {
		sum += start[node + 1];
		if (sum > plan->edges)
			break;
		start[node + 1] = (uint32_t)sum;
	}
	if (sum == plan->edges)
		return NULL;
	return error_new(ERROR_CORRUPT,
	                 "%s: column NEDG does not count as many references as there are, %" PRIu64,
	                 reading->reader->path, plan->edges);
}

static struct error *fill(struct reading *reading, const struct file_plan *plan, unsigned int parts)
{
	struct error *error = take_memory(reading, plan, parts);

	if (error)
		return error;
	show(reading->sealed, plan, parts);
	add_items(reading, parts, false);
	error = run_items(reading);
	if (!error && parts & SNAPSHOT_FILE_EDGES) {
		error = sum_edges(reading, plan);
		add_items(reading, parts, true);
		if (!error)
			error = run_items(reading);
	}
	if (error)
		return error;
	error = file_facts_understand((struct string_rows){reading->facts.bytes,
	                                                   reading->facts.start},
	                              (size_t)plan->fact_words, &reading->sealed->snapshot.facts);
	return error ? error_wrap(error, "%s", reading->reader->path) : NULL;
}

static struct error *read_graph(struct snapshot_file *file, unsigned int parts)
{
	struct reading reading = {.reader = &file->reader, .sealed = file->sealed};
	struct file_plan plan;
	struct error *error = file_plan_make(&file->reader, &plan);

	if (error)
		return error;
	if (!(file->reader.flags & FILE_HAS_EDGES))
		parts &= ~(unsigned int)SNAPSHOT_FILE_EDGES;
	error = fill(&reading, &plan, parts);
	free(reading.facts.bytes);
	free(reading.facts.start);
	free(reading.items);
	if (error)
		return error;
	error = snapshot_check(&file->sealed->snapshot);
	return error ? error_wrap(error, "%s", file->reader.path) : NULL;
}

static bool text_of_node(void *context, node_id node, char **ret)
{
	struct snapshot_file *file = context;
	struct node_value value;

	*ret = NULL;
	if (!snapshot_file_value(file, node, &value))
		return !file->values.memory_ran_out;
	*ret = strndup(value.text, value.length);
	return *ret != NULL;
}

/* What is not in the file, but known of it. */
static struct error *finish(struct snapshot_file *file)
{
	struct snapshot *snapshot = &file->sealed->snapshot;

	if (!value_cache_init(&file->values, &file->reader))
		return error_no_memory();
	snapshot->node_text = text_of_node;
	snapshot->node_text_context = file;
	snapshot->facts.file = strdup(file->reader.path);
	return snapshot->facts.file ? NULL : error_no_memory();
}

struct error *snapshot_file_open(const char *path, unsigned int parts, struct snapshot_file **ret)
{
	_cleanup_(cleanup_snapshot_file) struct snapshot_file *file = calloc(1, sizeof(*file));
	struct error *error;

	if (!file)
		return error_no_memory();
	file->sealed = calloc(1, sizeof(*file->sealed));
	if (!file->sealed)
		return error_no_memory();
	error = chunk_reader_open(path, &file->reader);
	if (!error)
		error = read_graph(file, parts);
	if (!error)
		error = finish(file);
	if (error)
		return error;
	*ret = take_ptr(file);
	return NULL;
}

void snapshot_file_free(struct snapshot_file *file)
{
	if (!file)
		return;
	snapshot_free(file->sealed ? &file->sealed->snapshot : NULL);
	value_cache_deinit(&file->values);
	chunk_reader_deinit(&file->reader);
	free(file);
}

const struct snapshot *snapshot_file_snapshot(const struct snapshot_file *file)
{
	return &file->sealed->snapshot;
}

bool snapshot_file_value(struct snapshot_file *file, node_id node, struct node_value *ret)
{
	return value_cache_find(&file->values, node, ret);
}

static void *open_teller(void *context)
{
	const struct snapshot_file *file = context;
	struct value_cache *cache = calloc(1, sizeof(*cache));

	if (cache && value_cache_init(cache, &file->reader))
		return cache;
	free(cache);
	return NULL;
}

static void close_teller(void *teller)
{
	value_cache_deinit(teller);
	free(teller);
}

static bool tell(void *teller, node_id node, bool is_key, struct node_value *ret)
{
	(void)is_key;
	return value_cache_find(teller, node, ret);
}

static bool has_run_out(void *teller)
{
	const struct value_cache *cache = teller;

	return cache->memory_ran_out;
}

struct value_source snapshot_file_values(struct snapshot_file *file)
{
	return (struct value_source){file, open_teller, close_teller, tell, has_run_out};
}

struct snapshot_file_info snapshot_file_info(const struct snapshot_file *file)
{
	return (struct snapshot_file_info){
		.major = file->reader.major,
		.minor = file->reader.minor,
		.size = file->reader.file_size,
		.chunks = file->reader.chunk_count,
		.has_edges = file->reader.flags & FILE_HAS_EDGES,
		.has_values = !(file->reader.flags & FILE_NO_VALUES),
	};
}

struct error *snapshot_file_check(struct snapshot_file *file)
{
	for (size_t i = 0; i < file->reader.chunk_count; i++) {
		const struct file_chunk *chunk = &file->reader.chunks[i];
		struct error *error = chunk_reader_check_head(&file->reader, chunk);

		if (!error && chunk->kind == KIND_VALUES)
			error = value_cache_check(&file->values, chunk);
		else if (!error)
			error = chunk_reader_read(&file->reader, chunk, &file->values.buffers);
		if (error)
			return error;
	}
	return NULL;
}

bool snapshot_file_is_one(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char magic[FILE_MAGIC_SIZE];

	return fd >= 0 && pread(fd, magic, sizeof(magic), 0) == sizeof(magic) &&
	       !memcmp(magic, FILE_MAGIC, sizeof(magic));
}
