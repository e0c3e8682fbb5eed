/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree is climbed once to count and once to collect, so that of a way of a
 * million steps only the two ends are kept in memory.
 */
#include "analysis/concrete_path.h"

#include "analysis/step_text.h"
#include "base/cleanup.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* What is being written, and what the next step needs to know of the last. */
struct writer {
	struct labels *labels;
	const struct reach *reach;
	struct concrete_path path;
	struct text text;
	enum step_kind before;
	bool is_out_of_memory;
};

static void add_step(struct writer *writer, const char *edge, node_id node, struct text *label)
{
	const struct snapshot *snapshot = writer->labels->snapshot;
	struct concrete_step *step = &writer->path.steps[writer->path.step_count];

	*step = (struct concrete_step){.edge = edge, .label = text_take(label), .node = node};
	if (!step->label) {
		writer->is_out_of_memory = true;
		return;
	}
	writer->path.step_count++;
	if (node == NODE_NONE) {
		step->type = "";
		return;
	}
	step->type = snapshot_type_name(snapshot, snapshot->type[node]);
	step->address = snapshot->address[node];
	step->size = snapshot_size(snapshot, node);
	step->has_length = snapshot_length(snapshot, node, &step->length);
}

static void write_root(struct writer *writer, node_id node, size_t index)
{
	const struct snapshot *snapshot = writer->labels->snapshot;
	const struct snap_root *root = &snapshot->roots[index];
	const char *name = snapshot_string(snapshot, root->name);
	struct text label;

	text_init(&label);
	text_append(&label, name);
	if (root->kind == ROOT_MODULE)
		text_printf(&writer->text, "sys.modules['%s']", name);
	else
		text_append(&writer->text, name);
	writer->path.is_python = root->kind == ROOT_MODULE;
	writer->before = STEP_ROOT;
	add_step(writer, "root", node, &label);
}

/* A type has its own in a field of C, and shows a proxy of it as __dict__. */
static bool leads_to_namespace(const struct snapshot *snapshot, struct snap_edge edge)
{
	return edge_is_own_dict(snapshot, edge) ||
	       (snap_edge_kind(edge) == EDGE_FIELD &&
	        strcmp(snapshot_string(snapshot, snap_edge_operand(edge)), "tp_dict") == 0);
}

/* The __dict__ of an object, when the way goes on through it, is no step. */
static bool is_passed_through(const struct writer *writer, node_id node, node_id next)
{
	const struct snapshot *snapshot = writer->labels->snapshot;
	struct snap_edge edge;
	label_id name;

	if (next == NODE_NONE || !(snapshot->flags[node] & NODE_IS_NAMESPACE))
		return false;
	if (!leads_to_namespace(snapshot, snapshot->edges[writer->reach->via[node]]))
		return false;
	edge = snapshot->edges[writer->reach->via[next]];
	return snap_edge_kind(edge) == EDGE_VALUE &&
	       labels_name_key(writer->labels, snap_edge_key(edge), &name);
}

static bool is_frame(const struct snapshot *snapshot, node_id node)
{
	return (snapshot->flags[node] & NODE_IS_SYNTHETIC) && snapshot_node_name(snapshot, node);
}

static void write_step(struct writer *writer, node_id parent, node_id node, bool from_namespace)
{
	const struct snapshot *snapshot = writer->labels->snapshot;
	struct snap_edge edge = snapshot->edges[writer->reach->via[node]];
	struct step step = step_of_edge(writer->labels, edge);
	enum edge_kind kind = snap_edge_kind(edge);
	struct text label;

	text_init(&label);
	if (is_frame(snapshot, node)) {
		step.kind = STEP_NAMED;
		step.operand = labels_word(writer->labels, snapshot_node_name(snapshot, node));
	} else if (from_namespace) {
		kind = EDGE_ATTRIBUTE;
		step.kind = STEP_ATTRIBUTE;
		labels_name_key(writer->labels, snap_edge_key(edge), &step.operand);
	}
	writer->path.is_python &= step_text(writer->labels, step, parent, writer->before, &label);
	text_append(&writer->text, text_string(&label));
	writer->before = step.kind;
	add_step(writer, snap_edge_kind_name(kind), node, &label);
}

static void write_missing(struct writer *writer, size_t count)
{
	struct text label;

	text_init(&label);
	text_printf(&label, "... %zu steps ...", count);
	text_append(&writer->text, " ... ");
	writer->path.is_python = false;
	add_step(writer, "missing", NODE_NONE, &label);
}

/* The nodes from the root to node; from a long way only both ends. */
static size_t collect(const struct reach *reach, node_id node, node_id *way, size_t *ret_missing)
{
	size_t length = 0;
	size_t position;

	for (node_id at = node; at != NODE_NONE; at = reach_parent(reach, at))
		length++;
	*ret_missing = length > CONCRETE_STEPS_MAX ? length - CONCRETE_STEPS_MAX : 0;
	position = length;
	for (node_id at = node; at != NODE_NONE; at = reach_parent(reach, at)) {
		position--;
		if (position < CONCRETE_STEPS_MAX / 2)
			way[position] = at;
		else if (position >= CONCRETE_STEPS_MAX / 2 + *ret_missing)
			way[position - *ret_missing] = at;
	}
	return length - *ret_missing;
}

static void write_way(struct writer *writer, const node_id *way, size_t count, size_t missing)
{
	bool from_namespace = false;
	size_t root;

	if (reach_root(writer->reach, way[0], &root))
		write_root(writer, way[0], root);
	for (size_t i = 1; i < count && !writer->is_out_of_memory; i++) {
		node_id next = i + 1 < count ? way[i + 1] : NODE_NONE;

		if (missing && i == CONCRETE_STEPS_MAX / 2)
			write_missing(writer, missing);
		if (!from_namespace && next != NODE_NONE &&
		    reach_parent(writer->reach, next) == way[i] &&
		    is_passed_through(writer, way[i], next)) {
			from_namespace = true;
			continue;
		}
		write_step(writer, reach_parent(writer->reach, way[i]), way[i], from_namespace);
		from_namespace = false;
	}
}

struct error *concrete_path_make(struct labels *labels, const struct reach *reach, node_id node,
                                 struct concrete_path *ret)
{
	struct writer writer = {.labels = labels, .reach = reach};
	_cleanup_free_ node_id *way = reallocarray(NULL, CONCRETE_STEPS_MAX, sizeof(*way));
	size_t missing;
	size_t count;

	text_init(&writer.text);
	/* One more for the step that says what is missing. */
	writer.path.steps = calloc(CONCRETE_STEPS_MAX + 1, sizeof(*writer.path.steps));
	if (!way || !writer.path.steps) {
		free(writer.path.steps);
		return error_no_memory();
	}
	count = collect(reach, node, way, &missing);
	write_way(&writer, way, count, missing);
	writer.path.text = text_take(&writer.text);
	if (writer.is_out_of_memory || !writer.path.text || labels->is_broken) {
		concrete_path_deinit(&writer.path);
		return error_no_memory();
	}
	*ret = writer.path;
	return NULL;
}

void concrete_path_deinit(struct concrete_path *path)
{
	for (size_t i = 0; i < path->step_count; i++)
		free(path->steps[i].label);
	free(path->steps);
	free(path->text);
	*path = (struct concrete_path){0};
}

char *concrete_path_words(const struct concrete_path *path)
{
	struct text text;

	text_init(&text);
	for (size_t i = 0; i < path->step_count; i++)
		text_append(&text, path->steps[i].label);
	return text_take(&text);
}
