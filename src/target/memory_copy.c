/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Only pages that exist are copied (target/resident_pages.h); so a mapping of
 * terabytes takes the room of what was touched of it.
 *
 * The copy is a list of runs, sorted because the mappings are. Their bytes
 * lie in a few large blocks; the first is as large as the process was before
 * it was stopped, and warm. First all runs are planned, then a few threads
 * copy them: finding the pages costs the kernel as much as copying them.
 */
#include "target/memory_copy.h"

#include "base/array.h"
#include "base/cleanup.h"
#include "base/work_queue.h"
#include "target/freeze.h"
#include "target/proc_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
	PAGE = 4096,
	RUN_LIMIT = 1 << 20, /* what one thread copies at once */
	COPIERS = 4,         /* more do not help: the memory is busy then */
};

static const size_t SPARE = (size_t)16 << 20;
static const size_t LATER_BLOCK = (size_t)64 << 20;
static const uint64_t KEEP_EVERY = 100000000; /* nanoseconds */

struct block {
	char *bytes;
	size_t size;
	size_t used;
};

struct run {
	taddr start;
	size_t size;
	char *bytes;
};

struct memory_copy {
	struct block *blocks;
	size_t block_count;
	size_t block_capacity;
	struct run *runs;
	size_t run_count;
	size_t run_capacity;
	struct target *live; /* owned once finished */
	uint64_t room;       /* bytes that blocks may still take */
};

static struct error *add_block(struct memory_copy *copy, size_t size, int flags)
{
	char *bytes;

	if (size > copy->room)
		return error_new(
			ERROR_MEMORY,
			"no room to copy the process: it has more memory than this machine "
			"has left; try --pause=fork or --pause=none");
	if (!array_reserve(&copy->blocks, &copy->block_capacity, copy->block_count + 1,
	                   sizeof(*copy->blocks)))
		return error_no_memory();
	bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (bytes == MAP_FAILED)
		return error_no_memory();
	madvise(bytes, size, MADV_HUGEPAGE);
	if (flags & MAP_POPULATE)
		for (size_t i = 0; i < size; i += PAGE)
			bytes[i] = 0;
	copy->blocks[copy->block_count++] = (struct block){.bytes = bytes, .size = size};
	copy->room -= size;
	return NULL;
}

/* What the machine could give without swapping, in bytes; a guess of the kernel. */
static uint64_t available_memory(void)
{
	char line[128];
	uint64_t kibibytes = UINT64_MAX / 1024;
	FILE *file = fopen("/proc/meminfo", "re");

	if (!file)
		return UINT64_MAX;
	while (fgets(line, sizeof(line), file))
		if (proc_status_number(line, "MemAvailable", 10, &kibibytes))
			break;
	fclose(file);
	return kibibytes * 1024;
}

static uint64_t private_memory(pid_t pid)
{
	_cleanup_free_ char *status = NULL;
	uint64_t resident = 0;
	uint64_t swapped = 0;
	size_t length;

	if (proc_file_read(pid, "status", &status, &length) != 0)
		return 0;
	proc_status_number(status, "RssAnon", 10, &resident);
	proc_status_number(status, "VmSwap", 10, &swapped);
	return (resident + swapped) * 1024;
}

struct error *memory_copy_new(pid_t pid, struct memory_copy **ret)
{
	_cleanup_(cleanup_memory_copy) struct memory_copy *copy = calloc(1, sizeof(*copy));
	uint64_t needed = private_memory(pid) + SPARE;
	struct error *error;

	if (!copy)
		return error_no_memory();
	copy->room = available_memory();
	if (needed > copy->room)
		return error_new(ERROR_MEMORY,
		                 "no room to copy process %d: it takes %llu MiB, and this machine "
		                 "has %llu MiB left; try --pause=fork or --pause=none",
		                 pid, (unsigned long long)needed >> 20,
		                 (unsigned long long)copy->room >> 20);
	error = add_block(copy, (size_t)needed, MAP_POPULATE);
	if (error)
		return error;
	*ret = take_ptr(copy);
	return NULL;
}

void memory_copy_free(struct memory_copy *copy)
{
	if (!copy)
		return;
	for (size_t i = 0; i < copy->block_count; i++)
		munmap(copy->blocks[i].bytes, copy->blocks[i].size);
	target_free(copy->live);
	free(copy->blocks);
	free(copy->runs);
	free(copy);
}

/* Plans to copy what fits into the last block, at most RUN_LIMIT; *ret_size says how much. */
static struct error *plan_run(struct memory_copy *copy, taddr start, size_t size, size_t *ret_size)
{
	struct block *block = &copy->blocks[copy->block_count - 1];

	if (size > block->size - block->used)
		size = block->size - block->used;
	if (size > RUN_LIMIT)
		size = RUN_LIMIT;
	if (!array_reserve(&copy->runs, &copy->run_capacity, copy->run_count + 1,
	                   sizeof(*copy->runs)))
		return error_no_memory();
	copy->runs[copy->run_count++] = (struct run){
		.start = start,
		.size = size,
		.bytes = block->bytes + block->used,
	};
	block->used += size;
	*ret_size = size;
	return NULL;
}

static struct error *plan_range(struct memory_copy *copy, taddr start, uint64_t size)
{
	while (size) {
		const struct block *block = &copy->blocks[copy->block_count - 1];
		struct error *error = NULL;
		size_t done = 0;

		if (block->used == block->size)
			error = add_block(copy, LATER_BLOCK, 0);
		if (!error)
			error = plan_run(copy, start, size, &done);
		if (error)
			return error;
		start += done;
		size -= done;
	}
	return NULL;
}

/* The work while the process is stopped; of the copying threads only the first calls keep. */
struct copying {
	struct memory_copy *copy;
	struct target *live;
	struct work_queue queue;
	struct error *(*keep)(void *context);
	void *context;
	uint64_t kept_at;
	struct error *error;
};

static struct error *keep_if_due(struct copying *copying)
{
	if (freeze_clock() - copying->kept_at < KEEP_EVERY)
		return NULL;
	copying->kept_at = freeze_clock();
	return copying->keep(copying->context);
}

/* resident_pages_visitor */
static struct error *plan_stretch(void *context, taddr start, uint64_t size)
{
	struct copying *copying = context;
	struct error *error = keep_if_due(copying);

	return error ? error : plan_range(copying->copy, start, size);
}

static void cleanup_resident_pages(struct resident_pages *pages)
{
	resident_pages_deinit(pages);
}

bool memory_copy_holds(const struct target_region *region)
{
	return region->is_readable && region->is_writable && !region->is_shared;
}

static struct error *plan_all(struct copying *copying, pid_t pid)
{
	_cleanup_(cleanup_resident_pages) struct resident_pages pages;
	size_t count;
	const struct target_region *regions = target_regions(copying->live, &count);
	struct error *error = NULL;

	resident_pages_init(&pages, pid);
	for (size_t i = 0; !error && i < count; i++) {
		const struct target_region *region = &regions[i];

		if (memory_copy_holds(region))
			error = resident_pages_visit(&pages, region->start, region->end,
			                             plan_stretch, copying);
	}
	return error;
}

/*
 * The pages are there, so a run is read whole. Should one be unreadable all
 * the same (broken memory), what is behind it is left to the live process.
 */
static void copy_run(struct copying *copying, size_t chunk)
{
	struct run *run = &copying->copy->runs[chunk];

	run->size = target_read_some(copying->live, run->start, run->bytes, run->size);
}

static void copy_runs(void *context)
{
	struct copying *copying = context;
	size_t chunk;

	while (work_queue_take(&copying->queue, &chunk))
		copy_run(copying, chunk);
}

static void copy_runs_and_keep(void *context)
{
	struct copying *copying = context;
	size_t chunk;

	while (!copying->error && work_queue_take(&copying->queue, &chunk)) {
		copy_run(copying, chunk);
		copying->error = keep_if_due(copying);
	}
}

struct copier {
	struct copying *copying;
	void (*work)(void *context);
};

static void run_copier(void *context)
{
	struct copier *copier = context;

	copier->work(copier->copying);
}

static struct error *copy_in_parallel(struct copying *copying)
{
	struct copier first = {copying, copy_runs_and_keep};
	struct copier other = {copying, copy_runs};
	void *contexts[COPIERS] = {&first};

	for (size_t i = 1; i < COPIERS; i++)
		contexts[i] = &other;
	work_queue_init(&copying->queue);
	work_queue_reset(&copying->queue, copying->copy->run_count);
	work_run(run_copier, contexts, work_threads(COPIERS));
	work_queue_deinit(&copying->queue);
	return copying->error;
}

struct error *memory_copy_fill(struct memory_copy *copy, pid_t pid, struct target *live,
                               struct error *(*keep)(void *context), void *context)
{
	struct copying copying = {
		.copy = copy,
		.live = live,
		.keep = keep,
		.context = context,
		.kept_at = freeze_clock(),
	};
	struct error *error = plan_all(&copying, pid);

	return error ? error : copy_in_parallel(&copying);
}

/* The first run that ends behind address, or run_count. */
static size_t find_run(const struct memory_copy *copy, taddr address)
{
	size_t low = 0;
	size_t high = copy->run_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (copy->runs[middle].start + copy->runs[middle].size <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct error *memory_copy_visit(const struct memory_copy *copy, taddr start, taddr end,
                                resident_pages_visitor *visit, void *context)
{
	struct error *error = NULL;

	for (size_t i = find_run(copy, start); !error && i < copy->run_count; i++) {
		const struct run *run = &copy->runs[i];
		taddr first = run->start > start ? run->start : start;
		taddr last = run->start + run->size < end ? run->start + run->size : end;

		if (run->start >= end)
			break;
		error = visit(context, first, last - first);
	}
	return error;
}

static size_t copy_read(void *self, taddr address, void *buffer, size_t size)
{
	const struct memory_copy *copy = self;
	size_t place = find_run(copy, address);
	size_t done = 0;

	while (done < size) {
		const struct run *run = place < copy->run_count ? &copy->runs[place] : NULL;
		taddr here = address + done;
		uint64_t piece = size - done;
		size_t got;

		if (run && run->start <= here) {
			if (piece > run->start + run->size - here)
				piece = run->start + run->size - here;
			memcpy((char *)buffer + done, run->bytes + (here - run->start), piece);
			place++;
			done += piece;
			continue;
		}
		if (run && piece > run->start - here)
			piece = run->start - here;
		got = target_read_some(copy->live, here, (char *)buffer + done, piece);
		done += got;
		if (got < piece)
			break;
	}
	return done;
}

static struct error *copy_open_file(void *self, const struct target_region *region, int *ret_fd)
{
	const struct memory_copy *copy = self;

	return target_open_file(copy->live, region, ret_fd);
}

static void copy_free(void *self)
{
	memory_copy_free(self);
}

static const struct target_operations copy_operations = {
	.read = copy_read,
	.open_file = copy_open_file,
	.free = copy_free,
};

struct error *memory_copy_finish(struct memory_copy *copy, struct target *live, struct target **ret)
{
	size_t count;
	const struct target_region *regions = target_regions(live, &count);
	struct target_region *own = calloc(count + 1, sizeof(*own));

	copy->live = live;
	if (!own) {
		memory_copy_free(copy);
		return error_no_memory();
	}
	/* The paths stay those of live, which lives as long as the copy. */
	if (count)
		memcpy(own, regions, count * sizeof(*own));
	return target_new(&copy_operations, copy, own, count, NULL, ret);
}
