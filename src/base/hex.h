/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes in hexadecimal, two lower-case digits each, as a build-id is written. */
#ifndef PLUMB_BASE_HEX_H
#define PLUMB_BASE_HEX_H

#include <stddef.h>
#include <stdint.h>

/* ret has room for 2 * size digits and a terminator. */
static inline void hex_write(const uint8_t *bytes, size_t size, char *ret)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < size; i++) {
		ret[2 * i] = digits[bytes[i] >> 4];
		ret[2 * i + 1] = digits[bytes[i] & 15];
	}
	ret[2 * size] = '\0';
}

#endif
