/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The array is a static variable, so it is known by what it is. From the
 * first look-up on every row has a name, None if no other (PyType_ClearCache,
 * assign_version_tag in Objects/typeobject.c); four thousand rows of that form
 * are nothing else.
 */
#include "runtime/py_method_cache.h"

enum {
	FIRST_WITH_STATE = 10,
	NAME = 8, /* offset in a row */
};

static bool is_row(struct python *python, taddr row)
{
	uint64_t words[PY_METHOD_CACHE_ROW / 8];

	return window_cache_read(python->memory, row, words, sizeof(words)) && !(words[0] >> 32) &&
	       words[1] && !(words[1] % 8) && !(words[2] % 8) &&
	       target_region_at(python->memory->target, words[1]) &&
	       (!words[2] || target_region_at(python->memory->target, words[2]));
}

bool py_method_cache_at(struct python *python, taddr address, taddr *ret_start)
{
	taddr start = address - NAME;

	if (python->minor >= FIRST_WITH_STATE)
		return false;
	for (uint64_t row = 0; row < PY_METHOD_CACHE_ROWS; row++) {
		if (!is_row(python, start + row * PY_METHOD_CACHE_ROW))
			return false;
	}
	*ret_start = start;
	return true;
}
