/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the objects of a picture are worth as text, for a file that keeps them:
 * numbers, strings and names, and of what serves as a key whatever can be said.
 */
#ifndef PLUMB_CAPTURE_NODE_VALUES_H
#define PLUMB_CAPTURE_NODE_VALUES_H

#include "runtime/python.h"
#include "snapshot/snapshot_file.h"

enum { NODE_TEXT_LIMIT = 80 }; /* bytes of a text, see py_object_text */

struct node_values {
	const struct python *python; /* in the picture, which stays open */
	const struct snapshot *snapshot;
};

/* Borrows values. */
struct value_source node_values_source(struct node_values *values);

#endif
