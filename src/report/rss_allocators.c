/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What allocators keep, in sentences with the figures that one can act on: which
 * types pin pymalloc's arenas, which arena of glibc holds the free memory and
 * whether in pages that could go back. Tables of all sizes are for programs.
 */
#include "report/rss_report.h"
#include "report/units.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	WORTH = 1 << 20,  /* bytes */
	WORTH_SHARE = 20, /* a 20th of the whole */
	PINS_NAMED = 5,
	ARENAS_SHOWN = 5,
	PIN_COUNT_WIDTH = 12,
	PIN_BYTES_WIDTH = 12,
	PIN_INDENT = 4,
	FIGURE_WIDTH = 11,
	PAGES_WIDTH = 16,
	ARENA_NAME_WIDTH = 13,
	ADVICE_WIDTH = 32,
	NAME_WIDTH_MIN = 12,
};

static const struct advice_words {
	const char *name;
	const char *means; /* fits behind name and figure on a line of 80 columns */
} advice_words[ADVICE_COUNT] = {
	[ADVICE_TRIM] = {"malloc_trim(0)", "whole free pages, foretold"},
	[ADVICE_ARENA_MAX] = {"MALLOC_ARENA_MAX=1", "what threads' arenas keep"},
	[ADVICE_TRIM_THRESHOLD] = {"MALLOC_TRIM_THRESHOLD_=131072", "tops of arenas"},
	[ADVICE_MMAP_THRESHOLD] = {"MALLOC_MMAP_THRESHOLD_=131072", "holes of 128 KiB and more"},
	[ADVICE_OTHER_MALLOC] = {"another malloc, by LD_PRELOAD", "what glibc keeps free"},
	[ADVICE_PYTHON_MALLOC] = {"PYTHONMALLOC=malloc", "what pymalloc keeps free"},
};

static bool is_worth(const struct rss_report *report, uint64_t bytes)
{
	return bytes >= WORTH && bytes >= report->account->resident / WORTH_SHARE;
}

/* ----------------------------------------------------------------- pymalloc */

static int compare_pins(const void *left, const void *right)
{
	const struct snap_part *a = *(const struct snap_part *const *)left;
	const struct snap_part *b = *(const struct snap_part *const *)right;

	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? 1 : -1;
	return (a->name > b->name) - (a->name < b->name);
}

/* The types of objects in sparse arenas, the largest first. The caller frees; NULL: no memory. */
static const struct snap_part **list_pins(const struct snap_account *account, size_t *ret_count)
{
	const struct snap_part **pins = calloc(account->part_count + 1, sizeof(*pins));
	size_t count = 0;

	for (size_t i = 0; pins && i < account->part_count; i++)
		if (account->parts[i].owner == SNAP_PART_PINS)
			pins[count++] = &account->parts[i];
	if (count)
		qsort(pins, count, sizeof(*pins), compare_pins);
	*ret_count = count;
	return pins;
}

static void append_pins(const struct layout *layout, const struct rss_report *report,
                        struct text *text)
{
	size_t count;
	const struct snap_part **pins = list_pins(&report->snapshot->account, &count);
	size_t room = layout_room(layout, PIN_INDENT + PIN_COUNT_WIDTH + PIN_BYTES_WIDTH + 1,
	                          NAME_WIDTH_MIN);
	struct text cell;

	if (!pins) {
		text->is_broken = true;
		return;
	}
	text_init(&cell);
	for (size_t i = 0; i < count && i < (report->top ? report->top : PINS_NAMED); i++) {
		text_append(text, "    ");
		layout_left(text, snapshot_string(report->snapshot, pins[i]->name), room);
		units_count(&cell, pins[i]->count);
		layout_cell(text, &cell, PIN_COUNT_WIDTH);
		units_bytes(&cell, pins[i]->bytes);
		layout_cell(text, &cell, PIN_BYTES_WIDTH);
		text_append_char(text, '\n');
	}
	text_deinit(&cell);
	free(pins);
}

static uint64_t count_lonely(const struct snap_pools *pools, uint64_t *ret_pools)
{
	uint64_t lonely = 0;

	*ret_pools = 0;
	for (size_t i = 0; i < SNAP_POOL_CLASSES; i++) {
		lonely += pools->classes[i].lonely;
		*ret_pools += pools->classes[i].pools;
	}
	return lonely;
}

static void append_pymalloc(const struct layout *layout, const struct rss_report *report,
                            struct text *text)
{
	const struct snap_pools *pools = &report->snapshot->account.pools;
	uint64_t used_pools;
	uint64_t lonely = count_lonely(pools, &used_pools);
	uint64_t kept = account_group_bytes(report->account, ACCOUNT_POOLS_FREE);

	if (!is_worth(report, kept))
		return;
	text_append(text, "\npymalloc keeps ");
	units_bytes(text, kept);
	text_append(text, " free in ");
	units_plural(text, pools->arenas, "arena");
	text_append(text, "; one goes back when it is empty\n  ");
	units_count(text, lonely);
	text_append(text, " of ");
	units_plural(text, used_pools, "pool");
	text_append(text, " in use hold one block each\n");
	if (!pools->sparse_arenas)
		return;
	text_append(text, "  ");
	units_plural(text, pools->sparse_arenas, "arena");
	text_append(text, " with less than a 10th in use: ");
	units_bytes(text, pools->sparse_used);
	text_append(text, " pin ");
	units_bytes(text, pools->sparse_resident);
	text_append(text, ", of them\n");
	append_pins(layout, report, text);
}

/* -------------------------------------------------------------------- glibc */

static void append_arenas_head(const struct layout *layout, struct text *text)
{
	struct text head;

	text_init(&head);
	layout_left(&head, "  glibc keeps", ARENA_NAME_WIDTH);
	layout_right(&head, "in use", FIGURE_WIDTH);
	layout_right(&head, "top", FIGURE_WIDTH);
	layout_right(&head, "holes", FIGURE_WIDTH);
	layout_right(&head, "caches", FIGURE_WIDTH);
	layout_right(&head, "lonely pages", PAGES_WIDTH);
	text_append_char(text, '\n');
	layout_dim(layout, text, text_string(&head));
	text_append_char(text, '\n');
	text_deinit(&head);
}

static void append_arena(const char *name, const struct snap_arena *arena, struct text *text)
{
	const uint64_t figures[] = {arena->used, arena->top, arena->holes, arena->caches};
	struct text cell;

	text_init(&cell);
	layout_left(text, name, ARENA_NAME_WIDTH);
	for (size_t i = 0; i < sizeof(figures) / sizeof(*figures); i++) {
		units_bytes(&cell, figures[i]);
		layout_cell(text, &cell, FIGURE_WIDTH);
	}
	units_count(&cell, arena->lonely_pages);
	layout_cell(text, &cell, PAGES_WIDTH);
	text_append_char(text, '\n');
	text_deinit(&cell);
}

static uint64_t arena_keeps(const struct snap_arena *arena)
{
	return arena->top + arena->holes + arena->caches;
}

static int compare_arenas(const void *left, const void *right)
{
	const struct snap_arena *a = *(const struct snap_arena *const *)left;
	const struct snap_arena *b = *(const struct snap_arena *const *)right;

	if (arena_keeps(a) != arena_keeps(b))
		return arena_keeps(a) < arena_keeps(b) ? 1 : -1;
	return (a > b) - (a < b);
}

/* Those that keep most; all others are one line. */
static void append_arenas(const struct snap_account *account, size_t top, struct text *text)
{
	const struct snap_arena **order = calloc(account->arena_count + 1, sizeof(*order));
	struct snap_arena others = {0};
	size_t shown = layout_rows(top ? top : ARENAS_SHOWN, account->arena_count);
	char name[32];

	for (size_t i = 0; order && i < account->arena_count; i++)
		order[i] = &account->arenas[i];
	if (order)
		qsort(order, account->arena_count, sizeof(*order), compare_arenas);
	for (size_t i = 0; order && i < account->arena_count; i++) {
		size_t number = (size_t)(order[i] - account->arenas);

		snprintf(name, sizeof(name), number ? "arena %zu" : "main arena", number);
		if (i < shown)
			append_arena(name, order[i], text);
		others.used += i < shown ? 0 : order[i]->used;
		others.top += i < shown ? 0 : order[i]->top;
		others.holes += i < shown ? 0 : order[i]->holes;
		others.caches += i < shown ? 0 : order[i]->caches;
		others.lonely_pages += i < shown ? 0 : order[i]->lonely_pages;
	}
	snprintf(name, sizeof(name), "%zu others", account->arena_count - shown);
	if (order && shown < account->arena_count)
		append_arena(name, &others, text);
	text->is_broken |= !order;
	free(order);
}

static void append_glibc(const struct layout *layout, const struct rss_report *report,
                         struct text *text)
{
	const struct snap_account *account = &report->snapshot->account;
	uint64_t lonely = 0;

	if (!account->arena_count ||
	    !is_worth(report, account_group_bytes(report->account, ACCOUNT_MALLOC_FREE)))
		return;
	append_arenas_head(layout, text);
	append_arenas(account, report->top, text);
	for (size_t i = 0; i < account->arena_count; i++)
		lonely += account->arenas[i].lonely_pages;
	if (!lonely)
		return;
	text_append(text, "lonely: one block of at most 512 bytes keeps it, and no malloc_trim() "
	                  "frees it\n");
}

/* ------------------------------------------------------------------- advice */

static void append_advice(const struct rss_report *report, struct text *text)
{
	struct advice advice[ADVICE_COUNT];
	size_t count = account_advise(&report->snapshot->account, report->account, advice);
	struct text cell;

	if (!count)
		return;
	text_append(text, "\nto try, and what it gives back at most:\n");
	text_init(&cell);
	for (size_t i = 0; i < count; i++) {
		const struct advice_words *words = &advice_words[advice[i].kind];

		text_append(text, "  ");
		layout_left(text, words->name, ADVICE_WIDTH);
		units_bytes(&cell, advice[i].bytes);
		layout_cell(text, &cell, FIGURE_WIDTH);
		text_printf(text, "  %s\n", words->means);
	}
	text_deinit(&cell);
}

static void append_devices(const struct rss_report *report, struct text *text)
{
	const struct snap_account *account = &report->snapshot->account;

	if (account->huge) {
		text_append_char(text, '\n');
		units_bytes(text, account->huge);
		text_append(text, " are in huge pages, ");
		units_bytes(text, account->huge_zeros);
		text_append(text, " of them zeros: what they waste at most\n");
	}
	if (account->gpu_mapped) {
		text_append_char(text, '\n');
		units_bytes(text, account->gpu_mapped);
		text_append(text, " of graphics devices are mapped, in the RSS or not\n");
	}
}

void rss_allocators_text(const struct layout *layout, const struct rss_report *report,
                         struct text *text)
{
	append_devices(report, text);
	append_pymalloc(layout, report, text);
	append_glibc(layout, report, text);
	append_advice(report, text);
}

/* --------------------------------------------------------------------- JSON */

static void pins_json(const struct rss_report *report, struct json *json)
{
	size_t count;
	const struct snap_part **pins = list_pins(&report->snapshot->account, &count);

	json_begin_array(json, "pinned_by");
	for (size_t i = 0; pins && i < layout_rows(report->top, count); i++) {
		json_begin_object(json, NULL);
		json_string(json, "type", snapshot_string(report->snapshot, pins[i]->name));
		json_unsigned(json, "objects", pins[i]->count);
		json_unsigned(json, "bytes", pins[i]->bytes);
		json_end_object(json);
	}
	json_end_array(json);
	json->text->is_broken |= !pins;
	free(pins);
}

static void classes_json(const struct snap_pools *pools, struct json *json)
{
	json_begin_array(json, "classes");
	for (unsigned int i = 0; i < SNAP_POOL_CLASSES; i++) {
		const struct snap_pool_class *class = &pools->classes[i];

		if (!class->pools)
			continue;
		json_begin_object(json, NULL);
		json_unsigned(json, "size", i * SNAP_POOL_UNIT);
		json_unsigned(json, "pools", class->pools);
		json_unsigned(json, "lonely", class->lonely);
		json_unsigned(json, "used", class->used);
		json_unsigned(json, "others", class->others);
		json_unsigned(json, "free", class->free);
		json_end_object(json);
	}
	json_end_array(json);
}

static void pymalloc_json(const struct rss_report *report, struct json *json)
{
	const struct snap_pools *pools = &report->snapshot->account.pools;

	json_begin_object(json, "pymalloc");
	json_unsigned(json, "arenas", pools->arenas);
	json_unsigned(json, "arena_bytes", pools->arena_bytes);
	json_unsigned(json, "sparse_arenas", pools->sparse_arenas);
	json_unsigned(json, "sparse_used", pools->sparse_used);
	json_unsigned(json, "sparse_resident", pools->sparse_resident);
	pins_json(report, json);
	classes_json(pools, json);
	json_end_object(json);
}

static void holes_json(const struct snap_malloc *malloc, struct json *json)
{
	json_begin_array(json, "holes");
	for (unsigned int i = 0; i < SNAP_HOLE_CLASSES; i++) {
		if (!malloc->holes[i].count)
			continue;
		json_begin_object(json, NULL);
		json_unsigned(json, "at_least", UINT64_C(1) << i);
		json_unsigned(json, "count", malloc->holes[i].count);
		json_unsigned(json, "bytes", malloc->holes[i].bytes);
		json_end_object(json);
	}
	json_end_array(json);
}

static void glibc_json(const struct snap_account *account, struct json *json)
{
	json_begin_object(json, "glibc");
	json_begin_array(json, "arenas");
	for (size_t i = 0; i < account->arena_count; i++) {
		const struct snap_arena *arena = &account->arenas[i];

		json_begin_object(json, NULL);
		json_unsigned(json, "used", arena->used);
		json_unsigned(json, "top", arena->top);
		json_unsigned(json, "holes", arena->holes);
		json_unsigned(json, "caches", arena->caches);
		json_unsigned(json, "trimmable", arena->trimmable);
		json_unsigned(json, "lonely_pages", arena->lonely_pages);
		json_end_object(json);
	}
	json_end_array(json);
	holes_json(&account->malloc, json);
	json_unsigned(json, "trim_threshold", account->malloc.trim_threshold);
	json_unsigned(json, "mmap_threshold", account->malloc.mmap_threshold);
	json_end_object(json);
}

static void advice_json(const struct rss_report *report, struct json *json)
{
	struct advice advice[ADVICE_COUNT];
	size_t count = account_advise(&report->snapshot->account, report->account, advice);

	json_begin_array(json, "advice");
	for (size_t i = 0; i < count; i++) {
		json_begin_object(json, NULL);
		json_string(json, "what", advice_words[advice[i].kind].name);
		json_unsigned(json, "bytes", advice[i].bytes);
		json_end_object(json);
	}
	json_end_array(json);
}

void rss_allocators_json(const struct rss_report *report, struct json *json)
{
	const struct snap_account *account = &report->snapshot->account;

	json_begin_object(json, "kept");
	json_unsigned(json, "bytes", account_kept_bytes(report->account));
	json_bool(json, "dominates", account_is_mostly_kept(report->account));
	json_end_object(json);
	pymalloc_json(report, json);
	glibc_json(account, json);
	advice_json(report, json);
	json_begin_object(json, "huge_pages");
	json_unsigned(json, "bytes", account->huge);
	json_unsigned(json, "zeros", account->huge_zeros);
	json_end_object(json);
	json_unsigned(json, "gpu_mapped", account->gpu_mapped);
}
