/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The class of a virtual table in made-up memory: a table at TABLE, its type
 * information behind it, and a name behind that. By its symbol, a table is found
 * in tests/test_lost.py, which has a compiler make one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "runtime/cxx_vtable.h"
#include "target/fake_target.h"

enum {
	BASE = 0x7000000,
	VTABLE = BASE + 16,
	TYPE_INFO = BASE + 64,
	NAME = BASE + 128,
	SIZE = 4096,
};

struct memory {
	uint64_t words[SIZE / 8];
};

static void put(struct memory *memory, taddr address, uint64_t word)
{
	memory->words[(address - BASE) / 8] = word;
}

static void fill(struct memory *memory, const char *name)
{
	*memory = (struct memory){{0}};
	put(memory, VTABLE - 8, TYPE_INFO);
	put(memory, TYPE_INFO, BASE + 512);
	put(memory, TYPE_INFO + 8, NAME);
	memcpy((char *)memory->words + NAME - BASE, name, strlen(name) + 1);
}

static void check_class(const struct memory *memory, taddr vtable, const char *expected)
{
	_cleanup_(window_cache_deinit) struct window_cache cache = {0};
	struct fake_target *fake = fake_target_new();
	struct mapped_image image = {.start = BASE, .end = BASE + SIZE};
	struct cxx_vtables vtables;
	char name[CXX_NAME_MAX] = "";
	struct target *target;

	assert_non_null(fake);
	assert_true(fake_target_add(fake, BASE, memory->words, SIZE, false, ""));
	assert_null(fake_target_finish(fake, &target));
	assert_null(window_cache_init(&cache, target, 64 << 10));
	image.region = target_region_at(target, BASE);
	cxx_vtables_init(&vtables, &cache);
	assert_int_equal(cxx_vtable_class(&vtables, &image, vtable, name), expected != NULL);
	assert_string_equal(name, expected ? expected : "");
	cxx_vtables_deinit(&vtables);
	target_free(target);
}

static void a_class_is_named_by_its_type_information(void **state)
{
	struct memory memory;

	(void)state;
	fill(&memory, "7Session");
	check_class(&memory, VTABLE, "Session");
	fill(&memory, "*N12_GLOBAL__N_15StateE");
	check_class(&memory, VTABLE, "(anonymous namespace)::State");
	fill(&memory, "N3fooFvvEE"); /* not read: told as it is */
	check_class(&memory, VTABLE, "N3fooFvvEE");
}

static void what_fits_in_part_is_no_table(void **state)
{
	struct memory memory;

	(void)state;
	fill(&memory, "7Session");
	check_class(&memory, VTABLE + 4, NULL);
	check_class(&memory, VTABLE + 8, NULL);
	check_class(&memory, BASE, NULL);
	check_class(&memory, 8, NULL);
	check_class(&memory, BASE + SIZE + 16, NULL);
	put(&memory, VTABLE - 16, 8);
	check_class(&memory, VTABLE, NULL);
	fill(&memory, "7Session");
	put(&memory, TYPE_INFO, 0);
	check_class(&memory, VTABLE, NULL);
	fill(&memory, "7Session");
	put(&memory, TYPE_INFO + 8, BASE + SIZE);
	check_class(&memory, VTABLE, NULL);
	fill(&memory, "7Session");
	put(&memory, VTABLE - 8, TYPE_INFO + 1);
	check_class(&memory, VTABLE, NULL);
}

static void other_text_is_no_class(void **state)
{
	static const char *const names[] = {"", "7", "Session", "7Session::run", "7Ses sion", "*"};
	struct memory memory;
	char long_name[2 * CXX_NAME_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		fill(&memory, names[i]);
		check_class(&memory, VTABLE, NULL);
	}
	memset(long_name, '7', sizeof(long_name));
	long_name[sizeof(long_name) - 1] = '\0';
	fill(&memory, long_name); /* cut, and told as it is */
	long_name[CXX_NAME_MAX - 1] = '\0';
	check_class(&memory, VTABLE, long_name);
}

static void without_type_information_there_has_to_be_a_file(void **state)
{
	struct memory memory;

	(void)state;
	fill(&memory, "7Session");
	put(&memory, VTABLE - 8, 0);
	check_class(&memory, VTABLE, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_class_is_named_by_its_type_information),
		cmocka_unit_test(what_fits_in_part_is_no_table),
		cmocka_unit_test(other_text_is_no_class),
		cmocka_unit_test(without_type_information_there_has_to_be_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
