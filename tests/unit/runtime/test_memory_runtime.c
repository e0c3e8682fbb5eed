/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding CPython and glibc's malloc of every layout, saying what else a process
 * is, and reading types and texts, with each allocation failing in turn. What decodes the
 * target has no word for plumb's own lack of memory but the one it leaves in
 * the cache that it reads through.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "failing_allocator.h"
#include "fake_malloc.h"
#include "fake_python.h"
#include "object_heap.h"
#include "runtime/layouts/layout_tables.h"
#include "runtime/py_imports.h"
#include "runtime/py_refs.h"
#include "target/fake_target.h"

enum { CACHE = 64 << 10, MEMBERS = 3, MEMBER_SIZE = 40, MEMBER_OBJECT = 6, PATH_LENGTH = 40 };

/* ------------------------------------------------------ finding a Python */

static bool find(void *context)
{
	const struct py_layout *layout = context;
	struct fake_python *fake = fake_python_new(layout, layout->version << 16 | 0x01f0);
	struct window_cache memory = {0};
	struct python python = {0};
	struct target *target;
	struct error *error;
	bool has_run_out;

	assert_non_null(fake);
	assert_null(fake_python_finish(fake, &target));
	allocator_arm();
	error = window_cache_init(&memory, target, CACHE);
	if (!error)
		error = python_find(&memory, &python);
	allocator_disarm();
	has_run_out = error != NULL;
	if (has_run_out) {
		assert_int_equal(error_kind(error), ERROR_MEMORY);
	} else {
		assert_int_equal(python.runtime, FAKE_RUNTIME);
		assert_int_equal(python.interpreter_count, 2);
		assert_int_equal(python.arena_table_count, layout->version >= 0x030c ? 2 : 1);
		assert_string_equal(python.module_name, "service");
		python_deinit(&python);
	}
	error_free(error);
	window_cache_deinit(&memory);
	target_free(target);
	return has_run_out;
}

static void a_python_can_lack_memory_to_be_found(void **state)
{
	(void)state;
	for (size_t i = 0; py_layouts[i]; i++)
		assert_true(allocator_exhaust(find, (void *)(uintptr_t)py_layouts[i]) > 5);
}

static bool find_nothing(void *context)
{
	struct fake_target *fake = fake_target_new();
	struct window_cache memory = {0};
	struct python python = {0};
	struct target *target;
	struct error *error;
	bool has_run_out;

	assert_non_null(fake);
	assert_true(fake_target_add(fake, 0x1000, context, 4096, true, "/usr/sbin/nothing"));
	assert_null(fake_target_finish(fake, &target));
	allocator_arm();
	error = window_cache_init(&memory, target, CACHE);
	if (!error)
		error = python_find(&memory, &python);
	allocator_disarm();
	assert_non_null(error);
	has_run_out = error_kind(error) == ERROR_MEMORY;
	if (!has_run_out)
		assert_int_equal(error_kind(error), ERROR_NOT_PYTHON);
	error_free(error);
	window_cache_deinit(&memory);
	target_free(target);
	return has_run_out;
}

static void what_is_no_python_is_said_or_memory_ran_out(void **state)
{
	static uint8_t nothing[4096];

	(void)state;
	assert_true(allocator_exhaust(find_nothing, nothing) > 1);
}

/* ------------------------------------------------------- types and texts */

struct things {
	struct object_heap *heap;
	taddr record; /* of a type with slots, which inherits from one with slots */
	taddr string;
	taddr tuple;
};

/* Three slots, by one array of PyMemberDef. */
static void add_members(struct object_heap *heap, taddr type)
{
	taddr definitions = object_heap_take(heap, (MEMBERS + 1) * MEMBER_SIZE);
	taddr name = object_heap_take(heap, 16);

	object_heap_bytes(heap, name, "slot", 5);
	for (unsigned int i = 0; i < MEMBERS; i++) {
		object_heap_u64(heap, definitions + i * MEMBER_SIZE, name);
		object_heap_u64(heap, definitions + i * MEMBER_SIZE + 8, MEMBER_OBJECT);
		object_heap_u64(heap, definitions + i * MEMBER_SIZE + 16, 16 + i * 8);
	}
	object_heap_u64(heap, type + heap->python.layout.type.tp_members, definitions);
}

static struct things make_things(void)
{
	const struct py_layout *layout = &py_layout_3_12;
	struct object_heap *heap = object_heap_new(layout, 12);
	struct things things = {.heap = heap};
	taddr text, tuple, base, type;

	assert_non_null(heap);
	text = object_heap_type(heap, "str", PY_TYPE_UNICODE_SUBCLASS, 64, 0);
	tuple = object_heap_type(heap, "tuple", PY_TYPE_TUPLE_SUBCLASS | PY_TYPE_HAS_GC, 24, 8);
	base = object_heap_type(heap, "lib.Record", 0, 40, 0);
	type = object_heap_type(heap, "lib.Special", 0, 40, 0);
	object_heap_u64(heap, type + layout->type.tp_base, base);
	add_members(heap, base);
	things.string = object_heap_string(heap, text, "a text of some length, and more of it");
	things.tuple = object_heap_object(heap, tuple, 40);
	object_heap_u64(heap, things.tuple + 16, 2);
	object_heap_u64(heap, things.tuple + layout->tuple.ob_item, things.string);
	object_heap_u64(heap, things.tuple + layout->tuple.ob_item + 8, things.string);
	things.record = object_heap_object(heap, type, 40);
	object_heap_u64(heap, things.record + 16, things.string);
	assert_true(object_heap_finish(heap));
	return things;
}

static void count_reference(void *context, const struct py_ref *reference)
{
	(void)reference;
	++*(unsigned int *)context;
}

/* All that is read in one go, and nothing of it looked at before memory is asked for. */
static bool read_things(void *context)
{
	struct things things = make_things();
	struct object_heap *heap = things.heap;
	unsigned int references = 0;
	const struct py_visitor visitor = {.context = &references, .reference = count_reference};
	struct py_object record;
	char *text;
	char *name;
	bool has_run_out;

	(void)context;
	allocator_arm();
	if (py_object_at(&heap->python, heap->types, things.record, &record) == DECODE_OK)
		(void)py_refs_visit(&heap->python, heap->types, &record, &visitor);
	text = py_object_text(&heap->python, heap->types, things.tuple, 200);
	name = py_string_utf8(&heap->python, things.string, 200);
	allocator_disarm();
	has_run_out = heap->cache.memory_ran_out;
	if (!has_run_out) {
		assert_string_equal(text, "('a text of some length, and more of it', "
		                          "'a text of some length, and more of it')");
		assert_string_equal(name, "a text of some length, and more of it");
		assert_string_equal(record.type->name, "lib.Special");
		assert_int_equal(record.type->member_count, MEMBERS);
		assert_int_equal(references, 1);
	}
	free(text);
	free(name);
	object_heap_free(heap);
	return has_run_out;
}

static void types_and_texts_can_lack_memory_anywhere(void **state)
{
	(void)state;
	assert_true(allocator_exhaust(read_things, NULL) > 20);
}

/* ------------------------------------------------------- what sys.path holds */

static void count_text(void *context, const char *text)
{
	assert_string_equal(text, "/srv/app");
	++*(unsigned int *)context;
}

static bool read_path(void *context)
{
	struct object_heap *heap = object_heap_new(&py_layout_3_12, 12);
	const struct py_layout *layout = &py_layout_3_12;
	unsigned int told = 0;
	taddr type, items, path, folder;
	bool has_run_out;

	(void)context;
	assert_non_null(heap);
	type = object_heap_type(heap, "list", PY_TYPE_LIST_SUBCLASS | PY_TYPE_HAS_GC, 40, 0);
	path = object_heap_object(heap, type, 40);
	items = object_heap_take(heap, PATH_LENGTH * 8);
	type = object_heap_type(heap, "str", PY_TYPE_UNICODE_SUBCLASS, 64, 0);
	folder = object_heap_string(heap, type, "/srv/app");
	for (unsigned int i = 0; i < PATH_LENGTH; i++)
		object_heap_u64(heap, items + i * 8, folder);
	object_heap_u64(heap, path + 16, PATH_LENGTH);
	object_heap_u64(heap, path + layout->list.ob_item, items);
	object_heap_u64(heap, path + layout->list.allocated, PATH_LENGTH);
	assert_true(object_heap_finish(heap));
	allocator_arm();
	py_imports_strings(&heap->python, heap->types, path, count_text, &told);
	allocator_disarm();
	has_run_out = heap->cache.memory_ran_out;
	if (!has_run_out)
		assert_int_equal(told, PATH_LENGTH);
	object_heap_free(heap);
	return has_run_out;
}

static void a_list_of_folders_is_whole_or_memory_ran_out(void **state)
{
	(void)state;
	assert_true(allocator_exhaust(read_path, NULL) > PATH_LENGTH);
}

/* -------------------------------------------------------- glibc's malloc */

/* Each of the lists that are kept has something in it. */
static struct fake_malloc *make_malloc(const struct glibc_layout *layout)
{
	struct fake_malloc *fake = fake_malloc_new(layout, layout->first);
	taddr chunks[MEMBERS];

	assert_non_null(fake);
	for (int i = 0; i < MEMBERS; i++)
		chunks[i] = fake_malloc_chunk(fake, FAKE_MAIN_ARENA, 64);
	fake_malloc_cache(fake, FAKE_THREAD_ARENA, chunks, MEMBERS);
	if (layout->state.fast_bins != GLIBC_ABSENT) {
		chunks[0] = fake_malloc_chunk(fake, FAKE_MAIN_ARENA, 32);
		fake_malloc_fast(fake, FAKE_MAIN_ARENA, chunks, 1);
	}
	fake_malloc_map(fake, FAKE_MAPPINGS, 0, 0x2000);
	fake_malloc_end(fake);
	assert_true(fake_malloc_finish(fake));
	return fake;
}

static bool find_malloc(void *context)
{
	const struct glibc_layout *layout = context;
	struct fake_malloc *fake = make_malloc(layout);
	struct glibc_malloc glibc = {0};
	struct error *error;
	bool has_run_out;

	allocator_arm();
	error = fake_malloc_find(fake, &glibc);
	allocator_disarm();
	has_run_out = error != NULL;
	if (has_run_out) {
		assert_int_equal(error_kind(error), ERROR_MEMORY);
	} else {
		assert_ptr_equal(glibc.layout, layout);
		assert_int_equal(glibc.arena_count, 2);
		assert_int_equal(glibc.stretch_count, 2);
		assert_int_equal(glibc.held_count,
		                 MEMBERS + 1 + (layout->state.fast_bins != GLIBC_ABSENT));
		assert_int_equal(glibc.mapped_count, 1);
		assert_int_equal(glibc.torn, 0);
	}
	glibc_malloc_deinit(&glibc);
	error_free(error);
	fake_malloc_free(fake);
	return has_run_out;
}

static void malloc_can_lack_memory_to_be_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < glibc_layout_count; i++)
		assert_true(allocator_exhaust(find_malloc, (void *)(uintptr_t)&glibc_layouts[i]) >
		            5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_python_can_lack_memory_to_be_found),
		cmocka_unit_test(what_is_no_python_is_said_or_memory_ran_out),
		cmocka_unit_test(malloc_can_lack_memory_to_be_found),
		cmocka_unit_test(types_and_texts_can_lack_memory_anywhere),
		cmocka_unit_test(a_list_of_folders_is_whole_or_memory_ran_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
