/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last resort: every aligned word of CPython's own data, and of each
 * interpreter's state, that is an address of writable memory. Whether there
 * is an object at it is for the caller to say.
 *
 * Left out are the parts that hold addresses of objects without owning them:
 * the values in the cache of method look-ups (a row stays until it is
 * overwritten, its class may be long gone; its name is the cache's own), the
 * caches of the versions of functions (3.13+) and types (3.14+), the
 * allocator's state where that lies inside (3.12), and the unused ends of free
 * lists (py_free_lists.h). Words of the used parts are in: what they lead to is
 * free memory, and no object.
 */
#include "runtime/py_free_lists.h"
#include "runtime/py_lookup.h"
#include "runtime/py_method_cache.h"
#include "runtime/py_root_walk.h"

#include <inttypes.h>
#include <string.h>

enum {
	WORD = 8,
	CHUNK = 4096,
	SCAN_MAX = 64 << 20, /* bytes of the module, and of an interpreter */
	/* struct type_cache, Include/internal/pycore_typeobject.h; rows as until 3.9 */
	TYPE_CACHE_SIZE = PY_METHOD_CACHE_BYTES,
	VERSION_CACHE_SIZE = 4096 * 16, /* func_version_cache, pycore_function.h */
	/* types.type_version_cache (3.14+): behind for_extensions.initialized and a mutex. */
	TYPE_VERSIONS_AFTER = 488,
	TYPE_VERSIONS_SIZE = 4096 * 8,
	FIRST_WITH_TYPE_VERSIONS = 14,
	INTERNED_MIN = 256, /* CPython alone interns more than that */
};

struct range {
	taddr start;
	taddr end;
};

struct memory_walk {
	const struct py_root_walk *walk;
	taddr dict_type;    /* PyDict_Type, while the interned strings are looked for */
	taddr owner;        /* where the scanned part begins, and ... */
	const char *name;   /* ... what it is called */
	struct range stale; /* slots of the latest free list that hold nothing any more */
	taddr method_cache; /* until 3.9, once it was met */
};

static bool is_in(struct range range, taddr address)
{
	return address >= range.start && address < range.end;
}

/* Is it one of the type cache's rows, but for the name, which the row owns? */
static bool is_cached_value(const struct py_layout *layout, uint64_t in_interpreter)
{
	uint64_t in_cache = in_interpreter - layout->interpreter.type_cache;

	return py_has(layout->interpreter.type_cache) && in_cache < TYPE_CACHE_SIZE &&
	       in_cache % PY_METHOD_CACHE_ROW != PY_METHOD_CACHE_NAME;
}

/* Is the word at address one that lends, not owns? */
static bool is_borrowing(const struct py_root_walk *walk, taddr address)
{
	const struct python *python = walk->python;
	const struct py_layout *layout = &python->layout;

	for (size_t i = 0; i < python->interpreter_count; i++) {
		taddr start = python->interpreters[i];
		const struct {
			uint32_t offset;
			uint64_t size;
		} caches[] = {
			{layout->interpreter.func_version_cache, VERSION_CACHE_SIZE},
			{python->minor >= FIRST_WITH_TYPE_VERSIONS
		                 ? layout->interpreter.types_for_extensions + TYPE_VERSIONS_AFTER
		                 : PY_ABSENT,
		         TYPE_VERSIONS_SIZE},
			/* 3.12 alone has it inside; later it is a pointer. */
			{python->minor == 12 ? layout->interpreter.obmalloc : PY_ABSENT,
		         layout->obmalloc_state.size},
		};

		if (!is_in((struct range){start, start + layout->interpreter.size}, address))
			continue;
		if (is_cached_value(layout, address - start))
			return true;
		for (size_t cache = 0; cache < sizeof(caches) / sizeof(caches[0]); cache++)
			if (py_has(caches[cache].offset) &&
			    address - start - caches[cache].offset < caches[cache].size)
				return true;
	}
	return false;
}

static bool is_plausible(struct python *python, uint64_t word)
{
	const struct target_region *region;

	if (!word || word % WORD)
		return false;
	region = target_region_at(python->memory->target, word);
	return region && region->is_readable && region->is_writable;
}

struct interned_check {
	size_t items;
	bool is_other; /* some key is not its own value */
};

static void check_item(void *context, const struct py_ref *reference)
{
	struct interned_check *check = context;

	if (reference->kind != PY_REF_VALUE)
		return;
	check->items++;
	check->is_other |= reference->to != reference->name_object;
}

/*
 * Until 3.11 the strings that are interned are in a dict that only a static
 * variable of Objects/unicodeobject.c knows: every key is its own value.
 */
static bool is_interned_table(const struct memory_walk *memory, taddr object)
{
	const struct py_root_walk *walk = memory->walk;
	struct interned_check check = {0};
	const struct py_visitor visitor = {.context = &check, .reference = check_item};
	uint64_t used;

	if (!memory->dict_type || py_root_word(walk, object + WORD) != memory->dict_type)
		return false;
	used = py_root_word(walk, object + walk->python->layout.dict.ma_used);
	if (used < INTERNED_MIN)
		return false;
	(void)py_lookup_all(walk->python, walk->types, object, &visitor);
	return check.items >= INTERNED_MIN && !check.is_other;
}

/* Is the word part of something that keeps addresses longer than it needs them? */
static bool is_unused(struct memory_walk *memory, taddr address)
{
	struct python *python = memory->walk->python;
	uint64_t in_cache = address - memory->method_cache;

	if (memory->method_cache && in_cache < PY_METHOD_CACHE_BYTES)
		return in_cache % PY_METHOD_CACHE_ROW == PY_METHOD_CACHE_VALUE;
	if (is_in(memory->stale, address))
		return true;
	if (!memory->method_cache && py_method_cache_at(python, address, &memory->method_cache))
		return false;
	return py_free_list_at(python, address, &memory->stale.start, &memory->stale.end);
}

static void tell_word(struct memory_walk *memory, taddr address, uint64_t word)
{
	const struct py_root_walk *walk = memory->walk;

	if (!is_plausible(walk->python, word) || is_borrowing(walk, address) ||
	    is_unused(memory, address))
		return;
	if (is_interned_table(memory, word)) {
		py_root_tell(walk, PY_ROOT_INTERPRETER, word, "interned strings");
		memory->dict_type = 0;
		return;
	}
	py_root_tell(walk, PY_ROOT_MEMORY, word, "%s+0x%" PRIx64, memory->name,
	             address - memory->owner);
}

static void scan(struct memory_walk *memory, struct range range)
{
	uint64_t words[CHUNK / WORD];

	if (range.end - range.start > SCAN_MAX)
		range.end = range.start + SCAN_MAX;
	range.start = (range.start + WORD - 1) & ~(taddr)(WORD - 1);
	while (range.start < range.end) {
		size_t size = CHUNK - range.start % CHUNK;

		if (size > range.end - range.start)
			size = (size_t)(range.end - range.start);
		if (window_cache_read(memory->walk->python->memory, range.start, words, size))
			for (size_t i = 0; i < size / WORD; i++)
				tell_word(memory, range.start + i * WORD, words[i]);
		range.start += size;
	}
}

static void scan_module(struct memory_walk *memory)
{
	const struct python *python = memory->walk->python;
	size_t count;
	const struct target_region *regions = target_regions(python->memory->target, &count);

	memory->owner = python->module_start;
	memory->name = python->module_name ? python->module_name : "python";
	for (size_t i = 0; i < count; i++) {
		struct range range = {regions[i].start, regions[i].end};

		if (!regions[i].is_writable || !regions[i].is_readable)
			continue;
		if (range.start < python->module_start)
			range.start = python->module_start;
		if (range.end > python->module_end)
			range.end = python->module_end;
		if (range.start < range.end)
			scan(memory, range);
	}
}

void py_roots_memory(const struct py_root_walk *walk)
{
	const struct python *python = walk->python;
	const struct range module = {python->module_start, python->module_end};
	taddr modules =
		py_root_word(walk, python->interpreters[0] + python->layout.interpreter.modules);
	struct memory_walk memory = {.walk = walk};

	if (!py_has(python->layout.interpreter.interned_strings) && modules)
		memory.dict_type = py_root_word(walk, modules + WORD);
	scan_module(&memory);
	for (size_t i = 0; i < python->interpreter_count; i++) {
		taddr start = python->interpreters[i];
		char name[64];

		if (is_in(module, start))
			continue;
		py_root_interpreter_name(walk, i, name, sizeof(name));
		memory.owner = start;
		memory.name = name;
		scan(&memory, (struct range){start, start + python->layout.interpreter.size});
	}
}
