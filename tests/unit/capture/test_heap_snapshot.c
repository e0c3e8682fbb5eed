/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk over a made-up heap that is torn on purpose: memory that changes
 * or goes away between its steps, as in a process that is read while it runs,
 * and memory that lies. What must hold is that the graph stays sound.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "capture/heap_resolve.h"
#include "capture/heap_snapshot.h"
#include "capture/root_walk.h"
#include "fake_heap.h"
#include "runtime/layouts/layout_tables.h"

#include <pthread.h>
#include <stdlib.h>

enum {
	CACHE = 1 << 20,
	READY = 1 << 12,                /* Py_TPFLAGS_READY */
	ELSEWHERE = FAKE_DATA + 0x9000, /* in no pool */
	METATYPES = 9000,               /* they lie over each other, METATYPE_STEP bytes apart */
	METATYPE_STEP = 48,
	METATYPE_START = FAKE_DATA + 0x10000,
	SMALL_STACK = 256 << 10,
	VECTOR = FAKE_DATA + 0x10000,
	VECTOR_ITEMS = 4096,
};

static const struct py_layout *const layout = &py_layout_3_12;

/* ------------------------------------------- a target that may change */

struct changing {
	struct target *inner;
	taddr gone; /* its page cannot be read any more */
	taddr word; /* reads as 0 */
};

static size_t changing_read(void *self, taddr address, void *buffer, size_t size)
{
	const struct changing *changing = self;
	taddr page = changing->gone & ~(taddr)4095;

	if (changing->gone && address + size > page && address < page + 4096)
		return 0;
	size = target_read_some(changing->inner, address, buffer, size);
	if (changing->word >= address && changing->word + 8 <= address + size)
		memset((char *)buffer + (changing->word - address), 0, 8);
	return size;
}

static struct error *changing_open(void *self, const struct target_region *region, int *ret_fd)
{
	const struct changing *changing = self;

	return target_open_file(changing->inner, region, ret_fd);
}

static void changing_free(void *self)
{
	struct changing *changing = self;

	target_free(changing->inner);
	free(changing);
}

static const struct target_operations changing_operations = {
	.read = changing_read,
	.open_file = changing_open,
	.free = changing_free,
};

/* A walk and all it stands on. */
struct fixture {
	struct changing *changing;
	struct target *target;
	struct window_cache memory;
	struct python python;
	struct snapshot_builder *builder;
	struct heap_walk walk;
	struct root_walk *roots;
};

static struct target *changing_target(struct fake_python *fake, struct changing **ret)
{
	struct changing *changing = calloc(1, sizeof(*changing));
	struct target_region *regions;
	struct target *target;
	size_t count;

	assert_non_null(changing);
	assert_null(fake_python_finish(fake, &changing->inner));
	target_regions(changing->inner, &count);
	regions = calloc(count, sizeof(*regions));
	assert_non_null(regions);
	memcpy(regions, target_regions(changing->inner, &count), count * sizeof(*regions));
	assert_null(target_new(&changing_operations, changing, regions, count, NULL, &target));
	*ret = changing;
	return target;
}

static struct fake_python *heap_new(void)
{
	struct fake_python *fake = fake_python_new(layout, layout->version << 16 | 0x01f0);

	assert_non_null(fake);
	fake_stack_fill(fake, layout);
	fake_heap_fill(fake, layout);
	return fake;
}

/* Takes fake; the pools have been walked and the roots found. */
static void start(struct fixture *fixture, struct fake_python *fake)
{
	*fixture = (struct fixture){0};
	fixture->target = changing_target(fake, &fixture->changing);
	assert_null(window_cache_init(&fixture->memory, fixture->target, CACHE));
	assert_null(python_find(&fixture->memory, &fixture->python));
	fixture->builder = snapshot_builder_new();
	assert_non_null(fixture->builder);
	assert_null(heap_walk_init(&fixture->walk, &fixture->python, fixture->builder, true));
	assert_null(heap_walk_pools(&fixture->walk));
	fixture->roots = root_walk_new(&fixture->walk);
	assert_non_null(fixture->roots);
	assert_null(root_walk_discover(fixture->roots));
}

/* What was read so far is no longer true. */
static void forget(struct fixture *fixture)
{
	window_cache_forget(&fixture->walk.workers[0]->memory);
}

static struct snapshot *finish(struct fixture *fixture)
{
	struct snapshot *snapshot;

	heap_walk_complete(&fixture->walk);
	assert_null(root_walk_record(fixture->roots));
	heap_walk_finish(&fixture->walk);
	assert_null(snapshot_builder_seal(fixture->builder, &snapshot));
	root_walk_free(fixture->roots);
	heap_walk_deinit(&fixture->walk);
	snapshot_builder_free(fixture->builder);
	python_deinit(&fixture->python);
	window_cache_deinit(&fixture->memory);
	target_free(fixture->target);
	return snapshot;
}

static struct error *take(struct fake_python *fake, struct snapshot **ret)
{
	const struct heap_wish wish = {.with_edges = true, .with_traces = true};
	struct window_cache memory = {0};
	struct target *target;
	struct python python;
	struct error *error;

	assert_null(fake_python_finish(fake, &target));
	assert_null(window_cache_init(&memory, target, CACHE));
	assert_null(python_find(&memory, &python));
	error = heap_snapshot_take(&python, &wish, ret);
	python_deinit(&python);
	window_cache_deinit(&memory);
	target_free(target);
	return error;
}

static uint64_t edges_of(const struct snapshot *snapshot, node_id node)
{
	return snapshot->edge_start[node + 1] - snapshot->edge_start[node];
}

/* ------------------------------------------------------------- the tests */

static void a_pool_that_goes_away_takes_no_edges_of_others(void **state)
{
	struct fake_python *fake = heap_new();
	taddr second = fake_heap_block(layout, 1, FAKE_LISTS);
	taddr third = fake_heap_block(layout, 2, 0);
	struct fixture fixture;
	struct snapshot *snapshot;

	(void)state;
	/* One more list in the second pool, which goes away, and one in a third. */
	fake_heap_pool(fake, layout, 1, FAKE_LISTS + 1);
	fake_heap_list(fake, layout, second, VECTOR, 3);
	fake_heap_pool(fake, layout, 2, 1);
	fake_heap_list(fake, layout, third, VECTOR, 2);
	for (unsigned int i = 0; i < 3; i++)
		fake_python_u64(fake, VECTOR + i * 8, FAKE_HEXVERSION);
	start(&fixture, fake);
	fixture.changing->gone = second;
	forget(&fixture);
	assert_null(heap_walk_objects(&fixture.walk));
	assert_null(heap_walk_others(&fixture.walk));
	snapshot = finish(&fixture);
	assert_null(snapshot_check(snapshot));
	assert_int_equal(edges_of(snapshot, FAKE_LISTS), 0);
	assert_int_equal(snapshot->address[FAKE_LISTS + 1], third + FAKE_LIST_PREFIX);
	assert_int_equal(edges_of(snapshot, FAKE_LISTS + 1), 2);
	snapshot_free(snapshot);
}

/* Where a frame points at the one below it; 0 ends the stack there. */
static taddr link_of_frame(unsigned int number)
{
	return FAKE_STACK + number * FAKE_STACK_FRAME + layout->interpreter_frame.previous;
}

static void frames_that_end_between_the_visits_leave_no_loose_edges(void **state)
{
	struct fixture fixture;
	struct snapshot *snapshot;

	(void)state;
	start(&fixture, heap_new());
	assert_null(heap_walk_objects(&fixture.walk));
	assert_null(heap_walk_others(&fixture.walk));
	fixture.changing->word = link_of_frame(2);
	forget(&fixture);
	snapshot = finish(&fixture);
	assert_null(snapshot_check(snapshot));
	snapshot_free(snapshot);
}

static void threads_that_begin_between_the_visits_are_left_out(void **state)
{
	struct fixture fixture;
	struct snapshot *snapshot;

	(void)state;
	start(&fixture, heap_new());
	/* As if no thread had been there yet. */
	root_walk_free(fixture.roots);
	fixture.roots = root_walk_new(&fixture.walk);
	assert_non_null(fixture.roots);
	assert_null(heap_walk_objects(&fixture.walk));
	assert_null(heap_walk_others(&fixture.walk));
	snapshot = finish(&fixture);
	assert_null(snapshot_check(snapshot));
	snapshot_free(snapshot);
}

static void objects_that_turn_up_too_late_are_no_nodes(void **state)
{
	struct fake_python *fake = heap_new();
	struct fixture fixture;
	struct snapshot *snapshot;

	(void)state;
	fake_python_u64(fake, ELSEWHERE, 1);
	fake_python_u64(fake, ELSEWHERE + 8, FAKE_INT_TYPE);
	start(&fixture, fake);
	assert_null(heap_walk_objects(&fixture.walk));
	assert_null(heap_walk_others(&fixture.walk));
	heap_walk_complete(&fixture.walk);
	assert_int_equal(heap_resolve(fixture.walk.workers[0], ELSEWHERE, true), NODE_NONE);
	snapshot = finish(&fixture);
	assert_null(snapshot_check(snapshot));
	snapshot_free(snapshot);
}

/* What a thread is given and gives back: cmocka's asserts are for the first thread. */
struct taking {
	struct fake_python *fake;
	struct error *error;
	struct snapshot *snapshot;
};

static void *take_heap(void *argument)
{
	struct taking *taking = argument;

	taking->error = take(taking->fake, &taking->snapshot);
	return NULL;
}

/*
 * Every type of a long row is the type of the next one; each is a metatype.
 * Heap types, since static ones are roots and would be met one by one.
 */
static void fill_metatypes(struct fake_python *fake)
{
	for (unsigned int i = 0; i < METATYPES; i++) {
		taddr type = METATYPE_START + i * METATYPE_STEP;

		fake_python_u64(fake, type, 1);
		fake_python_u64(fake, type + 8, i ? type - METATYPE_STEP : FAKE_TYPE_TYPE);
		fake_python_u64(fake, type + layout->type.tp_basicsize, 1000);
		fake_python_u64(fake, type + layout->type.tp_flags,
		                PY_TYPE_TYPE_SUBCLASS | PY_TYPE_HEAP | READY);
		fake_python_u64(fake, type + layout->type.tp_base, FAKE_OBJECT_TYPE);
	}
}

static void a_long_row_of_metatypes_takes_no_stack(void **state)
{
	enum { STRIDE = 100, SHOWN = (METATYPES - 1) / STRIDE };
	struct fake_python *fake = heap_new();
	struct taking taking = {.fake = fake};
	pthread_attr_t attributes;
	pthread_t thread;

	(void)state;
	fill_metatypes(fake);
	/*
	 * Shown one after the other they are known as types, by blocks that are
	 * too small for their instances; then the last has one.
	 */
	fake_heap_pool(fake, layout, 2, SHOWN);
	for (unsigned int i = 0; i < SHOWN; i++) {
		taddr block = fake_heap_block(layout, 2, i);

		fake_python_u64(fake, block, 1);
		fake_python_u64(fake, block + 8, METATYPE_START + (i + 1) * STRIDE * METATYPE_STEP);
	}
	fake_python_u64(fake, ELSEWHERE, 1);
	fake_python_u64(fake, ELSEWHERE + 8, METATYPE_START + (METATYPES - 1) * METATYPE_STEP);
	fake_python_u64(fake, fake_heap_block(layout, 1, 0), ELSEWHERE);
	assert_int_equal(pthread_attr_init(&attributes), 0);
	assert_int_equal(pthread_attr_setstacksize(&attributes, SMALL_STACK), 0);
	assert_int_equal(pthread_create(&thread, &attributes, take_heap, &taking), 0);
	pthread_join(thread, NULL);
	pthread_attr_destroy(&attributes);
	assert_null(taking.error);
	assert_null(snapshot_check(taking.snapshot));
	assert_true(taking.snapshot->node_count > METATYPES);
	snapshot_free(taking.snapshot);
}

static void lists_that_share_their_items_without_end_are_refused(void **state)
{
	struct fake_python *fake = heap_new();
	struct snapshot *snapshot = NULL;
	struct error *error;

	(void)state;
	for (unsigned int i = 0; i < VECTOR_ITEMS; i++)
		fake_python_u64(fake, VECTOR + i * 8, FAKE_HEXVERSION);
	fake_heap_pool(fake, layout, 0, fake_heap_blocks(layout));
	for (unsigned int i = 0; i < fake_heap_blocks(layout); i++)
		fake_heap_list(fake, layout, fake_heap_block(layout, 0, i), VECTOR, VECTOR_ITEMS);
	error = take(fake, &snapshot);
	assert_non_null(error);
	assert_int_equal(error_kind(error), ERROR_CORRUPT);
	error_free(error);
}

/* Not one of the shared words is a reference, so no edge is too many. */
static void lists_that_share_a_desert_end(void **state)
{
	const unsigned int pools[] = {0, 2};
	struct fake_python *fake = heap_new();
	struct snapshot *snapshot = NULL;
	struct error *error;

	(void)state;
	for (unsigned int pool = 0; pool < 2; pool++) {
		fake_heap_pool(fake, layout, pools[pool], fake_heap_blocks(layout));
		for (unsigned int i = 0; i < fake_heap_blocks(layout); i++)
			fake_heap_list(fake, layout, fake_heap_block(layout, pools[pool], i),
			               FAKE_DATA, FAKE_DATA_SIZE / 8);
	}
	error = take(fake, &snapshot);
	assert_non_null(error);
	assert_int_equal(error_kind(error), ERROR_CORRUPT);
	error_free(error);
}

/* An int on a list of free ones, the last of it. Behind its head no list starts. */
static void a_freed_object_is_none_at_any_place_of_its_block(void **state)
{
	struct fake_python *fake = heap_new();
	taddr block = fake_heap_block(layout, 2, 0);
	struct snapshot *snapshot;

	(void)state;
	fake_heap_pool(fake, layout, 2, 1);
	fake_heap_list(fake, layout, block, VECTOR, 0);
	fake_python_u64(fake, block, 0);
	fake_python_u64(fake, block + 8, FAKE_INT_TYPE);
	assert_null(take(fake, &snapshot));
	assert_int_equal(snapshot_find(snapshot, block), NODE_NONE);
	assert_int_equal(snapshot_find(snapshot, block + FAKE_LIST_PREFIX), NODE_NONE);
	snapshot_free(snapshot);
}

/* All blocks of the pool are free, so what a list leads to there was an object once. */
static void a_pool_without_a_used_block_has_no_objects(void **state)
{
	struct fake_python *fake = heap_new();
	taddr block = fake_heap_block(layout, 2, 0);
	struct snapshot *snapshot;

	(void)state;
	fake_heap_pool(fake, layout, 2, 0);
	fake_heap_list(fake, layout, block, VECTOR, 0);
	fake_python_u64(fake, fake_heap_block(layout, 1, 0) + 8, block + FAKE_LIST_PREFIX);
	assert_null(take(fake, &snapshot));
	assert_int_equal(snapshot_find(snapshot, block + FAKE_LIST_PREFIX), NODE_NONE);
	assert_int_equal(snapshot->totals.torn, 1);
	snapshot_free(snapshot);
}

/* Devices cannot be had on every machine: their mappings are made up. */
static void memory_of_graphics_devices_is_told_by_their_names(void **state)
{
	enum { COUNT = 6 };
	static const char *const paths[COUNT] = {
		"/dev/nvidia-uvm", "/dev/dri/renderD128", "/dev/kfd",
		"/dev/zero",       "/tmp/nvidia0",        "",
	};
	struct target_region regions[COUNT];
	struct smaps_figures figures[COUNT] = {0};
	const struct resident_map map = {
		.smaps = {.maps = {.regions = regions, .count = COUNT},
	                  .figures = figures,
	                  .resident_bytes = COUNT * 0x1000},
	};
	const struct account_wish account = {.resident = &map};
	const struct heap_wish wish = {.account = &account};
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = NULL;
	struct fake_python *fake = fake_python_new(layout, layout->version << 16 | 0x01f0);
	struct window_cache memory;
	struct python python;
	struct target *target;

	(void)state;
	for (uint64_t i = 0; i < COUNT; i++) {
		regions[i] = (struct target_region){.start = (i + 1) << 40,
		                                    .end = ((i + 1) << 40) + 0x10000,
		                                    .inode = paths[i][0] != 0,
		                                    .path = paths[i]};
		figures[i].resident = 0x1000;
	}
	fake_heap_fill(fake, layout);
	assert_null(fake_python_finish(fake, &target));
	assert_null(window_cache_init(&memory, target, CACHE));
	assert_null(python_find(&memory, &python));
	assert_null(heap_snapshot_take(&python, &wish, &snapshot));
	assert_int_equal(snapshot->account.owned[SNAP_OWNER_GPU], 3 * 0x1000);
	assert_int_equal(snapshot->account.gpu_mapped, 3 * 0x10000);
	assert_int_equal(snapshot->account.owned[SNAP_OWNER_FILES], 2 * 0x1000);
	python_deinit(&python);
	window_cache_deinit(&memory);
	target_free(target);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pool_that_goes_away_takes_no_edges_of_others),
		cmocka_unit_test(frames_that_end_between_the_visits_leave_no_loose_edges),
		cmocka_unit_test(threads_that_begin_between_the_visits_are_left_out),
		cmocka_unit_test(objects_that_turn_up_too_late_are_no_nodes),
		cmocka_unit_test(a_long_row_of_metatypes_takes_no_stack),
		cmocka_unit_test(lists_that_share_their_items_without_end_are_refused),
		cmocka_unit_test(lists_that_share_a_desert_end),
		cmocka_unit_test(a_freed_object_is_none_at_any_place_of_its_block),
		cmocka_unit_test(a_pool_without_a_used_block_has_no_objects),
		cmocka_unit_test(memory_of_graphics_devices_is_told_by_their_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
