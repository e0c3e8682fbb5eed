/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The columns of a block are next to each other so that like compresses with
 * like: distances of nodes are mostly 1, lengths are small.
 */
#include "snapshot/value_block.h"

#include "base/little_endian.h"

#include <assert.h>

enum { HEAD = 8, CUT_WIDTH = 4 + 8 + 8 };

void value_collector_clear(struct value_collector *collector)
{
	collector->count = 0;
	collector->cut_count = 0;
	collector->texts.size = 0;
}

bool value_collector_add(struct value_collector *collector, uint32_t offset,
                         const struct node_value *value)
{
	size_t before = collector->texts.size;

	assert(collector->count < VALUE_RANGE);
	if (!buffer_resize(&collector->texts, before + value->length))
		return false;
	memcpy(collector->texts.bytes + before, value->text, value->length);
	collector->nodes[collector->count] = offset;
	collector->lengths[collector->count] = (uint32_t)value->length;
	if (value->is_cut) {
		collector->cuts[collector->cut_count] = collector->count;
		collector->whole_lengths[collector->cut_count] = value->whole_length;
		collector->hashes[collector->cut_count++] = value->hash;
	}
	collector->count++;
	return true;
}

struct error *value_collector_encode(const struct value_collector *collector, struct buffer *ret)
{
	size_t count = collector->count;
	size_t cut_count = collector->cut_count;
	uint32_t before = 0;
	uint8_t *to;

	if (!buffer_resize(ret, HEAD + count * 8 + cut_count * CUT_WIDTH + collector->texts.size))
		return error_no_memory();
	to = ret->bytes;
	put_u32(to, (uint32_t)count);
	put_u32(to + 4, (uint32_t)cut_count);
	to += HEAD;
	for (size_t i = 0; i < count; i++, to += 4) {
		put_u32(to, collector->nodes[i] - before);
		before = collector->nodes[i];
	}
	memcpy(to, collector->lengths, count * 4);
	to += count * 4;
	memcpy(to, collector->cuts, cut_count * 4);
	to += cut_count * 4;
	memcpy(to, collector->whole_lengths, cut_count * 8);
	to += cut_count * 8;
	memcpy(to, collector->hashes, cut_count * 8);
	to += cut_count * 8;
	if (collector->texts.size)
		memcpy(to, collector->texts.bytes, collector->texts.size);
	return NULL;
}

static uint8_t *nodes_of(const struct value_block *block)
{
	return block->raw.bytes + HEAD;
}

static uint8_t *ends_of(const struct value_block *block)
{
	return nodes_of(block) + (size_t)block->count * 4;
}

static uint8_t *cuts_of(const struct value_block *block)
{
	return ends_of(block) + (size_t)block->count * 4;
}

static uint8_t *texts_of(const struct value_block *block)
{
	return cuts_of(block) + (size_t)block->cut_count * CUT_WIDTH;
}

/* Distances become nodes, lengths become ends. */
static struct error *sum_up(struct value_block *block, uint64_t rows)
{
	uint64_t texts = block->raw.size - (size_t)(texts_of(block) - block->raw.bytes);
	uint64_t node = 0;
	uint64_t end = 0;

	for (uint32_t i = 0; i < block->count; i++) {
		uint8_t *at = nodes_of(block) + (size_t)i * 4;
		uint32_t distance = get_u32(at);

		node += distance;
		if (node >= rows || (i && !distance))
			return error_new(ERROR_CORRUPT, "value %u is of node %llu of its %llu", i,
			                 (unsigned long long)node, (unsigned long long)rows);
		put_u32(at, (uint32_t)node);
		at = ends_of(block) + (size_t)i * 4;
		end += get_u32(at);
		if (end > texts)
			return error_new(ERROR_CORRUPT, "value %u does not lie within it", i);
		put_u32(at, (uint32_t)end);
	}
	if (end != texts)
		return error_new(ERROR_CORRUPT, "%llu bytes are behind its last value",
		                 (unsigned long long)(texts - end));
	return NULL;
}

static struct error *check_cuts(const struct value_block *block)
{
	uint32_t before = 0;

	for (uint32_t i = 0; i < block->cut_count; i++) {
		uint32_t cut = get_u32(cuts_of(block) + (size_t)i * 4);

		if (cut >= block->count || (i && cut <= before))
			return error_new(ERROR_CORRUPT, "of its %u values, %u cannot be cut",
			                 block->count, cut);
		before = cut;
	}
	return NULL;
}

static struct error *read_block(struct value_block *block, uint64_t rows)
{
	struct error *error;
	uint64_t head;

	if (block->raw.size < HEAD)
		return error_new(ERROR_CORRUPT, "it is too short");
	block->count = get_u32(block->raw.bytes);
	block->cut_count = get_u32(block->raw.bytes + 4);
	head = HEAD + (uint64_t)block->count * 8 + (uint64_t)block->cut_count * CUT_WIDTH;
	if (block->count > rows || block->cut_count > block->count || head > block->raw.size)
		return error_new(ERROR_CORRUPT, "it cannot have %u values, and %u of them cut",
		                 block->count, block->cut_count);
	error = sum_up(block, rows);
	return error ? error : check_cuts(block);
}

struct error *value_block_init(struct value_block *block, struct buffer *raw, uint64_t rows)
{
	struct value_block made = {.raw = *raw};
	struct error *error = read_block(&made, rows);

	*raw = (struct buffer){0};
	if (error) {
		value_block_deinit(&made);
		return error;
	}
	*block = made;
	return NULL;
}

void value_block_deinit(struct value_block *block)
{
	buffer_deinit(&block->raw);
	*block = (struct value_block){0};
}

/* The index of number among count ascending ones, or count. */
static uint32_t find(const uint8_t *numbers, uint32_t count, uint32_t number)
{
	uint32_t low = 0;
	uint32_t high = count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		uint32_t here = get_u32(numbers + (size_t)middle * 4);

		if (here == number)
			return middle;
		if (here < number)
			low = middle + 1;
		else
			high = middle;
	}
	return count;
}

bool value_block_find(const struct value_block *block, uint32_t offset, struct node_value *ret)
{
	struct node_value value = {0};
	uint32_t index = find(nodes_of(block), block->count, offset);
	uint32_t start = 0;
	uint32_t cut;

	if (index == block->count)
		return false;
	if (index)
		start = get_u32(ends_of(block) + (size_t)(index - 1) * 4);
	value.text = (const char *)texts_of(block) + start;
	value.length = get_u32(ends_of(block) + (size_t)index * 4) - start;
	cut = find(cuts_of(block), block->cut_count, index);
	if (cut < block->cut_count) {
		const uint8_t *wholes = cuts_of(block) + (size_t)block->cut_count * 4;

		value.is_cut = true;
		value.whole_length = get_u64(wholes + (size_t)cut * 8);
		value.hash = get_u64(wholes + (size_t)block->cut_count * 8 + (size_t)cut * 8);
	}
	*ret = value;
	return true;
}
