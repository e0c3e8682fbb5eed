/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Widths as terminals use them: East Asian Width W and F (Unicode 15, UAX #11)
 * take two columns, combining marks none. The tables hold whole blocks; a rare
 * letter that is narrower than its block costs a blank, not a line.
 */
#include "report/letter.h"

struct interval {
	uint32_t first;
	uint32_t last;
};

/* Controls, marks without width that hide in a name, and what turns the direction of text. */
static const struct interval unsafe[] = {
	{0x0000, 0x001f}, {0x007f, 0x009f}, {0x00ad, 0x00ad},   {0x061c, 0x061c},
	{0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e},   {0x2060, 0x206f},
	{0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f},
};

static const struct interval narrow_as_nothing[] = {
	{0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x064b, 0x065f}, {0x1ab0, 0x1aff},
	{0x1dc0, 0x1dff}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xe0100, 0xe01ef},
};

static const struct interval wide[] = {
	{0x1100, 0x115f},   {0x231a, 0x231b},   {0x23e9, 0x23ec},   {0x2e80, 0x303e},
	{0x3041, 0xa4cf},   {0xa960, 0xa97f},   {0xac00, 0xd7a3},   {0xf900, 0xfaff},
	{0xfe30, 0xfe6f},   {0xff00, 0xff60},   {0xffe0, 0xffe6},   {0x16fe0, 0x18aff},
	{0x1b000, 0x1b2ff}, {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1faff},
	{0x20000, 0x3fffd},
};

#define IS_ONE_OF(code, intervals) is_in(code, intervals, sizeof(intervals) / sizeof(*(intervals)))

static bool is_in(uint32_t code, const struct interval *intervals, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (code >= intervals[i].first && code <= intervals[i].last)
			return true;
	return false;
}

/* Length of the well-formed UTF-8 sequence at bytes, 0 if there is none (RFC 3629). */
static size_t sequence_length(const unsigned char *bytes)
{
	size_t length = bytes[0] < 0x80   ? 1
	                : bytes[0] < 0xc2 ? 0
	                : bytes[0] < 0xe0 ? 2
	                : bytes[0] < 0xf0 ? 3
	                : bytes[0] < 0xf5 ? 4
	                                  : 0;

	for (size_t i = 1; i < length; i++)
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
	if ((bytes[0] == 0xe0 && bytes[1] < 0xa0) || (bytes[0] == 0xed && bytes[1] > 0x9f) ||
	    (bytes[0] == 0xf0 && bytes[1] < 0x90) || (bytes[0] == 0xf4 && bytes[1] > 0x8f))
		return 0;
	return length;
}

static uint32_t decode(const unsigned char *bytes, size_t length)
{
	uint32_t code = length == 1 ? bytes[0] : bytes[0] & (0xffu >> (length + 1));

	for (size_t i = 1; i < length; i++)
		code = code << 6 | (bytes[i] & 0x3f);
	return code;
}

struct letter letter_at(const char *string)
{
	const unsigned char *bytes = (const unsigned char *)string;
	size_t length = sequence_length(bytes);
	struct letter letter = {.length = 1, .columns = 1};

	if (!length)
		return letter;
	letter.length = length;
	letter.code = decode(bytes, length);
	letter.well_formed = true;
	letter.is_plain = !IS_ONE_OF(letter.code, unsafe);
	if (letter.code >= 0x300 && letter.is_plain)
		letter.columns = IS_ONE_OF(letter.code, narrow_as_nothing) ? 0
		                 : IS_ONE_OF(letter.code, wide)            ? 2
		                                                           : 1;
	return letter;
}
