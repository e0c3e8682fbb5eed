/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Property: whatever a process has where CPython's structs should be, finding
 * it, looking again, listing the collector's lists and the pools ends in
 * bounded time, reads nothing of ours out of bounds, and what is found obeys
 * the limits of runtime/python.h.
 *
 * An input is a recipe: its first byte chooses a layout, of which a whole
 * made-up CPython is written; each further 8 bytes change one word of it:
 *
 *	0  place   one of the structs below
 *	1  offset  of the word in it, ...
 *	2          ... in units of 4 bytes, little-endian
 *	3  kind    value as it is, all ones, or an address in one of the places
 *	4  value   4 bytes
 */
#include "fuzz_target.h"

#include "../unit/runtime/fake_python.h"
#include "base/cleanup.h"
#include "runtime/pymalloc.h"
#include "runtime/python.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { CACHE = 1 << 20, CHANGE = 8, CHANGES_MAX = 64, HEADS_MAX = 64 };

static const taddr places[] = {
	FAKE_RUNTIME,         FAKE_MAIN,        FAKE_SUB,           FAKE_MAIN_THREAD,
	FAKE_SUB_THREAD,      FAKE_OBJECT_TYPE, FAKE_TYPE_TYPE,     FAKE_DICT_TYPE,
	FAKE_INT_TYPE,        FAKE_DICTS,       FAKE_KEYS,          FAKE_NAME,
	FAKE_HEXVERSION,      FAKE_ALLOCATOR,   FAKE_SUB_ALLOCATOR, FAKE_ARENAS,
	FAKE_ARENAS_VARIABLE, FAKE_ARENA,       FAKE_IMAGE,         FAKE_DATA,
};

enum { PLACES = sizeof(places) / sizeof(*places) };

static const struct py_layout *choose_layout(uint8_t number)
{
	size_t count = 0;

	while (py_layouts[count])
		count++;
	return py_layouts[number % count];
}

static void change(struct fake_python *fake, const uint8_t *recipe)
{
	uint16_t offset;
	uint32_t value;
	taddr address;

	memcpy(&offset, recipe + 1, sizeof(offset));
	memcpy(&value, recipe + 4, sizeof(value));
	address = places[recipe[0] % PLACES] + (taddr)offset * 4;
	if (recipe[3] == 0)
		fake_python_u32(fake, address, value);
	else if (recipe[3] == 1)
		fake_python_u64(fake, address, UINT64_MAX);
	else
		fake_python_u64(fake, address, places[recipe[3] % PLACES] + value % 0x60000);
}

static void use(struct python *python, struct window_cache *memory)
{
	_cleanup_free_ taddr *pools = NULL;
	taddr heads[HEADS_MAX];
	struct error *error = python_refresh(python, memory);
	uint64_t torn;
	size_t count;

	error_free(error);
	assert(python->interpreter_count >= 1);
	assert(python->interpreter_count <= PYTHON_INTERPRETERS_MAX);
	assert(python->arena_table_count <= python->interpreter_count);
	assert(python->arena_size && !(python->arena_size & (python->arena_size - 1)));
	assert(python->pool_size == 4096 || python->pool_size == 16384);
	assert(python_gc_heads(python, heads, HEADS_MAX) <= HEADS_MAX);
	python_is_collecting(python);
	error_free(pymalloc_pools(python, &pools, &count, &torn));
}

static void find(struct target *target)
{
	_cleanup_(window_cache_deinit) struct window_cache memory = {0};
	struct python python;
	struct error *error = window_cache_init(&memory, target, CACHE);

	if (!error)
		error = python_find(&memory, &python);
	if (error) {
		error_free(error);
		return;
	}
	use(&python, &memory);
	python_deinit(&python);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(cleanup_target) struct target *target = NULL;
	const struct py_layout *layout;
	struct fake_python *fake;
	struct error *error;

	if (!size)
		return 0;
	layout = choose_layout(data[0]);
	fake = fake_python_new(layout, layout->version << 16 | 0x01f0);
	if (!fake)
		return 0;
	for (size_t i = 0; i < CHANGES_MAX && 1 + (i + 1) * CHANGE <= size; i++)
		change(fake, data + 1 + i * CHANGE);
	error = fake_python_finish(fake, &target);
	if (!error)
		find(target);
	error_free(error);
	return 0;
}
