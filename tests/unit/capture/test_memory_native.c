/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Native memory of a made-up CPython beside a made-up glibc, in one address
 * space: which edges its blocks and roots have, and that lack of memory is an
 * error and nothing else, whichever allocation it meets.
 *
 *	a word of Python's data -> HELD -> INNER (at its start), -> MIDDLE (not there)
 *	a word of libc's data -> the block of a list
 *	LOST -> a list and its collector's head; LOST -> itself
 *	a register -> MAPPED, a stack -> THREADS in another arena, which is a C++
 *	object: its first word leads to a virtual table in libc's data
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <elf.h>

#include "base/cleanup.h"
#include "capture/heap_snapshot.h"
#include "failing_allocator.h"
#include "fake_heap.h"
#include "fake_malloc.h"
#include "runtime/layouts/layout_tables.h"

enum {
	CACHE = 64 << 10,
	HEADERS = 512, /* of libc's program headers, in its first page */
	PYTHON_WORD = FAKE_DATA + 0x7a00,
	CHUNK = 96,
	HEADER = 16,
	VTABLE = 128, /* in libc's data, */
	TYPE_INFO = 160,
	CLASS_NAME = 192,
};

enum block { HELD, INNER, MIDDLE, LOST, THREADS, MAPPED, BLOCKS };

static const struct py_layout *const layout = &py_layout_3_12;

struct joined {
	struct target *python;
	struct fake_malloc *malloc;
	taddr blocks[BLOCKS];
	struct target *target; /* both in one */
	struct native_thread thread;
};

/* ------------------------------------------------------------- one target */

static size_t joined_read(void *self, taddr address, void *buffer, size_t size)
{
	const struct joined *joined = self;
	size_t count = target_read_some(joined->python, address, buffer, size);

	return count ? count : target_read_some(joined->malloc->target, address, buffer, size);
}

static struct error *joined_open(void *self, const struct target_region *region, int *ret_fd)
{
	const struct joined *joined = self;

	return target_open_file(joined->python, region, ret_fd);
}

static void joined_free(void *self)
{
	(void)self;
}

static const struct target_operations joined_operations = {
	.read = joined_read,
	.open_file = joined_open,
	.free = joined_free,
};

/* Python's lie below all others. */
static void join(struct joined *joined)
{
	size_t first_count;
	size_t second_count;
	const struct target_region *first = target_regions(joined->python, &first_count);
	const struct target_region *second = target_regions(joined->malloc->target, &second_count);
	struct target_region *regions = calloc(first_count + second_count, sizeof(*regions));

	assert_non_null(regions);
	memcpy(regions, first, first_count * sizeof(*regions));
	memcpy(regions + first_count, second, second_count * sizeof(*regions));
	for (size_t i = first_count; i < first_count + second_count; i++)
		if (regions[i].start == FAKE_LIBC) {
			regions[i].path = "/lib/libc.so.6";
			regions[i].inode = 1;
		}
	assert_null(target_new(&joined_operations, joined, regions, first_count + second_count,
	                       NULL, &joined->target));
}

/* -------------------------------------------------------------- its memory */

static void make_elf(struct fake_malloc *fake)
{
	const Elf64_Ehdr header = {
		.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_DYN,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = HEADERS,
		.e_ehsize = sizeof(header),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 2,
	};
	const Elf64_Phdr segments[] = {
		{.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_filesz = 4096, .p_memsz = 4096},
		{.p_type = PT_LOAD,
	         .p_flags = PF_R | PF_W,
	         .p_vaddr = FAKE_LIBC_DATA - FAKE_LIBC,
	         .p_filesz = FAKE_LIBC_SIZE,
	         .p_memsz = FAKE_LIBC_SIZE},
	};

	memcpy(fake->text, &header, sizeof(header));
	memcpy(fake->text + HEADERS, segments, sizeof(segments));
}

/* A virtual table, its type information, and the name of the class: "3Row". */
static void fill_class(struct fake_malloc *fake)
{
	fake_malloc_u64(fake, FAKE_LIBC_DATA + VTABLE - 8, FAKE_LIBC_DATA + TYPE_INFO);
	fake_malloc_u64(fake, FAKE_LIBC_DATA + TYPE_INFO, FAKE_LIBC_DATA + VTABLE);
	fake_malloc_u64(fake, FAKE_LIBC_DATA + TYPE_INFO + 8, FAKE_LIBC_DATA + CLASS_NAME);
	fake_malloc_u64(fake, FAKE_LIBC_DATA + CLASS_NAME, 0x776f5233);
}

static void fill_malloc(struct joined *joined)
{
	struct fake_malloc *fake = joined->malloc;
	taddr *blocks = joined->blocks;
	taddr list = fake_heap_block(layout, 0, 0);

	for (int i = 0; i < THREADS; i++)
		blocks[i] = fake_malloc_chunk(fake, FAKE_MAIN_ARENA, CHUNK) + HEADER;
	blocks[THREADS] = fake_malloc_chunk(fake, FAKE_THREAD_ARENA, CHUNK) + HEADER;
	blocks[MAPPED] = fake_malloc_map(fake, FAKE_MAPPINGS, 0, 8192) + HEADER;
	fake_malloc_end(fake);
	make_elf(fake);
	fill_class(fake);
	fake_malloc_u64(fake, blocks[THREADS], FAKE_LIBC_DATA + VTABLE);
	fake_malloc_u64(fake, blocks[HELD], blocks[INNER]);
	fake_malloc_u64(fake, blocks[HELD] + 16, blocks[MIDDLE] + 40);
	fake_malloc_u64(fake, blocks[LOST], list + FAKE_LIST_PREFIX);
	fake_malloc_u64(fake, blocks[LOST] + 8, list);
	fake_malloc_u64(fake, blocks[LOST] + 24, list + FAKE_LIST_PREFIX + 8);
	fake_malloc_u64(fake, blocks[LOST] + 32, blocks[LOST]);
	fake_malloc_u64(fake, FAKE_LIBC_DATA + 64, list);
	/* A stack behind the mapped block, and what is no part of it any more. */
	fake_malloc_u64(fake, FAKE_MAPPINGS + 5 * 4096, blocks[LOST]);
	fake_malloc_u64(fake, FAKE_MAPPINGS + 6 * 4096, blocks[THREADS]);
	assert_true(fake_malloc_finish(fake));
}

static void fill_thread(struct joined *joined)
{
	joined->thread.id = 4242;
	joined->thread.registers[0] = joined->blocks[MAPPED];
	joined->thread.registers[NATIVE_RSP] = FAKE_MAPPINGS + 6 * 4096 - 64;
}

static void init(struct joined *joined)
{
	struct fake_python *fake = fake_python_new(layout, layout->version << 16 | 0x01f0);
	const struct glibc_layout *libc = &glibc_layouts[glibc_layout_number(36)];

	*joined = (struct joined){.malloc = fake_malloc_new(libc, 36)};
	assert_non_null(fake);
	assert_non_null(joined->malloc);
	fake_stack_fill(fake, layout);
	fake_heap_fill(fake, layout);
	fill_malloc(joined);
	fill_thread(joined);
	fake_python_u64(fake, PYTHON_WORD, joined->blocks[HELD]);
	assert_null(fake_python_finish(fake, &joined->python));
	join(joined);
}

static void deinit(struct joined *joined)
{
	target_free(joined->target);
	target_free(joined->python);
	fake_malloc_free(joined->malloc);
}

static struct error *capture(const struct joined *joined, struct snapshot **ret)
{
	const struct native_wish native = {
		.threads = &joined->thread,
		.thread_count = 1,
		.first_stack = FAKE_MAPPINGS + 8 * 4096,
	};
	const struct heap_wish wish = {.with_edges = true, .native = &native};
	_cleanup_(window_cache_deinit) struct window_cache memory = {0};
	struct python python;
	struct error *error = window_cache_init(&memory, joined->target, CACHE);

	if (!error)
		error = python_find(&memory, &python);
	if (error)
		return error;
	error = heap_snapshot_take(&python, &wish, ret);
	python_deinit(&python);
	return error;
}

/* ----------------------------------------------------------- what came out */

static const char *type_of(const struct snapshot *snapshot, node_id node)
{
	return snapshot_type_name(snapshot, snapshot->type[node]);
}

/* The node of a block, or that of the memory of this name. */
static node_id node_at(const struct snapshot *snapshot, taddr address)
{
	node_id node = snapshot_find(snapshot, address);

	assert_true(node != NODE_NONE);
	return node;
}

static node_id memory_named(const struct snapshot *snapshot, const char *name)
{
	const char *type = strncmp(name, "stack", 5) == 0 || strncmp(name, "registers", 9) == 0
	                           ? SNAP_TYPE_STACK
	                           : SNAP_TYPE_MEMORY;

	for (size_t i = 0; i < snapshot->root_count; i++) {
		const struct snap_root *root = &snapshot->roots[i];

		if (strcmp(snapshot_string(snapshot, root->name), name) != 0 ||
		    strcmp(type_of(snapshot, root->node), type) != 0)
			continue;
		assert_int_equal(root->kind, ROOT_MEMORY);
		assert_int_equal(root->tier, SNAP_TIER_COUNT - 1);
		return root->node;
	}
	fail_msg("there is no root of memory called %s", name);
	return NODE_NONE;
}

static unsigned int edges(const struct snapshot *snapshot, node_id from, node_id to,
                          enum edge_kind kind)
{
	unsigned int count = 0;

	for (uint32_t i = snapshot->edge_start[from]; i < snapshot->edge_start[from + 1]; i++)
		count += snapshot->edges[i].to == to && snap_edge_kind(snapshot->edges[i]) == kind;
	return count;
}

static unsigned int holders(const struct snapshot *snapshot, node_id to)
{
	uint32_t count = snapshot->edge_start[snapshot->node_count];
	unsigned int held = 0;

	for (uint32_t i = 0; i < count; i++)
		held += snapshot->edges[i].to == to;
	return held;
}

static void check_sort(const struct snapshot *snapshot, node_id node, const char *name,
                       const char *module)
{
	type_id type = snapshot->type[node];

	assert_true(snapshot_is_native(snapshot, node));
	assert_string_equal(snapshot_type_name(snapshot, type), name);
	assert_string_equal(snapshot_native_look(snapshot, type),
	                    name + strlen(SNAP_TYPE_NATIVE " "));
	assert_string_equal(snapshot_string(snapshot, snapshot->types[type].module), module);
}

static void check_blocks(const struct snapshot *snapshot, const taddr *blocks)
{
	node_id list = node_at(snapshot, fake_heap_block(layout, 0, 0) + FAKE_LIST_PREFIX);
	node_id nodes[BLOCKS];

	for (int i = 0; i < BLOCKS; i++) {
		nodes[i] = node_at(snapshot, blocks[i]);
		assert_int_equal(snapshot->flags[nodes[i]], 0);
	}
	check_sort(snapshot, nodes[HELD], "(native block) data", "");
	check_sort(snapshot, nodes[LOST], "(native block) data", "");
	check_sort(snapshot, nodes[INNER], "(native block) zeros", "");
	check_sort(snapshot, nodes[THREADS], "(native block) C++ object of class Row", "libc.so.6");
	assert_int_equal(snapshot_size(snapshot, nodes[HELD]), CHUNK - 8);
	assert_int_equal(snapshot_memory(snapshot, nodes[HELD]), CHUNK);
	assert_int_equal(edges(snapshot, nodes[HELD], nodes[INNER], EDGE_CONSERVATIVE), 1);
	assert_int_equal(edges(snapshot, nodes[HELD], nodes[MIDDLE], EDGE_INTERIOR), 1);
	assert_int_equal(edges(snapshot, nodes[LOST], list, EDGE_CONSERVATIVE), 2);
	assert_int_equal(edges(snapshot, nodes[LOST], nodes[LOST], EDGE_CONSERVATIVE), 1);
	assert_int_equal(holders(snapshot, nodes[INNER]), 1);
	assert_int_equal(holders(snapshot, nodes[MIDDLE]), 1);
	assert_int_equal(holders(snapshot, nodes[LOST]), 1);
}

static void check_roots(const struct snapshot *snapshot, const taddr *blocks)
{
	node_id list = node_at(snapshot, fake_heap_block(layout, 0, 0) + FAKE_LIST_PREFIX);
	node_id libc = memory_named(snapshot, "libc.so.6 data");
	node_id registers = memory_named(snapshot, "registers of thread 4242");
	node_id stack = memory_named(snapshot, "stack of thread 4242");

	assert_int_equal(edges(snapshot, libc, list, EDGE_CONSERVATIVE), 1);
	assert_int_equal(edges(snapshot, registers, node_at(snapshot, blocks[MAPPED]),
	                       EDGE_CONSERVATIVE),
	                 1);
	assert_int_equal(
		edges(snapshot, stack, node_at(snapshot, blocks[THREADS]), EDGE_CONSERVATIVE), 1);
	assert_int_equal(holders(snapshot, node_at(snapshot, blocks[HELD])), 1);
	assert_int_equal(holders(snapshot, node_at(snapshot, blocks[MAPPED])), 1);
	assert_int_equal(holders(snapshot, node_at(snapshot, blocks[THREADS])), 1);
}

static void check(const struct joined *joined, const struct snapshot *snapshot)
{
	assert_true(snapshot_has_native(snapshot));
	assert_null(snapshot_check(snapshot));
	check_blocks(snapshot, joined->blocks);
	check_roots(snapshot, joined->blocks);
}

static void blocks_are_held_by_what_points_at_them(void **state)
{
	struct snapshot *snapshot = NULL;
	struct joined joined;

	(void)state;
	init(&joined);
	assert_null(capture(&joined, &snapshot));
	check(&joined, snapshot);
	snapshot_free(snapshot);
	deinit(&joined);
}

static void without_glibc_there_are_no_native_nodes(void **state)
{
	struct snapshot *snapshot = NULL;
	struct joined joined;

	(void)state;
	init(&joined);
	target_free(joined.target);
	joined.target = joined.python;
	joined.python = NULL;
	assert_null(capture(&joined, &snapshot));
	assert_false(snapshot_has_native(snapshot));
	for (node_id node = 0; node < snapshot->node_count; node++)
		assert_false(snapshot_is_native(snapshot, node));
	snapshot_free(snapshot);
	deinit(&joined);
}

static bool capture_once(void *context)
{
	const struct joined *joined = context;
	struct snapshot *snapshot = NULL;
	struct error *error;
	bool has_run_out;

	allocator_arm();
	error = capture(joined, &snapshot);
	allocator_disarm();
	has_run_out = error != NULL;
	if (has_run_out)
		assert_int_equal(error_kind(error), ERROR_MEMORY);
	else
		check(joined, snapshot);
	error_free(error);
	snapshot_free(snapshot);
	return has_run_out;
}

static void any_allocation_may_fail(void **state)
{
	struct joined joined;

	(void)state;
	init(&joined);
	assert_true(allocator_exhaust(capture_once, &joined) > 100);
	deinit(&joined);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_are_held_by_what_points_at_them),
		cmocka_unit_test(without_glibc_there_are_no_native_nodes),
		cmocka_unit_test(any_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
