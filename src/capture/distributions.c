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

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	FOLDER_MAX = 1 << 16, /* names in a folder of the path */
	HEAD_MAX = 64 << 10,  /* of METADATA: the description may follow, at length */
	NAMES_MAX = 64 << 10, /* of top_level.txt */
	RECORD_MAX = 4 << 20,
	FIELD_MAX = 256,
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

/* A field of the head, up to the empty line that ends it. False: there is none. */
static bool read_field(const char *head, const char *field, char ret[FIELD_MAX])
{
	size_t length = strlen(field);

	for (const char *line = head; *line && *line != '\n' && *line != '\r';) {
		size_t size = strcspn(line, "\r\n");

		if (size > length && !strncasecmp(line, field, length)) {
			const char *value = line + length + strspn(line + length, " \t");
			size_t left = size - (size_t)(value - line);

			snprintf(ret, FIELD_MAX, "%.*s", left < FIELD_MAX ? (int)left : FIELD_MAX,
			         value);
			return *ret;
		}
		line += size + (line[size] == '\r');
		line += *line == '\n';
	}
	return false;
}

/* As names are compared: lower case, runs of - _ . are one - (PEP 503). */
static void normalise(char *name)
{
	char *to = name;

	for (const char *from = name; *from; from++) {
		bool is_mark = strchr("-_.", *from);

		if (is_mark && to > name && to[-1] == '-')
			continue;
		*to++ = is_mark ? '-' : (char)tolower((unsigned char)*from);
	}
	*to = '\0';
}

static int compare_names(const void *name, const void *module)
{
	return strcmp(name, ((const struct top_level *)module)->name);
}

/* A module of the distribution, of length bytes: is it imported? */
static bool cover(struct distribution_search *search, const char *name, size_t length)
{
	char module[FIELD_MAX];
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

/* The module that the first part of a path in RECORD is, if it is one: its bytes, or 0. */
static size_t module_of_path(const char *path, size_t length)
{
	size_t first = strcspn(path, "/,\r\n");
	const char *dot = memchr(path, '.', first);

	if (first > length)
		return 0;
	if (path[first] == '/')
		return dot ? 0 : first; /* a folder with a dot is metadata, or ".." */
	if (!dot || !(memmem(dot, first - (size_t)(dot - path), ".py", 3) ||
	              memmem(dot, first - (size_t)(dot - path), ".so", 3)))
		return 0;
	return (size_t)(dot - path);
}

/* Each line of text names a module, or a file of one. */
static bool cover_lines(struct distribution_search *search, const char *text, bool are_paths)
{
	bool is_imported = false;

	for (const char *line = text; *line;) {
		size_t length = strcspn(line, "\r\n");
		size_t name = are_paths ? module_of_path(line, length) : strcspn(line, " \t\r\n");

		if (cover(search, line, name))
			is_imported = true;
		line += length;
		line += strspn(line, "\r\n");
	}
	return is_imported;
}

/* Neither list is there: as the distribution is called, with _ for -. */
static bool cover_namesake(struct distribution_search *search, const char *name)
{
	char module[FIELD_MAX];

	snprintf(module, sizeof(module), "%s", name);
	for (char *c = module; *c; c++)
		if (*c == '-')
			*c = '_';
	return cover(search, module, strlen(module));
}

/* The file in a folder of metadata; NULL: it cannot be read. */
static char *read_file(const struct distribution_search *search, const char *folder,
                       const char *name, const char *file, size_t limit)
{
	char path[PATH_MAX];
	int length =
		snprintf(path, sizeof(path), "%s/%s%s%s", folder, name, *file ? "/" : "", file);

	if (length < 0 || (size_t)length >= sizeof(path))
		return NULL;
	return target_root_read(search->root, path, limit);
}

static char *read_head(const struct distribution_search *search, const char *folder,
                       const char *name)
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
	char distribution[FIELD_MAX];
	char version[FIELD_MAX];

	if (!head || !read_field(head, "Name:", distribution) ||
	    !read_field(head, "Version:", version))
		return;
	normalise(distribution);
	if (snap_settings_find(search->settings, SECTION_DISTRIBUTION, distribution) ||
	    !is_imported(search, folder, name, distribution))
		return;
	if (!snap_settings_add(search->settings, SECTION_DISTRIBUTION, distribution, version))
		search->is_broken = true;
}

void distributions_search(struct distribution_search *search, const char *path)
{
	_cleanup_(deinit_folder) struct folder folder = {0};

	if (!target_root_list(search->root, path, FOLDER_MAX, note_name, &folder))
		return;
	search->can_read = true;
	search->is_broken = search->is_broken || folder.is_broken;
	for (size_t i = 0; i < folder.count && !search->is_broken; i++)
		add_distribution(search, path, folder.names[i]);
}
