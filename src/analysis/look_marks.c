/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mark is written as what differs from the one before:
 *
 *   +------+-----------+------+--------+
 *   | head | distance? | type | birth? |
 *   +------+-----------+------+--------+
 *    bits 0-6: distance of the addresses in units of 8; 127: it follows as a number
 *    bit 7: the birth is not that of the mark before, and follows
 *
 * Numbers are little endian, 7 bits a byte, the high bit says that more
 * follow. A mark lies in one chunk.
 */
#include "analysis/look_marks.h"

#include "base/cleanup.h"

#include <assert.h>
#include <stdlib.h>

enum {
	CHUNK_BYTES = (256 << 10) - 64,
	MARK_BYTES_MAX = 24,
	DISTANCE_UNIT = 8,
	DISTANCE_FOLLOWS = 127,
	HEAD_DISTANCE = 127,
	HEAD_BIRTH = 1 << 7,
};

struct mark_chunk {
	struct mark_chunk *next;
	size_t used;
	uint8_t bytes[CHUNK_BYTES];
};

void look_marks_init(struct look_marks *marks)
{
	*marks = (struct look_marks){0};
}

static void drop_first(struct look_marks *marks)
{
	struct mark_chunk *chunk = marks->first;

	marks->first = chunk->next;
	marks->position = 0;
	free(chunk);
}

void look_marks_deinit(struct look_marks *marks)
{
	while (marks->first)
		drop_first(marks);
	look_marks_init(marks);
}

static struct mark_chunk *chunk_with_room(struct look_marks *marks)
{
	struct mark_chunk *chunk = marks->last;

	if (chunk && chunk->used + MARK_BYTES_MAX <= CHUNK_BYTES)
		return chunk;
	chunk = malloc(sizeof(*chunk));
	if (!chunk)
		return NULL;
	chunk->next = NULL;
	chunk->used = 0;
	if (marks->last)
		marks->last->next = chunk;
	else
		marks->first = chunk;
	marks->last = chunk;
	return chunk;
}

static void put_byte(struct mark_chunk *chunk, unsigned int byte)
{
	chunk->bytes[chunk->used++] = (uint8_t)byte;
}

static void put_number(struct mark_chunk *chunk, uint64_t number)
{
	for (; number >= 0x80; number >>= 7)
		put_byte(chunk, (unsigned int)(number & 0x7f) | 0x80);
	put_byte(chunk, (unsigned int)number);
}

bool look_marks_append(struct look_marks *marks, const struct look_mark *mark)
{
	uint64_t distance = (mark->address - marks->appended.address) / DISTANCE_UNIT;
	bool is_far = distance >= DISTANCE_FOLLOWS;
	bool has_birth = mark->birth != marks->appended.birth;
	struct mark_chunk *chunk = chunk_with_room(marks);

	assert(mark->address % DISTANCE_UNIT == 0);
	if (!chunk)
		return false;
	put_byte(chunk, (is_far ? DISTANCE_FOLLOWS : (unsigned int)distance) |
	                        (has_birth ? HEAD_BIRTH : 0u));
	if (is_far)
		put_number(chunk, distance);
	put_number(chunk, mark->type);
	if (has_birth)
		put_byte(chunk, mark->birth);
	marks->appended = *mark;
	return true;
}

static unsigned int take_byte(struct look_marks *marks)
{
	return marks->first->bytes[marks->position++];
}

static uint64_t take_number(struct look_marks *marks)
{
	uint64_t number = 0;
	unsigned int shift = 0;
	unsigned int byte;

	do {
		byte = take_byte(marks);
		number |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	return number;
}

bool look_marks_take(struct look_marks *marks, struct look_mark *ret)
{
	struct look_mark mark = {.birth = marks->taken.birth};
	uint64_t distance;
	unsigned int head;

	while (marks->first && marks->position == marks->first->used)
		drop_first(marks);
	if (!marks->first) {
		look_marks_init(marks);
		return false;
	}
	head = take_byte(marks);
	distance = head & HEAD_DISTANCE;
	if (distance == DISTANCE_FOLLOWS)
		distance = take_number(marks);
	mark.address = marks->taken.address + distance * DISTANCE_UNIT;
	mark.type = (uint32_t)take_number(marks);
	if (head & HEAD_BIRTH)
		mark.birth = (uint8_t)take_byte(marks);
	marks->taken = mark;
	*ret = mark;
	return true;
}
