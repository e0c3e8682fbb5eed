/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which objects a word of the user means:
 *
 *   0x7f31c0a81f40    the object at that address
 *   app.Order         all objects of the type of that full name; if there is
 *   Order             none, of all types whose name ends in it after a dot
 *
 * A word that means nothing is an error that suggests the nearest name.
 */
#ifndef PLUMB_ANALYSIS_SELECTION_H
#define PLUMB_ANALYSIS_SELECTION_H

#include "snapshot/snapshot.h"

struct selection {
	node_id *nodes; /* ascending */
	node_id count;
	size_t type_count; /* types that have that name */
};

/* ERROR_NOT_FOUND when nothing has that name or address. */
struct error *selection_make(const struct snapshot *snapshot, const char *what,
                             struct selection *ret);
void selection_deinit(struct selection *selection);

#endif
