/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer is the object's value and size in one line; below it, what it
 * refers to, what refers to it, and the chain that holds it.
 */
#include "report/show_report.h"

#include "report/trace_report.h"
#include "report/units.h"
#include "report/why_report.h"

#include <inttypes.h>

enum { LABEL_WIDTH_MAX = 28, TYPE_WIDTH_MAX = 20, VALUE_WIDTH_MIN = 16, INDENT = 2 };

static void append_count_of(struct text *text, const struct object_view *view)
{
	if (view->flags & NODE_IS_IMMORTAL)
		text_append(text, ", immortal");
	else if (view->refcount)
		text_printf(text, ", refcount %" PRIu32, view->refcount);
}

static void append_answer(const struct layout *layout, const struct object_view *view,
                          struct text *text)
{
	struct text answer;

	text_init(&answer);
	text_printf(&answer, "%s at 0x%" PRIx64 ": ", view->type, view->address);
	units_bytes(&answer, view->size);
	if (view->has_length) {
		text_append(&answer, ", length ");
		units_count(&answer, view->length);
	}
	append_count_of(&answer, view);
	text_append(&answer, ", ");
	units_plural(&answer, view->referrers.total, "referrer");
	layout_bold(layout, text, text_string(&answer));
	text_append_char(text, '\n');
	text_deinit(&answer);
}

/* Broken at the width of the terminal when a person reads it; else one line. */
static void append_value(const struct layout *layout, const struct object_view *view,
                         struct text *text)
{
	text_append_char(text, '\n');
	layout_dim(layout, text, "value");
	text_append(text, "\n  ");
	layout_path(layout, text, view->value, INDENT, INDENT);
	text_append_char(text, '\n');
}

static size_t widest(const struct object_links *links, size_t limit,
                     const char *(*text_of)(const struct object_link *link))
{
	size_t width = 0;

	for (size_t i = 0; i < links->count; i++) {
		size_t columns = layout_columns(text_of(&links->links[i]));

		if (columns > width)
			width = columns;
	}
	return width < limit ? width : limit;
}

static const char *label_of(const struct object_link *link)
{
	return link->label;
}

static const char *type_of(const struct object_link *link)
{
	return link->type;
}

static void append_other_end(const struct layout *layout, const struct object_link *link,
                             size_t column, struct text *text)
{
	struct text rest;

	text_init(&rest);
	text_printf(&rest, "0x%" PRIx64 "%s  %s", link->address, link->is_weak ? " weak" : "",
	            link->value);
	layout_beginning(text, text_string(&rest), layout_room(layout, column, VALUE_WIDTH_MIN));
	text_deinit(&rest);
}

static void append_link(const struct layout *layout, const struct object_link *link,
                        size_t label_width, size_t type_width, struct text *text)
{
	text_append(text, "  ");
	layout_left(text, link->label, label_width);
	text_append(text, "  ");
	if (link->node == NODE_NONE) {
		text_append(text, "(root)\n");
		return;
	}
	layout_left(text, link->type, type_width);
	text_append(text, "  ");
	append_other_end(layout, link, INDENT + label_width + 2 + type_width + 2, text);
	text_append_char(text, '\n');
}

static void append_links(const struct layout *layout, const char *title,
                         const struct object_links *links, struct text *text)
{
	size_t label_width = widest(links, LABEL_WIDTH_MAX, label_of);
	size_t type_width = widest(links, TYPE_WIDTH_MAX, type_of);
	struct text head;

	text_init(&head);
	text_printf(&head, "%s ", title);
	units_count(&head, links->total);
	text_append_char(text, '\n');
	layout_dim(layout, text, text_string(&head));
	text_append_char(text, '\n');
	text_deinit(&head);
	for (size_t i = 0; i < links->count; i++)
		append_link(layout, &links->links[i], label_width, type_width, text);
	if (links->total > links->count) {
		text_append(text, "  (");
		units_count(text, links->total - links->count);
		text_append(text, " more; --top 0 shows all)\n");
	}
}

static void append_trace(const struct layout *layout, const struct show_report *report,
                         struct text *text)
{
	if (!snapshot_has_traces(report->snapshot))
		return;
	text_append_char(text, '\n');
	trace_report_text(layout, report->snapshot, report->view->node, 0, text);
}

static void append_path(const struct layout *layout, const struct show_report *report,
                        struct text *text)
{
	const struct object_view *view = report->view;

	text_append_char(text, '\n');
	if (!view->is_reached) {
		text_printf(text, "%s\n", target_report_unreached(report->snapshot));
		return;
	}
	layout_dim(layout, text, "held by");
	text_append(text, "\n  ");
	layout_path(layout, text, view->path.text, INDENT, INDENT + 2);
	text_append_char(text, '\n');
	why_steps_text(layout, &view->path, text);
}

void show_report_text(const struct layout *layout, const struct show_report *report,
                      struct text *text)
{
	append_answer(layout, report->view, text);
	target_report_text(layout, text, &report->snapshot->facts);
	append_value(layout, report->view, text);
	append_links(layout, "refers to", &report->view->references, text);
	append_links(layout, "referred to by", &report->view->referrers, text);
	append_path(layout, report, text);
	append_trace(layout, report, text);
	target_report_doubts(text, report->snapshot);
}

static void object_json(struct json *json, const struct object_view *view)
{
	json_begin_object(json, "object");
	json_string(json, "type", view->type);
	json_address(json, "address", view->address);
	json_unsigned(json, "bytes", view->size);
	json_unsigned(json, "memory", view->memory);
	json_unsigned(json, "refcount", view->refcount);
	json_bool(json, "immortal", view->flags & NODE_IS_IMMORTAL);
	json_bool(json, "tracked", view->flags & NODE_IS_TRACKED);
	if (view->has_length)
		json_unsigned(json, "length", view->length);
	json_string(json, "value", view->value);
	json_end_object(json);
}

static void links_json(struct json *json, const char *key, const struct object_links *links)
{
	json_begin_object(json, key);
	json_unsigned(json, "count", links->total);
	json_begin_array(json, "links");
	for (size_t i = 0; i < links->count; i++) {
		const struct object_link *link = &links->links[i];

		json_begin_object(json, NULL);
		json_string(json, "label", link->label);
		json_bool(json, "root", link->node == NODE_NONE);
		json_bool(json, "weak", link->is_weak);
		json_string(json, "type", link->type);
		json_address(json, "address", link->address);
		json_string(json, "value", link->value);
		json_end_object(json);
	}
	json_end_array(json);
	json_end_object(json);
}

void show_report_json(const struct show_report *report, struct text *text)
{
	const struct object_view *view = report->view;
	struct json json;

	target_report_begin_json(&json, text, "plumb.show/1", &report->snapshot->facts);
	object_json(&json, view);
	links_json(&json, "references", &view->references);
	links_json(&json, "referrers", &view->referrers);
	json_bool(&json, "reached", view->is_reached);
	json_string(&json, "path", view->is_reached ? view->path.text : NULL);
	if (view->is_reached)
		why_steps_json(&json, &view->path);
	trace_report_json(&json, report->snapshot, view->node);
	target_report_end_json(&json, report->snapshot);
}
