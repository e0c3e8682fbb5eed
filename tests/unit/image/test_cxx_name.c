/* SPDX-License-Identifier: Apache-2.0 */
/* Names of classes, as c++filt -t writes them too; and what is left alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "image/cxx_name.h"

static void check_name(const char *mangled, const char *expected)
{
	char name[CXX_NAME_MAX] = "untouched";
	bool is_read = cxx_name_read(mangled, name, sizeof(name));

	if (!is_read && !expected) {
		assert_string_equal(name, "untouched");
		return;
	}
	if (!is_read || !expected)
		fail_msg("%s: %s", mangled, is_read ? name : "is not read");
	assert_string_equal(name, expected);
}

static void classes_are_named_with_their_namespaces(void **state)
{
	(void)state;
	check_name("7Session", "Session");
	check_name("N3app7SessionE", "app::Session");
	check_name("N3app4data5StoreE", "app::data::Store");
	check_name("St9exception", "std::exception");
	check_name("NSt6thread6_StateE", "std::thread::_State");
	check_name("N12_GLOBAL__N_15StateE", "(anonymous namespace)::State");
}

static void templates_are_named_with_their_arguments(void **state)
{
	(void)state;
	check_name("3BoxIiE", "Box<int>");
	check_name("N3app5CacheIiPKcEE", "app::Cache<int, char const*>");
	check_name("N3app3BoxI3RowE4ItemE", "app::Box<Row>::Item");
	check_name("St6vectorIiSaIiEE", "std::vector<int, std::allocator<int>>");
	check_name("5ArrayIdLj16EE", "Array<double, 16>");
	check_name("5ArrayILin3EE", "Array<-3>");
	check_name("5TupleIJic3RowEE", "Tuple<int, char, Row>");
	check_name("3BoxIR3RowE", "Box<Row&>");
	check_name("3BoxIN1a3RowIhEEE", "Box<a::Row<unsigned char>>");
}

static void parts_are_referred_back_to(void **state)
{
	(void)state;
	check_name("N3app3BoxIiNS_7SessionEEE", "app::Box<int, app::Session>");
	check_name("3BoxIPK3RowS1_S2_E", "Box<Row const*, Row const, Row const*>");
	check_name("4PairIN1a3RowIiEES2_S1_IcEE", "Pair<a::Row<int>, a::Row<int>, a::Row<char>>");
	check_name("NSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE",
	           "std::__cxx11::basic_string<char, std::char_traits<char>, "
	           "std::allocator<char>>");
	check_name("St6vectorI3RowSaIS0_EE", "std::vector<Row, std::allocator<Row>>");
	check_name("1AI1B1C1D1E1F1G1H1I1J1KS9_S8_E", "A<B, C, D, E, F, G, H, I, J, K, K, J>");
	check_name("1AI1BS1_E", NULL);
	check_name("1AI1BS9999_E", NULL);
}

static void what_is_not_understood_is_left(void **state)
{
	static const char *const names[] = {
		"",
		"E",
		"7Sess",
		"0",
		"NE",
		"N3app",
		"3BoxI",
		"3BoxE",
		"Session",
		"7Session7",
		"3BoxIS5_E",
		"JE",
		"Li3E",
		"ZN3fooE3Bar",
		"S",
		"St",
		"00000007Session",
		"99999999999999999999Session",
		"3BoxIPE",
		"3BoxILEE",
		"3BoxIPPPPPPPPPPiE",
		"1aI1aI1aI1aI1aI1aI1aI1aI1aI1aI1aI1aI1aI1aI1aI1aI1aIiEEEEEEEEEEEEEEEEEE",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		check_name(names[i], NULL);
}

static void a_name_without_room_is_left(void **state)
{
	char name[8] = "before";

	(void)state;
	assert_true(cxx_name_read("7Session", name, sizeof(name)));
	assert_string_equal(name, "Session");
	assert_false(cxx_name_read("8Sessions", name, sizeof(name)));
	assert_string_equal(name, "Session");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(classes_are_named_with_their_namespaces),
		cmocka_unit_test(templates_are_named_with_their_arguments),
		cmocka_unit_test(parts_are_referred_back_to),
		cmocka_unit_test(what_is_not_understood_is_left),
		cmocka_unit_test(a_name_without_room_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
