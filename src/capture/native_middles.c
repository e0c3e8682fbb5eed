/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vtable is a table of functions: of its first words, those that are not 0
 * lead to executable memory of a file, and there are two. It lies in a file's
 * mapping itself.
 */
#include "capture/native_middles.h"

enum {
	WORD = 8,
	ROUND = 32, /* a block has fewer bytes more than were asked for, */
	ROUND_MAPPED = 4096,
	COUNT_SIZE = 8,
	TEXT_HEAD = 24, /* length, capacity, count of references */
	VTABLE_WORDS = 20,
	FUNCTIONS = 2,
	ADDRESS_MIN = 1 << 16, /* nothing is mapped below (vm.mmap_min_addr) */
};

struct middle {
	struct window_cache *memory;
	taddr address;
	uint64_t offset;
	uint64_t usable;
	uint64_t round;
	uint64_t head[2]; /* the block's first words */
};

static bool is_array(const struct middle *middle)
{
	uint64_t elements = middle->head[0];
	uint64_t room = middle->usable - COUNT_SIZE;

	return middle->offset == COUNT_SIZE && elements && elements <= room &&
	       room % elements < middle->round;
}

static bool is_text(const struct middle *middle)
{
	uint64_t length = middle->head[0];
	uint64_t capacity = middle->head[1];

	return middle->offset == TEXT_HEAD && length <= capacity &&
	       capacity < middle->usable - TEXT_HEAD &&
	       middle->usable - TEXT_HEAD - (capacity + 1) < middle->round;
}

static bool is_address(uint64_t word)
{
	return word >= ADDRESS_MIN && !(word >> NATIVE_ADDRESS_BITS);
}

static bool is_vtable(struct window_cache *memory, taddr address)
{
	const struct target_region *region = target_region_at(memory->target, address);
	int functions = 0;

	if (!region || !region->inode)
		return false;
	for (int i = 0; i < VTABLE_WORDS && functions < FUNCTIONS; i++) {
		uint64_t word;

		if (!window_cache_u64(memory, address + (taddr)i * WORD, &word))
			return false;
		if (!word)
			continue;
		region = target_region_at(memory->target, word);
		if (!region || !region->inode || !region->is_executable)
			return false;
		functions++;
	}
	return functions == FUNCTIONS;
}

static bool is_second_base(const struct middle *middle)
{
	uint64_t word;

	return is_address(middle->head[0]) && middle->head[0] % WORD == 0 &&
	       window_cache_u64(middle->memory, middle->address, &word) && is_address(word) &&
	       word % WORD == 0 && is_vtable(middle->memory, word) &&
	       is_vtable(middle->memory, middle->head[0]);
}

static bool stands_for_block(struct native_middles *middles, struct middle *middle, taddr start)
{
	if (middle->offset % WORD || middle->usable < TEXT_HEAD ||
	    middles->looked_at == NATIVE_MIDDLES_MAX)
		return false;
	middles->looked_at++;
	return window_cache_read(middle->memory, start, middle->head, sizeof(middle->head)) &&
	       (is_array(middle) || is_text(middle) || is_second_base(middle));
}

enum edge_kind native_middles_kind(struct native_middles *middles,
                                   const struct native_blocks *blocks, uint32_t block,
                                   taddr address)
{
	taddr start = blocks->starts[block];
	struct middle middle = {
		.memory = middles->memory,
		.address = address,
		.offset = address - start,
		.usable = native_blocks_usable(blocks, block),
		.round = blocks->owners[block] & NATIVE_IS_MAPPED ? ROUND_MAPPED : ROUND,
	};

	if (native_blocks_is_start(blocks, block, address) ||
	    stands_for_block(middles, &middle, start))
		return EDGE_CONSERVATIVE;
	return EDGE_INTERIOR;
}
