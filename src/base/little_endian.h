/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers in a file, of ours or a core: little-endian, at any address. Whole
 * columns are copied as they are, which is only right on a machine of the same
 * order; on another this file is where to begin.
 */
#ifndef PLUMB_BASE_LITTLE_ENDIAN_H
#define PLUMB_BASE_LITTLE_ENDIAN_H

#include <stdint.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "columns are copied as they are");

static inline void put_u16(uint8_t *to, uint16_t number)
{
	memcpy(to, &number, sizeof(number));
}

static inline void put_u32(uint8_t *to, uint32_t number)
{
	memcpy(to, &number, sizeof(number));
}

static inline void put_u64(uint8_t *to, uint64_t number)
{
	memcpy(to, &number, sizeof(number));
}

static inline uint16_t get_u16(const uint8_t *from)
{
	uint16_t number;

	memcpy(&number, from, sizeof(number));
	return number;
}

static inline uint32_t get_u32(const uint8_t *from)
{
	uint32_t number;

	memcpy(&number, from, sizeof(number));
	return number;
}

static inline uint64_t get_u64(const uint8_t *from)
{
	uint64_t number;

	memcpy(&number, from, sizeof(number));
	return number;
}

#endif
