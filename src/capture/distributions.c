/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A folder of metadata says name and version in METADATA or PKG-INFO, whose
 * head is like that of a mail, and which modules it brought in top_level.txt
 * or, newer ones without that, in RECORD, a table of all its files. Where
 * neither is there (a plain *.egg-info file), the modules are taken to be called
 * as the distribution is.
 */
#include "capture/distributions.h"

#include "base/array.h"
#include "base/cleanup.h"
#include "capture/distribution_words.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	FOLDER_MAX = 1 << 16, /* names in a folder of the path */
	FILE_COST = 4 << 10,  /* of opening a file, in bytes read */
	HEAD_MAX = 64 << 10,  /* of METADATA: the description may follow, at length */
	NAMES_MAX = 64 << 10, /* of top_level.txt */
	RECORD_MAX = 4 << 20,
};

struct folder {
	char **names; /* that end like metadata */
	size_t count;
	size_t capacity;
	bool is_broken;
};

static bool ends(const char *name, const char *with)
{
	size_t length = strlen(name);
	size_t end = strlen(with);

	return length > end && !strcmp(name + length - end, with);
}

static void note_name(void *context, const char *name)
{
	struct folder *folder = context;

	if (!ends(name, ".dist-info") && !ends(name, ".egg-info"))
		return;
	if (!array_reserve(&folder->names, &folder->capacity, folder->count + 1,
	                   sizeof(*folder->names)) ||
	    !(folder->names[folder->count] = strdup(name)))
		folder->is_broken = true;
	else
		folder->count++;
}

static void deinit_folder(struct folder *folder)
{
	for (size_t i = 0; i < folder->count; i++)
		free(folder->names[i]);
	free(folder->names);
}

static int compare_names(const void *name, const void *module)
{
	return strcmp(name, ((const struct top_level *)module)->name);
}

/* A module of the distribution, of length bytes: is it imported? */
static bool cover(struct distribution_search *search, const char *name, size_t length)
{
	char module[DISTRIBUTION_FIELD_MAX];
	struct top_level *found;

	if (!length || length >= sizeof(module))
		return false;
	memcpy(module, name, length);
	module[length] = '\0';
	found = search->module_count ? bsearch(module, search->modules, search->module_count,
	                                       sizeof(*search->modules), compare_names)
	                             : NULL;
	if (found)
		found->is_covered = true;
	return found;
}

/* Each line of text names a module, or a file of one. */
static bool cover_lines(struct distribution_search *search, const char *text, bool are_paths)
{
	bool is_imported = false;

	for (const char *line = text; *line;) {
		size_t length;
		const char *name = distribution_next_module(&line, are_paths, &length);

		if (cover(search, name, length))
			is_imported = true;
	}
	return is_imported;
}

/* Neither list is there: as the distribution is called, with _ for -. */
static bool cover_namesake(struct distribution_search *search, const char *name)
{
	char module[DISTRIBUTION_FIELD_MAX];

	snprintf(module, sizeof(module), "%s", name);
	for (char *c = module; *c; c++)
		if (*c == '-')
			*c = '_';
	return cover(search, module, strlen(module));
}

/* The file in a folder of metadata; NULL: it cannot be read. */
static char *read_file(struct distribution_search *search, const char *folder, const char *name,
                       const char *file, size_t limit)
{
	char path[PATH_MAX];
	size_t size = 0;
	char *bytes;
	int length =
		snprintf(path, sizeof(path), "%s/%s%s%s", folder, name, *file ? "/" : "", file);

	if (length < 0 || (size_t)length >= sizeof(path) || search->bytes > DISTRIBUTION_BYTES_MAX)
		return NULL;
	bytes = target_root_read(search->root, path, limit, &size);
	search->bytes += FILE_COST + size;
	return bytes;
}

static char *read_head(struct distribution_search *search, const char *folder, const char *name)
{
	static const char *const files[] = {"METADATA", "PKG-INFO", ""};
	char *head = NULL;

	for (size_t i = 0; !head && i < sizeof(files) / sizeof(*files); i++)
		head = read_file(search, folder, name, files[i], HEAD_MAX);
	return head;
}

static bool is_imported(struct distribution_search *search, const char *folder, const char *name,
                        const char *distribution)
{
	_cleanup_free_ char *names = read_file(search, folder, name, "top_level.txt", NAMES_MAX);
	_cleanup_free_ char *record = NULL;

	if (names && *names)
		return cover_lines(search, names, false);
	record = read_file(search, folder, name, "RECORD", RECORD_MAX);
	if (record)
		return cover_lines(search, record, true);
	return cover_namesake(search, distribution);
}

static void add_distribution(struct distribution_search *search, const char *folder,
                             const char *name)
{
	_cleanup_free_ char *head = read_head(search, folder, name);
	char distribution[DISTRIBUTION_FIELD_MAX];
	char version[DISTRIBUTION_FIELD_MAX];

	if (!head || !distribution_field(head, "Name:", distribution) ||
	    !distribution_field(head, "Version:", version))
		return;
	distribution_normalise(distribution);
	if (snap_settings_find(search->settings, SECTION_DISTRIBUTION, distribution) ||
	    !is_imported(search, folder, name, distribution))
		return;
	if (!snap_settings_add(search->settings, SECTION_DISTRIBUTION, distribution, version))
		search->is_broken = true;
}

void distributions_search(struct distribution_search *search, const char *path)
{
	_cleanup_(deinit_folder) struct folder folder = {0};

	if (search->folders++ >= DISTRIBUTION_FOLDERS_MAX)
		return;
	if (!target_root_list(search->root, path, FOLDER_MAX, note_name, &folder))
		return;
	search->can_read = true;
	search->is_broken = search->is_broken || folder.is_broken;
	for (size_t i = 0; i < folder.count && !search->is_broken; i++)
		add_distribution(search, path, folder.names[i]);
}
