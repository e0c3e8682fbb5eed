/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding CPython in made-up memory: what no interpreter of this machine
 * shows (other builds of a version, versions to come), and what lies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "fake_python.h"
#include "runtime/layouts/layout_tables.h"
#include "runtime/pymalloc.h"
#include "runtime/python.h"
#include "target/fake_target.h"

enum { CACHE = 1 << 20 };

struct look {
	struct target *target;
	struct window_cache *memory; /* on the heap: a look is returned, python points at this */
	struct python python;
	struct error *error;
};

static struct fake_python *make(const struct py_layout *layout)
{
	struct fake_python *fake = fake_python_new(layout, layout->version << 16 | 0x01f0);

	assert_non_null(fake);
	return fake;
}

static void look_at_target(struct look *look)
{
	look->memory = calloc(1, sizeof(*look->memory));
	assert_non_null(look->memory);
	assert_null(window_cache_init(look->memory, look->target, CACHE));
	look->error = python_find(look->memory, &look->python);
}

static struct look look_at(struct fake_python *fake)
{
	struct look look = {0};

	assert_null(fake_python_finish(fake, &look.target));
	look_at_target(&look);
	return look;
}

static void look_end(struct look *look)
{
	if (look->error)
		error_free(look->error);
	else
		python_deinit(&look->python);
	window_cache_deinit(look->memory);
	free(look->memory);
	target_free(look->target);
}

static void assert_error(const struct look *look, enum error_kind kind, const char *part)
{
	assert_non_null(look->error);
	assert_int_equal(error_kind(look->error), kind);
	if (!strstr(error_message(look->error), part))
		fail_msg("\"%s\" does not say \"%s\"", error_message(look->error), part);
}

static void assert_found(const struct look *look)
{
	if (look->error)
		fail_msg("%s", error_message(look->error));
}

static void every_layout_is_found_in_memory_that_follows_it(void **state)
{
	(void)state;
	for (size_t i = 0; py_layouts[i]; i++) {
		struct look look = look_at(make(py_layouts[i]));
		uint32_t tables = py_layouts[i]->version >= 0x030c ? 2 : 1;

		assert_found(&look);
		assert_ptr_equal(look.python.layout.source, py_layouts[i]->source);
		assert_int_equal(look.python.hexversion, py_layouts[i]->version << 16 | 0x01f0);
		assert_int_equal(look.python.runtime, FAKE_RUNTIME);
		assert_int_equal(look.python.type_type, FAKE_TYPE_TYPE);
		assert_int_equal(look.python.base_object_type, FAKE_OBJECT_TYPE);
		assert_int_equal(look.python.interpreter_count, 2);
		assert_int_equal(look.python.interpreters[0], FAKE_MAIN);
		assert_int_equal(look.python.interpreters[1], FAKE_SUB);
		assert_string_equal(look.python.module_name, "service");
		assert_int_equal(look.python.arena_table_count, tables);
		assert_int_equal(look.python.arena_tables[0].arenas, FAKE_ARENAS);
		look_end(&look);
	}
}

static void arenas_tell_their_own_size(void **state)
{
	struct fake_python *fake = make(&py_layout_3_15);
	taddr slot = FAKE_ARENAS + py_layout_3_15.arena.size;
	struct look look;

	(void)state;
	/* PYMALLOC_USE_HUGEPAGES: 2 MiB. */
	fake_python_u32(fake, slot + py_layout_3_15.arena.ntotalpools, 128);
	look = look_at(fake);
	assert_found(&look);
	assert_int_equal(look.python.arena_size, 2 << 20);
	assert_int_equal(look.python.pool_size, 16 << 10);
	look_end(&look);
}

static void a_version_to_come_is_named(void **state)
{
	struct fake_python *fake = make(&py_layout_3_15);
	struct look look;

	(void)state;
	fake_python_u64(fake, FAKE_RUNTIME + 8, 0x031000a2);
	look = look_at(fake);
	assert_error(&look, ERROR_UNSUPPORTED, "CPython 3.16.0a2");
	look_end(&look);
}

static void a_free_threaded_build_is_named(void **state)
{
	struct fake_python *fake = make(&py_layout_3_14);
	struct look look;

	(void)state;
	fake_python_u64(fake, FAKE_RUNTIME + 16, 1);
	look = look_at(fake);
	assert_error(&look, ERROR_UNSUPPORTED, "free-threaded build of CPython 3.14.1");
	look_end(&look);
}

/* 3.14.0 to 3.14.4: the collector's state is 24 bytes shorter, what follows it nearer. */
static struct py_layout incremental_layout(void)
{
	struct py_layout layout = py_layout_3_14;
	uint32_t *last = &layout.interpreter.ceval;

	for (uint32_t *member = &layout.interpreter.size; member <= last; member++) {
		if (py_has(*member) && *member > layout.interpreter.gc)
			*member -= 24;
	}
	layout.gc.size = 240;
	layout.gc.generation0 = PY_ABSENT;
	return layout;
}

static void the_incremental_collector_of_3_14_is_noticed(void **state)
{
	struct py_layout layout = incremental_layout();
	struct look look = look_at(make(&layout));
	taddr heads[16];

	(void)state;
	assert_found(&look);
	assert_true(look.python.has_incremental_gc);
	assert_memory_equal(&look.python.layout.interpreter, &layout.interpreter,
	                    sizeof(layout.interpreter));
	assert_int_equal(look.python.arena_table_count, 2);
	assert_int_equal(python_gc_heads(&look.python, heads, 16), 8);
	for (taddr i = 0; i < 4; i++)
		assert_int_equal(heads[i], FAKE_MAIN + layout.interpreter.gc + 24 + i * 24);
	look_end(&look);
}

static void the_generations_of_3_13_are_where_the_pointer_says(void **state)
{
	struct py_layout layout = py_layout_3_13;
	struct look look;

	(void)state;
	layout.gc.generations = 20; /* as in 3.13.5, whose other offsets are those of 3.13.0 */
	look = look_at(make(&layout));
	assert_found(&look);
	assert_ptr_equal(look.python.layout.source, py_layout_3_13.source);
	assert_int_equal(look.python.layout.gc.generations, 20);
	assert_false(look.python.has_incremental_gc);
	look_end(&look);
}

static void a_moved_allocator_and_moved_types_are_found(void **state)
{
	const struct py_layout *tables[] = {&py_layout_3_12, &py_layout_3_13, &py_layout_3_15};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct py_layout layout = *tables[i];
		struct look look;

		layout.interpreter.obmalloc += 16;
		layout.interpreter.types_builtins -= 40;
		look = look_at(make(&layout));
		assert_found(&look);
		assert_int_equal(look.python.layout.interpreter.obmalloc,
		                 layout.interpreter.obmalloc);
		assert_int_equal(look.python.layout.interpreter.types_builtins,
		                 layout.interpreter.types_builtins);
		look_end(&look);
	}
}

static void offsets_outside_of_their_struct_are_refused(void **state)
{
	struct fake_python *fake = make(&py_layout_3_13);
	struct look look;

	(void)state;
	fake_python_u64(fake, FAKE_RUNTIME + 96, UINT64_C(1) << 40); /* sysdict */
	look = look_at(fake);
	assert_error(&look, ERROR_CORRUPT, "debug offsets");
	look_end(&look);
}

static void a_preview_with_other_offsets_is_named(void **state)
{
	struct fake_python *fake = make(&py_layout_3_15);
	struct look look;

	(void)state;
	fake_python_u64(fake, FAKE_RUNTIME + 8, 0x030f00a3);
	fake_python_u64(fake, FAKE_RUNTIME + 48, 100); /* sizeof(PyInterpreterState) */
	look = look_at(fake);
	assert_error(&look, ERROR_UNSUPPORTED, "CPython 3.15.0a3, a preview");
	look_end(&look);
}

static void a_python_that_only_starts_is_no_python_yet(void **state)
{
	struct fake_python *fake = make(&py_layout_3_14);
	struct look look;

	(void)state;
	fake_python_u64(fake, FAKE_RUNTIME + py_layout_3_14.runtime.interpreters_main, 0);
	look = look_at(fake);
	assert_error(&look, ERROR_UNREADY, "starting");
	look_end(&look);
}

static void a_version_that_the_structs_contradict_is_refused(void **state)
{
	struct fake_python *fake = make(&py_layout_3_10);
	struct look look;

	(void)state;
	fake_python_u32(fake, FAKE_HEXVERSION + py_layout_3_10.integer.ob_digit, 0x03070df0);
	look = look_at(fake);
	assert_non_null(look.error);
	look_end(&look);
}

static void interpreters_that_run_in_circles_are_counted_once(void **state)
{
	const struct py_layout *layout = &py_layout_3_12;
	struct fake_python *fake = make(layout);
	struct look look;

	(void)state;
	fake_python_u64(fake, FAKE_MAIN + layout->interpreter.next, FAKE_SUB);
	look = look_at(fake);
	assert_found(&look);
	assert_int_equal(look.python.interpreter_count, 2);
	look_end(&look);
}

static void interpreters_that_share_an_allocator_have_one_table(void **state)
{
	const struct py_layout *layout = &py_layout_3_13;
	struct fake_python *fake = make(layout);
	struct look look;

	(void)state;
	fake_python_u64(fake, FAKE_SUB + layout->interpreter.obmalloc, FAKE_ALLOCATOR);
	look = look_at(fake);
	assert_found(&look);
	assert_int_equal(look.python.arena_table_count, 1);
	look_end(&look);
}

static void debug_headers_before_the_dicts_are_noticed(void **state)
{
	static const uint8_t header[] = {0,   0,    0,    0,    0,    0,    0,    64,
	                                 'o', 0xfd, 0xfd, 0xfd, 0xfd, 0xfd, 0xfd, 0xfd};
	struct fake_python *fake = make(&py_layout_3_9);
	struct look look;

	(void)state;
	for (taddr i = 0; i < 3; i++)
		fake_python_bytes(fake, FAKE_DICTS + i * 256 - 32, header, sizeof(header));
	look = look_at(fake);
	assert_found(&look);
	assert_true(look.python.is_debug_allocator);
	look_end(&look);
}

static void a_running_collection_is_noticed(void **state)
{
	(void)state;
	for (size_t i = 0; py_layouts[i]; i++) {
		const struct py_layout *layout = py_layouts[i];
		struct fake_python *fake = make(layout);
		taddr gc = py_has(layout->interpreter.gc) ? FAKE_SUB + layout->interpreter.gc
		                                          : FAKE_RUNTIME + layout->runtime.gc;
		struct look look = look_at(make(layout));

		assert_false(python_is_collecting(&look.python));
		look_end(&look);
		fake_python_u32(fake, gc + layout->gc.collecting, 1);
		look = look_at(fake);
		assert_true(python_is_collecting(&look.python));
		look_end(&look);
	}
}

/* Each table is possible, all of them together are not. */
static void tables_of_arenas_share_one_limit(void **state)
{
	const uint32_t most = 1 << 24;
	uint32_t member = py_layout_3_13.obmalloc_state.maxarenas;
	struct fake_python *fake = make(&py_layout_3_13);
	struct look look;

	(void)state;
	fake_python_u32(fake, FAKE_ALLOCATOR + member, most);
	fake_python_u32(fake, FAKE_SUB_ALLOCATOR + member, most);
	look = look_at(fake);
	assert_found(&look);
	assert_int_equal(look.python.arena_table_count, 1);
	look_end(&look);
}

static void looking_again_sees_what_changed(void **state)
{
	const struct py_layout *layout = &py_layout_3_11;
	struct fake_python *fake = make(layout);
	struct look look = look_at(make(layout));
	struct target *later;
	struct window_cache memory;

	(void)state;
	assert_found(&look);
	fake_python_u64(fake, FAKE_RUNTIME + layout->runtime.interpreters_head, FAKE_MAIN);
	fake_python_u64(fake, FAKE_ARENAS_VARIABLE, 0);
	assert_null(fake_python_finish(fake, &later));
	assert_null(window_cache_init(&memory, later, CACHE));
	assert_null(python_refresh(&look.python, &memory));
	assert_int_equal(look.python.interpreter_count, 1);
	assert_int_equal(look.python.arena_table_count, 0);
	window_cache_deinit(&memory);
	target_free(later);
	look_end(&look);
}

static void memory_without_a_program_is_no_python(void **state)
{
	static const uint8_t zeros[4096];
	struct fake_target *fake = fake_target_new();
	struct look look = {0};

	(void)state;
	assert_non_null(fake);
	assert_true(fake_target_add(fake, 0x1000, zeros, sizeof(zeros), true, ""));
	assert_null(fake_target_finish(fake, &look.target));
	look_at_target(&look);
	assert_error(&look, ERROR_NOT_PYTHON, "no program");
	look_end(&look);
}

static void a_version_text_alone_makes_no_python(void **state)
{
	static const char text[] = "2.7.18 (default, Apr 20 2020, 20:30:41) \n[GCC 9.3.0]";
	struct fake_python *fake = make(&py_layout_3_8);
	struct look look;

	(void)state;
	/* Nothing else of it makes sense. */
	fake_python_u64(fake, FAKE_DICT_TYPE + py_layout_3_8.type.tp_flags, 0);
	fake_python_bytes(fake, FAKE_DATA + 0x3ff8, text, sizeof(text));
	look = look_at(fake);
	/* Text alone proves nothing in a program that is not called python. */
	assert_error(&look, ERROR_NOT_PYTHON, "/nowhere/service");
	look_end(&look);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_layout_is_found_in_memory_that_follows_it),
		cmocka_unit_test(arenas_tell_their_own_size),
		cmocka_unit_test(a_version_to_come_is_named),
		cmocka_unit_test(a_free_threaded_build_is_named),
		cmocka_unit_test(the_incremental_collector_of_3_14_is_noticed),
		cmocka_unit_test(the_generations_of_3_13_are_where_the_pointer_says),
		cmocka_unit_test(a_moved_allocator_and_moved_types_are_found),
		cmocka_unit_test(offsets_outside_of_their_struct_are_refused),
		cmocka_unit_test(a_preview_with_other_offsets_is_named),
		cmocka_unit_test(a_python_that_only_starts_is_no_python_yet),
		cmocka_unit_test(a_version_that_the_structs_contradict_is_refused),
		cmocka_unit_test(interpreters_that_run_in_circles_are_counted_once),
		cmocka_unit_test(interpreters_that_share_an_allocator_have_one_table),
		cmocka_unit_test(debug_headers_before_the_dicts_are_noticed),
		cmocka_unit_test(a_running_collection_is_noticed),
		cmocka_unit_test(tables_of_arenas_share_one_limit),
		cmocka_unit_test(looking_again_sees_what_changed),
		cmocka_unit_test(memory_without_a_program_is_no_python),
		cmocka_unit_test(a_version_text_alone_makes_no_python),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
