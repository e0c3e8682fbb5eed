/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tarjan's algorithm with a stack of its own in place of recursion: `calls`
 * holds the members on the way down, `cursor` where each of them is in its
 * edges. A component is complete when the search leaves the member of it that
 * was met first, so its number is higher than those of all that it leads to.
 */
#include "analysis/lost_components.h"

#include "base/array.h"
#include "base/cleanup.h"

#include <stdlib.h>
#include <string.h>

#define NO_COMPONENT UINT32_MAX

struct search {
	const struct lost_graph *graph;
	struct lost_components *components; /* as they become complete */
	size_t capacity;
	uint8_t *fame;       /* of each type: how well it names a cycle */
	uint32_t *met;       /* when; 0: not yet */
	uint32_t *low;       /* the earliest that a member leads back to */
	uint32_t *component; /* NO_COMPONENT: not known yet */
	uint32_t *cursor;    /* the next edge of a member to look at */
	uint32_t *calls;
	uint32_t call_count;
	uint32_t *open; /* members that were met, of no complete component */
	uint32_t open_count;
	uint32_t clock;
	uint32_t *unseen; /* references to each member from what is not tracked, in its component */
};

/* From the least telling on. */
enum {
	FAME_BLOCK,
	FAME_CONTAINER, /* what holds the attributes and arguments of others */
	FAME_BUILTIN,
	FAME_CLASS, /* a class is deleted with its dict, methods and descriptors */
	FAME_OF_PROGRAM,
	FAME_UNTRACKED, /* and more: without it the cycle were none for long */
};

static uint8_t fame_of_type(const struct snapshot *snapshot, type_id type)
{
	static const char *const containers[] = {"dict", "tuple", "list", "set", "cell"};
	const char *name = snapshot_type_name(snapshot, type);

	if (strcmp(snapshot_string(snapshot, snapshot->types[type].module), "builtins") != 0)
		return FAME_OF_PROGRAM;
	for (size_t i = 0; i < sizeof(containers) / sizeof(*containers); i++)
		if (strcmp(name, containers[i]) == 0)
			return FAME_CONTAINER;
	return FAME_BUILTIN;
}

static bool is_tracked(const struct lost_graph *graph, uint32_t member)
{
	return graph->snapshot->flags[graph->nodes[member]] & NODE_IS_TRACKED;
}

static bool is_object(const struct lost_graph *graph, uint32_t member)
{
	return snapshot_is_object(graph->snapshot, graph->nodes[member]);
}

static unsigned int fame(const struct search *search, uint32_t member, bool is_unseen)
{
	const struct snapshot *snapshot = search->graph->snapshot;
	node_id node = search->graph->nodes[member];
	unsigned int of_type;

	if (!snapshot_is_object(snapshot, node))
		return FAME_BLOCK;
	of_type = search->fame[snapshot->type[node]];
	if (of_type == FAME_BUILTIN && snapshot->flags[node] & NODE_IS_TYPE)
		of_type = FAME_CLASS;
	return is_unseen && !is_tracked(search->graph, member) ? FAME_UNTRACKED + of_type : of_type;
}

static void meet(struct search *search, uint32_t member)
{
	const struct lost_graph *graph = search->graph;

	search->clock++;
	search->met[member] = search->clock;
	search->low[member] = search->clock;
	search->cursor[member] = graph->snapshot->edge_start[graph->nodes[member]];
	search->calls[search->call_count++] = member;
	search->open[search->open_count++] = member;
}

/* Of a member that has not been left: another that it leads to and that is met first now. */
static bool go_down(struct search *search, uint32_t member)
{
	const struct lost_graph *graph = search->graph;
	uint32_t end = graph->snapshot->edge_start[graph->nodes[member] + 1];
	uint32_t to;

	while (search->cursor[member] < end) {
		struct snap_edge edge = graph->snapshot->edges[search->cursor[member]++];

		if (!lost_graph_follow(graph, member, edge, &to) ||
		    bit_set_has(&graph->claimed, to))
			continue;
		if (!search->met[to]) {
			meet(search, to);
			return true;
		}
		if (search->component[to] == NO_COMPONENT && search->met[to] < search->low[member])
			search->low[member] = search->met[to];
	}
	return false;
}

/* The members from `first` on are a component. */
static bool complete(struct search *search, uint32_t first)
{
	struct lost_components *components = search->components;
	struct lost_component component = {.head = first};
	uint32_t member;

	if (!array_reserve(&components->list, &search->capacity, components->count + 1UL,
	                   sizeof(*components->list)))
		return false;
	if (search->open[search->open_count - 1] != first)
		component.flags = LOST_IS_CYCLE;
	do {
		member = search->open[--search->open_count];
		if (is_object(search->graph, member))
			component.flags |= LOST_HAS_OBJECT;
		if (is_tracked(search->graph, member))
			component.flags |= LOST_HAS_TRACKED;
		search->component[member] = components->count;
	} while (member != first);
	components->list[components->count++] = component;
	return true;
}

static bool leave(struct search *search)
{
	uint32_t member = search->calls[--search->call_count];
	uint32_t above = search->call_count ? search->calls[search->call_count - 1] : member;

	if (search->low[member] < search->low[above])
		search->low[above] = search->low[member];
	return search->low[member] != search->met[member] || complete(search, member);
}

static bool search_from(struct search *search, uint32_t member)
{
	meet(search, member);
	while (search->call_count) {
		if (go_down(search, search->calls[search->call_count - 1]))
			continue;
		if (!leave(search))
			return false;
	}
	return true;
}

static void look_at_edge(struct search *search, uint32_t from, enum edge_kind kind, uint32_t to)
{
	struct lost_component *component = &search->components->list[search->component[to]];

	if (search->component[from] != search->component[to]) {
		component->flags |= LOST_HAS_PARENT;
		return;
	}
	if (from == to)
		component->flags |= LOST_IS_CYCLE;
	if (kind == EDGE_HIDDEN ||
	    (is_object(search->graph, from) && !is_tracked(search->graph, from)))
		search->unseen[to]++;
}

/* Edges between components, and within them. */
static void look_at_edges(struct search *search)
{
	const struct lost_graph *graph = search->graph;
	const struct snapshot *snapshot = graph->snapshot;
	uint32_t to;

	for (uint32_t from = 0; from < graph->count; from++) {
		node_id node = graph->nodes[from];

		if (bit_set_has(&graph->claimed, from))
			continue;
		for (uint32_t i = snapshot->edge_start[node]; i < snapshot->edge_start[node + 1];
		     i++)
			if (lost_graph_follow(graph, from, snapshot->edges[i], &to) &&
			    !bit_set_has(&graph->claimed, to))
				look_at_edge(search, from, snap_edge_kind(snapshot->edges[i]), to);
	}
}

/* Does the collector find fewer references to a member than are counted? */
static bool looks_held(const struct search *search, uint32_t member)
{
	const struct lost_graph *graph = search->graph;
	uint64_t counted = snapshot_refcount(graph->snapshot, graph->nodes[member]);

	return is_tracked(graph, member) && counted + search->unseen[member] > graph->found[member];
}

static void play_collector(struct search *search)
{
	const struct lost_graph *graph = search->graph;
	struct lost_components *components = search->components;
	const uint8_t kind = LOST_IS_CYCLE | LOST_HAS_OBJECT | LOST_HAS_TRACKED;

	for (uint32_t member = 0; member < graph->count; member++)
		if (!bit_set_has(&graph->claimed, member) && search->unseen[member] &&
		    looks_held(search, member))
			components->list[search->component[member]].flags |= LOST_IS_UNSEEN;
	for (uint32_t i = 0; i < components->count; i++)
		if ((components->list[i].flags & kind) == (LOST_IS_CYCLE | LOST_HAS_OBJECT))
			components->list[i].flags |= LOST_IS_UNSEEN;
}

/* Of equals the one whose type's name is first, then whose address: always the same. */
static bool is_better_name(const struct search *search, uint32_t member, uint32_t head,
                           bool is_unseen)
{
	const struct snapshot *snapshot = search->graph->snapshot;
	type_id type = snapshot->type[search->graph->nodes[member]];
	type_id of_head = snapshot->type[search->graph->nodes[head]];
	unsigned int mine = fame(search, member, is_unseen);
	unsigned int theirs = fame(search, head, is_unseen);
	int order = 0;

	if (mine != theirs)
		return mine > theirs;
	if (type != of_head)
		order = strcmp(snapshot_type_name(snapshot, type),
		               snapshot_type_name(snapshot, of_head));
	return order ? order < 0 : member < head;
}

static void choose_heads(struct search *search)
{
	const struct lost_graph *graph = search->graph;

	for (uint32_t member = 0; member < graph->count; member++) {
		struct lost_component *component;

		if (bit_set_has(&graph->claimed, member))
			continue;
		component = &search->components->list[search->component[member]];
		if (is_better_name(search, member, component->head,
		                   component->flags & LOST_IS_UNSEEN))
			component->head = member;
	}
}

static void search_deinit(struct search *search)
{
	free(search->fame);
	free(search->met);
	free(search->low);
	free(search->component);
	free(search->cursor);
	free(search->calls);
	free(search->open);
	free(search->unseen);
}

static bool search_init(struct search *search)
{
	const struct snapshot *snapshot = search->graph->snapshot;
	size_t count = search->graph->count + 1UL;

	search->fame = calloc(snapshot->type_count + 1UL, sizeof(*search->fame));
	search->met = calloc(count, sizeof(*search->met));
	search->low = calloc(count, sizeof(*search->low));
	search->component = calloc(count, sizeof(*search->component));
	search->cursor = calloc(count, sizeof(*search->cursor));
	search->calls = calloc(count, sizeof(*search->calls));
	search->open = calloc(count, sizeof(*search->open));
	search->unseen = calloc(count, sizeof(*search->unseen));
	if (!search->fame || !search->met || !search->low || !search->component ||
	    !search->cursor || !search->calls || !search->open || !search->unseen)
		return false;
	for (type_id type = 0; type < snapshot->type_count; type++)
		search->fame[type] = fame_of_type(snapshot, type);
	memset(search->component, 0xff, count * sizeof(*search->component));
	return true;
}

struct error *lost_components_init(struct lost_components *components,
                                   const struct lost_graph *graph)
{
	_cleanup_(search_deinit) struct search search = {.graph = graph, .components = components};

	*components = (struct lost_components){0};
	if (!search_init(&search))
		return error_no_memory();
	for (uint32_t member = 0; member < graph->count; member++)
		if (!search.met[member] && !bit_set_has(&graph->claimed, member) &&
		    !search_from(&search, member))
			return error_no_memory();
	look_at_edges(&search);
	play_collector(&search);
	choose_heads(&search);
	return NULL;
}

void lost_components_deinit(struct lost_components *components)
{
	free(components->list);
	*components = (struct lost_components){0};
}
