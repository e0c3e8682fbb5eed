/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An object's __dict__ is shown as its attributes, in both directions: what a
 * namespace refers to is referred to by `.name` of the object it belongs to.
 */
#include "analysis/object_view.h"

#include "analysis/step_text.h"
#include "analysis/value_text.h"
#include "base/array.h"
#include "base/cleanup.h"

#include <stdlib.h>

static const struct value_limits whole_limits = {.depth = 3, .items = 10, .bytes = 1500};
static const struct value_limits short_limits = {.depth = 1, .items = 4, .bytes = 60};

struct viewer {
	const struct snapshot *snapshot;
	struct labels labels;
	struct object_view *view;
	size_t limit;
	size_t reference_capacity;
	size_t referrer_capacity;
};

static char *value_of(const struct viewer *viewer, node_id node, const struct value_limits *limits)
{
	struct text text;

	text_init(&text);
	value_text(viewer->snapshot, node, limits, &text);
	return text_take(&text);
}

/* Adds a link to node, called label (taken). */
static struct error *add_link(const struct viewer *viewer, struct object_links *links,
                              size_t *capacity, node_id node, bool is_weak, struct text *label)
{
	struct object_link link = {.label = text_take(label), .node = node, .is_weak = is_weak};

	links->total++;
	if (!link.label)
		return error_no_memory();
	if (links->count < viewer->limit &&
	    array_reserve(&links->links, capacity, links->count + 1, sizeof(link))) {
		link.type = "";
		if (node != NODE_NONE) {
			link.type =
				snapshot_type_name(viewer->snapshot, viewer->snapshot->type[node]);
			link.address = viewer->snapshot->address[node];
			link.value = value_of(viewer, node, &short_limits);
		}
		links->links[links->count++] = link;
		return node == NODE_NONE || link.value ? NULL : error_no_memory();
	}
	free(link.label);
	return links->count == viewer->limit ? NULL : error_no_memory();
}

static void append_label(struct viewer *viewer, node_id owner, struct snap_edge edge,
                         struct text *text)
{
	const struct snapshot *snapshot = viewer->snapshot;
	label_id name;

	if (snap_edge_kind(edge) == EDGE_WEAK) {
		text_printf(text, ".<%s>", snapshot_string(snapshot, snap_edge_operand(edge)));
		return;
	}
	if (snapshot->flags[owner] & NODE_IS_NAMESPACE && snap_edge_kind(edge) == EDGE_VALUE &&
	    labels_name_key(&viewer->labels, snap_edge_key(edge), &name)) {
		text_printf(text, ".%s", labels_text(&viewer->labels, name));
		return;
	}
	(void)step_text(&viewer->labels, step_of_edge(&viewer->labels, edge), owner, STEP_MORE,
	                text);
}

static struct error *add_reference(struct viewer *viewer, node_id owner, struct snap_edge edge)
{
	struct text label;

	text_init(&label);
	append_label(viewer, owner, edge, &label);
	return add_link(viewer, &viewer->view->references, &viewer->reference_capacity, edge.to,
	                snap_edge_is_weak(edge), &label);
}

/* The attributes that an object has in its __dict__; their names are no references of it. */
static struct error *add_namespace(struct viewer *viewer, node_id namespace)
{
	const struct snapshot *snapshot = viewer->snapshot;
	struct error *error = NULL;

	for (uint32_t i = snapshot->edge_start[namespace];
	     i < snapshot->edge_start[namespace + 1] && !error; i++)
		if (snap_edge_kind(snapshot->edges[i]) == EDGE_VALUE)
			error = add_reference(viewer, namespace, snapshot->edges[i]);
	return error;
}

static struct error *add_references(struct viewer *viewer)
{
	const struct snapshot *snapshot = viewer->snapshot;
	node_id node = viewer->view->node;
	bool has_namespace = false;
	struct error *error = NULL;

	for (uint32_t i = snapshot->edge_start[node]; i < snapshot->edge_start[node + 1] && !error;
	     i++) {
		struct snap_edge edge = snapshot->edges[i];

		/* Of several, which only a file can claim, the first. */
		if (!has_namespace && edge_is_own_dict(snapshot, edge)) {
			has_namespace = true;
			error = add_namespace(viewer, edge.to);
		}
		if (!error)
			error = add_reference(viewer, node, edge);
	}
	return error;
}

static struct error *add_roots(struct viewer *viewer)
{
	const struct snapshot *snapshot = viewer->snapshot;
	struct error *error = NULL;

	for (size_t i = 0; i < snapshot->root_count && !error; i++) {
		struct text label;

		if (snapshot->roots[i].node != viewer->view->node)
			continue;
		text_init(&label);
		text_append(&label, snapshot_string(snapshot, snapshot->roots[i].name));
		error = add_link(viewer, &viewer->view->referrers, &viewer->referrer_capacity,
		                 NODE_NONE, false, &label);
	}
	return error;
}

static struct error *add_referrers(struct viewer *viewer)
{
	const struct snapshot *snapshot = viewer->snapshot;
	struct error *error = add_roots(viewer);

	for (node_id node = 0; node < snapshot->node_count && !error; node++) {
		for (uint32_t i = snapshot->edge_start[node];
		     i < snapshot->edge_start[node + 1] && !error; i++) {
			struct snap_edge edge = snapshot->edges[i];
			struct text label;

			if (edge.to != viewer->view->node)
				continue;
			text_init(&label);
			append_label(viewer, node, edge, &label);
			error = add_link(viewer, &viewer->view->referrers,
			                 &viewer->referrer_capacity, node, snap_edge_is_weak(edge),
			                 &label);
		}
	}
	return error;
}

static void fill_figures(const struct snapshot *snapshot, const struct reach *reach,
                         struct object_view *view)
{
	view->type = snapshot_type_name(snapshot, snapshot->type[view->node]);
	view->address = snapshot->address[view->node];
	view->size = snapshot_size(snapshot, view->node);
	view->memory = snapshot_memory(snapshot, view->node);
	view->refcount = snapshot_refcount(snapshot, view->node);
	view->flags = snapshot->flags[view->node];
	view->has_length = snapshot_length(snapshot, view->node, &view->length);
	view->is_reached = reach_is_reached(reach, view->node);
}

static struct error *look(struct viewer *viewer, const struct reach *reach)
{
	struct object_view *view = viewer->view;
	struct error *error;

	view->value = value_of(viewer, view->node, &whole_limits);
	if (!view->value)
		return error_no_memory();
	error = add_references(viewer);
	if (!error)
		error = add_referrers(viewer);
	if (!error && view->is_reached)
		error = concrete_path_make(&viewer->labels, reach, view->node, &view->path);
	return error;
}

struct error *object_view_make(const struct snapshot *snapshot, const struct reach *reach,
                               node_id node, size_t limit, struct object_view **ret)
{
	_cleanup_(cleanup_object_view) struct object_view *view = calloc(1, sizeof(*view));
	struct viewer viewer = {.snapshot = snapshot, .view = view, .limit = limit};
	struct error *error;

	if (!view)
		return error_no_memory();
	view->node = node;
	fill_figures(snapshot, reach, view);
	labels_init(&viewer.labels, snapshot);
	error = look(&viewer, reach);
	labels_deinit(&viewer.labels);
	if (error)
		return error;
	*ret = take_ptr(view);
	return NULL;
}

static void deinit_links(struct object_links *links)
{
	for (size_t i = 0; i < links->count; i++) {
		free(links->links[i].label);
		free(links->links[i].value);
	}
	free(links->links);
}

void object_view_free(struct object_view *view)
{
	if (!view)
		return;
	free(view->value);
	deinit_links(&view->references);
	deinit_links(&view->referrers);
	concrete_path_deinit(&view->path);
	free(view);
}
