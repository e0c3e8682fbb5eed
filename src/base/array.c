/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The typed pointer is moved in and out with memcpy, because a T ** may not
 * be read as a void **.
 */
#include "base/array.h"

#include <stdlib.h>
#include <string.h>

bool array_reserve(void *array, size_t *capacity, size_t needed, size_t element_size)
{
	size_t wanted = *capacity ? *capacity : 16;
	size_t bytes;
	void *old;
	void *grown;

	if (needed <= *capacity)
		return true;
	while (wanted < needed)
		if (__builtin_mul_overflow(wanted, 2, &wanted))
			return false;
	if (__builtin_mul_overflow(wanted, element_size, &bytes))
		return false;
	memcpy(&old, array, sizeof(old));
	grown = realloc(old, bytes);
	if (!grown)
		return false;
	memcpy(array, &grown, sizeof(grown));
	*capacity = wanted;
	return true;
}
