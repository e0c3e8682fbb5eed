/* SPDX-License-Identifier: Apache-2.0 */
/* Iterators and views of the builtin containers. */
#include "runtime/py_fields.h"

#define SEQUENCE_ITERATOR(name_)                                                                   \
	{                                                                                          \
		name_, 32, false, 8, 255, ROWS(FIELD_AT("it_seq", 24))                             \
	}
#define DICT_ITERATOR(name_)                                                                       \
	{                                                                                          \
		name_, 56, false, 8, 255, ROWS(FIELD_AT("di_dict", 16), FIELD_AT("di_result", 40)) \
	}
#define DICT_VIEW(name_)                                                                           \
	{                                                                                          \
		name_, 24, false, 8, 255, ROWS(FIELD_AT("dv_dict", 16))                            \
	}

const struct py_fields_type py_fields_iterators[] = {
	SEQUENCE_ITERATOR("iterator"),
	SEQUENCE_ITERATOR("list_iterator"),
	SEQUENCE_ITERATOR("list_reverseiterator"),
	SEQUENCE_ITERATOR("tuple_iterator"),
	SEQUENCE_ITERATOR("str_iterator"),
	SEQUENCE_ITERATOR("str_ascii_iterator"),
	SEQUENCE_ITERATOR("bytes_iterator"),
	SEQUENCE_ITERATOR("bytearray_iterator"),
	{"callable_iterator", 32, false, 8, 255,
         ROWS(FIELD_AT("it_callable", 16), FIELD_AT("it_sentinel", 24))},
	DICT_ITERATOR("dict_keyiterator"),
	DICT_ITERATOR("dict_valueiterator"),
	DICT_ITERATOR("dict_itemiterator"),
	DICT_ITERATOR("dict_reversekeyiterator"),
	DICT_ITERATOR("dict_reversevalueiterator"),
	DICT_ITERATOR("dict_reverseitemiterator"),
	DICT_VIEW("dict_keys"),
	DICT_VIEW("dict_values"),
	DICT_VIEW("dict_items"),
	{"set_iterator", 0, false, 8, 255, ROWS(FIELD_AT("si_set", 16))},
	{"enumerate", 0, false, 8, 255,
         ROWS(FIELD_AT("en_sit", 24), FIELD_AT("en_result", 32), FIELD_AT("en_longindex", 40),
              ROW_AT("one", 48, PY_FIELD_HIDDEN, 11, 255))},
	{"reversed", 32, false, 8, 255, ROWS(FIELD_AT("seq", 24))},
	{"map", 0, false, 8, 255, ROWS(FIELD_AT("iters", 16), FIELD_AT("func", 24))},
	{"filter", 32, false, 8, 255, ROWS(FIELD_AT("func", 16), FIELD_AT("it", 24))},
	{"zip", 0, false, 8, 255, ROWS(FIELD_AT("ittuple", 24), FIELD_AT("result", 32))},
	{"longrange_iterator", 48, false, 8, 11,
         ROWS(FIELD_AT("index", 16), FIELD_AT("start", 24), FIELD_AT("step", 32),
              FIELD_AT("len", 40))},
	{"longrange_iterator", 40, false, 12, 255,
         ROWS(FIELD_AT("start", 16), FIELD_AT("step", 24), FIELD_AT("len", 32))},
	{"memory_iterator", 48, false, 10, 255, ROWS(FIELD_AT("it_seq", 24))},
	{"odict_iterator", 64, false, 8, 255,
         ROWS(FIELD_AT("di_odict", 24), FIELD_AT("di_current", 48), FIELD_AT("di_result", 56))},
	{"line_iterator", 0, false, 10, 255, ROWS(FIELD_AT("li_code", 16))},
	{"positions_iterator", 80, false, 11, 255, ROWS(FIELD_AT("pi_code", 16))},
	{"fieldnameiterator", 56, false, 8, 255,
         ROWS(FIELD_AT("str", 16), FIELD_AT("it_field.str.str", 24))},
	{"formatteriterator", 48, false, 8, 255,
         ROWS(FIELD_AT("str", 16), FIELD_AT("it_markup.str.str", 24))},
	{"range_iterator", 0, false, 8, 255, NO_ROWS},
	{NULL, 0, false, 0, 0, NULL},
};
