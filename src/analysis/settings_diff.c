/* SPDX-License-Identifier: Apache-2.0 */
/* Both sides are put in one order, and walked together once. */
#include "analysis/settings_diff.h"

#include "base/array.h"
#include "base/cleanup.h"

#include <stdlib.h>
#include <string.h>

/* A setting as it is compared: a module of a distribution may count as a module. */
struct side_row {
	enum snap_section section;
	const char *name;
	const char *value;
};

static bool has_metadata(const struct snap_settings *settings)
{
	const char *source = snap_settings_find(settings, SECTION_SOURCE, "distributions");

	return source && !strcmp(source, "metadata");
}

/* In which section it is compared; false: in none. */
static bool is_compared(enum snap_section section, bool by_modules, enum snap_section *ret)
{
	*ret = section;
	switch (section) {
	case SECTION_SOURCE: return false;
	case SECTION_DISTRIBUTION: return !by_modules;
	case SECTION_MODULE_OF: *ret = SECTION_MODULE; return by_modules;
	default: return true;
	}
}

static int compare_rows(const struct side_row *a, const struct side_row *b)
{
	if (a->section != b->section)
		return a->section < b->section ? -1 : 1;
	return strcmp(a->name, b->name);
}

static int compare(const void *a, const void *b)
{
	return compare_rows(a, b);
}

/* The caller frees it; NULL: memory ran out. */
static struct side_row *take_side(const struct snap_settings *settings, bool by_modules,
                                  size_t *ret_count)
{
	struct side_row *rows = calloc(settings->count + 1, sizeof(*rows));
	size_t count = 0;

	for (size_t i = 0; rows && i < settings->count; i++) {
		const struct snap_setting *setting = &settings->all[i];
		struct side_row row = {.name = setting->name, .value = setting->value};

		if (is_compared(setting->section, by_modules, &row.section))
			rows[count++] = row;
	}
	if (count)
		qsort(rows, count, sizeof(*rows), compare);
	*ret_count = count;
	return rows;
}

/* One name, of either side or both. False: memory ran out. */
static bool note(struct settings_diff *diff, const struct side_row *then,
                 const struct side_row *now)
{
	const struct side_row *any = then ? then : now;

	diff->compared[any->section]++;
	if (then && now && !strcmp(then->value, now->value))
		return true;
	if (!array_reserve(&diff->all, &diff->capacity, diff->count + 1, sizeof(*diff->all)))
		return false;
	diff->all[diff->count++] = (struct settings_change){
		.section = any->section,
		.name = any->name,
		.then = then ? then->value : NULL,
		.now = now ? now->value : NULL,
	};
	diff->of[any->section]++;
	return true;
}

struct error *settings_diff_make(const struct snap_settings *then, const struct snap_settings *now,
                                 struct settings_diff *ret)
{
	struct settings_diff diff = {.by_modules = !has_metadata(then) || !has_metadata(now)};
	size_t a_count;
	size_t b_count;
	_cleanup_free_ struct side_row *a = take_side(then, diff.by_modules, &a_count);
	_cleanup_free_ struct side_row *b = take_side(now, diff.by_modules, &b_count);
	bool is_ready = a && b;

	for (size_t i = 0, k = 0; is_ready && (i < a_count || k < b_count);) {
		int order = 0;

		if (i == a_count || k == b_count)
			order = i == a_count ? 1 : -1;
		else
			order = compare_rows(&a[i], &b[k]);
		is_ready = note(&diff, order <= 0 ? &a[i] : NULL, order >= 0 ? &b[k] : NULL);
		i += order <= 0;
		k += order >= 0;
	}
	if (!is_ready) {
		settings_diff_deinit(&diff);
		return error_no_memory();
	}
	*ret = diff;
	return NULL;
}

void settings_diff_deinit(struct settings_diff *diff)
{
	free(diff->all);
	*diff = (struct settings_diff){0};
}
