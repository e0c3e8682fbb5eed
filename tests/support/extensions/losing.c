/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A library, no extension of Python, that loses blocks of malloc of many sorts,
 * each of a size of its own:
 *
 *	lose_text(n)      a line of text, 72 bytes
 *	lose_wide(n)      the same of wchar_t, 120 bytes
 *	lose_pointers(n)  25 addresses of a block that is kept, 200 bytes
 *	lose_entries(n)   a pointer to static data of the library and numbers, 136 bytes
 *	lose_ints(n)      100 ints, 400 bytes
 *	lose_zeros(n)     600 bytes
 *	lose_noise(n)     nothing that looks like something, 248 bytes
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

struct kind {
	const char *name;
};

struct entry {
	uint64_t noise;
	const struct kind *kind;
	uint64_t more[15];
};

static struct kind known_kind = {"entry"};
static void *volatile last; /* so that nothing is optimised away */
static void *kept;

/* Cleared: what was in the memory before would point at others of these. */
static void *lose(size_t size)
{
	void *block = calloc(1, size);

	last = block;
	return block;
}

static uint64_t noise(uint64_t number)
{
	number = (number + 1) * 0x9e3779b97f4a7c15;
	return (number ^ number >> 29) | UINT64_C(0xe000000000000000);
}

void lose_text(int count)
{
	for (int i = 0; i < count; i++)
		snprintf(lose(72), 72, "GET /items?page=%d HTTP/1.1\r\nHost: example.org\r\n", i);
	last = NULL;
}

void lose_wide(int count)
{
	for (int i = 0; i < count; i++)
		swprintf(lose(120), 30, L"wide line of text %d", 10000000 + i);
	last = NULL;
}

void lose_pointers(int count)
{
	if (!kept)
		kept = malloc(64);
	for (int i = 0; i < count; i++) {
		void **block = lose(200);

		for (int at = 0; at < 25; at++)
			block[at] = at % 5 ? kept : NULL;
	}
	last = NULL;
}

void lose_entries(int count)
{
	for (int i = 0; i < count; i++) {
		struct entry *entry = lose(sizeof(*entry));

		entry->noise = noise((uint64_t)i);
		entry->kind = &known_kind;
		for (int at = 0; at < 15; at++)
			entry->more[at] = noise((uint64_t)(i + at));
	}
	last = NULL;
}

void lose_ints(int count)
{
	for (int i = 0; i < count; i++) {
		int *block = lose(400);

		for (int at = 0; at < 100; at++)
			block[at] = 7 * at - i;
	}
	last = NULL;
}

void lose_zeros(int count)
{
	for (int i = 0; i < count; i++)
		lose(600);
	last = NULL;
}

void lose_noise(int count)
{
	for (int i = 0; i < count; i++) {
		uint64_t *block = lose(248);

		for (int at = 0; at < 31; at++)
			block[at] = noise((uint64_t)(31 * i + at));
	}
	last = NULL;
}
