/* SPDX-License-Identifier: Apache-2.0 */
/* The table of traces of both generations, found by what is in it, also when it lies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "object_heap.h"
#include "runtime/layouts/layout_tables.h"
#include "runtime/py_tracemalloc.h"
#include "target/fake_target.h"

enum {
	CODE = OBJECT_HEAP_START + OBJECT_HEAP_SIZE, /* what functions lie in */
	CODE_SIZE = 4096,
	NOWHERE = 0x50000000,
	BUCKETS = 16,
	BLOCK = 0x70000000, /* the first block; each next one 16 bytes further */
	BLOCKS = 20,
	CACHE = 1 << 20,
};

enum generation { OLD, OLD_WITH_DOMAINS, NEW, NEW_WITH_BYTES };

struct traced {
	struct object_heap *heap;
	enum generation generation;
	taddr variable; /* what leads to the table */
	taddr table;
	taddr buckets;
	taddr first_entry; /* of block 0: the last one in its chain */
	taddr tracebacks[2];
	taddr file;
};

static int tear_down(void **state)
{
	object_heap_free(*state);
	*state = NULL;
	return 0;
}

static void put(struct traced *traced, taddr address, uint64_t value)
{
	object_heap_u64(traced->heap, address, value);
}

/* One with frames lines: file:100, file:101 ... of one more. */
static taddr add_traceback(struct traced *traced, uint32_t frames)
{
	taddr traceback = object_heap_take(traced->heap, 12 + 12 * frames);
	uint32_t count = traced->generation >= NEW ? frames | (frames + 1) << 16 : frames;

	put(traced, traceback, 0x1234);
	object_heap_bytes(traced->heap, traceback + 8, &count, sizeof(count));
	for (uint32_t i = 0; i < frames; i++) {
		uint32_t line = 100 + i;

		put(traced, traceback + 12 + 12 * i, traced->file);
		object_heap_bytes(traced->heap, traceback + 20 + 12 * i, &line, sizeof(line));
	}
	return traceback;
}

static void add_block(struct traced *traced, unsigned int number, uint64_t domain)
{
	taddr head = traced->buckets + number % BUCKETS * 8;
	taddr entry = object_heap_take(traced->heap, 48);
	taddr trace = traced->generation >= NEW                ? object_heap_take(traced->heap, 16)
	              : traced->generation == OLD_WITH_DOMAINS ? entry + 28
	                                                       : entry + 24;
	uint64_t next = 0;

	memcpy(&next, traced->heap->bytes + (head - OBJECT_HEAP_START), sizeof(next));
	put(traced, head, entry);
	put(traced, entry, next);
	put(traced, entry + 16, BLOCK + number * 16);
	put(traced, entry + 24, traced->generation >= NEW ? trace : domain);
	put(traced, trace, 100);
	put(traced, trace + 8, traced->tracebacks[number % 2]);
	if (!number)
		traced->first_entry = entry;
}

static void write_table(struct traced *traced, uint64_t entries)
{
	bool is_new = traced->generation >= NEW;
	const uint64_t words[] = {
		is_new ? entries : BUCKETS,
		is_new ? BUCKETS : entries,
		traced->buckets,
		is_new                      ? CODE
		: traced->generation == OLD ? 8
					    : 12,
		is_new ? CODE + 16 : 16,
		CODE + 32,
		CODE + 48,
	};

	object_heap_bytes(traced->heap, traced->table, words, sizeof(words));
	put(traced, traced->variable, traced->table);
}

/* BLOCKS blocks; with domains, every other one is of another. */
static struct traced make(void **state, enum generation generation)
{
	struct object_heap *heap = object_heap_new(
		generation >= NEW ? &py_layout_3_12 : &py_layout_3_8, generation >= NEW ? 12 : 8);
	struct traced traced = {.heap = heap, .generation = generation};

	assert_non_null(heap);
	*state = heap;
	traced.file = object_heap_string(heap,
	                                 object_heap_type(heap, "str", PY_TYPE_UNICODE_SUBCLASS,
	                                                  heap->python.layout.unicode.size, 0),
	                                 "app.py");
	if (generation == NEW_WITH_BYTES) {
		traced.file = object_heap_take(heap, 16);
		object_heap_bytes(heap, traced.file, "app.py", 7);
	}
	traced.variable = object_heap_take(heap, 8);
	traced.table = object_heap_take(heap, 96);
	traced.buckets = object_heap_take(heap, BUCKETS * 8);
	traced.tracebacks[0] = add_traceback(&traced, 1);
	traced.tracebacks[1] = add_traceback(&traced, 3);
	for (unsigned int i = 0; i < BLOCKS; i++)
		add_block(&traced, i, i % 2);
	write_table(&traced, BLOCKS);
	return traced;
}

/* As object_heap_finish, with code behind the heap, in the same module. */
static void finish(struct traced *traced)
{
	static const uint8_t code[CODE_SIZE];
	struct object_heap *heap = traced->heap;
	struct fake_target *fake = fake_target_new();

	assert_non_null(fake);
	assert_true(
		fake_target_add(fake, OBJECT_HEAP_START, heap->bytes, OBJECT_HEAP_SIZE, true, ""));
	assert_true(fake_target_add(fake, CODE, code, sizeof(code), false, ""));
	heap->python.module_end = CODE + CODE_SIZE;
	assert_null(fake_target_finish(fake, &heap->target));
	assert_null(window_cache_init(&heap->cache, heap->target, CACHE));
	assert_null(py_types_new(&heap->python, &heap->types));
}

static bool find(struct traced *traced, struct py_tracemalloc *ret)
{
	finish(traced);
	return py_tracemalloc_find(&traced->heap->python, traced->heap->types, ret);
}

struct told {
	const struct traced *traced;
	unsigned int count;
	bool is_told[BLOCKS];
	unsigned int limit;
};

static bool tell(void *context, const struct py_trace *trace)
{
	struct told *told = context;
	uint64_t number = (trace->block - BLOCK) / 16;

	assert_in_range(number, 0, BLOCKS - 1);
	assert_false(told->is_told[number]);
	assert_int_equal(trace->traceback, told->traced->tracebacks[number % 2]);
	told->is_told[number] = true;
	return ++told->count != told->limit;
}

static void assert_traced(struct traced *traced, unsigned int blocks)
{
	struct told told = {.traced = traced};
	static struct py_trace_frame frames[PY_TRACE_FRAMES_MAX];
	struct py_tracemalloc tracemalloc;
	struct text name;
	uint32_t count;
	uint32_t total;

	assert_true(find(traced, &tracemalloc));
	assert_int_equal(py_tracemalloc_walk(&tracemalloc, tell, &told), DECODE_OK);
	assert_int_equal(told.count, blocks);
	assert_int_equal(py_tracemalloc_frames(&tracemalloc, traced->tracebacks[1], frames, &count,
	                                       &total),
	                 DECODE_OK);
	assert_int_equal(count, 3);
	assert_int_equal(total, traced->generation >= NEW ? 4 : 3);
	assert_int_equal(frames[0].line, 100);
	assert_int_equal(frames[2].line, 102);
	text_init(&name);
	assert_true(py_tracemalloc_file(&tracemalloc, frames[2].file, &name));
	assert_string_equal(text_string(&name), "app.py");
	assert_false(py_tracemalloc_file(&tracemalloc, NOWHERE, &name));
	text_deinit(&name);
}

static void every_block_of_a_new_table_is_told(void **state)
{
	struct traced traced = make(state, NEW);

	assert_traced(&traced, BLOCKS);
}

static void files_may_be_named_by_bytes(void **state)
{
	struct traced traced = make(state, NEW_WITH_BYTES);

	assert_traced(&traced, BLOCKS);
}

static void every_block_of_an_old_table_is_told(void **state)
{
	struct traced traced = make(state, OLD);

	assert_traced(&traced, BLOCKS);
}

static void blocks_of_other_domains_are_left_out(void **state)
{
	struct traced traced = make(state, OLD_WITH_DOMAINS);

	assert_traced(&traced, BLOCKS / 2);
}

static void who_has_seen_enough_is_told_no_more(void **state)
{
	struct traced traced = make(state, NEW);
	struct told told = {.traced = &traced, .limit = 7};
	struct py_tracemalloc tracemalloc;

	assert_true(find(&traced, &tracemalloc));
	assert_int_equal(py_tracemalloc_walk(&tracemalloc, tell, &told), DECODE_OK);
	assert_int_equal(told.count, 7);
}

static void without_a_table_nothing_is_traced(void **state)
{
	struct traced traced = make(state, NEW);
	struct py_tracemalloc tracemalloc;

	put(&traced, traced.variable, 0);
	assert_false(find(&traced, &tracemalloc));
}

static void an_empty_table_is_none(void **state)
{
	struct traced traced = make(state, NEW);
	struct py_tracemalloc tracemalloc;

	for (unsigned int i = 0; i < BUCKETS; i++)
		put(&traced, traced.buckets + i * 8, 0);
	write_table(&traced, 0);
	assert_false(find(&traced, &tracemalloc));
}

static void a_table_of_something_else_is_none(void **state)
{
	struct traced traced = make(state, NEW);
	struct py_tracemalloc tracemalloc;

	/* File names: a key, and no value. */
	for (unsigned int i = 0; i < BLOCKS; i++)
		put(&traced, traced.first_entry + i * 64 + 24, 0);
	assert_false(find(&traced, &tracemalloc));
}

static void functions_lie_in_code(void **state)
{
	struct traced traced = make(state, NEW);
	struct py_tracemalloc tracemalloc;

	put(&traced, traced.table + 32, traced.heap->object_type);
	assert_false(find(&traced, &tracemalloc));
}

static void a_table_is_no_larger_than_memory(void **state)
{
	struct traced traced = make(state, NEW);
	struct py_tracemalloc tracemalloc;

	put(&traced, traced.table + 8, UINT64_C(1) << 40);
	assert_false(find(&traced, &tracemalloc));
}

static bool count_block(void *context, const struct py_trace *trace)
{
	(void)trace;
	++*(unsigned int *)context;
	return true;
}

/* A chain that is a ring ends with as many entries as the table says to have. */
static void a_table_that_lies_is_torn(void **state)
{
	struct traced traced = make(state, NEW);
	struct py_tracemalloc tracemalloc;
	unsigned int count = 0;

	put(&traced, traced.first_entry, traced.first_entry);
	assert_true(find(&traced, &tracemalloc));
	assert_int_equal(py_tracemalloc_walk(&tracemalloc, count_block, &count), DECODE_TORN);
	assert_int_equal(count, BLOCKS);
}

static void entries_that_cannot_be_read_are_missing(void **state)
{
	struct traced traced = make(state, NEW);
	struct py_tracemalloc tracemalloc;
	unsigned int count = 0;

	put(&traced, traced.first_entry, NOWHERE);
	assert_true(find(&traced, &tracemalloc));
	assert_int_equal(py_tracemalloc_walk(&tracemalloc, count_block, &count), DECODE_TORN);
	assert_int_equal(count, BLOCKS);
	tracemalloc.buckets = NOWHERE;
	count = 0;
	assert_int_equal(py_tracemalloc_walk(&tracemalloc, count_block, &count), DECODE_TORN);
	assert_int_equal(count, 0);
}

static void tracebacks_that_lie_are_torn(void **state)
{
	static struct py_trace_frame frames[PY_TRACE_FRAMES_MAX];
	struct traced traced = make(state, NEW);
	struct py_tracemalloc tracemalloc;
	taddr empty = add_traceback(&traced, 0);
	taddr long_one = object_heap_take(traced.heap, 32);
	const uint16_t more_than_there_were[] = {2, 1};
	taddr last = CODE - 16;
	uint32_t count;
	uint32_t total;

	object_heap_bytes(traced.heap, long_one + 8, more_than_there_were,
	                  sizeof(more_than_there_were));
	put(&traced, last + 8, UINT32_MAX); /* of many frames; memory ends before */
	assert_true(find(&traced, &tracemalloc));
	assert_int_equal(py_tracemalloc_frames(&tracemalloc, empty, frames, &count, &total),
	                 DECODE_TORN);
	assert_int_equal(py_tracemalloc_frames(&tracemalloc, long_one, frames, &count, &total),
	                 DECODE_TORN);
	assert_int_equal(py_tracemalloc_frames(&tracemalloc, last, frames, &count, &total),
	                 DECODE_FAULT);
	assert_int_equal(py_tracemalloc_frames(&tracemalloc, NOWHERE, frames, &count, &total),
	                 DECODE_FAULT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(every_block_of_a_new_table_is_told, tear_down),
		cmocka_unit_test_teardown(files_may_be_named_by_bytes, tear_down),
		cmocka_unit_test_teardown(every_block_of_an_old_table_is_told, tear_down),
		cmocka_unit_test_teardown(blocks_of_other_domains_are_left_out, tear_down),
		cmocka_unit_test_teardown(who_has_seen_enough_is_told_no_more, tear_down),
		cmocka_unit_test_teardown(without_a_table_nothing_is_traced, tear_down),
		cmocka_unit_test_teardown(an_empty_table_is_none, tear_down),
		cmocka_unit_test_teardown(a_table_of_something_else_is_none, tear_down),
		cmocka_unit_test_teardown(functions_lie_in_code, tear_down),
		cmocka_unit_test_teardown(a_table_is_no_larger_than_memory, tear_down),
		cmocka_unit_test_teardown(a_table_that_lies_is_torn, tear_down),
		cmocka_unit_test_teardown(entries_that_cannot_be_read_are_missing, tear_down),
		cmocka_unit_test_teardown(tracebacks_that_lie_are_torn, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
