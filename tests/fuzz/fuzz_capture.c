/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Property: whatever words stand in the pools, types, interpreters, threads and
 * frames, a Python that is found can be captured: the walk over its heap ends
 * with an error or with a snapshot that keeps all its invariants and is no
 * larger than the memory it was made from. As long as nothing was changed, it
 * has every list of the made-up heap with every reference of it.
 *
 * An input is a recipe: its first byte chooses a layout, and by its highest bit
 * whether references are wanted. A whole made-up CPython of that layout, with a
 * few lists and one stack of frames, is written; each
 * further 8 bytes change one word of it:
 *
 *	0  place   one of the structs below
 *	1  offset  of the word in it, ...
 *	2          ... in units of 4 bytes, little-endian
 *	3  kind    4 bytes as they are, all ones, or an address in one of the places
 *	4  value   4 bytes
 */
#include "fuzz_target.h"

#include "base/cleanup.h"
#include "capture/heap_snapshot.h"
#include "fake_heap.h"

#include <assert.h>
#include <string.h>

enum {
	CACHE = 1 << 20,
	CHANGE = 8,
	CHANGES_MAX = 64,
	NO_EDGES = 0x80,
	MEMORY = FAKE_DATA_SIZE + (128 << 10), /* of the whole target, and more */
};

static const taddr places[] = {
	FAKE_ARENA, /* pool 0 of 4 KiB, its second block, pools of 16 KiB */
	FAKE_ARENA + 48 + FAKE_BLOCK,
	FAKE_ARENA + (4 << 10),
	FAKE_ARENA + (16 << 10),
	FAKE_LIST_TYPE,
	FAKE_OBJECT_TYPE,
	FAKE_TYPE_TYPE,
	FAKE_DICT_TYPE,
	FAKE_INT_TYPE,
	FAKE_CODE_TYPE,
	FAKE_ARENAS,
	FAKE_DICTS,
	FAKE_KEYS,
	FAKE_HEXVERSION,
	FAKE_MAIN,
	FAKE_MAIN_THREAD,
	FAKE_CODE,
	FAKE_STACK,
};

enum { PLACES = sizeof(places) / sizeof(*places) };

static const struct py_layout *choose_layout(uint8_t number)
{
	size_t count = 0;

	while (py_layouts[count])
		count++;
	return py_layouts[number % NO_EDGES % count];
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
		fake_python_u64(fake, address, places[recipe[3] % PLACES] + value % 0x4000);
}

/* How many of the nodes are lists with all their items. */
static unsigned int whole_lists(const struct snapshot *snapshot)
{
	unsigned int count = 0;

	for (node_id node = 0; node < snapshot->node_count; node++) {
		const char *type = snapshot_type_name(snapshot, snapshot->type[node]);
		bool is_whole = true;

		if (snapshot_has_edges(snapshot))
			is_whole = snapshot->edge_start[node + 1] - snapshot->edge_start[node] ==
			           FAKE_LIST_ITEMS;
		count += !strcmp(type, "list") && is_whole;
	}
	return count;
}

static void capture(struct python *python, bool with_edges, bool is_sound)
{
	const struct heap_wish wish = {.with_edges = with_edges, .with_traces = true};
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = NULL;
	_cleanup_(cleanup_error) struct error *error = NULL;
	_cleanup_(cleanup_error) struct error *broken = NULL;

	error = heap_snapshot_take(python, &wish, &snapshot);
	assert(!error || !is_sound);
	if (error)
		return;
	broken = snapshot_check(snapshot);
	assert(!broken);
	assert(snapshot->node_count < MEMORY / 4);
	if (snapshot_has_edges(snapshot))
		assert(snapshot->edge_start[snapshot->node_count] < MEMORY);
	assert(!is_sound || whole_lists(snapshot) == FAKE_LISTS);
}

/* No owner has more than there is, and all have no more together. */
static void measure(struct python *python)
{
	const struct account_wish wanted = {.resident = fake_heap_resident()};
	const struct heap_wish wish = {.account = &wanted};
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = NULL;
	_cleanup_(cleanup_error) struct error *error = NULL;
	const struct snap_account *account;
	uint64_t left;

	error = heap_snapshot_take(python, &wish, &snapshot);
	if (error)
		return;
	account = &snapshot->account;
	left = account->resident;
	for (size_t i = 0; i < SNAP_OWNER_COUNT; i++) {
		assert(account->owned[i] <= left);
		left -= account->owned[i];
	}
}

static void find_and_capture(struct target *target, bool with_edges, bool is_sound)
{
	_cleanup_(window_cache_deinit) struct window_cache memory = {0};
	struct python python;
	struct error *error = window_cache_init(&memory, target, CACHE);

	if (!error)
		error = python_find(&memory, &python);
	assert(!error || !is_sound);
	if (error) {
		error_free(error);
		return;
	}
	capture(&python, with_edges, is_sound);
	if (!with_edges)
		measure(&python);
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
	fake_stack_fill(fake, layout);
	fake_heap_fill(fake, layout);
	for (size_t i = 0; i < CHANGES_MAX && 1 + (i + 1) * CHANGE <= size; i++)
		change(fake, data + 1 + i * CHANGE);
	error = fake_python_finish(fake, &target);
	if (!error)
		find_and_capture(target, !(data[0] & NO_EDGES), size < 1 + CHANGE);
	error_free(error);
	return 0;
}
