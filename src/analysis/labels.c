/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One table of words, and one map that remembers answers. The map's key says
 * in its upper half what the lower half numbers: a string of the snapshot, a
 * key node as a literal, or a key node as a name. No text is remembered as
 * NO_LABEL, so that an unreadable key is asked for once as well.
 */
#include "analysis/labels.h"

#include "base/cleanup.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { ASK_LIMIT = 20000 };

static const label_id no_label = UINT32_MAX;

enum known_kind { KNOWN_STRING = 1, KNOWN_KEY, KNOWN_NAME };

static uint64_t known_key(enum known_kind kind, uint32_t number)
{
	return (uint64_t)kind << 32 | number;
}

void labels_init(struct labels *labels, const struct snapshot *snapshot)
{
	*labels = (struct labels){.snapshot = snapshot};
	string_table_init(&labels->words);
	number_map_init(&labels->known);
}

void labels_deinit(struct labels *labels)
{
	string_table_deinit(&labels->words);
	number_map_deinit(&labels->known);
}

static label_id add_word(struct labels *labels, const char *bytes, size_t length)
{
	label_id label = 0;

	if (!labels->is_broken && !string_table_add(&labels->words, bytes, length, &label))
		labels->is_broken = true;
	return label;
}

static void remember(struct labels *labels, uint64_t key, label_id label)
{
	if (!number_map_put(&labels->known, key, label))
		labels->is_broken = true;
}

label_id labels_word(struct labels *labels, const char *word)
{
	return add_word(labels, word, strlen(word));
}

label_id labels_string(struct labels *labels, str_id string)
{
	uint64_t key = known_key(KNOWN_STRING, string);
	label_id label;

	if (number_map_get(&labels->known, key, &label))
		return label;
	label = labels_word(labels, snapshot_string(labels->snapshot, string));
	remember(labels, key, label);
	return label;
}

/* The literal of key from the picture, or NULL. */
static char *ask_text(struct labels *labels, node_id key)
{
	const struct snapshot *snapshot = labels->snapshot;
	char *text = NULL;

	if (!snapshot->node_text || key >= snapshot->node_count || labels->asked >= ASK_LIMIT)
		return NULL;
	labels->asked++;
	if (!snapshot->node_text(snapshot->node_text_context, key, &text))
		labels->is_broken = true;
	return text;
}

bool labels_key(struct labels *labels, node_id key, label_id *ret)
{
	uint64_t known = known_key(KNOWN_KEY, key);
	label_id label = no_label;

	if (!number_map_get(&labels->known, known, &label)) {
		_cleanup_free_ char *text = ask_text(labels, key);

		if (text)
			label = labels_word(labels, text);
		remember(labels, known, label);
	}
	if (label == no_label)
		return false;
	*ret = label;
	return true;
}

/* Is the literal 'name', a name that Python takes after a dot? Bytes over 127 may be letters. */
static bool is_quoted_name(const char *text, size_t length)
{
	if (length < 3 || text[0] != text[length - 1] || (text[0] != '\'' && text[0] != '"') ||
	    isdigit((unsigned char)text[1]))
		return false;
	for (size_t i = 1; i < length - 1; i++) {
		unsigned char letter = (unsigned char)text[i];

		if (!isalnum(letter) && letter != '_' && letter < 128)
			return false;
	}
	return true;
}

bool labels_name_key(struct labels *labels, node_id key, label_id *ret)
{
	uint64_t known = known_key(KNOWN_NAME, key);
	label_id literal;
	label_id name;
	size_t length;
	char *copy;

	if (number_map_get(&labels->known, known, ret))
		return *ret != no_label;
	if (!labels_key(labels, key, &literal))
		return false;
	/* Adding a word may move the one we read from. */
	copy = strdup(labels_text(labels, literal));
	if (!copy) {
		labels->is_broken = true;
		return false;
	}
	length = strlen(copy);
	name = no_label;
	if (is_quoted_name(copy, length))
		name = add_word(labels, copy + 1, length - 2);
	free(copy);
	remember(labels, known, name);
	if (name == no_label)
		return false;
	*ret = name;
	return true;
}

const char *labels_text(const struct labels *labels, label_id label)
{
	return string_table_get(&labels->words, label);
}
