/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints what src/runtime/glibc_malloc.h and glibc_chunks.h tell of a process
 * that waits, or of a core, as one JSON document:
 *
 *	dump_blocks PID-OR-CORE
 *
 *	{"arenas": [{"address": 1, "mallinfo": {"arena": 2, ...},
 *	             "count": {"used": 3, ...}, "bytes": {...}}, ...],
 *	 "blocks": [[block, usable size, "used", arena], ...], "torn": 0, ...}
 */
#include "base/cleanup.h"
#include "runtime/c_malloc.h"
#include "runtime/glibc_chunks.h"
#include "target/core_target.h"
#include "target/live_target.h"

#include <inttypes.h>
#include <stdio.h>

enum { CACHE_BYTES = 64 << 20 };

static const char *const state_names[GLIBC_STATES] = {
	[GLIBC_USED] = "used",     [GLIBC_ITSELF] = "itself", [GLIBC_CACHED] = "cached",
	[GLIBC_FAST] = "fast",     [GLIBC_FREE] = "free",     [GLIBC_TOP] = "top",
	[GLIBC_MAPPED] = "mapped",
};

struct dump {
	struct glibc_usage *usages; /* of each arena */
	bool is_first;
};

static bool print_block(void *context, const struct glibc_chunk *chunk)
{
	struct dump *dump = context;

	glibc_usage_add(&dump->usages[chunk->arena], chunk);
	printf("%s\n[%" PRIu64 ", %" PRIu64 ", \"%s\", %" PRIu32 "]", dump->is_first ? "" : ",",
	       chunk->block, chunk->usable, state_names[chunk->state], chunk->arena);
	dump->is_first = false;
	return true;
}

static void print_states(const char *name, const uint64_t *values)
{
	printf(", \"%s\": {", name);
	for (int i = 0; i < GLIBC_STATES; i++)
		printf("%s\"%s\": %" PRIu64, i ? ", " : "", state_names[i], values[i]);
	printf("}");
}

static size_t count_stretches(const struct glibc_malloc *glibc, size_t arena)
{
	size_t count = 0;

	for (size_t i = 0; i < glibc->stretch_count; i++)
		count += glibc->stretches[i].arena == arena;
	return count;
}

static void print_arena(const struct glibc_malloc *glibc, size_t number,
                        const struct glibc_usage *usage)
{
	const struct glibc_arena *arena = &glibc->arenas[number];
	struct glibc_mallinfo info;

	glibc_mallinfo(glibc, number, usage, &info);
	printf("%s\n{\"stretches\": %zu, \"address\": %" PRIu64 ", \"top\": %" PRIu64
	       ", \"lock\": %" PRIu32 ", \"attached_threads\": %" PRIu64
	       ", \"system_bytes_max\": %" PRIu64,
	       number ? "," : "", count_stretches(glibc, number), arena->address, arena->top,
	       arena->lock, arena->attached_threads, arena->system_bytes_max);
	printf(", \"mallinfo\": {\"arena\": %" PRIu64 ", \"ordblks\": %" PRIu64
	       ", \"smblks\": %" PRIu64 ", \"hblks\": %" PRIu64 ", \"hblkhd\": %" PRIu64
	       ", \"fsmblks\": %" PRIu64 ", \"uordblks\": %" PRIu64 ", \"fordblks\": %" PRIu64
	       ", \"keepcost\": %" PRIu64 "}",
	       info.arena, info.ordblks, info.smblks, info.hblks, info.hblkhd, info.fsmblks,
	       info.uordblks, info.fordblks, info.keepcost);
	print_states("count", usage->count);
	print_states("bytes", usage->bytes);
	printf("}");
}

/* Is some thread inside malloc, with an arena locked? */
static bool is_locked(const struct glibc_malloc *glibc)
{
	for (size_t i = 0; i < glibc->arena_count; i++)
		if (glibc->arenas[i].lock)
			return true;
	return false;
}

static struct error *print(const struct glibc_malloc *glibc)
{
	_cleanup_free_ struct glibc_usage *usages = calloc(glibc->arena_count, sizeof(*usages));
	struct dump dump = {.usages = usages, .is_first = true};
	struct glibc_visit visit;

	if (!usages)
		return error_no_memory();
	printf("{\"layout\": %u, \"caches\": %zu, \"mapped_bytes\": %" PRIu64
	       ", \"settings\": %s, \"is_locked\": %s, \"blocks\": [",
	       glibc->layout->first, glibc->cache_count, glibc->mapped_bytes,
	       glibc->settings.address ? "true" : "false", is_locked(glibc) ? "true" : "false");
	glibc_chunks_visit(glibc, print_block, &dump, &visit);
	printf("], \"arenas\": [");
	for (size_t i = 0; i < glibc->arena_count; i++)
		print_arena(glibc, i, &usages[i]);
	printf("], \"torn\": %" PRIu64 ", \"torn_bytes\": %" PRIu64 "}\n", glibc->torn + visit.torn,
	       visit.torn_bytes);
	return NULL;
}

static struct error *run(struct target *target)
{
	_cleanup_(window_cache_deinit) struct window_cache memory = {0};
	_cleanup_(cleanup_glibc_malloc) struct glibc_malloc glibc = {0};
	_cleanup_free_ struct mapped_image *images = NULL;
	size_t count = 0;
	struct error *error = window_cache_init(&memory, target, CACHE_BYTES);

	if (!error)
		error = mapped_images_list(&memory, &images, &count);
	if (!error)
		error = glibc_malloc_find(&memory, images, count, &glibc);
	if (!error)
		error = print(&glibc);
	return error;
}

static struct error *run_on(const char *name)
{
	_cleanup_(cleanup_core_target) struct core_target *core = NULL;
	_cleanup_(cleanup_target) struct target *target = NULL;
	const struct core_options options = {0};
	struct error *error;

	if (core_target_is_core(name)) {
		error = core_target_open(name, &options, &core);
		return error ? error : run(core->target);
	}
	error = live_target_open((pid_t)strtol(name, NULL, 10), (pid_t)strtol(name, NULL, 10),
	                         &target);
	return error ? error : run(target);
}

int main(int argc, char **argv)
{
	struct error *error;

	if (argc != 2) {
		fprintf(stderr, "usage: %s PID-OR-CORE\n", argv[0]);
		return 2;
	}
	error = run_on(argv[1]);
	if (!error)
		return 0;
	fprintf(stderr, "%s: %s\n", argv[0], error_message(error));
	error_free(error);
	return 3;
}
