/* SPDX-License-Identifier: Apache-2.0 */
/* Written from the layout tables alone, as fake_python.c is. */
#include "fake_heap.h"

enum {
	POOL_HEADER = 48,
	LARGE_POOLS_SINCE = 0x030a,
	HAS_GC = 1 << 14, /* bits of tp_flags */
	READY = 1 << 12,
	LIST_SUBCLASS = 1 << 25,
};

static unsigned int pool_size(const struct py_layout *layout)
{
	return layout->version >= LARGE_POOLS_SINCE ? 16 << 10 : 4 << 10;
}

unsigned int fake_heap_blocks(const struct py_layout *layout)
{
	return (pool_size(layout) - POOL_HEADER) / FAKE_BLOCK;
}

taddr fake_heap_block(const struct py_layout *layout, unsigned int pool, unsigned int number)
{
	return FAKE_ARENA + (taddr)pool * pool_size(layout) + POOL_HEADER +
	       (taddr)number * FAKE_BLOCK;
}

void fake_heap_pool(struct fake_python *fake, const struct py_layout *layout, unsigned int pool,
                    unsigned int used)
{
	taddr address = fake_heap_block(layout, pool, 0) - POOL_HEADER;

	fake_python_u32(fake, address, used);
	fake_python_u32(fake, address + layout->pool.szidx, FAKE_BLOCK / 16 - 1);
	fake_python_u32(fake, address + layout->pool.maxnextoffset, pool_size(layout) - FAKE_BLOCK);
	fake_python_u32(fake, address + layout->pool.nextoffset, POOL_HEADER + used * FAKE_BLOCK);
}

void fake_heap_list(struct fake_python *fake, const struct py_layout *layout, taddr block,
                    taddr vector, uint64_t count)
{
	taddr list = block + FAKE_LIST_PREFIX;

	fake_python_u64(fake, list, 1);
	fake_python_u64(fake, list + 8, FAKE_LIST_TYPE);
	fake_python_u64(fake, list + 16, count);
	fake_python_u64(fake, list + layout->list.ob_item, vector);
	fake_python_u64(fake, list + layout->list.allocated, count);
}

static void fill_list_type(struct fake_python *fake, const struct py_layout *layout)
{
	fake_python_u64(fake, FAKE_LIST_TYPE, 1000);
	fake_python_u64(fake, FAKE_LIST_TYPE + 8, FAKE_TYPE_TYPE);
	fake_python_u64(fake, FAKE_LIST_TYPE + layout->type.tp_name, FAKE_LIST_NAME);
	fake_python_u64(fake, FAKE_LIST_TYPE + layout->type.tp_base, FAKE_OBJECT_TYPE);
	fake_python_u64(fake, FAKE_LIST_TYPE + layout->type.tp_basicsize, layout->list.size);
	fake_python_u64(fake, FAKE_LIST_TYPE + layout->type.tp_flags,
	                HAS_GC | READY | LIST_SUBCLASS);
	fake_python_bytes(fake, FAKE_LIST_NAME, "list", sizeof("list"));
}

void fake_heap_fill(struct fake_python *fake, const struct py_layout *layout)
{
	fill_list_type(fake, layout);
	fake_python_u64(fake, FAKE_HEXVERSION, 1);
	fake_heap_pool(fake, layout, 0, FAKE_LISTS);
	fake_heap_pool(fake, layout, 1, FAKE_LISTS);
	for (unsigned int i = 0; i < FAKE_LISTS; i++) {
		taddr vector = fake_heap_block(layout, 1, i);
		taddr next = fake_heap_block(layout, 0, (i + 1) % FAKE_LISTS);

		fake_heap_list(fake, layout, fake_heap_block(layout, 0, i), vector,
		               FAKE_LIST_ITEMS);
		fake_python_u64(fake, vector, next + FAKE_LIST_PREFIX);
		for (unsigned int item = 1; item < FAKE_LIST_ITEMS; item++)
			fake_python_u64(fake, vector + item * 8, FAKE_HEXVERSION);
	}
}

const struct resident_map *fake_heap_resident(void)
{
	static struct target_region region = {.end = (taddr)1 << 47, .path = ""};
	static struct smaps_figures figures = {.resident = (uint64_t)1 << 47};
	static struct resident_run run = {.end = (taddr)1 << 47};
	static const struct resident_map map = {
		.smaps = {.maps = {.regions = &region, .count = 1},
	                  .figures = &figures,
	                  .resident_bytes = (uint64_t)1 << 47},
		.runs = &run,
		.run_count = 1,
	};

	return &map;
}
