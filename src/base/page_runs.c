/* SPDX-License-Identifier: Apache-2.0 */
/* memcmp with a page of zeros is what every libc does fast. */
#include "base/page_runs.h"

#include <string.h>

enum { PAGE = 4096 };

static size_t page_size_at(size_t place, size_t size)
{
	return size - place < PAGE ? size - place : PAGE;
}

static bool is_zeros(const uint8_t *page, size_t size)
{
	static const uint8_t zeros[PAGE];

	return memcmp(page, zeros, size) == 0;
}

/* Passes over pages that are zeros, or over those that are not. */
static size_t skip_pages(const uint8_t *bytes, size_t size, size_t place, bool of_zeros)
{
	while (place < size && is_zeros(bytes + place, page_size_at(place, size)) == of_zeros)
		place += page_size_at(place, size);
	return place;
}

bool page_runs_next(const uint8_t *bytes, size_t size, size_t *place, size_t *ret_size)
{
	size_t start = skip_pages(bytes, size, *place, true);

	if (start >= size)
		return false;
	*place = start;
	*ret_size = skip_pages(bytes, size, start, false) - start;
	return true;
}
