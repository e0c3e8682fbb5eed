/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same paths as a picture. Examples that start alike share their nodes, so
 * the picture is a tree that reads as the paths do: roots at the left, what was
 * asked for at the right, and behind it a note of how much its path holds.
 */
#include "report/units.h"
#include "report/why_report.h"

#include <inttypes.h>
#include <string.h>

enum { LABEL_COLUMNS_MAX = 60, STEPS_DRAWN_MAX = 40 };

/* The inside of a quoted DOT string. */
static void append_escaped(struct text *text, const char *string)
{
	struct text cut;

	text_init(&cut);
	layout_left(&cut, string,
	            layout_columns(string) > LABEL_COLUMNS_MAX ? LABEL_COLUMNS_MAX
	                                                       : layout_columns(string));
	for (const char *at = text_string(&cut); *at; at++) {
		if (*at == '"' || *at == '\\')
			text_append_char(text, '\\');
		text_append_char(text, *at);
	}
	text_deinit(&cut);
}

/* Missing steps have no node; one such gap in each path. */
static void append_id(struct text *text, const struct concrete_step *step, size_t path)
{
	if (step->node == NODE_NONE)
		text_printf(text, "gap%zu", path);
	else
		text_printf(text, "n%u", step->node);
}

static void append_node(struct text *text, const struct concrete_step *step, size_t path,
                        bool is_root)
{
	text_append(text, "\t");
	append_id(text, step, path);
	text_append(text, " [label=\"");
	append_escaped(text, is_root || step->node == NODE_NONE ? step->label : step->type);
	/* Threads and frames have no size. */
	if (step->node != NODE_NONE && step->size) {
		text_append(text, "\\n");
		if (step->has_length) {
			units_count(text, step->length);
			text_append(text, " elements, ");
		}
		units_bytes(text, step->size);
	}
	text_printf(text, "\"%s];\n", is_root ? ", fillcolor=\"#dbe9f6\", color=\"#5b87b2\"" : "");
}

static void append_edge(struct text *text, const struct concrete_step *from,
                        const struct concrete_step *to, size_t path)
{
	text_append_char(text, '\t');
	append_id(text, from, path);
	text_append(text, " -> ");
	append_id(text, to, path);
	text_append(text, " [label=\"");
	/* " > work (app.py:7)" and ": batch" are written for a line of text. */
	append_escaped(text, to->node == NODE_NONE ? "" : to->label + strspn(to->label, " >:"));
	text_append(text, "\"];\n");
}

static void append_total(struct text *text, const struct merged_path *path, size_t number)
{
	const struct concrete_step *last = &path->example.steps[path->example.step_count - 1];

	text_printf(text, "\tp%zu [shape=note, fillcolor=\"#fdebd0\", color=\"#c08a3e\", label=\"",
	            number);
	append_escaped(text, path->text);
	text_append(text, "\\n");
	units_plural(text, path->objects, "object");
	text_append(text, ", ");
	units_bytes(text, path->bytes);
	text_append(text, "\"];\n\t");
	append_id(text, last, number);
	text_printf(text, " -> p%zu [style=dashed, arrowhead=none];\n", number);
}

/* The steps that are drawn of a long chain: its two ends. */
static size_t next_step(size_t at, size_t count)
{
	if (count > STEPS_DRAWN_MAX && at == STEPS_DRAWN_MAX / 2)
		return count - STEPS_DRAWN_MAX / 2;
	return at + 1;
}

static void append_path(struct text *text, const struct merged_path *path, size_t number)
{
	const struct concrete_path *example = &path->example;

	for (size_t i = 0; i < example->step_count; i = next_step(i, example->step_count)) {
		size_t next = next_step(i, example->step_count);

		append_node(text, &example->steps[i], number, i == 0);
		if (next < example->step_count)
			append_edge(text, &example->steps[i], &example->steps[next], number);
	}
	if (example->step_count)
		append_total(text, path, number);
}

void why_report_dot(const struct why_report *report, struct text *text)
{
	size_t shown = layout_rows(report->top, report->paths->path_count);

	text_append(text, "strict digraph why {\n"
	                  "\trankdir=LR;\n\tnodesep=0.15;\n\tranksep=0.4;\n"
	                  "\tfontname=\"sans-serif\";\n\tlabelloc=t;\n\tlabel=\"why ");
	append_escaped(text, report->selector);
	text_printf(text, " (process %d)\";\n", report->snapshot->facts.pid);
	text_append(text, "\tnode [shape=box, style=\"rounded,filled\", fillcolor=white, "
	                  "color=\"#8a8f98\", fontname=\"sans-serif\", fontsize=11, "
	                  "margin=\"0.14,0.09\"];\n"
	                  "\tedge [color=\"#8a8f98\", arrowsize=0.7, fontname=\"monospace\", "
	                  "fontsize=10];\n");
	for (size_t i = 0; i < shown; i++)
		append_path(text, &report->paths->paths[i], i);
	text_append(text, "}\n");
}
