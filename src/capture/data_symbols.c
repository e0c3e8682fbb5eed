/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several names may stand for one variable (environ, _environ, __environ): the
 * one that a person would write is told, with the fewest underscores before it.
 * Of variables that overlap otherwise, the one that begins first keeps its place.
 */
#include "capture/data_symbols.h"

#include "base/array.h"

#include <stdlib.h>
#include <string.h>

struct listing {
	struct data_symbols *symbols;
	const struct mapped_image *image;
};

static bool is_in_data(const struct mapped_image *image, taddr start, taddr end)
{
	for (size_t i = 0; i < image->data_count; i++)
		if (start >= image->data[i].start && end <= image->data[i].end)
			return true;
	return false;
}

static bool add_symbol(void *context, const char *name, const struct elf_symbol *symbol)
{
	struct listing *listing = context;
	struct data_symbols *symbols = listing->symbols;
	taddr start = symbol->address + listing->image->bias;
	taddr end;

	if (!*name || !symbol->size || __builtin_add_overflow(start, symbol->size, &end) ||
	    !is_in_data(listing->image, start, end))
		return true;
	if (!array_reserve(&symbols->all, &symbols->capacity, symbols->count + 1,
	                   sizeof(*symbols->all)))
		return false;
	symbols->all[symbols->count++] = (struct data_symbol){start, end, name};
	return true;
}

static int compare_symbols(const void *left, const void *right)
{
	const struct data_symbol *one = left;
	const struct data_symbol *other = right;
	size_t before = strspn(one->name, "_");
	size_t before_other = strspn(other->name, "_");

	if (one->start != other->start)
		return one->start > other->start ? 1 : -1;
	if (before != before_other)
		return before > before_other ? 1 : -1;
	return strcmp(one->name, other->name);
}

static void drop_overlapping(struct data_symbols *symbols)
{
	size_t kept = 0;

	for (size_t i = 0; i < symbols->count; i++)
		if (!kept || symbols->all[i].start >= symbols->all[kept - 1].end)
			symbols->all[kept++] = symbols->all[i];
	symbols->count = kept;
}

struct error *data_symbols_init(struct data_symbols *symbols, struct window_cache *memory,
                                const struct mapped_image *image)
{
	struct listing listing = {symbols, image};
	struct error *error;

	*symbols = (struct data_symbols){0};
	error = mapped_image_open_file(memory, image, &symbols->file);
	if (error && error_kind(error) == ERROR_MEMORY)
		return error;
	error_free(error);
	if (!symbols->file)
		return NULL;
	if (!elf_image_visit_symbols(symbols->file, add_symbol, &listing)) {
		data_symbols_deinit(symbols);
		return error_no_memory();
	}
	if (symbols->count)
		qsort(symbols->all, symbols->count, sizeof(*symbols->all), compare_symbols);
	drop_overlapping(symbols);
	return NULL;
}

void data_symbols_deinit(struct data_symbols *symbols)
{
	elf_image_free(symbols->file);
	free(symbols->all);
	*symbols = (struct data_symbols){0};
}

const struct data_symbol *data_symbols_at(const struct data_symbols *symbols, taddr address)
{
	size_t low = 0;
	size_t high = symbols->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (symbols->all[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == symbols->count || symbols->all[low].start > address)
		return NULL;
	return &symbols->all[low];
}
