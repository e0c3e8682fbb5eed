/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file is cut into chunks, by its own offsets. Workers fill one each in a
 * buffer: with what of the head, and of which stretches, falls into it. A plain
 * core is written in any order, whatever is not zeros; a compressed one chunk
 * after chunk, every chunk a frame of its own, which together are one stream for
 * whoever reads it (RFC 8878, section 3: "frames are independent").
 *
 * A chunk into which nothing falls is zeros: a hole in the one, and in the other
 * the same short frame every time, which is compressed only once. So the holes
 * of a process cost next to nothing, and our own memory is two chunks a worker.
 */
#include "image/core_dump.h"

#include "base/cleanup.h"
#include "base/page_runs.h"
#include "base/work_queue.h"
#include "image/core_head.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>
#include <zstd.h>

enum {
	PAGE = 4096,
	CHUNK = 1 << 20,
	WORKERS = 4, /* more do not help: the memory and the disk are busy then */
	LEVEL = 1,   /* of zstd: a core is large, and the process waits for its image to go */
};

struct writing {
	struct core_dump *dump;
	struct new_file *file;
	struct text head;
	uint64_t size;
	size_t chunks;
	struct work_queue queue;
	void *zeros; /* the frame of an empty chunk */
	size_t zeros_size;
	struct core_dump_result result;
	struct error *error; /* the first one; under the queue's lock */
	atomic_bool has_failed;
};

struct worker {
	struct writing *writing;
	ZSTD_CCtx *context; /* NULL: plain */
	uint8_t *bytes;     /* CHUNK; then as much as its frame can take */
	uint8_t *frame;
	size_t frame_size;
	uint64_t read;
	uint64_t unreadable;
};

/* Page by page over what cannot be read, which stays zeros and is counted. */
static void read_stretch(struct worker *worker, uint64_t address, uint8_t *buffer, size_t size)
{
	const struct core_dump *dump = worker->writing->dump;
	size_t done = 0;

	while (done < size) {
		size_t skip;

		done += dump->read(dump->reader, address + done, buffer + done, size - done);
		if (done >= size)
			break;
		skip = PAGE - (address + done) % PAGE;
		if (skip > size - done)
			skip = size - done;
		memset(buffer + done, 0, skip);
		worker->unreadable += skip;
		done += skip;
	}
	worker->read += size;
}

/* The first stretch that ends behind this place of the file. */
static size_t find_stretch(const struct core_dump *dump, uint64_t offset)
{
	size_t low = 0;
	size_t high = dump->stretch_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (dump->stretches[middle].file_offset + dump->stretches[middle].size <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Fills in what falls into [start, start + size) of the file. False: nothing does. */
static bool fill_chunk(struct worker *worker, uint64_t start, size_t size)
{
	const struct writing *writing = worker->writing;
	const struct core_dump *dump = writing->dump;
	size_t place = find_stretch(dump, start);
	uint64_t end = start + size;

	if (start >= writing->head.length &&
	    (place == dump->stretch_count || dump->stretches[place].file_offset >= end))
		return false;
	memset(worker->bytes, 0, size);
	if (start < writing->head.length) {
		size_t left = writing->head.length - (size_t)start;

		memcpy(worker->bytes, writing->head.bytes + start, left < size ? left : size);
	}
	for (; place < dump->stretch_count && dump->stretches[place].file_offset < end; place++) {
		const struct dump_stretch *stretch = &dump->stretches[place];
		uint64_t skip = stretch->file_offset < start ? start - stretch->file_offset : 0;
		uint64_t from = stretch->file_offset + skip;
		uint64_t piece = stretch->size - skip < end - from ? stretch->size - skip
		                                                   : end - from;

		read_stretch(worker, stretch->address + skip, worker->bytes + (from - start),
		             (size_t)piece);
	}
	return true;
}

/* A plain core's part; pages of zeros stay holes. */
static struct error *write_pages(const struct worker *worker, uint64_t start, size_t size)
{
	struct error *error = NULL;
	size_t run = 0;

	for (size_t at = 0; !error && page_runs_next(worker->bytes, size, &at, &run); at += run)
		error = new_file_write_at(worker->writing->file, worker->bytes + at, run,
		                          start + at);
	return error;
}

static struct error *compress(struct worker *worker, size_t size)
{
	worker->frame_size = ZSTD_compress2(worker->context, worker->frame,
	                                    ZSTD_compressBound(CHUNK), worker->bytes, size);
	/* There is room enough, so it can only be memory. */
	return ZSTD_isError(worker->frame_size) ? error_no_memory() : NULL;
}

/* The long part, beside the other workers. *ret_is_empty: nothing falls into it. */
static struct error *prepare_chunk(struct worker *worker, uint64_t start, size_t size,
                                   bool *ret_is_empty)
{
	*ret_is_empty = !fill_chunk(worker, start, size);
	if (!worker->context)
		return *ret_is_empty ? NULL : write_pages(worker, start, size);
	if (*ret_is_empty && size == CHUNK)
		return NULL;
	if (*ret_is_empty)
		memset(worker->bytes, 0, size);
	*ret_is_empty = false;
	return compress(worker, size);
}

/* In the order of the chunks, one worker at a time. */
static struct error *commit_chunk(struct worker *worker, size_t chunk, bool is_empty)
{
	struct writing *writing = worker->writing;
	const struct core_dump *dump = writing->dump;

	if (dump->should_stop && dump->should_stop(dump->context))
		return error_new(ERROR_IO, "writing %s was broken off", writing->file->path);
	if (dump->progress)
		dump->progress(dump->context, (double)chunk / (double)writing->chunks);
	if (!worker->context)
		return NULL;
	if (is_empty)
		return new_file_write(writing->file, writing->zeros, writing->zeros_size);
	return new_file_write(writing->file, worker->frame, worker->frame_size);
}

static void work_on_chunk(struct worker *worker, size_t chunk)
{
	struct writing *writing = worker->writing;
	uint64_t start = (uint64_t)chunk * CHUNK;
	size_t size = writing->size - start < CHUNK ? (size_t)(writing->size - start) : CHUNK;
	struct error *error = NULL;
	bool is_empty = true;

	if (!atomic_load(&writing->has_failed))
		error = prepare_chunk(worker, start, size, &is_empty);
	work_queue_begin_commit(&writing->queue, chunk);
	if (!error && !writing->error)
		error = commit_chunk(worker, chunk, is_empty);
	if (error && !writing->error)
		writing->error = take_ptr(error);
	if (writing->error)
		atomic_store(&writing->has_failed, true);
	work_queue_end_commit(&writing->queue);
	error_free(error);
}

static void run_worker(void *context)
{
	struct worker *worker = context;
	struct writing *writing = worker->writing;
	size_t chunk;

	while (work_queue_take(&writing->queue, &chunk))
		work_on_chunk(worker, chunk);
	work_queue_lock(&writing->queue);
	writing->result.memory_bytes += worker->read - worker->unreadable;
	writing->result.unreadable += worker->unreadable;
	work_queue_unlock(&writing->queue);
}

static struct error *worker_init(struct worker *worker, struct writing *writing)
{
	size_t frame = ZSTD_compressBound(CHUNK);

	*worker = (struct worker){.writing = writing, .bytes = calloc(1, CHUNK)};
	if (!worker->bytes)
		return error_no_memory();
	if (!writing->dump->is_compressed)
		return NULL;
	worker->context = ZSTD_createCCtx();
	worker->frame = malloc(frame);
	if (!worker->context || !worker->frame)
		return error_no_memory();
	ZSTD_CCtx_setParameter(worker->context, ZSTD_c_compressionLevel, LEVEL);
	ZSTD_CCtx_setParameter(worker->context, ZSTD_c_checksumFlag, 1);
	return NULL;
}

static void worker_deinit(struct worker *worker)
{
	ZSTD_freeCCtx(worker->context);
	free(worker->bytes);
	free(worker->frame);
}

/* Its buffer is still zeros. */
static struct error *make_zeros(struct worker *worker)
{
	struct writing *writing = worker->writing;
	struct error *error = worker->context ? compress(worker, CHUNK) : NULL;

	if (error || !worker->context)
		return error;
	writing->zeros = malloc(worker->frame_size);
	if (!writing->zeros)
		return error_no_memory();
	writing->zeros_size = worker->frame_size;
	memcpy(writing->zeros, worker->frame, worker->frame_size);
	return NULL;
}

static struct error *run_workers(struct writing *writing)
{
	struct worker workers[WORKERS] = {0};
	void *contexts[WORKERS];
	size_t count = work_threads(WORKERS);
	struct error *error = NULL;

	for (size_t i = 0; !error && i < count; i++) {
		error = worker_init(&workers[i], writing);
		contexts[i] = &workers[i];
	}
	if (!error)
		error = make_zeros(&workers[0]);
	if (!error) {
		work_queue_init(&writing->queue);
		work_queue_reset(&writing->queue, writing->chunks);
		work_run(run_worker, contexts, count);
		work_queue_deinit(&writing->queue);
		error = writing->error;
	}
	for (size_t i = 0; i < count; i++)
		worker_deinit(&workers[i]);
	return error;
}

/* Both are sorted, and every stretch lies in one segment. */
static void place_stretches(struct core_dump *dump)
{
	size_t place = 0;

	for (size_t i = 0; i < dump->stretch_count; i++) {
		struct dump_stretch *stretch = &dump->stretches[i];
		const struct dump_segment *segment;

		while (place < dump->segment_count &&
		       dump->segments[place].address + dump->segments[place].file_size <=
		               stretch->address)
			place++;
		assert(place < dump->segment_count);
		segment = &dump->segments[place];
		assert(stretch->address >= segment->address);
		assert(stretch->size <= segment->address + segment->file_size - stretch->address);
		stretch->file_offset = segment->file_offset + (stretch->address - segment->address);
	}
}

struct error *core_dump_write(struct core_dump *dump, struct new_file *file,
                              struct core_dump_result *ret)
{
	struct writing writing = {.dump = dump, .file = file};
	struct error *error;

	text_init(&writing.head);
	error = core_head_build(dump, &writing.head, &writing.size);
	if (!error) {
		place_stretches(dump);
		writing.result.size = writing.size;
		writing.chunks = (size_t)((writing.size + CHUNK - 1) / CHUNK);
		error = run_workers(&writing);
	}
	if (!error && !dump->is_compressed)
		error = new_file_set_size(file, writing.size);
	free(writing.zeros);
	text_deinit(&writing.head);
	if (!error)
		*ret = writing.result;
	return error;
}
