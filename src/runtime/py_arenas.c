/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three generations of where the array of arenas is:
 *
 *	3.8 to 3.11   static variables `arenas` and `maxarenas`, local symbols
 *	3.12          struct _obmalloc_state inside each interpreter
 *	3.13 and on   each interpreter points at one; many may share it
 *
 * The sizes of arenas and pools are build options; the data tells them: a
 * pool's header says where its last block may start, an arena's how many
 * pools it has.
 *
 *	struct pool_header (48 bytes): used blocks at 0, freeblock 8, nextpool
 *	16, prevpool 24, arenaindex 32, szidx 36, nextoffset 40, maxnextoffset 44
 */
#include "runtime/py_arenas.h"

#include "base/array.h"
#include "base/cleanup.h"
#include "runtime/pymalloc.h"

enum {
	ARENAS_MAX = 1 << 24, /* of one table, and of all together */
	ARENA_SIZE_MIN = 256 << 10,
	ARENA_SIZE_MAX = 32 << 20,
	ARENA_POOLS_MAX = ARENA_SIZE_MAX / 4096,
	PAGE = 4096,
	POOL_SIZE_SMALL = 4 << 10,
	POOL_SIZE_LARGE = 16 << 10,
	FIRST_WITH_LARGE_POOLS = 0x030a, /* obmalloc.c of 3.10: USE_LARGE_POOLS */
	FIRST_WITH_STATE = 0x030c,
	FIRST_WITH_STATE_POINTER = 0x030d,
	DEBUG_HEADER = 16,
	GC_HEAD = 16,
	DEBUG_FENCE_BYTE = 0xfd,
};

/* The index and pool size that the first pool of an arena gives, if it has one. */
static void read_first_pool(struct window_cache *memory, const struct py_layout *layout,
                            struct py_arena *arena)
{
	static const uint32_t sizes[] = {POOL_SIZE_LARGE, POOL_SIZE_SMALL};

	for (size_t i = 0; i < 2; i++) {
		taddr pool = (arena->address + sizes[i] - 1) & ~(taddr)(sizes[i] - 1);
		uint32_t index;
		uint32_t size_class;
		uint32_t last;

		if (pool >= arena->pool_address ||
		    !window_cache_u32(memory, pool + layout->pool.arenaindex, &index) ||
		    !window_cache_u32(memory, pool + layout->pool.szidx, &size_class) ||
		    !window_cache_u32(memory, pool + layout->pool.maxnextoffset, &last))
			continue;
		if (size_class < PYMALLOC_SIZE_CLASSES && index < ARENAS_MAX &&
		    last == sizes[i] - (size_class + 1) * PYMALLOC_ALIGNMENT) {
			arena->index = index;
			arena->pool_size = sizes[i];
			return;
		}
	}
}

/* An arena that is not aligned to its pools lacks one. 0: not a size that arenas have. */
static uint64_t arena_size_of(const struct py_arena *arena)
{
	uint64_t pools = (uint64_t)arena->pools + (arena->address % arena->pool_size ? 1 : 0);
	uint64_t size = pools * arena->pool_size;

	if (size < ARENA_SIZE_MIN || size > ARENA_SIZE_MAX || size & (size - 1))
		return 0;
	return size;
}

bool py_arena_read(struct window_cache *memory, const struct py_layout *layout, taddr address,
                   struct py_arena *ret)
{
	struct py_arena arena = {0};
	uint32_t free_pools;

	if (!window_cache_u64(memory, address + layout->arena.address, &arena.address) ||
	    !arena.address || arena.address % PAGE ||
	    !window_cache_u64(memory, address + layout->arena.pool_address, &arena.pool_address) ||
	    !window_cache_u32(memory, address + layout->arena.nfreepools, &free_pools) ||
	    !window_cache_u32(memory, address + layout->arena.ntotalpools, &arena.pools))
		return false;
	if (!arena.pools || arena.pools > ARENA_POOLS_MAX || free_pools > arena.pools ||
	    arena.pool_address < arena.address ||
	    arena.pool_address - arena.address > ARENA_SIZE_MAX)
		return false;
	read_first_pool(memory, layout, &arena);
	if (arena.pool_size && !arena_size_of(&arena))
		return false;
	*ret = arena;
	return true;
}

/* Believes the first arena whose first pool tells its size. */
static void find_sizes(struct python *python)
{
	bool is_large = python->layout.version >= FIRST_WITH_LARGE_POOLS;

	python->pool_size = is_large ? POOL_SIZE_LARGE : POOL_SIZE_SMALL;
	python->arena_size = (uint64_t)python->pool_size * 64;
	for (size_t i = 0; i < python->arena_table_count; i++) {
		const struct py_arena_table *table = &python->arena_tables[i];

		for (uint32_t slot = 0; slot < table->count; slot++) {
			taddr at = table->arenas + (taddr)slot * python->layout.arena.size;
			struct py_arena arena;

			if (!py_arena_read(python->memory, &python->layout, at, &arena) ||
			    !arena.pool_size || arena.index != slot)
				continue;
			python->pool_size = arena.pool_size;
			python->arena_size = arena_size_of(&arena);
			return;
		}
	}
}

/*
 * _PyMem_DebugMalloc puts before each block its size (big-endian), a letter
 * for the domain and seven fence bytes; obmalloc.c. True for what is at data?
 */
static bool block_has_debug_header(struct window_cache *memory, taddr data)
{
	const uint8_t *header = window_cache_view(memory, data - DEBUG_HEADER, DEBUG_HEADER);

	if (!header || (header[8] != 'o' && header[8] != 'm' && header[8] != 'r'))
		return false;
	for (size_t i = 9; i < DEBUG_HEADER; i++) {
		if (header[i] != DEBUG_FENCE_BYTE)
			return false;
	}
	return true;
}

/* sys.__dict__ and its like are always allocated, with a collector's head before them. */
static bool dicts_have_debug_headers(struct python *python)
{
	const uint32_t members[] = {python->layout.interpreter.sysdict,
	                            python->layout.interpreter.modules};
	taddr dict;

	for (size_t i = 0; i < 2; i++) {
		if (!window_cache_u64(python->memory, python->interpreters[0] + members[i],
		                      &dict) ||
		    !block_has_debug_header(python->memory, dict - GC_HEAD))
			return false;
	}
	return true;
}

struct table_list {
	struct py_arena_table *tables;
	size_t count;
	size_t capacity;
	uint64_t slots; /* of all tables */
};

static struct error *append_table(struct table_list *list, taddr arenas, uint32_t count)
{
	if (!arenas || arenas % 8 || !count || count > ARENAS_MAX - list->slots)
		return NULL;
	for (size_t i = 0; i < list->count; i++) {
		if (list->tables[i].arenas == arenas)
			return NULL;
	}
	if (!array_reserve(&list->tables, &list->capacity, list->count + 1, sizeof(*list->tables)))
		return error_no_memory();
	list->tables[list->count++] = (struct py_arena_table){arenas, count};
	list->slots += count;
	return NULL;
}

/* 3.12 and on: one state per interpreter, or shared. */
static struct error *append_state(struct python *python, taddr interpreter, struct table_list *list)
{
	taddr state = interpreter + python->layout.interpreter.obmalloc;
	taddr arenas;
	uint32_t count;

	if (python->layout.version >= FIRST_WITH_STATE_POINTER &&
	    !window_cache_u64(python->memory, state, &state))
		return NULL;
	if (!window_cache_u64(python->memory, state + python->layout.obmalloc_state.arenas,
	                      &arenas) ||
	    !window_cache_u32(python->memory, state + python->layout.obmalloc_state.maxarenas,
	                      &count))
		return NULL;
	return append_table(list, arenas, count);
}

/* 3.8 to 3.11: one for all. */
static struct error *append_static(struct python *python, struct table_list *list)
{
	taddr arenas;
	uint32_t count;

	if (!python->arenas_variable || !python->maxarenas_variable) {
		arenas = py_arenas_search(python, &count);
		return arenas ? append_table(list, arenas, count) : NULL;
	}
	if (!window_cache_u64(python->memory, python->arenas_variable, &arenas) ||
	    !window_cache_u32(python->memory, python->maxarenas_variable, &count))
		return NULL;
	return append_table(list, arenas, count);
}

struct error *py_arenas_read(struct python *python)
{
	bool has_states = python->layout.version >= FIRST_WITH_STATE;
	struct table_list list = {0};
	struct error *error = NULL;

	for (size_t i = 0; has_states && !error && i < python->interpreter_count; i++)
		error = append_state(python, python->interpreters[i], &list);
	if (!has_states)
		error = append_static(python, &list);
	if (error) {
		free(list.tables);
		return error;
	}
	free(python->arena_tables);
	python->arena_tables = list.tables;
	python->arena_table_count = list.count;
	python->debug_header_size = DEBUG_HEADER;
	python->is_debug_allocator = dicts_have_debug_headers(python);
	find_sizes(python);
	return NULL;
}
