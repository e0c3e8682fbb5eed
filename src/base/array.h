/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Growing arrays. An array is three plain variables of its owner (pointer,
 * count, capacity); array_reserve makes room and checks every product for
 * overflow. Sizes double, so that appending is linear in all.
 */
#ifndef PLUMB_BASE_ARRAY_H
#define PLUMB_BASE_ARRAY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Makes room for at least needed elements of element_size bytes. *array and
 * *capacity change only on success; false means that memory ran out.
 * array is the address of the owner's typed pointer.
 */
bool array_reserve(void *array, size_t *capacity, size_t needed, size_t element_size);

#endif
