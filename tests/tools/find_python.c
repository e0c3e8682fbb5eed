/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints what python_find says of a process, as one JSON document, for the
 * tests of runtime/python.h:
 *
 *	find_python PID
 *
 * The process is not stopped: tests look at one that waits. Next to struct
 * python itself it says what follows from it: how long the collector's lists
 * are, how many arenas are in use, how many threads each interpreter has.
 * What cannot be found is {"error": MESSAGE, "kind": KIND} and exit code 3.
 */
#include "base/cleanup.h"
#include "print_string.h"
#include "runtime/py_arenas.h"
#include "runtime/pymalloc.h"
#include "runtime/python.h"
#include "target/live_target.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { HEADS_MAX = 4 * 64, OBJECTS_MAX = 10000000, THREADS_MAX = 10000, CACHE_BYTES = 16 << 20 };

static const char *kind_name(enum error_kind kind)
{
	switch (kind) {
	case ERROR_NO_TARGET: return "no-target";
	case ERROR_GONE: return "gone";
	case ERROR_PERMISSION: return "permission";
	case ERROR_NOT_PYTHON: return "not-python";
	case ERROR_UNREADY: return "unready";
	case ERROR_UNSUPPORTED: return "unsupported";
	case ERROR_CORRUPT: return "corrupt";
	default: return "other";
	}
}

static int print_error(struct error *error)
{
	printf("{\"kind\": \"%s\", \"error\": ", kind_name(error_kind(error)));
	print_string(error_message(error));
	puts("}");
	error_free(error);
	return 3;
}

static int64_t list_length(struct python *python, taddr head)
{
	int64_t length = 0;
	taddr at = head;

	while (length < OBJECTS_MAX) {
		if (!window_cache_u64(python->memory, at, &at))
			return -1;
		at &= ~(taddr)3;
		if (at == head)
			return length;
		length++;
	}
	return -1;
}

static void print_lists(struct python *python)
{
	taddr heads[HEADS_MAX];
	size_t count = python_gc_heads(python, heads, HEADS_MAX);

	printf(" \"lists\": [");
	for (size_t i = 0; i < count; i++)
		printf("%s%" PRId64, i ? ", " : "", list_length(python, heads[i]));
	puts("],");
}

static size_t thread_count(struct python *python, taddr interpreter)
{
	taddr thread;
	size_t count = 0;

	if (!window_cache_u64(python->memory, interpreter + python->layout.interpreter.threads_head,
	                      &thread))
		return 0;
	while (thread && count < THREADS_MAX) {
		count++;
		if (!window_cache_u64(python->memory, thread + python->layout.thread.next, &thread))
			break;
	}
	return count;
}

static void print_interpreters(struct python *python)
{
	printf(" \"interpreters\": [");
	for (size_t i = 0; i < python->interpreter_count; i++) {
		uint64_t id = UINT64_MAX;

		window_cache_u64(python->memory,
		                 python->interpreters[i] + python->layout.interpreter.id, &id);
		printf("%s{\"id\": %" PRIu64 ", \"threads\": %zu}", i ? ", " : "", id,
		       thread_count(python, python->interpreters[i]));
	}
	puts("],");
}

static size_t arenas_in_use(struct python *python, const struct py_arena_table *table)
{
	size_t count = 0;

	for (uint32_t i = 0; i < table->count; i++) {
		taddr at = table->arenas + (taddr)i * python->layout.arena.size;
		struct py_arena arena;

		count += py_arena_read(python->memory, &python->layout, at, &arena);
	}
	return count;
}

/* Blocks in use, over all pools; -1: a pool contradicts itself. */
static int64_t blocks_in_use(struct python *python)
{
	_cleanup_free_ uint8_t *bytes = malloc(python->pool_size);
	_cleanup_free_ taddr *pools = NULL;
	struct error *error;
	uint64_t torn;
	size_t count;
	int64_t used = 0;

	error = pymalloc_pools(python, &pools, &count, &torn);
	if (error || torn || !bytes) {
		error_free(error);
		return -1;
	}
	for (size_t i = 0; i < count; i++) {
		struct pymalloc_pool pool;

		if (!window_cache_read(python->memory, pools[i], bytes, python->pool_size) ||
		    pymalloc_pool_decode(python, pools[i], bytes, &pool) != DECODE_OK)
			return -1;
		used += pool.used;
	}
	return used;
}

static void print_arenas(struct python *python)
{
	printf(" \"arenas\": [");
	for (size_t i = 0; i < python->arena_table_count; i++)
		printf("%s{\"slots\": %" PRIu32 ", \"used\": %zu}", i ? ", " : "",
		       python->arena_tables[i].count,
		       arenas_in_use(python, &python->arena_tables[i]));
	printf("],\n \"blocks\": %" PRId64 ",\n", blocks_in_use(python));
	printf(" \"arena_size\": %" PRIu64 ",\n \"pool_size\": %" PRIu32 ",\n", python->arena_size,
	       python->pool_size);
	printf(" \"has_arena_symbols\": %s,\n", python->arenas_variable ? "true" : "false");
}

/* Members in which the layout differs from the table that it was made from. */
static size_t count_corrections(const struct python *python)
{
	size_t words = sizeof(struct py_layout) / sizeof(uint32_t);
	size_t count = 0;

	for (size_t i = 0; py_layouts[i]; i++) {
		const char *ours = (const char *)&python->layout;
		const char *table = (const char *)py_layouts[i];

		if (py_layouts[i]->source != python->layout.source)
			continue;
		for (size_t k = 0; k < words; k++)
			count += memcmp(ours + k * 4, table + k * 4, 4) != 0;
	}
	return count;
}

static void print_python(struct python *python, double milliseconds)
{
	char version[32];

	python_version_text(python, version, sizeof(version));
	printf("{\"version\": \"%s\",\n \"hexversion\": %" PRIu32 ",\n \"table\": \"%s\",\n",
	       version, python->hexversion, python->layout.source);
	printf(" \"corrections\": %zu,\n", count_corrections(python));
	printf(" \"module\": \"%s\",\n \"runtime\": %" PRIu64 ",\n", python->module_name,
	       python->runtime);
	printf(" \"module_start\": %" PRIu64 ",\n \"module_end\": %" PRIu64 ",\n",
	       python->module_start, python->module_end);
	printf(" \"type\": %" PRIu64 ",\n \"object\": %" PRIu64 ",\n", python->type_type,
	       python->base_object_type);
	print_interpreters(python);
	print_lists(python);
	print_arenas(python);
	printf(" \"is_debug_allocator\": %s,\n", python->is_debug_allocator ? "true" : "false");
	printf(" \"has_incremental_gc\": %s,\n", python->has_incremental_gc ? "true" : "false");
	printf(" \"is_collecting\": %s,\n", python_is_collecting(python) ? "true" : "false");
	printf(" \"milliseconds\": %.3f}\n", milliseconds);
}

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static struct error *find(pid_t pid)
{
	_cleanup_(cleanup_target) struct target *target = NULL;
	_cleanup_(window_cache_deinit) struct window_cache memory = {0};
	struct python python;
	struct error *error = live_target_open(pid, pid, &target);
	double start = now_ms();
	double milliseconds;

	if (!error)
		error = window_cache_init(&memory, target, CACHE_BYTES);
	if (!error)
		error = python_find(&memory, &python);
	if (error)
		return error;
	milliseconds = now_ms() - start;
	/* What looking again finds has to be the same. */
	error = python_refresh(&python, &memory);
	if (!error)
		print_python(&python, milliseconds);
	python_deinit(&python);
	return error;
}

int main(int argc, char **argv)
{
	struct error *error;

	if (argc != 2) {
		fprintf(stderr, "usage: find_python PID\n");
		return 2;
	}
	error = find((pid_t)strtol(argv[1], NULL, 10));
	return error ? print_error(error) : 0;
}
