/* SPDX-License-Identifier: Apache-2.0 */
/* Types by tables, blocks of C structs, and what C put behind functions and capsules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "runtime/layouts/layout_tables.h"
#include "told_object.h"

static void assert_told(const struct told *told, size_t index, enum py_ref_kind kind,
                        const char *name, taddr to)
{
	assert_true(index < told->count);
	assert_int_equal(told->references[index].kind, kind);
	assert_string_equal(told->references[index].name, name);
	assert_int_equal(told->references[index].to, to);
}

static taddr add_text(struct object_heap *heap, const char *text)
{
	taddr address = object_heap_take(heap, strlen(text) + 1);

	object_heap_bytes(heap, address, text, strlen(text) + 1);
	return address;
}

static void a_static_function_of_c_has_no_self_in_python(void **state)
{
	_cleanup_(cleanup_heap) struct object_heap *heap = object_heap_new(&py_layout_3_9, 9);
	taddr type = object_heap_type(heap, "builtin_function_or_method", PY_TYPE_HAS_GC, 56, 0);
	taddr function = object_heap_object(heap, type, 56);
	taddr definition = object_heap_take(heap, 32);
	struct told told;

	(void)state;
	object_heap_u64(heap, function + 16, definition);
	object_heap_u64(heap, function + 24, type);
	object_heap_u64(heap, definition + 16, 0x20 | 0x8); /* METH_STATIC | METH_O */
	assert_true(object_heap_finish(heap));
	assert_int_equal(told_visit(heap, function, &told), DECODE_OK);
	assert_told(&told, 0, PY_REF_FIELD, "m_self", type);
}

static void a_function_of_c_has_its_self(void **state)
{
	_cleanup_(cleanup_heap) struct object_heap *heap = object_heap_new(&py_layout_3_9, 9);
	taddr type = object_heap_type(heap, "builtin_function_or_method", PY_TYPE_HAS_GC, 56, 0);
	taddr function = object_heap_object(heap, type, 56);
	struct told told;

	(void)state;
	object_heap_u64(heap, function + 16, object_heap_take(heap, 32));
	object_heap_u64(heap, function + 24, type);
	assert_true(object_heap_finish(heap));
	assert_int_equal(told_visit(heap, function, &told), DECODE_OK);
	assert_told(&told, 0, PY_REF_ATTRIBUTE, "__self__", type);
}

static taddr add_capsule(struct object_heap *heap, const char *name, taddr pointer, taddr traverse)
{
	taddr type = object_heap_type(heap, "PyCapsule", PY_TYPE_HAS_GC, 64, 0);
	taddr capsule = object_heap_object(heap, type, 64);

	object_heap_u64(heap, capsule + 16, pointer);
	object_heap_u64(heap, capsule + 24, add_text(heap, name));
	object_heap_u64(heap, capsule + 48, traverse);
	return capsule;
}

static void a_capsule_that_visits_tells_the_struct_of_its_name(void **state)
{
	_cleanup_(cleanup_heap) struct object_heap *heap = object_heap_new(&py_layout_3_13, 13);
	taddr api = object_heap_take(heap, 24);
	taddr capsule = add_capsule(heap, "_socket.CAPI", api, 0x1000);
	struct told told;

	(void)state;
	object_heap_u64(heap, api, heap->object_type);
	object_heap_u64(heap, api + 8, heap->type_type);
	assert_true(object_heap_finish(heap));
	assert_int_equal(told_visit(heap, capsule, &told), DECODE_OK);
	assert_int_equal(told.count, 2);
	assert_told(&told, 0, PY_REF_FIELD, "Sock_Type", heap->object_type);
	assert_int_equal(told.references[0].flags, 0);
	assert_told(&told, 1, PY_REF_FIELD, "error", heap->type_type);
	assert_int_equal(told.references[1].flags, PY_REF_HIDDEN);
	assert_int_equal(told.storage[0], api);
	assert_int_equal(told.storage_size[0], 24);
}

static void a_capsule_that_visits_what_nobody_knows_says_so(void **state)
{
	_cleanup_(cleanup_heap) struct object_heap *heap = object_heap_new(&py_layout_3_13, 13);
	taddr api = object_heap_take(heap, 24);
	taddr capsule = add_capsule(heap, "_socket.CAPI2", api, 0x1000);
	struct told told;

	(void)state;
	object_heap_u64(heap, api, heap->object_type);
	assert_true(object_heap_finish(heap));
	assert_int_equal(told_visit(heap, capsule, &told), DECODE_UNKNOWN);
	assert_int_equal(told.count, 0);
}

static void the_pointer_of_another_capsule_is_a_guess(void **state)
{
	_cleanup_(cleanup_heap) struct object_heap *heap = object_heap_new(&py_layout_3_13, 13);
	taddr capsule = add_capsule(heap, "app.handle", heap->object_type, 0);
	struct told told;

	(void)state;
	assert_true(object_heap_finish(heap));
	assert_int_equal(told_visit(heap, capsule, &told), DECODE_OK);
	assert_int_equal(told.count, 1);
	assert_int_equal(told.references[0].kind, PY_REF_CONSERVATIVE);
	assert_int_equal(told.references[0].to, heap->object_type);
}

/* An iterator over two levels of a tree: parents are pairs of an element and a number. */
static taddr add_element_iterator(struct object_heap *heap, uint64_t used, uint64_t room)
{
	taddr type =
		object_heap_type(heap, "_elementtree._element_iterator", PY_TYPE_HAS_GC, 64, 0);
	taddr iterator = object_heap_object(heap, type, 64);
	taddr parents = object_heap_take(heap, 8 * 16);

	object_heap_u64(heap, iterator + 16, parents);
	object_heap_u64(heap, iterator + 24, used);
	object_heap_u64(heap, iterator + 32, room);
	object_heap_u64(heap, iterator + 40, type);
	object_heap_u64(heap, parents, heap->object_type);
	object_heap_u64(heap, parents + 8, type); /* a number, whatever it looks like */
	object_heap_u64(heap, parents + 16, heap->type_type);
	return iterator;
}

static void a_block_of_structs_tells_the_references_of_each(void **state)
{
	_cleanup_(cleanup_heap) struct object_heap *heap = object_heap_new(&py_layout_3_12, 12);
	taddr iterator = add_element_iterator(heap, 2, 8);
	struct told told;

	(void)state;
	assert_true(object_heap_finish(heap));
	assert_int_equal(told_visit(heap, iterator, &told), DECODE_OK);
	assert_int_equal(told.count, 3);
	assert_told(&told, 0, PY_REF_FIELD, "parent_stack", heap->object_type);
	assert_told(&told, 1, PY_REF_FIELD, "parent_stack", heap->type_type);
	assert_string_equal(told.references[2].name, "root_element");
	assert_int_equal(told.storage_size[0], 8 * 16);
}

static void a_block_with_more_structs_than_room_is_torn(void **state)
{
	_cleanup_(cleanup_heap) struct object_heap *heap = object_heap_new(&py_layout_3_12, 12);
	taddr iterator = add_element_iterator(heap, 9, 8);
	struct told told;

	(void)state;
	assert_true(object_heap_finish(heap));
	assert_int_equal(told_visit(heap, iterator, &told), DECODE_TORN);
	assert_int_equal(told.count, 1);
	assert_int_equal(told.storage_count, 0);
}

static void a_block_that_ends_in_no_memory_is_told_until_there(void **state)
{
	_cleanup_(cleanup_heap) struct object_heap *heap = object_heap_new(&py_layout_3_12, 12);
	taddr iterator = add_element_iterator(heap, 1 << 30, 1 << 30);
	taddr last = OBJECT_HEAP_START + OBJECT_HEAP_SIZE - 16;
	struct told told;

	(void)state;
	object_heap_u64(heap, iterator + 16, last);
	object_heap_u64(heap, last, heap->object_type);
	assert_true(object_heap_finish(heap));
	assert_int_equal(told_visit(heap, iterator, &told), DECODE_FAULT);
	assert_told(&told, 0, PY_REF_FIELD, "parent_stack", heap->object_type);
}

/* The same member of the unpicklers of 3.13.0, 3.13.18 and of one that is not known. */
static void a_struct_is_read_by_the_row_of_its_size(void **state)
{
	const struct {
		uint64_t size;
		uint64_t read;
		enum decode state;
	} cases[] = {{264, 176, DECODE_OK}, {296, 200, DECODE_OK}, {400, 176, DECODE_UNKNOWN}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_cleanup_(cleanup_heap) struct object_heap *heap =
			object_heap_new(&py_layout_3_13, 13);
		taddr type = object_heap_type(heap, "_pickle.Unpickler", PY_TYPE_HAS_GC,
		                              cases[i].size, 0);
		taddr unpickler = object_heap_object(heap, type, cases[i].size);
		struct told told;

		object_heap_u64(heap, unpickler + (int64_t)cases[i].read, type);
		assert_true(object_heap_finish(heap));
		assert_int_equal(told_visit(heap, unpickler, &told), cases[i].state);
		assert_int_equal(told.count, 1);
		if (cases[i].state == DECODE_OK)
			assert_told(&told, 0, PY_REF_FIELD, "read", type);
		else
			assert_int_equal(told.references[0].kind, PY_REF_CONSERVATIVE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_static_function_of_c_has_no_self_in_python),
		cmocka_unit_test(a_function_of_c_has_its_self),
		cmocka_unit_test(a_capsule_that_visits_tells_the_struct_of_its_name),
		cmocka_unit_test(a_capsule_that_visits_what_nobody_knows_says_so),
		cmocka_unit_test(the_pointer_of_another_capsule_is_a_guess),
		cmocka_unit_test(a_block_of_structs_tells_the_references_of_each),
		cmocka_unit_test(a_block_with_more_structs_than_room_is_torn),
		cmocka_unit_test(a_block_that_ends_in_no_memory_is_told_until_there),
		cmocka_unit_test(a_struct_is_read_by_the_row_of_its_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
