/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The few words that depend on the type of what they start from: how a
 * suspended coroutine gives its frame, and what an element of a set is called.
 */
#include "analysis/step_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool edge_is_own_dict(const struct snapshot *snapshot, struct snap_edge edge)
{
	return snap_edge_kind(edge) == EDGE_ATTRIBUTE &&
	       strcmp(snapshot_string(snapshot, snap_edge_operand(edge)), "__dict__") == 0;
}

/* A word that leads somewhere has no name but its place: <+0x18>. */
static struct step step_of_word(struct labels *labels, uint32_t number)
{
	char place[24];

	if (number == EDGE_OPERAND_MAX)
		return (struct step){STEP_GUESS, 0};
	snprintf(place, sizeof(place), "+0x%" PRIx64, (uint64_t)number * 8);
	return (struct step){STEP_FIELD, labels_word(labels, place)};
}

struct step step_of_edge(struct labels *labels, struct snap_edge edge)
{
	uint32_t operand = snap_edge_operand(edge);
	char digits[16];
	label_id label;

	switch (snap_edge_kind(edge)) {
	case EDGE_ATTRIBUTE: return (struct step){STEP_ATTRIBUTE, labels_string(labels, operand)};
	case EDGE_LOCAL: return (struct step){STEP_LOCAL, labels_string(labels, operand)};
	case EDGE_FIELD: return (struct step){STEP_FIELD, labels_string(labels, operand)};
	case EDGE_VALUE:
		if (!labels_key(labels, snap_edge_key(edge), &label))
			return (struct step){STEP_ITEMS, 0};
		return (struct step){STEP_ITEM, label};
	case EDGE_INDEX:
		snprintf(digits, sizeof(digits), "%u", operand);
		return (struct step){STEP_ITEM, labels_word(labels, digits)};
	case EDGE_KEY: return (struct step){STEP_KEY, 0};
	case EDGE_STACK: return (struct step){STEP_STACK, 0};
	case EDGE_TYPE: return (struct step){STEP_TYPE, 0};
	case EDGE_CONSERVATIVE:
	case EDGE_HIDDEN:
	case EDGE_INTERIOR: return step_of_word(labels, operand);
	default: return (struct step){STEP_GUESS, 0};
	}
}

static const char *type_of(const struct labels *labels, node_id node)
{
	const struct snapshot *snapshot = labels->snapshot;

	return node == NODE_NONE ? "" : snapshot_type_name(snapshot, snapshot->type[node]);
}

/* Where Python finds the frame of the owner of a local variable. */
static const char *frame_words(const char *type)
{
	if (strcmp(type, "coroutine") == 0)
		return ".cr_frame";
	if (strcmp(type, "generator") == 0)
		return ".gi_frame";
	if (strcmp(type, "async_generator") == 0)
		return ".ag_frame";
	return "";
}

static bool local_text(const struct labels *labels, const char *name, node_id owner,
                       enum step_kind before, struct text *text)
{
	if (before == STEP_NAMED || before == STEP_ROOT) {
		text_printf(text, ": %s", name);
		return false;
	}
	text_printf(text, "%s.f_locals['%s']", frame_words(type_of(labels, owner)), name);
	return true;
}

bool step_text(const struct labels *labels, struct step step, node_id owner, enum step_kind before,
               struct text *text)
{
	const char *words = labels_text(labels, step.operand);

	switch (step.kind) {
	case STEP_ATTRIBUTE: text_printf(text, ".%s", words); return true;
	case STEP_ITEM: text_printf(text, "[%s]", words); return words[0] != '<';
	case STEP_ITEMS: text_append(text, "[*]"); return false;
	case STEP_LOCAL: return local_text(labels, words, owner, before, text);
	case STEP_TYPE: text_append(text, ".__class__"); return true;
	case STEP_FIELD: text_printf(text, ".<%s>", words); return false;
	case STEP_KEY:
		text_append(text, strstr(type_of(labels, owner), "set") ? ".<element>" : ".<key>");
		return false;
	case STEP_STACK: text_append(text, ".<stack>"); return false;
	case STEP_NAMED: text_printf(text, " > %s", words); return false;
	case STEP_MORE: text_append(text, "..."); return false;
	case STEP_ROOT:
	case STEP_GUESS: text_append(text, ".<?>"); return false;
	}
	return false;
}
