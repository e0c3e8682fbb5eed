/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bounds are chosen by what random bits would give: a word of them is a
 * "usual" double with a chance of 1 in 16, a half one a usual float with 1 in 5,
 * so three doubles or four words of floats are not there by chance.
 */
#include "capture/block_look.h"

#include "base/text.h"

#include <string.h>

enum {
	WORD = 8,
	ROUNDED = 16,        /* malloc gives at most so much more than it was asked for */
	SMALLEST = 24,       /* that malloc gives at all */
	TEXT_MIN = 4,        /* characters, of text that fills its block */
	LOOSE_TEXT_MIN = 16, /* of other text */
	ARRAY_MIN = 4,       /* words */
	DOUBLES_MIN = 3,
	TEXT_JUDGED = 64, /* bytes of text that goes on and on */
	DOUBLE_BIAS = 1023,
	DOUBLE_USUAL = 64, /* powers of two, up and down from 1 */
	FLOAT_BIAS = 127,
	FLOAT_USUAL = 24,
	INT_USUAL = 1 << 24,
	PREVIEW_CHARACTERS = 40,
	CHARACTER_MAX = 0x10ffff,
};

/* ------------------------------------------------------------------- text */

/* A character of UTF-8 beyond ASCII; its length, 0: none. One that the end cuts counts. */
static size_t character_length(const uint8_t *bytes, size_t size)
{
	size_t length = bytes[0] >= 0xc2 && bytes[0] < 0xe0   ? 2
	                : bytes[0] >= 0xe0 && bytes[0] < 0xf0 ? 3
	                : bytes[0] >= 0xf0 && bytes[0] < 0xf5 ? 4
	                                                      : 0;

	for (size_t i = 1; i < length && i < size; i++)
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
	return length;
}

static bool is_shown(uint32_t character)
{
	bool is_control = character < ' ' || (character >= 0x7f && character < 0xa0);
	bool is_blank = character >= '\t' && character <= '\r';
	bool is_surrogate = character >= 0xd800 && character < 0xe000;

	return character <= CHARACTER_MAX && !is_surrogate && (!is_control || is_blank);
}

struct run { /* of characters from the beginning on */
	size_t count;
	size_t letters; /* of them: letters, digits and blanks of ASCII */
	size_t others;  /* outside of ASCII */
	size_t bytes;
	bool is_ended; /* by a NUL */
};

/* As isalnum in the locale of C, which costs a call. */
static bool is_letter(uint32_t character)
{
	uint32_t small = character | 0x20;

	return (small >= 'a' && small <= 'z') || (character >= '0' && character <= '9') ||
	       character == ' ';
}

static void count_character(struct run *run, uint32_t character, size_t bytes)
{
	run->count++;
	run->letters += character < 0x80 && is_letter(character);
	run->others += character >= 0x80;
	run->bytes += bytes;
}

static struct run run_of_text(const uint8_t *bytes, size_t size)
{
	struct run run = {0};

	while (run.bytes < size) {
		uint8_t first = bytes[run.bytes];
		size_t length = 1;

		if (first >= 0x80)
			length = character_length(bytes + run.bytes, size - run.bytes);
		run.is_ended = !first;
		if (!length || (first < 0x80 && !is_shown(first)))
			return run;
		count_character(&run, first, length);
	}
	return run;
}

static struct run run_of_wide_text(const uint8_t *bytes, size_t size)
{
	struct run run = {0};
	uint32_t character;

	while (size - run.bytes >= sizeof(character)) {
		memcpy(&character, bytes + run.bytes, sizeof(character));
		run.is_ended = !character;
		if (!character || !is_shown(character))
			return run;
		count_character(&run, character, sizeof(character));
	}
	return run;
}

/*
 * width: bytes of the NUL that ends it. Bytes that make UTF-8 outside of ASCII are
 * hardly there by chance; of numbers of 4 bytes many are some character.
 */
static bool is_text(const struct run *run, const struct block_bytes *block, size_t judged,
                    size_t width)
{
	size_t letters = run->letters + (width == 1 ? run->others : 0);
	bool is_filled = run->is_ended && (block->usable <= SMALLEST ||
	                                   run->bytes + width + ROUNDED > block->usable);
	bool goes_on = run->is_ended || run->bytes + width > judged;
	size_t least = is_filled ? TEXT_MIN : LOOSE_TEXT_MIN;

	return goes_on && run->count >= least && 2 * letters >= run->count;
}

/* ----------------------------------------------------------------- arrays */

static bool is_usual_double(uint64_t word)
{
	int exponent = (int)(word >> 52 & 0x7ff) - DOUBLE_BIAS;

	return !word || (exponent >= -DOUBLE_USUAL && exponent <= DOUBLE_USUAL);
}

static bool is_usual_float(uint32_t half)
{
	int exponent = (int)(half >> 23 & 0xff) - FLOAT_BIAS;

	return !half || (exponent >= -FLOAT_USUAL && exponent <= FLOAT_USUAL);
}

static bool is_usual_int(uint32_t half)
{
	int32_t number = (int32_t)half;

	return number > -INT_USUAL && number < INT_USUAL;
}

static bool is_usual_long(uint64_t word)
{
	return (int64_t)word >= INT32_MIN && (int64_t)word <= INT32_MAX;
}

struct counts { /* of the words that are judged */
	size_t words;
	size_t zeros;
	size_t low_zeros;                              /* whose lower half is 0 */
	size_t pointers, doubles, floats, longs, ints; /* zeros are all of these but the first */
};

static struct counts count_words(const struct block_bytes *block, size_t judged)
{
	struct counts counts = {.words = judged / WORD};

	if (judged == block->usable && counts.words > DOUBLES_MIN)
		counts.words--;
	for (size_t i = 0; i < counts.words; i++) {
		uint64_t word;
		uint32_t low;
		uint32_t high;

		memcpy(&word, block->bytes + i * WORD, sizeof(word));
		low = (uint32_t)word;
		high = (uint32_t)(word >> 32);
		counts.zeros += !word;
		counts.low_zeros += !low;
		counts.pointers += block->pointers >> i & 1;
		counts.doubles += is_usual_double(word);
		counts.floats += is_usual_float(low) && is_usual_float(high);
		counts.longs += is_usual_long(word);
		counts.ints += is_usual_int(low) && is_usual_int(high);
	}
	return counts;
}

static enum block_look look_of_words(const struct counts *counts)
{
	size_t words = counts->words;

	if (words < DOUBLES_MIN || 2 * counts->zeros > words)
		return BLOCK_DATA;
	if (counts->pointers)
		return words >= ARRAY_MIN && counts->pointers + counts->zeros == words
		               ? BLOCK_POINTERS
		               : BLOCK_DATA;
	/* Of round doubles the lower half is 0. */
	if (counts->floats == words && words >= ARRAY_MIN && 2 * counts->low_zeros <= words)
		return BLOCK_FLOATS;
	if (counts->doubles == words)
		return BLOCK_DOUBLES;
	if (words < ARRAY_MIN)
		return BLOCK_DATA;
	if (counts->longs == words)
		return BLOCK_LONGS;
	return counts->ints == words ? BLOCK_INTS : BLOCK_DATA;
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
	return size && !bytes[0] && memcmp(bytes, bytes + 1, size - 1) == 0;
}

enum block_look block_look_of(const struct block_bytes *block)
{
	size_t judged = block->size < BLOCK_LOOK_BYTES ? block->size : BLOCK_LOOK_BYTES;
	struct counts counts;
	struct run run;

	if (is_zero(block->bytes, block->size))
		return BLOCK_ZEROS;
	if (!(block->pointers & 1)) {
		size_t text = judged < TEXT_JUDGED ? judged : TEXT_JUDGED;

		run = run_of_text(block->bytes, text);
		if (is_text(&run, block, text, 1))
			return BLOCK_TEXT;
		run = run_of_wide_text(block->bytes, judged);
		if (is_text(&run, block, judged, sizeof(uint32_t)))
			return BLOCK_WIDE_TEXT;
	}
	counts = count_words(block, judged);
	return look_of_words(&counts);
}

/* ------------------------------------------------------------------- words */

static const char *const names[BLOCK_LOOK_COUNT] = {
	[BLOCK_DATA] = "data",
	[BLOCK_ZEROS] = "zeros",
	[BLOCK_TEXT] = "text",
	[BLOCK_WIDE_TEXT] = "wide text",
	[BLOCK_POINTERS] = "array of pointers",
	[BLOCK_DOUBLES] = "array of doubles",
	[BLOCK_FLOATS] = "array of floats",
	[BLOCK_LONGS] = "array of 64-bit integers",
	[BLOCK_INTS] = "array of 32-bit integers",
};

const char *block_look_name(enum block_look look)
{
	return names[look];
}

enum block_look block_look_named(const char *name)
{
	for (unsigned int look = 0; look < BLOCK_LOOK_COUNT; look++)
		if (strcmp(names[look], name) == 0)
			return (enum block_look)look;
	return BLOCK_DATA;
}

static void append_escaped(struct text *text, uint32_t character)
{
	switch (character) {
	case '\n': text_append(text, "\\n"); return;
	case '\r': text_append(text, "\\r"); return;
	case '\t': text_append(text, "\\t"); return;
	case '"':
	case '\\': text_append_char(text, '\\'); break;
	default: break;
	}
	if (character < ' ')
		text_printf(text, "\\x%02x", (unsigned int)character);
	else
		text_append_char(text, (char)character);
}

/* A character of 4 bytes as UTF-8. */
static void append_wide(struct text *text, uint32_t character)
{
	unsigned int more = character < 0x800 ? 1 : character < 0x10000 ? 2 : 3;
	static const uint8_t first[] = {0, 0xc0, 0xe0, 0xf0};

	if (character < 0x80) {
		append_escaped(text, character);
		return;
	}
	text_append_char(text, (char)(first[more] | character >> 6 * more));
	while (more--)
		text_append_char(text, (char)(0x80 | (character >> 6 * more & 0x3f)));
}

/* The character at bytes; how many bytes it takes. */
static size_t append_character(struct text *text, const uint8_t *bytes, size_t size, bool is_wide)
{
	uint32_t character = bytes[0];
	size_t length;

	if (is_wide) {
		memcpy(&character, bytes, sizeof(character));
		append_wide(text, character);
		return sizeof(character);
	}
	if (character < 0x80) {
		append_escaped(text, character);
		return 1;
	}
	length = character_length(bytes, size);
	if (length <= size)
		text_append_bytes(text, bytes, length);
	return length;
}

char *block_look_preview(enum block_look look, const uint8_t *bytes, size_t size)
{
	bool is_wide = look == BLOCK_WIDE_TEXT;
	struct text text;
	struct run run;
	size_t at = 0;

	if (look != BLOCK_TEXT && !is_wide)
		return NULL;
	run = is_wide ? run_of_wide_text(bytes, size) : run_of_text(bytes, size);
	text_init(&text);
	text_append_char(&text, '"');
	for (int i = 0; i < PREVIEW_CHARACTERS && at < run.bytes; i++)
		at += append_character(&text, bytes + at, size - at, is_wide);
	if (at < run.bytes || !run.is_ended)
		text_append(&text, "...");
	text_append_char(&text, '"');
	return text_take(&text);
}
