/* SPDX-License-Identifier: Apache-2.0 */
/* A few hundred rows at most in good faith, so each is two strings of its own. */
#include "snapshot/snap_settings.h"

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum { SETTINGS_MAX = 1 << 16 };

static const char *const section_names[SECTION_COUNT] = {
	[SECTION_PYTHON] = "python",
	[SECTION_MALLOC] = "malloc",
	[SECTION_DISTRIBUTION] = "distribution",
	[SECTION_MODULE] = "module",
	[SECTION_MODULE_OF] = "module_of_distribution",
	[SECTION_LIBRARY] = "library",
	[SECTION_VARIABLE] = "environment",
	[SECTION_PROGRAM] = "program",
	[SECTION_SOURCE] = "source",
};

static void deinit_setting(struct snap_setting *setting)
{
	free(setting->name);
	free(setting->value);
}

bool snap_settings_add(struct snap_settings *settings, enum snap_section section, const char *name,
                       const char *value)
{
	struct snap_setting setting = {.section = section};

	if (settings->count >= SETTINGS_MAX)
		return true;
	if (!array_reserve(&settings->all, &settings->capacity, settings->count + 1,
	                   sizeof(*settings->all)))
		return false;
	setting.name = strdup(name);
	setting.value = strdup(value);
	if (!setting.name || !setting.value) {
		deinit_setting(&setting);
		return false;
	}
	settings->all[settings->count++] = setting;
	return true;
}

static int compare_keys(const struct snap_setting *a, const struct snap_setting *b)
{
	if (a->section != b->section)
		return a->section < b->section ? -1 : 1;
	return strcmp(a->name, b->name);
}

static int compare(const void *first, const void *second)
{
	const struct snap_setting *a = first;
	const struct snap_setting *b = second;
	int order = compare_keys(a, b);

	return order ? order : strcmp(a->value, b->value);
}

/* The value that a run of one name has; they are sorted. NULL: memory ran out. */
static char *join_values(const struct snap_setting *run, size_t count)
{
	struct text joined;

	text_init(&joined);
	for (size_t i = 0; i < count; i++) {
		if (i && !strcmp(run[i].value, run[i - 1].value))
			continue;
		if (i)
			text_append(&joined, ", ");
		text_append(&joined, run[i].value);
	}
	return text_take(&joined);
}

bool snap_settings_seal(struct snap_settings *settings)
{
	struct snap_setting *all = settings->all;
	size_t kept = 0;

	if (!settings->count)
		return true;
	qsort(all, settings->count, sizeof(*all), compare);
	for (size_t i = 0, run; i < settings->count; i += run) {
		struct snap_setting first = all[i];

		for (run = 1; i + run < settings->count && !compare_keys(&all[i], &all[i + run]);)
			run++;
		if (run > 1) {
			char *joined = join_values(&all[i], run);

			if (!joined)
				return false;
			for (size_t k = 1; k < run; k++)
				deinit_setting(&all[i + k]);
			free(first.value);
			first.value = joined;
			/* So that whoever frees them in the midst of it frees each once. */
			memset(&all[i], 0, run * sizeof(*all));
		}
		all[i] = (struct snap_setting){0};
		all[kept++] = first;
	}
	settings->count = kept;
	return true;
}

const char *snap_settings_find(const struct snap_settings *settings, enum snap_section section,
                               const char *name)
{
	for (size_t i = 0; i < settings->count; i++)
		if (settings->all[i].section == section && !strcmp(settings->all[i].name, name))
			return settings->all[i].value;
	return NULL;
}

void snap_settings_deinit(struct snap_settings *settings)
{
	for (size_t i = 0; i < settings->count; i++)
		deinit_setting(&settings->all[i]);
	free(settings->all);
	*settings = (struct snap_settings){0};
}

const char *snap_section_name(enum snap_section section)
{
	return section_names[section];
}

bool snap_section_of_name(const char *name, size_t length, enum snap_section *ret)
{
	for (int i = 0; i < SECTION_COUNT; i++) {
		if (strlen(section_names[i]) != length || memcmp(section_names[i], name, length))
			continue;
		*ret = (enum snap_section)i;
		return true;
	}
	return false;
}
