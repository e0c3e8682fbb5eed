/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kinds of an object's edges say how it is written: values make a dict,
 * indexes a list, keys without values a set, and what has only attributes is
 * written like the call that could have made it. Recursion is as deep as
 * limits->depth, never as deep as the data.
 */
#include "analysis/value_text.h"

#include "analysis/step_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct writer {
	const struct snapshot *snapshot;
	const struct value_limits *limits;
	struct text *text;
};

enum form { FORM_MAPPING, FORM_SEQUENCE, FORM_SET, FORM_OBJECT, FORM_COUNT };

/* What counts as an item of a form. */
static const enum edge_kind item_kinds[FORM_COUNT] = {
	[FORM_MAPPING] = EDGE_VALUE,
	[FORM_SEQUENCE] = EDGE_INDEX,
	[FORM_SET] = EDGE_KEY,
	[FORM_OBJECT] = EDGE_ATTRIBUTE,
};

struct brackets {
	const char *type;
	enum form form;
	const char *open;
	const char *close;
};

/* What has a literal of its own; of anything else the type's name stands before it. */
static const struct brackets known_brackets[] = {
	{"dict", FORM_MAPPING, "{", "}"},
	{"list", FORM_SEQUENCE, "[", "]"},
	{"tuple", FORM_SEQUENCE, "(", ")"},
	{"set", FORM_SET, "{", "}"},
};

static const char *const form_open[FORM_COUNT] = {"({", "([", "({", "("};
static const char *const form_close[FORM_COUNT] = {"})", "])", "})", ")"};

static void append_value(struct writer *writer, node_id node, unsigned int depth);

static const char *type_name(const struct writer *writer, node_id node)
{
	return snapshot_type_name(writer->snapshot, writer->snapshot->type[node]);
}

static bool is_full(const struct writer *writer)
{
	return writer->text->length >= writer->limits->bytes;
}

/* What the target's memory says of the node, or NULL; of no node it says nothing. */
static char *literal_of(struct writer *writer, node_id node)
{
	const struct snapshot *snapshot = writer->snapshot;
	char *literal = NULL;

	if (node != NODE_NONE && snapshot->node_text &&
	    !snapshot->node_text(snapshot->node_text_context, node, &literal))
		writer->text->is_broken = true;
	return literal;
}

/* The literal of a number, a string and the like. False: there is none. */
static bool append_literal(struct writer *writer, node_id node)
{
	char *literal = literal_of(writer, node);
	bool is_literal = literal && literal[0] != '<' && literal[0] != '(';

	if (is_literal)
		text_append(writer->text, literal);
	free(literal);
	return is_literal;
}

static const struct brackets *find_brackets(const char *type)
{
	for (size_t i = 0; i < sizeof(known_brackets) / sizeof(*known_brackets); i++)
		if (strcmp(type, known_brackets[i].type) == 0)
			return &known_brackets[i];
	return NULL;
}

/* The form of what has several kinds of edges: of a dict subclass with attributes, the dict. */
static enum form form_of(const struct writer *writer, node_id node)
{
	const struct snapshot *snapshot = writer->snapshot;
	const struct brackets *known = find_brackets(type_name(writer, node));
	bool has[EDGE_KIND_COUNT] = {false};

	if (known)
		return known->form;
	for (uint32_t i = snapshot->edge_start[node]; i < snapshot->edge_start[node + 1]; i++)
		has[snap_edge_kind(snapshot->edges[i])] = true;
	for (enum form form = FORM_MAPPING; form < FORM_OBJECT; form++)
		if (has[item_kinds[form]])
			return form;
	return FORM_OBJECT;
}

static struct brackets brackets_of(const struct writer *writer, node_id node)
{
	struct brackets brackets = {.type = type_name(writer, node), .form = form_of(writer, node)};
	const struct brackets *known = find_brackets(brackets.type);

	if (known)
		return *known;
	text_append(writer->text, brackets.type);
	brackets.open = form_open[brackets.form];
	brackets.close = form_close[brackets.form];
	return brackets;
}

static void append_key(struct writer *writer, struct snap_edge edge, unsigned int depth)
{
	node_id key = snap_edge_key(edge);

	switch (snap_edge_kind(edge)) {
	case EDGE_VALUE:
		if (key == NODE_NONE)
			text_append_char(writer->text, '?');
		else
			append_value(writer, key, depth);
		text_append(writer->text, ": ");
		break;
	case EDGE_ATTRIBUTE:
		text_append(writer->text,
		            snapshot_string(writer->snapshot, snap_edge_operand(edge)));
		text_append_char(writer->text, '=');
		break;
	default: break;
	}
}

/* An object's __dict__ is written as the attributes that it is. */
static void append_namespace_key(struct writer *writer, struct snap_edge edge)
{
	char *name = literal_of(writer, snap_edge_key(edge));
	size_t length = name ? strlen(name) : 0;

	if (length > 2 && name[0] == '\'')
		text_append_bytes(writer->text, name + 1, length - 2);
	else
		text_append(writer->text, "?");
	text_append_char(writer->text, '=');
	free(name);
}

struct items {
	unsigned int written;
	uint64_t left_out;
	bool has_namespace; /* of several, which only a file can claim, the first is written */
};

static void append_item(struct writer *writer, struct snap_edge edge, bool is_namespace,
                        unsigned int depth, struct items *items)
{
	if (items->written == writer->limits->items || is_full(writer)) {
		items->left_out++;
		return;
	}
	if (items->written++)
		text_append(writer->text, ", ");
	if (is_namespace)
		append_namespace_key(writer, edge);
	else
		append_key(writer, edge, depth);
	append_value(writer, edge.to, depth);
}

static void append_items_of(struct writer *writer, node_id node, enum edge_kind kind,
                            bool is_namespace, unsigned int depth, struct items *items)
{
	const struct snapshot *snapshot = writer->snapshot;

	for (uint32_t i = snapshot->edge_start[node]; i < snapshot->edge_start[node + 1]; i++) {
		struct snap_edge edge = snapshot->edges[i];

		if (kind == EDGE_ATTRIBUTE && edge_is_own_dict(snapshot, edge)) {
			if (!items->has_namespace) {
				items->has_namespace = true;
				append_items_of(writer, edge.to, EDGE_VALUE, true, depth, items);
			}
		} else if (snap_edge_kind(edge) == kind) {
			append_item(writer, edge, is_namespace, depth, items);
		}
	}
}

static bool has_items(const struct writer *writer, node_id node)
{
	return writer->snapshot->edge_start[node] != writer->snapshot->edge_start[node + 1];
}

static void append_inside(struct writer *writer, node_id node, enum form form, unsigned int depth)
{
	struct items items = {0};

	if (!depth || is_full(writer)) {
		text_append(writer->text, has_items(writer, node) ? "..." : "");
		return;
	}
	append_items_of(writer, node, item_kinds[form], false, depth - 1, &items);
	if (items.left_out)
		text_printf(writer->text, "%s...%" PRIu64 " more", items.written ? ", " : "",
		            items.left_out);
	else if (form == FORM_SEQUENCE && items.written == 1 &&
	         strcmp(type_name(writer, node), "tuple") == 0)
		text_append_char(writer->text, ',');
}

/* The type that a type object is. False: it has no instances, so its name is not known. */
static bool append_class(struct writer *writer, node_id node)
{
	const struct snapshot *snapshot = writer->snapshot;

	for (type_id type = 0; type < snapshot->type_count; type++) {
		if (snapshot->types[type].node != node)
			continue;
		text_printf(writer->text, "<class '%s'>", snapshot_type_name(snapshot, type));
		return true;
	}
	return false;
}

static void append_value(struct writer *writer, node_id node, unsigned int depth)
{
	const char *name = snapshot_node_name(writer->snapshot, node);
	struct brackets brackets;

	if (name) {
		text_append(writer->text, name);
		return;
	}
	if (append_literal(writer, node))
		return;
	if (!snapshot_is_object(writer->snapshot, node)) {
		text_printf(writer->text, "%s of %" PRIu64 " bytes", type_name(writer, node),
		            snapshot_size(writer->snapshot, node));
		return;
	}
	if (writer->snapshot->flags[node] & NODE_IS_TYPE && append_class(writer, node))
		return;
	if (!has_items(writer, node) && !find_brackets(type_name(writer, node))) {
		text_printf(writer->text, "<%s at 0x%" PRIx64 ">", type_name(writer, node),
		            writer->snapshot->address[node]);
		return;
	}
	brackets = brackets_of(writer, node);
	text_append(writer->text, brackets.open);
	append_inside(writer, node, brackets.form, depth);
	text_append(writer->text, brackets.close);
}

void value_text(const struct snapshot *snapshot, node_id node, const struct value_limits *limits,
                struct text *text)
{
	struct writer writer = {snapshot, limits, text};

	append_value(&writer, node, limits->depth);
}
