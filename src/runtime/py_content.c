/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of a long string, as a number that equal ones share. They are
 * read piece by piece, so a string of a gigabyte needs no memory here; what
 * may be read in all is the cache's to limit.
 */
#include "base/content_hash.h"
#include "runtime/py_families.h"
#include "runtime/py_string.h"

enum { PIECE = 8 << 10 }; /* a multiple of 8, as the hash wants it */

static bool find_bytes(struct python *python, const struct py_object *object, taddr *ret_data,
                       uint64_t *ret_length, uint64_t *ret_width)
{
	struct py_string string;

	if (object->type->shape == PY_SHAPE_BYTES) {
		*ret_data = object->address + python->layout.bytes.ob_sval;
		*ret_width = 1;
		return py_object_word(python, object, 16, ret_length);
	}
	if (object->type->shape != PY_SHAPE_STR ||
	    py_string_read(python, object, &string) != DECODE_OK)
		return false;
	*ret_data = string.data;
	*ret_length = string.length;
	*ret_width = string.kind;
	return true;
}

bool py_object_content(struct python *python, struct py_types *types, taddr address,
                       uint64_t *ret_length, uint64_t *ret_hash)
{
	uint64_t hash = CONTENT_HASH_START;
	struct py_object object;
	uint64_t length = 0;
	uint64_t width = 0;
	uint64_t size;
	taddr data = 0;

	if (py_object_at(python, types, address, &object) != DECODE_OK ||
	    !find_bytes(python, &object, &data, &length, &width) ||
	    __builtin_mul_overflow(length, width, &size))
		return false;
	for (uint64_t done = 0; done < size; done += PIECE) {
		size_t piece = size - done < PIECE ? (size_t)(size - done) : PIECE;
		const uint8_t *bytes = window_cache_view(python->memory, data + done, piece);

		if (!bytes)
			return false;
		hash = content_hash_add(hash, bytes, piece);
	}
	*ret_length = length;
	*ret_hash = content_hash_end(hash, size);
	return true;
}
