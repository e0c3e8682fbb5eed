/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words in a path: names of attributes and variables, texts of keys, each
 * with a small number, so that equal words compare as numbers. The text of a
 * key is asked of the picture (snapshot->node_text), once for each key node,
 * and only a limited number of times in all: beyond that a key has no label.
 */
#ifndef PLUMB_ANALYSIS_LABELS_H
#define PLUMB_ANALYSIS_LABELS_H

#include "base/number_map.h"
#include "snapshot/snapshot.h"
#include "snapshot/string_table.h"

typedef uint32_t label_id;

struct labels {
	const struct snapshot *snapshot;
	struct string_table words;
	struct number_map known; /* a node's key text, name or a string -> label */
	size_t asked;
	bool is_broken; /* memory ran out; labels are then 0 */
};

void labels_init(struct labels *labels, const struct snapshot *snapshot);
void labels_deinit(struct labels *labels);

/* The label of a word of ours. */
label_id labels_word(struct labels *labels, const char *word);

/* The label of a string of the snapshot. */
label_id labels_string(struct labels *labels, str_id string);

/* The literal of a key, as 'abc' or 7. False: it has none. */
bool labels_key(struct labels *labels, node_id key, label_id *ret);

/* As labels_key, without the quotes of a str that can follow a dot. */
bool labels_name_key(struct labels *labels, node_id key, label_id *ret);

const char *labels_text(const struct labels *labels, label_id label);

#endif
