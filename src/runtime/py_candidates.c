/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two searches through memory go over the writable segments of the mapped
 * files, .bss included: _PyRuntime is static. They have a budget in bytes,
 * which the images that are named like Python's, being first, use first.
 */
#include "runtime/py_candidates.h"

#include "base/cleanup.h"
#include "runtime/py_debug_offsets.h"
#include "runtime/py_structure.h"

enum {
	SEARCH_MAX = 64 << 20, /* bytes */
	POINTERS_MAX = 1 << 20,
	FIRST_WITH_COOKIE = 0x030d,
	PAGE = 4096,
};

static const char runtime_symbol[] = "_PyRuntime";

bool py_candidates_by_symbol(struct window_cache *memory, const struct mapped_image *images,
                             size_t count, py_candidate_visitor *visitor, void *context)
{
	for (size_t i = 0; i < count; i++) {
		taddr runtime;

		if (mapped_image_symbol(memory, &images[i], runtime_symbol, &runtime) &&
		    visitor(context, &images[i], runtime))
			return true;
	}
	return false;
}

static bool visit_file(const struct elf_image *file, const struct mapped_image *image,
                       py_candidate_visitor *visitor, void *context)
{
	struct elf_symbol symbol;
	struct elf_section section;

	if (elf_image_symbol(file, runtime_symbol, &symbol) &&
	    visitor(context, image, image->bias + symbol.address))
		return true;
	return elf_image_section(file, ".PyRuntime", &section) &&
	       visitor(context, image, image->bias + section.address);
}

bool py_candidates_by_file(struct window_cache *memory, const struct mapped_image *images,
                           size_t count, py_candidate_visitor *visitor, void *context)
{
	for (size_t i = 0; i < count; i++) {
		_cleanup_(cleanup_elf_image) struct elf_image *file = NULL;
		struct error *error = mapped_image_open_file(memory, &images[i], &file);

		if (error && error_kind(error) == ERROR_MEMORY)
			window_cache_no_memory(memory);
		error_free(error); /* without its file there are other ways */
		if (!error && visit_file(file, &images[i], visitor, context))
			return true;
	}
	return false;
}

struct search {
	struct window_cache *memory;
	const struct mapped_image *image;
	py_candidate_visitor *visitor;
	void *context;
	uint64_t left; /* bytes */
	uint32_t pointers_left;
};

/* Looks at one word; true: found, stop. */
typedef bool word_visitor(struct search *search, taddr address, uint64_t word);

static bool search_range(struct search *search, const struct mapped_range *range,
                         word_visitor *visit_word)
{
	for (taddr at = (range->start + 7) & ~(taddr)7; at < range->end && search->left;) {
		uint64_t word;

		if (!window_cache_u64(search->memory, at, &word)) {
			at = (at | (PAGE - 1)) + 1;
			search->left -= search->left < PAGE ? search->left : PAGE;
			continue;
		}
		if (word && visit_word(search, at, word))
			return true;
		at += sizeof(word);
		search->left -= search->left < sizeof(word) ? search->left : sizeof(word);
	}
	return false;
}

static bool search_images(struct search *search, const struct mapped_image *images, size_t count,
                          word_visitor *visit_word)
{
	for (size_t i = 0; i < count; i++) {
		search->image = &images[i];
		for (size_t k = 0; k < images[i].data_count; k++) {
			if (search_range(search, &images[i].data[k], visit_word))
				return true;
		}
	}
	return false;
}

static bool visit_cookie(struct search *search, taddr address, uint64_t word)
{
	return memcmp(&word, py_debug_cookie, sizeof(word)) == 0 &&
	       search->visitor(search->context, search->image, address);
}

bool py_candidates_by_cookie(struct window_cache *memory, const struct mapped_image *images,
                             size_t count, py_candidate_visitor *visitor, void *context)
{
	struct search search = {
		.memory = memory, .visitor = visitor, .context = context, .left = SEARCH_MAX};

	return search_images(&search, images, count, visit_cookie);
}

/* Only what lies in writable memory can be an interpreter. */
static bool may_be_interpreter(struct search *search, uint64_t word)
{
	const struct target_region *region;

	if (word % 8 || !search->pointers_left)
		return false;
	region = target_region_at(search->memory->target, word);
	if (!region || !region->is_writable)
		return false;
	search->pointers_left--;
	return true;
}

/* A word that points at a sound interpreter may be interpreters.main. */
static bool visit_pointer(struct search *search, taddr address, uint64_t word)
{
	struct py_anchors anchors;

	if (!may_be_interpreter(search, word))
		return false;
	for (size_t i = 0; py_layouts[i]; i++) {
		taddr runtime = address - py_layouts[i]->runtime.interpreters_main;

		if (py_layouts[i]->version < FIRST_WITH_COOKIE && runtime < address &&
		    py_interpreter_is_sound(search->memory, py_layouts[i], word, &anchors) &&
		    search->visitor(search->context, search->image, runtime))
			return true;
	}
	return false;
}

bool py_candidates_by_scan(struct window_cache *memory, const struct mapped_image *images,
                           size_t count, py_candidate_visitor *visitor, void *context)
{
	struct search search = {.memory = memory,
	                        .visitor = visitor,
	                        .context = context,
	                        .left = SEARCH_MAX,
	                        .pointers_left = POINTERS_MAX};

	return search_images(&search, images, count, visit_pointer);
}
