/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pointers of one block, and of blocks that lie side by side, mostly lead into
 * the same few places, so the place of the last address is tried first: the
 * module that it was in, or the gap between two modules, where heaps are.
 */
#include "capture/native_looks.h"

#include "base/cleanup.h"

#include <stdlib.h>
#include <string.h>

enum {
	ADDRESS_MIN = 1 << 16, /* nothing is mapped below (vm.mmap_min_addr) */
	RANK_PROGRAM = 0,
	RANK_PYTHON,
	RANK_RUNTIME,
	RANK_NONE,
};

/* ----------------------------------------------------------------- modules */

/* What every C or C++ program leads into. */
static bool is_runtime_of_c(const char *name)
{
	static const char *const beginnings[] = {
		"libc.so",  "libc-2.",      "ld-linux", "ld-2.",      "ld-musl",
		"libm.so",  "libm-2.",      "libdl",    "libpthread", "librt.so",
		"librt-2.", "libstdc++.so", "libgcc_s", "libc++",
	};

	for (size_t i = 0; i < sizeof(beginnings) / sizeof(*beginnings); i++)
		if (strncmp(name, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	return false;
}

static uint8_t rank_of(const struct python *python, const struct mapped_image *image)
{
	const char *name = mapped_image_name(image);

	if (is_runtime_of_c(name))
		return RANK_RUNTIME;
	if ((image->start < python->module_end && python->module_start < image->end) ||
	    strncmp(name, "python", strlen("python")) == 0)
		return RANK_PYTHON;
	return RANK_PROGRAM;
}

static int compare_modules(const void *left, const void *right)
{
	const struct native_module *one = left;
	const struct native_module *other = right;

	if (one->start != other->start)
		return one->start < other->start ? -1 : 1;
	return (one->image > other->image) - (one->image < other->image);
}

static str_id intern(struct native_looks *looks, const char *string)
{
	return snapshot_builder_string(looks->walk->builder, string, strlen(string));
}

static bool list_modules(struct native_looks *looks)
{
	const struct native_ranges *ranges = looks->ranges;

	looks->modules = calloc(ranges->image_count + 1, sizeof(*looks->modules));
	if (!looks->modules)
		return false;
	for (size_t i = 0; i < ranges->image_count; i++) {
		const struct mapped_image *image = &ranges->images[i];

		looks->modules[i] = (struct native_module){
			.start = image->start,
			.end = image->end,
			.image = i,
			.name = intern(looks, mapped_image_name(image)),
			.rank = rank_of(looks->walk->python, image),
		};
	}
	looks->module_count = ranges->image_count;
	if (looks->module_count)
		qsort(looks->modules, looks->module_count, sizeof(*looks->modules),
		      compare_modules);
	for (size_t i = 1; i < looks->module_count; i++)
		if (looks->modules[i - 1].end > looks->modules[i].start)
			looks->modules[i - 1].end = looks->modules[i].start;
	return true;
}

/* The module, or the gap between two, that address is in. */
static struct native_module find_place(const struct native_looks *looks, taddr address)
{
	struct native_module gap = {.end = UINT64_MAX, .rank = RANK_NONE};
	size_t low = 0;
	size_t high = looks->module_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (looks->modules[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low && address < looks->modules[low - 1].end)
		return looks->modules[low - 1];
	if (low)
		gap.start = looks->modules[low - 1].end;
	if (low < looks->module_count)
		gap.end = looks->modules[low].start;
	return gap;
}

static const struct native_module *place_of(struct native_looks *looks, taddr address)
{
	if (address < looks->last.start || address >= looks->last.end)
		looks->last = find_place(looks, address);
	return &looks->last;
}

/* ------------------------------------------------------------------- sorts */

struct error *native_looks_init(struct native_looks *looks, struct heap_walk *walk,
                                const struct native_ranges *ranges)
{
	const struct glibc_malloc *glibc = &ranges->glibc;
	char name[sizeof(SNAP_TYPE_NATIVE) + 64];

	*looks = (struct native_looks){.walk = walk, .ranges = ranges};
	cxx_vtables_init(&looks->vtables, walk->python->memory);
	number_map_init(&looks->sorts);
	number_map_init(&looks->classes);
	if (glibc->arena_count) {
		looks->bins = glibc->arenas[0].address;
		looks->bins_end = looks->bins + glibc->layout->state.size;
	}
	looks->nothing = intern(looks, "");
	looks->plain = snapshot_builder_type(walk->builder, 0, intern(looks, SNAP_TYPE_NATIVE),
	                                     looks->nothing);
	for (unsigned int i = 0; i < BLOCK_LOOK_COUNT; i++) {
		snprintf(name, sizeof(name), SNAP_TYPE_NATIVE " %s",
		         block_look_name((enum block_look)i));
		looks->looks[i] = intern(looks, name);
	}
	return list_modules(looks) ? NULL : error_no_memory();
}

void native_looks_deinit(struct native_looks *looks)
{
	cxx_vtables_deinit(&looks->vtables);
	number_map_deinit(&looks->sorts);
	number_map_deinit(&looks->classes);
	free(looks->modules);
	*looks = (struct native_looks){0};
}

static type_id sort_of(struct native_looks *looks, str_id module, str_id look)
{
	uint64_t key = ((uint64_t)module + 1) << 32 | look;
	uint32_t type;

	if (number_map_get(&looks->sorts, key, &type))
		return type;
	if (looks->sorts.count == NATIVE_SORTS_MAX)
		return looks->plain;
	type = snapshot_builder_type(looks->walk->builder, 0, look, module);
	if (!number_map_put(&looks->sorts, key, type))
		looks->walk->is_broken = true;
	return type;
}

/* --------------------------------------------------------------- C++ objects */

static bool read_class(struct native_looks *looks, size_t image, taddr vtable, str_id *ret)
{
	char class[CXX_NAME_MAX];
	char name[sizeof(class) + 64];

	if (!cxx_vtable_class(&looks->vtables, &looks->ranges->images[image], vtable, class))
		return false;
	snprintf(name, sizeof(name), SNAP_TYPE_NATIVE " C++ object of class %s", class);
	*ret = intern(looks, name);
	return true;
}

/* The look of an object whose first word leads to vtable. False: it is no such word. */
static bool class_of(struct native_looks *looks, size_t image, taddr vtable, str_id *ret)
{
	uint32_t known;
	bool is_class;

	if (number_map_get(&looks->classes, vtable, &known)) {
		*ret = known - 1;
		return known;
	}
	if (looks->classes.count == NATIVE_VTABLES_MAX)
		return false;
	is_class = read_class(looks, image, vtable, ret);
	if (!number_map_put(&looks->classes, vtable, is_class ? *ret + 1 : 0))
		looks->walk->is_broken = true;
	return is_class;
}

/* ------------------------------------------------------------------ blocks */

static bool is_on_heap(const struct heap_walk *walk, taddr address)
{
	return block_index_pool(&walk->blocks, address) ||
	       native_blocks_at(walk->native, address) != NATIVE_NONE;
}

/* The best module that words lead into, and which of them lead anywhere. */
static struct native_module find_module(struct native_looks *looks, const uint64_t *words,
                                        size_t count, uint32_t *ret_pointers)
{
	struct native_module best = {.name = looks->nothing, .rank = RANK_NONE};

	*ret_pointers = 0;
	for (size_t i = 0; i < count; i++) {
		taddr word = words[i];
		const struct native_module *place;

		if (word < ADDRESS_MIN || word >> NATIVE_ADDRESS_BITS ||
		    (word >= looks->bins && word < looks->bins_end))
			continue;
		place = place_of(looks, word);
		if (place->rank < best.rank)
			best = *place;
		if (place->rank < RANK_NONE || is_on_heap(looks->walk, word))
			*ret_pointers |= UINT32_C(1) << i;
	}
	return best;
}

type_id native_looks_sort(struct native_looks *looks, const uint8_t *bytes, size_t size,
                          uint64_t usable)
{
	struct block_bytes block = {.bytes = bytes, .size = size, .usable = usable};
	uint64_t words[BLOCK_LOOK_WORDS] = {0};
	size_t judged = size < sizeof(words) ? size : sizeof(words);
	struct native_module module;
	enum block_look look_of_bytes;
	str_id look;

	if (!size)
		return looks->plain;
	memcpy(words, bytes, judged);
	module = find_module(looks, words, judged / sizeof(*words), &block.pointers);
	if (block.pointers & 1) {
		struct native_module first = *place_of(looks, words[0]);

		if (first.rank < RANK_NONE && class_of(looks, first.image, words[0], &look))
			return sort_of(looks, first.name, look);
	}
	look_of_bytes = block_look_of(&block);
	/* In what is made of numbers or text, an address is left from an earlier use. */
	if (look_of_bytes != BLOCK_DATA && look_of_bytes != BLOCK_POINTERS)
		module.name = looks->nothing;
	return sort_of(looks, module.name, looks->looks[look_of_bytes]);
}
