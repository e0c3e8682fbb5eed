/* SPDX-License-Identifier: Apache-2.0 */
/* Strings, integers, lists and dicts of every generation, also when they lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "runtime/layouts/layout_tables.h"
#include "told_object.h"

static void assert_text(struct object_heap *heap, taddr address, const char *expected)
{
	_cleanup_free_ char *text = py_object_text(&heap->python, heap->types, address, 60);

	assert_non_null(text);
	assert_string_equal(text, expected);
}

static taddr add_integer(struct object_heap *heap, taddr type, int sign, size_t count,
                         const uint32_t *digits)
{
	taddr integer = object_heap_object(heap, type, 24 + count * 4);
	uint64_t tag = py_has(heap->python.layout.integer.lv_tag)
	                       ? count << 3 | (sign < 0 ? 2
	                                       : count  ? 0
	                                                : 1)
	                       : (uint64_t)((int64_t)count * sign);

	object_heap_u64(heap, integer + 16, tag);
	object_heap_bytes(heap, integer + 24, digits, count * 4);
	return integer;
}

static void check_integers(const struct py_layout *layout, unsigned int minor)
{
	_cleanup_(cleanup_heap) struct object_heap *heap = object_heap_new(layout, minor);
	const uint32_t two_to_64[] = {0, 0, 16};
	const uint32_t answer = 42;
	taddr type = object_heap_type(heap, "int", PY_TYPE_LONG_SUBCLASS, 24, 4);
	taddr zero = add_integer(heap, type, 1, 0, NULL);
	taddr small = add_integer(heap, type, -1, 1, &answer);
	taddr large = add_integer(heap, type, 1, 3, two_to_64);
	struct told told;

	assert_true(object_heap_finish(heap));
	assert_text(heap, zero, "0");
	assert_text(heap, small, "-42");
	assert_text(heap, large, "18446744073709551616");
	assert_int_equal(told_visit(heap, small, &told), DECODE_OK);
	assert_int_equal(told.count, 0);
}

static void integers_read_as_python_writes_them(void **state)
{
	(void)state;
	check_integers(&py_layout_3_8, 8);
	check_integers(&py_layout_3_12, 12);
	check_integers(&py_layout_3_15, 15);
}

static void strings_of_all_widths_become_utf8(void **state)
{
	const struct py_layout *layout = &py_layout_3_12;
	_cleanup_(cleanup_heap) struct object_heap *heap = object_heap_new(layout, 12);
	taddr type = object_heap_type(heap, "str", PY_TYPE_UNICODE_SUBCLASS, 64, 0);
	taddr ascii = object_heap_string(heap, type, "it's\n");
	taddr wide = object_heap_object(heap, type, 80);
	const uint32_t state_of_wide = 4 << 2 | 1 << 5;
	const uint32_t characters[] = {0xe9, 0x20ac, 0x1f40d, 0xd800};
	_cleanup_free_ char *text = NULL;
	_cleanup_free_ char *cut = NULL;

	(void)state;
	object_heap_u64(heap, wide + layout->ascii.length, 4);
	object_heap_bytes(heap, wide + layout->ascii.state, &state_of_wide, 4);
	object_heap_bytes(heap, wide + layout->compact_unicode.size, characters, 16);
	assert_true(object_heap_finish(heap));
	text = py_string_utf8(&heap->python, wide, 100);
	assert_string_equal(text, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\x8d\\ud800");
	cut = py_string_utf8(&heap->python, wide, 7);
	assert_string_equal(cut, "\xc3\xa9\xe2\x82\xac");
	assert_text(heap, ascii, "'it\\'s\\n'");
}

static void a_string_longer_than_memory_is_not_read(void **state)
{
	const struct py_layout *layout = &py_layout_3_13;
	_cleanup_(cleanup_heap) struct object_heap *heap = object_heap_new(layout, 13);
	taddr type = object_heap_type(heap, "str", PY_TYPE_UNICODE_SUBCLASS, 64, 0);
	taddr string = object_heap_string(heap, type, "short");

	(void)state;
	object_heap_u64(heap, string + layout->ascii.length, UINT64_MAX / 2);
	assert_true(object_heap_finish(heap));
	assert_null(py_string_utf8(&heap->python, string, 100));
}

/* A dict of two keys, the first of them deleted; a table of 8 slots. */
struct small_dict {
	taddr dict;
	taddr table;
	taddr key;
	taddr value;
};

static struct small_dict add_dict(struct object_heap *heap, bool is_general)
{
	const struct py_layout *layout = &heap->python.layout;
	taddr type = object_heap_type(heap, "dict", PY_TYPE_HAS_GC | PY_TYPE_DICT_SUBCLASS, 48, 0);
	taddr string =
		object_heap_type(heap, "str", PY_TYPE_UNICODE_SUBCLASS, layout->unicode.size, 0);
	struct small_dict small = {.dict = object_heap_object(heap, type, 48),
	                           .table = object_heap_take(heap, 256),
	                           .key = object_heap_string(heap, string, "key"),
	                           .value = object_heap_string(heap, string, "value")};
	bool is_old = py_has(layout->dict_keys.dk_size);
	const uint8_t sizes[3] = {3, 3, is_general ? 0 : 1};
	uint32_t entry_size = is_old || is_general ? 24 : 16;
	taddr entry = small.table + layout->dict_keys.dk_indices + 8 + entry_size;

	object_heap_u64(heap, small.dict + layout->dict.ma_used, 1);
	object_heap_u64(heap, small.dict + layout->dict.ma_keys, small.table);
	object_heap_u64(heap, small.table, 1);
	if (is_old)
		object_heap_u64(heap, small.table + layout->dict_keys.dk_size, 8);
	else
		object_heap_bytes(heap, small.table + layout->dict_keys.dk_log2_size, sizes, 3);
	object_heap_u64(heap, small.table + layout->dict_keys.dk_usable, 3);
	object_heap_u64(heap, small.table + layout->dict_keys.dk_nentries, 2);
	object_heap_u64(heap, entry + entry_size - 16, small.key);
	object_heap_u64(heap, entry + entry_size - 8, small.value);
	return small;
}

static void check_dict(const struct py_layout *layout, unsigned int minor, bool is_general,
                       uint64_t table_size)
{
	_cleanup_(cleanup_heap) struct object_heap *heap = object_heap_new(layout, minor);
	struct small_dict small = add_dict(heap, is_general);
	struct told told;

	assert_true(object_heap_finish(heap));
	assert_int_equal(told_visit(heap, small.dict, &told), DECODE_OK);
	assert_int_equal(told.length, 1);
	assert_int_equal(told.count, 2);
	assert_int_equal(told.references[0].kind, PY_REF_KEY);
	assert_int_equal(told.references[0].to, small.key);
	assert_int_equal(told.references[0].flags, is_general ? 0 : PY_REF_HIDDEN);
	assert_int_equal(told.references[1].kind, PY_REF_VALUE);
	assert_int_equal(told.references[1].to, small.value);
	assert_int_equal(told.references[1].name_object, small.key);
	assert_int_equal(told.references[1].number, 1);
	assert_int_equal(told.storage_count, 1);
	assert_int_equal(told.storage[0], small.table);
	assert_int_equal(told.storage_size[0], table_size);
}

static void dicts_of_every_generation_tell_their_entries(void **state)
{
	(void)state;
	check_dict(&py_layout_3_8, 8, false, 40 + 8 + 5 * 24);
	check_dict(&py_layout_3_11, 11, false, 32 + 8 + 5 * 16);
	check_dict(&py_layout_3_11, 11, true, 32 + 8 + 5 * 24);
	check_dict(&py_layout_3_15, 15, false, 32 + 8 + 5 * 16);
}

static void a_dict_with_more_entries_than_room_is_torn(void **state)
{
	_cleanup_(cleanup_heap) struct object_heap *heap = object_heap_new(&py_layout_3_12, 12);
	struct small_dict small = add_dict(heap, false);
	struct told told;

	(void)state;
	object_heap_u64(heap, small.table + py_layout_3_12.dict_keys.dk_nentries, 1 << 20);
	assert_true(object_heap_finish(heap));
	assert_int_equal(told_visit(heap, small.dict, &told), DECODE_TORN);
	assert_int_equal(told.count, 0);
}

static void a_list_tells_items_and_their_room(void **state)
{
	_cleanup_(cleanup_heap) struct object_heap *heap = object_heap_new(&py_layout_3_9, 9);
	taddr type = object_heap_type(heap, "list", PY_TYPE_HAS_GC, 40, 0);
	taddr list = object_heap_object(heap, type, 40);
	taddr items = object_heap_take(heap, 4 * 8);
	struct told told;
	struct py_object object;
	uint64_t size = 0;

	(void)state;
	object_heap_u64(heap, list + 16, 2);
	object_heap_u64(heap, list + 24, items);
	object_heap_u64(heap, list + 32, 4);
	object_heap_u64(heap, items, type);
	object_heap_u64(heap, items + 8, list);
	assert_true(object_heap_finish(heap));
	assert_int_equal(told_visit(heap, list, &told), DECODE_OK);
	assert_int_equal(told.count, 2);
	assert_int_equal(told.references[1].to, list);
	assert_int_equal(told.references[1].number, 1);
	assert_int_equal(told.storage_size[0], 32);
	py_object_at(&heap->python, heap->types, list, &object);
	assert_int_equal(py_object_size(&heap->python, heap->types, &object, &size), DECODE_OK);
	assert_int_equal(size, 40 + 32 + 16);
}

static void a_list_longer_than_its_room_is_torn(void **state)
{
	_cleanup_(cleanup_heap) struct object_heap *heap = object_heap_new(&py_layout_3_9, 9);
	taddr type = object_heap_type(heap, "list", PY_TYPE_HAS_GC, 40, 0);
	taddr list = object_heap_object(heap, type, 40);
	struct told told;

	(void)state;
	object_heap_u64(heap, list + 16, 5);
	object_heap_u64(heap, list + 24, list);
	object_heap_u64(heap, list + 32, 4);
	assert_true(object_heap_finish(heap));
	assert_int_equal(told_visit(heap, list, &told), DECODE_TORN);
	assert_int_equal(told.count, 0);
}

static void a_ring_of_ordered_keys_ends(void **state)
{
	const struct py_layout *layout = &py_layout_3_12;
	_cleanup_(cleanup_heap) struct object_heap *heap = object_heap_new(layout, 12);
	struct small_dict small = add_dict(heap, false);
	taddr type = object_heap_type(heap, "collections.OrderedDict",
	                              PY_TYPE_HAS_GC | PY_TYPE_DICT_SUBCLASS, 112, 0);
	taddr dict = object_heap_object(heap, type, 112);
	taddr node = object_heap_take(heap, 32);
	struct told told;

	(void)state;
	object_heap_u64(heap, dict + layout->dict.ma_used, 1 << 30);
	object_heap_u64(heap, dict + layout->dict.ma_keys, small.table);
	object_heap_u64(heap, dict + layout->odict.od_first, node);
	object_heap_u64(heap, node + layout->odict_node.key, small.key);
	object_heap_u64(heap, node + layout->odict_node.next, node);
	assert_true(object_heap_finish(heap));
	assert_int_equal(told_visit(heap, dict, &told), DECODE_TORN);
}

/* A class statement's tp_name points into its ht_name; a C type's does not. */
static void a_class_called_deque_is_no_deque(void **state)
{
	const struct py_layout *layout = &py_layout_3_12;
	_cleanup_(cleanup_heap) struct object_heap *heap = object_heap_new(layout, 12);
	taddr string = object_heap_type(heap, "str", PY_TYPE_UNICODE_SUBCLASS, 64, 0);
	taddr deque = object_heap_type(heap, "collections.deque", PY_TYPE_HAS_GC,
	                               layout->library.deque.size, 0);
	taddr class = object_heap_type(heap, "?", PY_TYPE_HAS_GC | PY_TYPE_HEAP, 16, 0);
	taddr name = object_heap_string(heap, string, "collections.deque");
	const struct py_type *type;

	(void)state;
	object_heap_u64(heap, class + layout->type.tp_name, name + layout->ascii.size);
	object_heap_u64(heap, class + layout->heap_type.ht_name, name);
	object_heap_u64(heap, class + layout->heap_type.ht_qualname, name);
	assert_true(object_heap_finish(heap));
	assert_int_equal(py_types_get(heap->types, deque)->shape, PY_SHAPE_DEQUE);
	type = py_types_get(heap->types, class);
	assert_int_equal(type->shape, PY_SHAPE_PLAIN);
	assert_true(type->has_python_slots);
	assert_int_equal(type->type_reference, PY_TYPE_REFERENCE_VISITED);
	assert_null(py_types_get(heap->types, name));
}

/* Each type adds the same table of members to all that it inherits. */
static void members_that_types_share_are_bounded_together(void **state)
{
	enum { OWN = 4000, TYPES = 20, DEFINITION = 40, SIZE = 4096, KIND_OBJECT = 6 };
	const struct py_layout *layout = &py_layout_3_12;
	_cleanup_(cleanup_heap) struct object_heap *heap = object_heap_new(layout, 12);
	taddr definitions = object_heap_take(heap, (size_t)(OWN + 1) * DEFINITION);
	taddr name = object_heap_take(heap, 16);
	taddr types[TYPES];
	size_t members = 0;
	size_t found = 0;

	(void)state;
	object_heap_bytes(heap, name, "m", 2);
	for (size_t i = 0; i < OWN; i++) {
		object_heap_u64(heap, definitions + i * DEFINITION, name);
		object_heap_u64(heap, definitions + i * DEFINITION + 8, KIND_OBJECT);
		object_heap_u64(heap, definitions + i * DEFINITION + 16, 16);
	}
	for (size_t i = 0; i < TYPES; i++) {
		types[i] = object_heap_type(heap, "x.Opaque", 0, SIZE, 0);
		object_heap_u64(heap, types[i] + layout->type.tp_members, definitions);
		if (i)
			object_heap_u64(heap, types[i] + layout->type.tp_base, types[i - 1]);
	}
	assert_true(object_heap_finish(heap));
	for (size_t i = 0; i < TYPES; i++) {
		const struct py_type *type = py_types_get(heap->types, types[i]);

		found += type != NULL;
		members += type ? type->member_count : 0;
	}
	assert_true(found > 1);
	assert_true(members < (size_t)2 << 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_read_as_python_writes_them),
		cmocka_unit_test(strings_of_all_widths_become_utf8),
		cmocka_unit_test(a_string_longer_than_memory_is_not_read),
		cmocka_unit_test(dicts_of_every_generation_tell_their_entries),
		cmocka_unit_test(a_dict_with_more_entries_than_room_is_torn),
		cmocka_unit_test(a_list_tells_items_and_their_room),
		cmocka_unit_test(a_list_longer_than_its_room_is_torn),
		cmocka_unit_test(a_ring_of_ordered_keys_ends),
		cmocka_unit_test(a_class_called_deque_is_no_deque),
		cmocka_unit_test(members_that_types_share_are_bounded_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
