/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program runs and how it was set up: a table of words, each in a
 * section and with a name: "distribution", "idna", "3.7". Whoever reads the
 * program fills it; what is the same in two programs and what is not can then
 * be told without knowing what any of it means.
 *
 * Invariant, from snap_settings_seal on: sorted by section and then by name, and
 * no name is in a section twice.
 */
#ifndef PLUMB_SNAPSHOT_SNAP_SETTINGS_H
#define PLUMB_SNAPSHOT_SNAP_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

enum snap_section {
	SECTION_PYTHON,       /* version, build ... */
	SECTION_MALLOC,       /* which allocators serve it */
	SECTION_DISTRIBUTION, /* installed, and at least one of its modules is imported */
	SECTION_MODULE,       /* imported, of no known distribution, by its __version__ */
	SECTION_MODULE_OF,    /* the same of a distribution that is known */
	SECTION_LIBRARY,      /* mapped files by build-id */
	SECTION_VARIABLE,     /* of the environment: those that matter to memory */
	SECTION_PROGRAM,      /* what was started */
	SECTION_SOURCE,       /* how the rest was learnt; no difference by itself */
	SECTION_COUNT
};

struct snap_setting {
	enum snap_section section;
	char *name;
	char *value;
};

struct snap_settings {
	struct snap_setting *all;
	size_t count;
	size_t capacity;
};

/* Copies the words. Beyond a large number nothing is added. False: memory ran out. */
bool snap_settings_add(struct snap_settings *settings, enum snap_section section, const char *name,
                       const char *value);

/*
 * Sorts, and joins values of one name: equal ones are one, others follow each
 * other with a comma. False: memory ran out.
 */
bool snap_settings_seal(struct snap_settings *settings);

/* Of sealed ones; NULL: there is none. Borrowed. */
const char *snap_settings_find(const struct snap_settings *settings, enum snap_section section,
                               const char *name);

void snap_settings_deinit(struct snap_settings *settings);

/* "distribution"; as files and JSON have it. Static. */
const char *snap_section_name(enum snap_section section);

/* The section of that name, of length bytes. False: none that is known. */
bool snap_section_of_name(const char *name, size_t length, enum snap_section *ret);

#endif
